"""The store: one folder with everything indexed. SQLite is its one source of truth.

store.sqlite   filings, extracted text, pairs, passages, vectors
filings/       a copy of each file, named by its SHA-256
indexes/       what is derived (see ``snapshot``)
"""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from index.conditions import DAY, where
from index.database import DATABASE, connect, lock
from index.encoder import Encoder, Vectors
from index.errors import CallError, ModelError, StoreError
from index.files import copy_atomically
from index.records import Filing, Filters, Pair, ParsedFiling, Passage
from index.rows import (
    FILING_COLUMNS,
    PAIR_COLUMNS,
    columns,
    dump,
    filing_of,
    filing_row,
    pair_of,
    pair_row,
)
from index.vectors import passage_id

Ids = npt.NDArray[np.int64]
Added = Literal["added", "replaced", "unchanged"]

# A copy, whole or (with a point before it) on its way.
_COPY = re.compile(r"(\.?)([0-9a-f]{64})\.")
_FILING = columns(FILING_COLUMNS, "filings")
_PAIR = columns(PAIR_COLUMNS, "pairs")
_JOINED = "pairs JOIN filings ON filings.id = pairs.filing_id"


@dataclass(frozen=True, slots=True)
class Entry:
    """A filing in the store, with its number of pairs."""

    filing: Filing
    pairs: int


