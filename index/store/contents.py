"""What a store holds, read from its database."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from index.records import Filing, Filters, Pair, Reading
from index.store.catalogue import Catalogue, Listed
from index.store.conditions import DAY, DAY_NUMBER, PUBLIC_NUMBER, where
from index.store.rows import FILING_COLUMNS, PAIR_COLUMNS, columns, filing_of, pair_of
from index.store.scope import CompanyKey, Ids, Runs

_FILING = columns(FILING_COLUMNS, "filings")
_PAIR = columns(PAIR_COLUMNS, "pairs")
_JOINED = "pairs JOIN filings ON filings.id = pairs.filing_id"
_TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A filing in the store, with its number of pairs."""

    filing: Filing
    pairs: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A pair with its filing and the text that was extracted from it."""

    filing: Filing
    pair: Pair
    text: str


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


class Contents:
    """The reading half of a ``Store``."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection
        # The last catalogue that was asked for, and of which state it is.
        self._last: tuple[Changes, Catalogue] | None = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within, all reads see the same state, whatever other processes write."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def version(self) -> int:
        """A number that differs after another process (or ``Store``) has written."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def known(self, sha256: str) -> bool:
        """Whether a filing with this content is in the store."""
        row = self._connection.execute("SELECT 1 FROM filings WHERE sha256 = ?", (sha256,))
        return row.fetchone() is not None

    def count_of(self, sha256: str) -> int:
        """Number of pairs of a filing; 0 where there is none."""
        row = self._connection.execute(
            "SELECT pair_count FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return int(row[0]) if row else 0

    def filing(self, sha256: str) -> Filing:
        """The filing with this content; ``KeyError`` where there is none."""
        found = self._filings("sha256 = ?", (sha256,))
        if not found:
            raise KeyError(sha256)
        return found[0].filing

    def filings(
        self, filters: Filters | None = None, limit: int = -1, offset: int = 0
    ) -> list[Entry]:
        """The filings that pass the filters, newest activity first.

        ``limit`` of them at most (-1: all), after the first ``offset``.
        """
        return self._filings(*where(filters or Filters()), (limit, offset))

    def _filings(
        self, condition: str, values: Sequence[Any], page: tuple[int, int] = (-1, 0)
    ) -> list[Entry]:
        rows = self._connection.execute(
            f"SELECT {_FILING}, pair_count "  # noqa: S608
            f"FROM filings WHERE {condition} ORDER BY {DAY} DESC, path LIMIT ? OFFSET ?",
            (*values, *page),
        )
        return [Entry(filing_of(row[:-1]), row[-1]) for row in rows]

    def filed(self, pairs: Sequence[int]) -> dict[int, Filed]:
        """Each of the pairs, with what it is proved from; those that are there."""
        rows = self._connection.execute(
            f"SELECT pairs.id, filings.text, {_FILING}, {_PAIR} FROM {_JOINED}"  # noqa: S608
            " WHERE pairs.id IN (SELECT value FROM json_each(?))",
            (json.dumps(pairs),),
        )
        width = len(FILING_COLUMNS)
        return {
            pair_id: Filed(filing_of(row[:width]), pair_of(row[width:]), _decompressed(text))
            for pair_id, text, *row in rows
        }

    def counts(self) -> tuple[int, int]:
        """Number of filings, and of pairs."""
        filings, pairs = self._connection.execute(
            "SELECT count(*), coalesce(sum(pair_count), 0) FROM filings"
        ).fetchone()
        return int(filings), int(pairs)

    def readings(self, pairs: Iterable[int]) -> dict[int, Reading]:
        """What of each of the pairs is read together with a question; those that are there."""
        rows = self._connection.execute(
            f"SELECT pairs.id, question, answer, sentences, {DAY}, coalesce(code, company),"  # noqa: S608
            " title || ' ' || activity_types"
            f" FROM {_JOINED} WHERE pairs.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(pairs)),),
        )
        return {
            pair: Reading(question, answer, day[:4] or None, sentences, day or None, *others)
            for pair, question, answer, sentences, day, *others in rows
        }

    def unread(self, made_with: bytes) -> Iterator[tuple[int, str, str]]:
        """Id, question and answer of each pair whose sentences weren't ``made_with`` these."""
        yield from self._connection.execute(
            "SELECT id, question, answer FROM pairs"
            " WHERE sentences IS NULL OR substr(sentences, 1, ?) <> ? ORDER BY id",
            (len(made_with), made_with),
        )

    def pairs_of(self, sha256: str) -> list[Pair]:
        """All pairs of a filing, as filed."""
        rows = self._connection.execute(
            f"SELECT {_PAIR} FROM {_JOINED} WHERE filings.sha256 = ? ORDER BY pairs.id",  # noqa: S608
            (sha256,),
        )
        return [pair_of(row) for row in rows]

    def pair_ids(self, filters: Filters | None = None) -> Ids:
        """Ids of the pairs whose filings pass the filters, rising."""
        condition, values = where(filters or Filters())
        rows = self._connection.execute(
            f"SELECT first_pair, pair_count FROM filings WHERE {condition} ORDER BY first_pair",  # noqa: S608
            values,
        ).fetchall()
        return Runs(*np.array(rows, dtype=np.int64).reshape(-1, 2).T).ids()

    def newest_day(self, companies: Iterable[CompanyKey]) -> str:
        """The day of the companies' newest filing (YYYY-MM-DD); empty where it isn't known."""
        asked = f"SELECT coalesce(max({DAY}), '') FROM filings WHERE company = ? AND code IS ?"  # noqa: S608
        return max(
            (self._connection.execute(asked, key).fetchone()[0] for key in companies), default=""
        )

    def newest_pairs(self, filters: Filters, limit: int) -> list[int]:
        """Ids of pairs whose filings pass the filters: the newest filings', each in its order."""
        condition, values = where(filters)
        rows = self._connection.execute(
            f"SELECT pairs.id FROM {_JOINED} WHERE {condition}"  # noqa: S608
            f" ORDER BY {DAY} DESC, filings.id DESC, pairs.id LIMIT ?",
            (*values, limit),
        )
        return [row[0] for row in rows]

    def activities(self) -> set[str]:
        """The types of activity that filings name."""
        rows = self._connection.execute("SELECT DISTINCT activity_types FROM filings")
        return {kind for (kinds,) in rows for kind in json.loads(kinds)}

    def companies(self) -> list[tuple[str, str | None, str, tuple[str, ...]]]:
        """Each company's name, code, short name and former names, in the order of filing."""
        rows = self._connection.execute(
            "SELECT company, code, short_name, former_names FROM filings WHERE company <> ''"
            " GROUP BY company, code, short_name, former_names ORDER BY min(first_pair)"
        )
        shorts: dict[tuple[str, str | None], str] = {}
        formers: dict[tuple[str, str | None], dict[str, None]] = {}
        for name, code, short, former in rows:
            shorts[name, code] = short or shorts.get((name, code), "")
            formers.setdefault((name, code), {}).update(dict.fromkeys(json.loads(former)))
        return [(*key, short, tuple(formers[key])) for key, short in shorts.items()]

    def listed(self, after: int = 0) -> list[Listed]:
        """Conditions and pairs of each filing that has pairs, all of them above ``after``."""
        held = cache(lambda kinds: tuple(json.loads(kinds)))  # few of many filings differ
        rows = self._connection.execute(
            f"SELECT first_pair, pair_count, company, code, {DAY_NUMBER}, {PUBLIC_NUMBER},"  # noqa: S608
            " activity_types FROM filings"
            " WHERE pair_count > 0 AND first_pair > ? ORDER BY first_pair",
            (after,),
        )
        return [
            Listed(first, size, company, code, day, public, held(kinds))
            for first, size, company, code, day, public, kinds in rows
        ]

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
        faults = [str(row[0]) for row in rows if row[0] != "ok"]
        strays = self._connection.execute("PRAGMA foreign_key_check").fetchall()
        return faults + [f"a row of {row[0]} belongs to nothing" for row in strays]

    def texts(self, pairs: Ids) -> Iterator[tuple[int, str, str]]:
        """Id, question and answer of each of the pairs (rising)."""
        return self._rows_of("id, question, answer FROM pairs", "id", pairs)

    def vectors(self, pairs: Ids) -> Iterator[tuple[int, int, bytes]]:
        """Of each of the pairs (rising): its id, the place of its first passage, and the vectors
        of its passages in order (float16 bytes)."""
        return self._rows_of("pair_id, first_place, vectors FROM vectors", "pair_id", pairs)

    def _rows_of(self, selected: str, key: str, pairs: Ids) -> Iterator[Any]:
        for start in range(0, len(pairs), _TOGETHER):
            wanted = frozenset(pairs[start : start + _TOGETHER].tolist())
            rows = self._connection.execute(
                f"SELECT {selected} WHERE {key} BETWEEN ? AND ? ORDER BY {key}",
                (min(wanted), max(wanted)),
            )
            yield from [row for row in rows if row[0] in wanted]

    def text(self, sha256: str) -> str:
        """A filing's extracted text; ``KeyError`` where the store has no such filing."""
        row = self._connection.execute(
            "SELECT text FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None:
            raise KeyError(sha256)
        return _decompressed(row[0])

    def warnings(self, sha256: str) -> tuple[str, ...]:
        """What was warned of when a filing was read; ``KeyError`` where there is none."""
        row = self._connection.execute(
            "SELECT warnings FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None:
            raise KeyError(sha256)
        return tuple(json.loads(row[0]))

    def original(self, filing: Filing) -> Path:
        """Where the store's copy of a filing is."""
        return self.folder / "filings" / (filing.sha256 + Path(filing.path).suffix.lower())


def _decompressed(text: bytes) -> str:
    return zlib.decompress(text).decode("utf-8", "surrogatepass")
