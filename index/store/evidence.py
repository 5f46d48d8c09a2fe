"""What a store's quotes are proved from: filings, pairs and texts, each as it was written or named
as damaged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import StoreError
from index.records import Filing, Filters, Pair
from index.store import own_rows
from index.store.conditions import DAY, where
from index.store.pieces import around, whole
from index.store.rows import CURE, PAIR_COLUMNS, SEALED_COLUMNS, columns, sound_filing, sound_pair
from index.store.seals import Damage, crc

_FILING = columns((*SEALED_COLUMNS, "seal"), "filings")
_WIDTH = len(SEALED_COLUMNS) + 1
_COUNT = SEALED_COLUMNS.index("pair_count")
_PAIR = columns((*PAIR_COLUMNS, "seal"), "pairs")
JOINED = "pairs JOIN filings ON filings.id = pairs.filing_id"


@dataclass(frozen=True, slots=True)
class Entry:
    """A filing in the store, with its number of pairs."""

    filing: Filing
    pairs: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A pair with its filing, as its row sees it, and the text around it.

    That begins at ``offset`` of the extracted text.
    """

    filing: Filing
    pair: Pair
    text: str
    offset: int = 0


class Evidence:
    """The part of a ``Store`` that quotes are made of."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within, all reads see the same state, whatever other processes write."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

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
        """The filing with this content; ``KeyError`` where there is none, ``StoreError`` where its
        row is damaged."""
        found = self._filings("sha256 = ?", (sha256,))
        if not found:
            raise KeyError(sha256)
        if isinstance(found[0], Damage):
            raise StoreError(str(found[0]))
        return found[0].filing

    def filings(
        self, filters: Filters | None = None, limit: int = -1, offset: int = 0
    ) -> list[Entry]:
        """The filings that pass the filters, newest activity first, but for damaged rows.

        ``limit`` of them at most (-1: all), after the first ``offset``.
        """
        condition, values = where(filters or Filters())
        if filters:
            rows, own = where(filters, own_rows.AS_ROW)
            condition = (
                f"({condition}) OR filings.id IN (SELECT pairs.filing_id FROM {JOINED}"  # noqa: S608
                f" WHERE {own_rows.OWN} AND {rows})"
            )
            values += own
        found = self._filings(condition, values, (limit, offset))
        return [one for one in found if isinstance(one, Entry)]

    def damaged(self) -> list[Damage]:
        """The filings whose rows aren't what was written: ``filings`` leaves them out."""
        return [one for one in self._filings("1", ()) if isinstance(one, Damage)]

    def _filings(
        self, condition: str, values: Sequence[Any], page: tuple[int, int] = (-1, 0)
    ) -> list[Entry | Damage]:
        rows = self._connection.execute(
            f"SELECT {_FILING} "  # noqa: S608
            f"FROM filings WHERE {condition} ORDER BY {DAY} DESC, path LIMIT ? OFFSET ?",
            (*values, *page),
        )
        read = ((sound_filing(row), row[_COUNT]) for row in rows)
        return [
            filing if isinstance(filing, Damage) else Entry(filing, count) for filing, count in read
        ]

    def filed(self, pairs: Sequence[int]) -> dict[int, Filed | Damage]:
        """Each of the pairs, with what it is proved from, or what is wrong with that; those that
        are there."""
        rows = self._connection.execute(
            f"SELECT pairs.id, filings.id, {_FILING}, {_PAIR} FROM {JOINED}"  # noqa: S608
            " WHERE pairs.id IN (SELECT value FROM json_each(?))",
            (json.dumps(pairs),),
        ).fetchall()
        return {pair_id: self._filed(number, row) for pair_id, number, *row in rows}

    def _filed(self, number: int, row: Sequence[Any]) -> Filed | Damage:
        filing = sound_filing(row[:_WIDTH])
        if isinstance(filing, Damage):
            return filing
        pair = sound_pair(row[_WIDTH:], filing)
        if isinstance(pair, Damage):
            return pair
        try:
            text, offset = around(self._connection, number, pair.start, pair.end)
        except StoreError as error:
            return Damage(filing.path, filing.sha256, None, str(error))
        return Filed(own_rows.seen_from(filing, pair), pair, text, offset)

    def lacking(self, pairs: Sequence[int]) -> list[Damage]:
        """Of pairs that ``readings`` doesn't have: those that should be there, and were not taken
        out."""
        rows = self._connection.execute(
            f"SELECT DISTINCT {_FILING} FROM json_each(?) JOIN filings"  # noqa: S608
            " ON value >= first_pair AND value < first_pair + pair_count",
            (json.dumps(pairs),),
        )
        return [
            filing
            if isinstance(filing := sound_filing(row), Damage)
            else Damage(filing.path, filing.sha256, None, f"a pair's row was changed; {CURE}")
            for row in rows
        ]

    def pairs_of(self, sha256: str) -> list[Pair]:
        """All pairs of a filing, as filed, but for damaged rows."""
        return [pair for pair in self.rows_of(sha256) if isinstance(pair, Pair)]

    def rows_of(self, sha256: str) -> list[Pair | Damage]:
        """The same, and what is wrong with the others; ``StoreError`` where all is."""
        try:
            filing = self.filing(sha256)
        except KeyError:
            return []
        rows = self._connection.execute(
            f"SELECT {_PAIR} FROM {JOINED} WHERE filings.sha256 = ? ORDER BY pairs.id",  # noqa: S608
            (sha256,),
        )
        return [sound_pair(row, filing) for row in rows]

    def text(self, sha256: str) -> str:
        """A filing's extracted text; ``KeyError`` where the store has no such filing,
        ``StoreError`` where it is damaged."""
        filing = self.filing(sha256)
        (number,) = self._connection.execute(
            "SELECT id FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        text = self._text(number, filing)
        if isinstance(text, Damage):
            raise StoreError(str(text))
        return text

    def _text(self, number: int, filing: Filing) -> str | Damage:
        try:
            return whole(self._connection, number)
        except StoreError as error:
            return Damage(filing.path, filing.sha256, None, str(error))

    def warnings(self, sha256: str) -> tuple[str, ...]:
        """What was warned of when a filing was read; errors as of ``filing``."""
        self.filing(sha256)
        row = self._connection.execute(
            "SELECT warnings FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return tuple(json.loads(row[0]))

    def original(self, filing: Filing) -> Path:
        """Where the store's copy of a filing is."""
        return self.folder / "filings" / (filing.sha256 + Path(filing.path).suffix.lower())

    def is_sound(self, sha256: str) -> bool:
        """Whether this content is filed, and all of it is as it was written."""
        return self.known(sha256) and not self.faults(sha256)

    def faults(self, sha256: str) -> list[Damage]:
        """What is wrong with a filing that is known: its row, text, pairs and vectors."""
        (row,) = self._connection.execute(
            f"SELECT id, {_FILING} FROM filings WHERE sha256 = ?",  # noqa: S608
            (sha256,),
        )
        number, *values = row
        filing = sound_filing(values)
        if isinstance(filing, Damage):
            return [filing]
        found = [self._text(number, filing), *self.rows_of(sha256)]
        faults = [one for one in found if isinstance(one, Damage)]
        rows = self._connection.execute(
            "SELECT number, first_place, vectors, crc, question, answer, said_crc, sentences,"
            " sentences_crc FROM pairs LEFT JOIN vectors ON pair_id = pairs.id"
            " WHERE filing_id = ? AND pairs.id >= ? AND pairs.id < ? + ?",
            (number, *2 * (values[SEALED_COLUMNS.index("first_pair")],), values[_COUNT]),
        ).fetchall()
        if len(rows) != values[_COUNT]:
            reason = f"{len(rows)} of its {values[_COUNT]} pairs are there; {CURE}"
            faults.append(Damage(filing.path, sha256, None, reason))
        named = {fault.number for fault in faults}
        for pair, place, vectors, own, question, answer, said, sentences, sentences_own in rows:
            known = vectors is None or crc(place, vectors) == own
            if str(pair) in named:
                continue
            if not known or crc(question, answer) != said or crc(sentences) != sentences_own:
                reason = f"what it is searched by was changed; {CURE}"
                faults.append(Damage(filing.path, sha256, str(pair), reason))
        return faults
