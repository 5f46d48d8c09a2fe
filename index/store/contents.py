"""What a store holds, read from its database."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from index.records import Filters, Reading
from index.store.catalogue import Catalogue, Listed
from index.store.conditions import day_number, where
from index.store.evidence import JOINED, Entry, Evidence, Filed
from index.store.rows import CURE, LISTED_COLUMNS
from index.store.scope import Ids, Runs
from index.store.seals import crc

__all__ = ["Changes", "Contents", "Entry", "Filed"]

logger = logging.getLogger(__name__)

_TOGETHER = 1000


class Changes(NamedTuple):
    """Which pairs a store holds, told by how far it has counted: those added and those removed.

    Two equal ones of one ``store`` (an id) hold the same pairs.
    """

    store: str
    added: int
    removed: int

    def come_after(self, former: Changes) -> bool:
        """Whether ``former`` is of an earlier state of the same store, or of this one."""
        return (
            former.store == self.store
            and former.added <= self.added
            and former.removed <= self.removed
        )


class Contents(Evidence):
    """The reading half of a ``Store``."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        super().__init__(folder, connection)
        # The last catalogue that was asked for, and of which state it is.
        self._last: tuple[Changes, Catalogue] | None = None

    def version(self) -> int:
        """A number that differs after another process (or ``Store``) has written."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def counts(self) -> tuple[int, int]:
        """Number of filings, and of pairs."""
        filings, pairs = self._connection.execute(
            "SELECT count(*), coalesce(sum(pair_count), 0) FROM filings"
        ).fetchone()
        return int(filings), int(pairs)

    def readings(self, pairs: Iterable[int]) -> dict[int, Reading]:
        """What of each of the pairs is read together with a question; those that are there, and
        are what was written."""
        rows = self._connection.execute(
            "SELECT pairs.id, said_crc, sentences_crc, question, answer, activity_date, filed_date,"  # noqa: S608
            f" sentences FROM {JOINED} WHERE pairs.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(pairs)),),
        )
        return {
            pair: Reading(
                question,
                answer,
                (held or filed or "")[:4] or None,
                sentences if crc(sentences) == sentences_crc else None,
            )
            for pair, said, sentences_crc, question, answer, held, filed, sentences in rows
            if crc(question, answer) == said
        }

    def unread(self, made_with: bytes) -> Iterator[tuple[int, str, str]]:
        """Id, question and answer of each pair whose sentences weren't ``made_with`` these."""
        rows = self._connection.execute(
            "SELECT id, question, answer, sentences, sentences_crc FROM pairs ORDER BY id"
        )
        for pair, question, answer, sentences, own in rows:
            known = sentences is not None and sentences.startswith(made_with)
            if not known or crc(sentences) != own:
                yield pair, question, answer

    def pair_ids(self, filters: Filters | None = None) -> Ids:
        """Ids of the pairs whose filings pass the filters, rising."""
        condition, values = where(filters or Filters())
        rows = self._connection.execute(
            f"SELECT first_pair, pair_count FROM filings WHERE {condition} ORDER BY first_pair",  # noqa: S608
            values,
        ).fetchall()
        return Runs(*np.array(rows, dtype=np.int64).reshape(-1, 2).T).ids()

    def activities(self) -> set[str]:
        """The types of activity that filings name."""
        rows = self._connection.execute("SELECT DISTINCT activity_types FROM filings")
        found: set[str] = set()
        for (kinds,) in rows:
            with suppress(ValueError, TypeError):
                found.update(json.loads(kinds))
        return found

    def companies(self) -> list[tuple[str, str | None, str]]:
        """Each company's name, code and short name, by name."""
        rows = self._connection.execute(
            "SELECT company, code, short_name FROM filings WHERE company <> ''"
            " GROUP BY company, code, short_name ORDER BY company, code, short_name"
        )
        shorts: dict[tuple[str, str | None], str] = {}
        for name, code, short in rows:
            shorts[name, code] = short or shorts.get((name, code), "")
        return [(*key, short) for key, short in shorts.items()]

    def listed(self, after: int = 0) -> list[Listed]:
        """Conditions and pairs of each filing that has pairs, all of them above ``after``."""
        held = cache(lambda kinds: tuple(json.loads(kinds)))  # few of many filings differ
        rows = self._connection.execute(
            f"SELECT id, listed_crc, {', '.join(LISTED_COLUMNS)} FROM filings"  # noqa: S608
            " WHERE pair_count <> 0 AND first_pair > ? ORDER BY first_pair",
            (after,),
        )
        found = (
            _listed(row, held(row[5])) if own == crc(*row) else self._unlisted(number)
            for number, own, *row in rows
        )
        return [one for one in found if one.size]

    def _unlisted(self, filing: int) -> Listed:
        """Of a filing whose conditions are damaged the pairs alone: no filter lets them pass."""
        first, size = self._connection.execute(
            "SELECT coalesce(min(id), 0), count(*) FROM pairs WHERE filing_id = ?", (filing,)
        ).fetchone()
        return Listed(first, size, is_damaged=True)

    def catalogue(self) -> Catalogue:
        """What filters ask of the filings, within a ``snapshot``.

        The second time, only what has changed since is read.
        """
        now = self.changes()
        then, catalogue = self._last or (None, Catalogue())
        if then is None or not now.come_after(then):
            catalogue = Catalogue(self.listed())
        elif then != now:
            gone = self.removed_after(then.removed)
            catalogue = Catalogue(self.listed(then.added), catalogue, gone)
        self._last = now, catalogue
        return catalogue

    def changes(self) -> Changes:
        """How far the store has counted; cheap however large it is."""
        store, added, removed = self._connection.execute(
            "SELECT (SELECT value FROM meta WHERE key = 'store'),"
            " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pairs'), 0),"
            " coalesce((SELECT max(number) FROM removed), 0)"
        ).fetchone()
        return Changes(str(store), int(added), int(removed))

    def removed_after(self, number: int) -> Ids:
        """Ids of the pairs that were removed since ``Changes.removed`` was ``number``."""
        rows = self._connection.execute(
            "SELECT pair_id FROM removed WHERE number > ? ORDER BY pair_id", (number,)
        )
        return np.array([row[0] for row in rows], dtype=np.int64)

    def added_after(self, pair_id: int) -> Ids:
        """Ids of the pairs in the store above ``pair_id``, rising."""
        rows = self._connection.execute("SELECT id FROM pairs WHERE id > ?", (pair_id,))
        return np.sort(np.array([row[0] for row in rows], dtype=np.int64))

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with the database."""
        rows = self._connection.execute("PRAGMA integrity_check").fetchall()
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def texts(self, pairs: Ids) -> Iterator[tuple[int, str, str]]:
        """Id, question and answer of each of the pairs (rising)."""
        return self._rows_of("id, question, answer FROM pairs", "id", pairs)

    def vectors(self, pairs: Ids) -> Iterator[tuple[int, int, bytes]]:
        """Of each of the pairs (rising): its id, the place of its first passage, and the vectors
        of its passages in order (float16 bytes)."""
        rows = self._rows_of("pair_id, first_place, vectors, crc FROM vectors", "pair_id", pairs)
        for pair, first, vectors, own in rows:
            if crc(first, vectors) == own:
                yield pair, first, vectors
            else:
                logger.error("%s: the vectors of pair %d were changed; %s", self.folder, pair, CURE)
                yield pair, 0, bytes(len(vectors))

    def _rows_of(self, selected: str, key: str, pairs: Ids) -> Iterator[Any]:
        for start in range(0, len(pairs), _TOGETHER):
            wanted = frozenset(pairs[start : start + _TOGETHER].tolist())
            rows = self._connection.execute(
                f"SELECT {selected} WHERE {key} BETWEEN ? AND ? ORDER BY {key}",
                (min(wanted), max(wanted)),
            )
            yield from [row for row in rows if row[0] in wanted]


def _listed(row: Sequence[Any], activities: tuple[str, ...]) -> Listed:
    company, code, _, held, filed, _, first, size, sha256 = row
    day, public = day_number(held or filed or ""), day_number(max(filed or "", held or ""))
    return Listed(first, size, company, code, day, public, activities, key=int(sha256[:15], 16))
