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
from index.store import own_rows
from index.store.catalogue import Catalogue, Listed
from index.store.conditions import DAY, day_number, where
from index.store.evidence import JOINED, Entry, Evidence, Filed
from index.store.rows import CURE, LISTED_COLUMNS
from index.store.scope import CompanyKey, Ids, Runs
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
            "SELECT pairs.id, said_crc, sentences_crc, question, answer, sentences,"  # noqa: S608
            f" {own_rows.AS_ROW['day']}, CASE WHEN pairs.company IS NULL AND pairs.code IS NULL"
            " THEN coalesce(filings.code, filings.company)"
            " ELSE coalesce(pairs.code, pairs.company) END, title || ' ' || activity_types"
            f" FROM {JOINED} WHERE pairs.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(pairs)),),
        )
        return {
            pair: Reading(
                question,
                answer,
                day[:4] or None,
                sentences if crc(sentences) == sentences_crc else None,
                day or None,
                *others,
            )
            for pair, said, sentences_crc, question, answer, sentences, day, *others in rows
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
        """Ids of the pairs that pass the filters, by their own row or their filing, rising."""
        if filters:
            condition, values = where(filters, own_rows.AS_ROW)
            found = self._connection.execute(
                f"SELECT pairs.id FROM {JOINED} WHERE {condition} ORDER BY pairs.id",  # noqa: S608
                values,
            )
            return np.array([row[0] for row in found], dtype=np.int64)
        rows = self._connection.execute(
            "SELECT first_pair, pair_count FROM filings ORDER BY first_pair"
        ).fetchall()
        return Runs(*np.array(rows, dtype=np.int64).reshape(-1, 2).T).ids()

    def newest_day(self, companies: Iterable[CompanyKey]) -> str:
        """The day of the companies' newest filing (YYYY-MM-DD); empty where it isn't known."""
        asked = (
            f"SELECT max(coalesce((SELECT max({DAY}) FROM filings WHERE company = ?1"  # noqa: S608
            " AND code IS ?2), ''), coalesce((SELECT max(date) FROM pairs WHERE company = ?1"
            f" AND code IS ?2 AND {own_rows.OWN}), ''))"
        )
        return max(
            (self._connection.execute(asked, key).fetchone()[0] for key in companies), default=""
        )

    def newest_pairs(self, filters: Filters, limit: int) -> list[int]:
        """Ids of pairs that pass the filters, by their own row or their filing: the newest
        filings', each in its order."""
        condition, values = where(filters, own_rows.AS_ROW)
        rows = self._connection.execute(
            f"SELECT pairs.id FROM {JOINED} WHERE {condition}"  # noqa: S608
            f" ORDER BY {own_rows.AS_ROW['day']} DESC, filings.sha256, pairs.id LIMIT ?",
            (*values, limit),
        )
        return [row[0] for row in rows]

    def activities(self) -> set[str]:
        """The types of activity that filings name."""
        rows = self._connection.execute("SELECT DISTINCT activity_types FROM filings")
        found: set[str] = set()
        for (kinds,) in rows:
            with suppress(ValueError, TypeError):
                found.update(json.loads(kinds))
        return found

    def companies(self) -> list[tuple[str, str | None, str, tuple[str, ...]]]:
        """Each company's name, code, short name and former names, by name."""
        rows = self._connection.execute(
            "SELECT company, code, short_name, former_names FROM filings"
            " WHERE company <> '' GROUP BY company, code, short_name, former_names"
        ).fetchall()
        rows += own_rows.companies(self._connection)
        shorts: dict[tuple[str, str | None], str] = {}
        formers: dict[tuple[str, str | None], dict[str, None]] = {}
        for name, code, short, former in sorted(
            rows, key=lambda row: (row[0], row[1] or "", *row[2:])
        ):
            shorts[name, code] = short or shorts.get((name, code), "")
            formers.setdefault((name, code), {}).update(dict.fromkeys(json.loads(former)))
        return [(*key, short, tuple(formers[key])) for key, short in shorts.items()]

    def listed(self, after: int = 0) -> list[Listed]:
        """Conditions and pairs of each filing that has pairs, all of them above ``after``; of a
        sheet whose rows have their own, of each run of these."""
        held = cache(lambda kinds: tuple(json.loads(kinds)))  # few of many filings differ
        rows = self._connection.execute(
            f"SELECT id, listed_crc, {', '.join(LISTED_COLUMNS)} FROM filings"  # noqa: S608
            " WHERE pair_count <> 0 AND first_pair > ? ORDER BY first_pair",
            (after,),
        ).fetchall()
        found = (
            (number, _listed(row, held(row[5])) if own == crc(*row) else self._unlisted(number))
            for number, own, *row in rows
        )
        filings = [(number, one) for number, one in found if one.size]
        return list(own_rows.by_rows(self._connection, filings, after))

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