class Store:
    """An open store. One writer at a time; readers are never in its way (SQLite's WAL)."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether the folder holds a store."""
        return (folder / DATABASE).is_file()

    @classmethod
    def open(cls, folder: Path, *, create: bool = False) -> Self:
        """Open a store, or make a new one.

        ``StoreError`` says why that can't be: there is none, it is damaged, of a newer
        version, or the permissions or the disk refuse.
        """
        if not cls.exists(folder) and not create:
            raise StoreError(
                f"{folder}: no store here; `yuanda add PATH --store {folder}` makes one"
            )
        try:
            if create:
                (folder / "filings").mkdir(parents=True, exist_ok=True)
            connection = connect(folder)
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}") from None
        except sqlite3.Error as error:
            raise StoreError(f"{folder}: the store can't be opened ({error})") from None
        return cls(folder, connection)

    @classmethod
    def reader(cls, folder: Path) -> Self:
        """Open a store that is there, to be read alone; ``StoreError`` as for ``open``."""
        store = cls.open(folder)
        store._connection.execute("PRAGMA query_only = ON")
        return store

    def close(self) -> None:
        """Close the store."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The model

    @property
    def model(self) -> str | None:
        """Name or path of the model that the vectors come from; ``None`` before the first."""
        return self._meta("model")

    def check_model(self, encoder: Encoder) -> None:
        """``ModelError`` where the store's vectors come from another model."""
        name, revision = self._meta("model"), self._meta("revision")
        if name is None or (name, revision) == (encoder.name, encoder.revision):
            return
        raise ModelError(
            f"{self.folder} was built with the model {name} ({str(revision)[:12]}), not with "
            f"{encoder.name} ({encoder.revision[:12]}); ask it with that model, or add the "
            "filings to a new store"
        )

    def set_model(self, encoder: Encoder) -> None:
        """Remember the model of the first vectors; ``ModelError`` where there is another."""
        with self._writing():
            self.check_model(encoder)
            self._connection.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [("model", encoder.name), ("revision", encoder.revision)],
            )

    def _meta(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row and str(row[0])

    # Writing

    def add(
        self,
        parsed: ParsedFiling,
        original: Path,
        passages: Sequence[Sequence[Passage]],
        vectors: Vectors,
    ) -> Added:
        """Add a filing with its pairs, all or nothing; what became of it.

        "replaced" where it took the place of a former version, "unchanged" where another
        process had added this content by now.
        ``passages`` holds each pair's, in the pairs' order; ``vectors`` has a row for each
        passage, in the same order.
        """
        filing = parsed.filing
        with self._writing():
            if self.known(filing.sha256):
                return "unchanged"
            try:
                copy_atomically(original, self.original(filing))
            except OSError as error:
                raise StoreError(
                    f"{self.folder}: {error.strerror}; nothing of {filing.path} added"
                ) from None
            former = self._filings("path = ?", (filing.path,))
            self._connection.execute("DELETE FROM filings WHERE path = ?", (filing.path,))
            self._insert(parsed, passages, vectors)
        for entry in former:
            self._discard(entry.filing)
        return "replaced" if former else "added"

    def _insert(
        self, parsed: ParsedFiling, passages: Sequence[Sequence[Passage]], vectors: Vectors
    ) -> None:
        text = zlib.compress(parsed.text.encode("utf-8", "surrogatepass"))
        added_at = datetime.now(UTC).isoformat(timespec="seconds")
        filing_id = self._insert_row(
            f"filings ({', '.join(FILING_COLUMNS)}, text, warnings, added_at)",
            (*filing_row(parsed.filing), text, dump(parsed.warnings), added_at),
        )
        rows = iter(np.ascontiguousarray(vectors, dtype=np.float32))
        for pair, pieces in zip(parsed.pairs, passages, strict=True):
            pair_id = self._insert_row(
                f"pairs ({', '.join(PAIR_COLUMNS)}, filing_id)", (*pair_row(pair), filing_id)
            )
            for p in pieces:
                vector = next(rows).tobytes()
                values = (passage_id(pair_id, p.place), pair_id, p.start, len(p.text), vector)
                self._insert_row("passages", values)

    def _insert_row(self, target: str, values: Sequence[Any]) -> int:
        """Insert into ``target`` (a table, with its columns); the new row's id."""
        marks = ", ".join("?" * len(values))
        cursor = self._connection.execute(f"INSERT INTO {target} VALUES ({marks})", values)  # noqa: S608
        return cursor.lastrowid or 0

    def remove(self, name: str) -> Filing:
        """Take a filing out, by path or by the beginning (4 digits or more) of a SHA-256.

        ``CallError`` where nothing, or more than one content, goes by that name.
        """
        absolute = str(Path(name).absolute())
        found = self._filings("path IN (?, ?)", (name, absolute))
        if not found and len(name) >= 4 and set(name.lower()) <= set("0123456789abcdef"):
            found = self._filings("sha256 GLOB ?", (name.lower() + "*",))
        if not found:
            raise CallError(f"{name}: no such filing in the store; `yuanda list` shows them")
        if len(found) > 1:
            raise CallError(f"{name}: {len(found)} filings begin so; give more of the SHA-256")
        filing = found[0].filing
        with self._writing():
            self._connection.execute("DELETE FROM filings WHERE sha256 = ?", (filing.sha256,))
        self._discard(filing)
        return filing

    def tidy(self) -> None:
        """Take away the copies that a kill left without a filing."""
        with suppress(OSError), self._writing():
            for copy in (self.folder / "filings").iterdir():
                found = _COPY.match(copy.name)
                if found and (found[1] or not self.known(found[2])):
                    copy.unlink()

    def _discard(self, filing: Filing) -> None:
        # A left-over copy does no harm, but one that was added again meanwhile is needed.
        with suppress(OSError, StoreError), self._writing():
            if not self.known(filing.sha256):
                self.original(filing).unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise StoreError(
                f"{self.folder}: can't be written ({error}); check free space and permissions, "
                "or wait for the other process that writes"
            ) from None

    # Reading

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

    def lock(self) -> FileLock:
        """Held by whoever makes the database or changes the indexes; others wait.

        Entering it raises ``OSError`` where the folder can't be written or it takes too long.
        """
        return lock(self.folder)

    def known(self, sha256: str) -> bool:
        """Whether a filing with this content is in the store."""
        row = self._connection.execute("SELECT 1 FROM filings WHERE sha256 = ?", (sha256,))
        return row.fetchone() is not None

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
            f"SELECT {_FILING}, (SELECT count(*) FROM pairs WHERE filing_id = filings.id) "  # noqa: S608
            f"FROM filings WHERE {condition} ORDER BY {DAY} DESC, path LIMIT ? OFFSET ?",
            (*values, *page),
        )
        return [Entry(filing_of(row[:-1]), row[-1]) for row in rows]

    def pair(self, pair_id: int) -> tuple[Filing, Pair]:
        """A pair with its filing; ``KeyError`` where there is none."""
        row = self._connection.execute(
            f"SELECT {_FILING}, {_PAIR} FROM {_JOINED} WHERE pairs.id = ?",  # noqa: S608
            (pair_id,),
        ).fetchone()
        if row is None:
            raise KeyError(pair_id)
        width = len(FILING_COLUMNS)
        return filing_of(row[:width]), pair_of(row[width:])

    def counts(self) -> tuple[int, int]:
        """Number of filings, and of pairs."""
        count = "SELECT (SELECT count(*) FROM filings), (SELECT count(*) FROM pairs)"
        filings, pairs = self._connection.execute(count).fetchone()
        return int(filings), int(pairs)

    def pair_text(self, pair_id: int) -> tuple[str, str, str | None]:
        """Question and answer of a pair, and the year (YYYY) of its filing.

        ``KeyError`` where there is none.
        """
        row = self._connection.execute(
            "SELECT question, answer, activity_date, filed_date"  # noqa: S608
            f" FROM {_JOINED} WHERE pairs.id = ?",
            (pair_id,),
        ).fetchone()
        if row is None:
            raise KeyError(pair_id)
        question, answer, held, filed = row
        return question, answer, (held or filed or "")[:4] or None

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
            f"SELECT pairs.id FROM {_JOINED} WHERE {condition} ORDER BY pairs.id",  # noqa: S608
            values,
        )
        return np.array([row[0] for row in rows], dtype=np.int64)

    def companies(self) -> dict[tuple[str, str | None, str], Ids]:
        """Pairs (rising) of each company, by its name, code and short name."""
        found: dict[tuple[str, str | None], list[int]] = {}
        shorts: dict[tuple[str, str | None], str] = {}
        rows = self._connection.execute(
            f"SELECT company, code, short_name, pairs.id FROM {_JOINED}"  # noqa: S608
            " WHERE company <> '' ORDER BY pairs.id"
        )
        for name, code, short, pair_id in rows:
            found.setdefault((name, code), []).append(pair_id)
            shorts[name, code] = short or shorts.get((name, code), "")
        return {(*key, shorts[key]): np.array(ids, dtype=np.int64) for key, ids in found.items()}

    def vectors(self, pairs: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Passage id and vector (float32 bytes) of all passages of the pairs."""
        for pair in pairs:
            yield from self._connection.execute(
                "SELECT id, vector FROM passages WHERE pair_id = ? ORDER BY id", (int(pair),)
            )

    def text(self, sha256: str) -> str:
        """A filing's extracted text; ``KeyError`` where the store has no such filing."""
        row = self._connection.execute(
            "SELECT text FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None:
            raise KeyError(sha256)
        return zlib.decompress(row[0]).decode("utf-8", "surrogatepass")

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
