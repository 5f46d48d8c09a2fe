"""The store: one folder with everything indexed. SQLite is its one source of truth.

store.sqlite   filings, extracted text, pairs, passages, vectors
filings/       a copy of each file, named by its SHA-256
indexes/       what is derived (see ``snapshot``)
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from filelock import FileLock

from index.embedding.encoder import Encoder, Vectors
from index.errors import CallError, ModelError, StoreError
from index.files import copy_atomically, write_atomically
from index.records import Filing, ParsedFiling, Passage
from index.store.contents import Changes, Contents, Entry
from index.store.database import DATABASE, connect, lock
from index.store.pieces import PIECE, keep_further, packed
from index.store.rows import FILING_COLUMNS, PAIR_COLUMNS, dump, filing_row, pair_row
from index.store.scope import Ids

__all__ = ["Added", "Changes", "Entry", "Ids", "Store"]

Added = Literal["added", "replaced", "unchanged"]

# A copy, whole or (with a point before it) on its way.
_COPY = re.compile(r"(\.?)([0-9a-f]{64})\.")


class Store(Contents):
    """An open store. One writer at a time; readers are never in its way (SQLite's WAL)."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        super().__init__(folder, connection)
        # Filings taken out within a batch, whose copies go when it is done.
        self._batch: list[Filing] | None = None

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
                [
                    ("model", encoder.name),
                    ("revision", encoder.revision),
                    ("dimension", str(encoder.dimension)),
                ],
            )

    @property
    def dimension(self) -> int | None:
        """Length of the store's vectors; ``None`` before the first."""
        value = self._meta("dimension")
        return None if value is None else int(value)

    @property
    def index_url(self) -> str | None:
        """Address of the server that has the store's index; ``None`` where it is kept here."""
        return self._meta("index_url")

    def set_index_url(self, url: str | None) -> None:
        """Remember where the index is kept from now on."""
        with self._writing():
            if url is None:
                self._connection.execute("DELETE FROM meta WHERE key = 'index_url'")
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO meta VALUES ('index_url', ?)", (url,)
                )

    def _meta(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row and str(row[0])

    # Writing

    def add(
        self,
        parsed: ParsedFiling,
        original: Path | bytes,
        passages: Sequence[Sequence[Passage]],
        vectors: Vectors,
        sentences: Sequence[bytes | None] | None = None,
    ) -> Added:
        """Add a filing with its pairs, all or nothing; what became of it.

        "replaced" where it took the place of a former version, "unchanged" where another
        process had added this content by now. ``original`` is the file or its content;
        ``passages`` holds each pair's, in the pairs' order; ``vectors`` has a row for each
        passage, in the same order; ``sentences`` each pair's (``index.embedding.sentences``), where
        they have been worked out.
        """
        filing = parsed.filing
        with self._writing():
            if self.known(filing.sha256):
                return "unchanged"
            try:
                if isinstance(original, bytes):
                    write_atomically(self.original(filing), original)
                else:
                    copy_atomically(original, self.original(filing))
            except OSError as error:
                raise StoreError(
                    f"{self.folder}: {error.strerror}; nothing of {filing.path} added"
                ) from None
            former = self._filings("path = ?", (filing.path,))
            self._connection.execute("DELETE FROM filings WHERE path = ?", (filing.path,))
            self._insert(parsed, passages, vectors, sentences or [None] * len(parsed.pairs))
        self._discard([entry.filing for entry in former])
        return "replaced" if former else "added"

    def _insert(
        self,
        parsed: ParsedFiling,
        passages: Sequence[Sequence[Passage]],
        vectors: Vectors,
        sentences: Sequence[bytes | None],
    ) -> None:
        text = packed(parsed.text[:PIECE])
        added_at = datetime.now(UTC).isoformat(timespec="seconds")
        filing_id = self._insert_row(
            f"filings ({', '.join(FILING_COLUMNS)}, text, warnings, added_at)",
            (*filing_row(parsed.filing), text, dump(parsed.warnings), added_at),
        )
        keep_further(self._connection, filing_id, parsed.text)
        rows = np.asarray(vectors, dtype=np.float16)
        pair_id = row = 0
        target = f"pairs ({', '.join(PAIR_COLUMNS)}, filing_id, sentences)"
        for pair, pieces, said in zip(parsed.pairs, passages, sentences, strict=True):
            pair_id = self._insert_row(target, (*pair_row(pair), filing_id, said))
            if pieces:
                own = rows[row : row + len(pieces)].tobytes()
                self._insert_row("vectors", (pair_id, pieces[0].place, own))
            row += len(pieces)
        # Nobody else inserts within this transaction: the pairs' ids follow each other.
        self._connection.execute(
            "UPDATE filings SET first_pair = ?, pair_count = ? WHERE id = ?",
            (pair_id - len(parsed.pairs) + 1, len(parsed.pairs), filing_id),
        )

    def keep_sentences(self, kept: Iterable[tuple[int, bytes]]) -> None:
        """Keep pairs' sentences (``index.embedding.sentences``), by id."""
        with self._writing():
            self._connection.executemany(
                "UPDATE pairs SET sentences = ? WHERE id = ?", [(own, pair) for pair, own in kept]
            )

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
        self._discard([filing])
        return filing

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Within, filings are added in one transaction: all are kept at its end, or none.

        One that can't be added takes back itself alone.
        """
        with self._writing():
            self._batch = []
            try:
                yield
            finally:
                discarded, self._batch = self._batch, None
        self._discard(discarded)

    def orphans(self) -> list[Path]:
        """Copies that belong to no filing: what a kill left, or another process is adding now."""
        known = {row[0] for row in self._connection.execute("SELECT sha256 FROM filings")}
        copies = self.folder / "filings"
        # Few of many are looked at: a filing's copy goes by its SHA-256.
        names = (entry.name for entry in os.scandir(copies))
        strange = [name for name in names if name.partition(".")[0] not in known]
        matches = map(_COPY.match, strange)
        return [copies / match.string for match in matches if match]

    def tidy(self) -> int:
        """Take away the copies that a kill left without a filing; how many there were."""
        count = 0
        with suppress(OSError):
            if not (orphans := self.orphans()):
                return 0
            # Others copy within their transactions: once we write, none is on its way.
            with self._writing():
                for copy in orphans:
                    match = _COPY.match(copy.name)
                    if match and (match[1] or not self.known(match[2])):
                        copy.unlink(missing_ok=True)
                        count += 1
        return count

    def _discard(self, filings: Sequence[Filing]) -> None:
        if self._batch is not None:
            self._batch += filings
            return
        # A left-over copy does no harm, but one that was added again meanwhile is needed.
        for filing in filings:
            with suppress(OSError, StoreError), self._writing():
                if not self.known(filing.sha256):
                    self.original(filing).unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, or one part of a batch: all of it or nothing."""
        begin, undo, end = "BEGIN IMMEDIATE", "ROLLBACK", "COMMIT"
        if self._batch is not None:
            begin, undo, end = "SAVEPOINT one", "ROLLBACK TO one; RELEASE one", "RELEASE one"
        try:
            self._connection.execute(begin)
            try:
                yield
            except BaseException:
                for statement in undo.split("; "):
                    self._connection.execute(statement)
                raise
            self._connection.execute(end)
        except sqlite3.OperationalError as error:
            with suppress(sqlite3.Error):
                if self._batch is None:
                    self._connection.execute("ROLLBACK")
            raise StoreError(
                f"{self.folder}: can't be written ({error}); check free space and permissions, "
                "or wait for the other process that writes"
            ) from None

    def lock(self) -> FileLock:
        """Held by whoever makes the database or changes the indexes; others wait.

        Entering it raises ``OSError`` where the folder can't be written or it takes too long.
        """
        return lock(self.folder)
