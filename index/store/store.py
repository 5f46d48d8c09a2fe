"""The store: one folder with everything indexed. SQLite is its one source of truth.

store.sqlite   filings, extracted text, pairs, passages, vectors
filings/       a copy of each file, named by its SHA-256
indexes/       what is derived (see ``snapshot``)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from index.embedding.encoder import Encoder, Vectors
from index.errors import CallError, ModelError, StoreError
from index.files import copy_atomically, is_there, write_atomically
from index.records import Filing, ParsedFiling, Passage
from index.store.contents import Changes, Entry
from index.store.database import DATABASE, connect
from index.store.names import forget, note
from index.store.pieces import PIECE, keep_further, packed
from index.store.rows import (
    FILING_COLUMNS,
    LISTED_COLUMNS,
    PAIR_COLUMNS,
    SEALED_COLUMNS,
    dump,
    filing_row,
    pair_row,
)
from index.store.scope import Ids
from index.store.seals import Damage, crc, seal
from index.store.transactions import Transactions

__all__ = ["Added", "Changes", "Entry", "Ids", "Store"]

Added = Literal["added", "replaced", "unchanged"]

# Tables of derived rows, and what each row belongs to.
_OWNED = (
    ("pairs", "filing_id", "filings"),
    ("vectors", "pair_id", "pairs"),
    ("places", "filing_id", "filings"),
)


class Store(Transactions):
    """An open store. One writer at a time; readers are never in its way (SQLite's WAL)."""

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
            cure = f"no store here; `yuanda add PATH --store {folder}` makes one"
            if (folder / "filings").is_dir():
                cure = "the store's database is gone; `yuanda doctor --rebuild` makes it anew"
            raise StoreError(f"{folder}: {cure}")
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
            self._note("model", encoder.name)
            self._note("revision", encoder.revision)
            self._note("dimension", str(encoder.dimension))

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
            self._note("index_url", url)

    def check_notes(self) -> None:
        """``StoreError`` where what the database knows of its model was changed."""
        for key in ("model", "revision", "dimension", "index_url"):
            self._meta(key)

    def _note(self, key: str, value: str | None) -> None:
        """Remember a value, with its checksum; ``None``: no more."""
        for name, kept in ((key, value), (f"{key} crc", value and str(crc(value)))):
            if kept is None:
                self._connection.execute("DELETE FROM meta WHERE key = ?", (name,))
            else:
                self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, kept))

    def _meta(self, key: str) -> str | None:
        """What is remembered; ``StoreError`` where that was changed."""
        value, own = (
            self._connection.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
            for name in (key, f"{key} crc")
        )
        # What was kept before version 7 has no checksum.
        if own and (value is None or own[0] != str(crc(value[0]))):
            raise StoreError(
                f"{self.folder}: what the database knows of its {key} was changed; "
                "`yuanda doctor --rebuild` makes it anew"
            )
        return value and str(value[0])

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
        fresh: list[Filing] = []
        try:
            with self._writing():
                if self.is_sound(filing.sha256):
                    return "unchanged"
                if not self.original(filing).exists():
                    fresh.append(filing)
                try:
                    if isinstance(original, bytes):
                        write_atomically(self.original(filing), original)
                    else:
                        copy_atomically(original, self.original(filing))
                    note(self.folder, filing.sha256, filing.path)
                except OSError as error:
                    raise StoreError(
                        f"{self.folder}: {error.strerror}; nothing of {filing.path} added"
                    ) from None
                former = self._left(filing.path, filing.sha256)
                # One whose row or text is damaged is derived anew.
                gone = self._connection.execute(
                    "DELETE FROM filings WHERE sha256 = ?", (filing.sha256,)
                )
                self._insert(parsed, passages, vectors, sentences or [None] * len(parsed.pairs))
        except BaseException:
            self._discard(fresh)
            raise
        if self._batch is not None:
            self._fresh += fresh
        self._discard(former)
        return "replaced" if former or gone.rowcount else "added"

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
            f"filings ({', '.join(FILING_COLUMNS)}, text, text_crc, warnings, added_at)",
            (*filing_row(parsed.filing), text, crc(text), dump(parsed.warnings), added_at),
        )
        keep_further(self._connection, filing_id, parsed.text)
        rows = np.asarray(vectors, dtype=np.float16)
        pair_id = row = 0
        columns = f"{', '.join(PAIR_COLUMNS)}, said_crc, seal, filing_id, sentences, sentences_crc"
        for pair, pieces, said in zip(parsed.pairs, passages, sentences, strict=True):
            values = pair_row(pair)
            own = crc(pair.question, pair.answer), seal([parsed.filing.sha256, *values])
            pair_id = self._insert_row(
                f"pairs ({columns})", (*values, *own, filing_id, said, crc(said))
            )
            if pieces:
                held = pieces[0].place, rows[row : row + len(pieces)].tobytes()
                self._insert_row("vectors", (pair_id, *held, crc(*held)))
            row += len(pieces)
        # Nobody else inserts within this transaction: the pairs' ids follow each other.
        self._connection.execute(
            "UPDATE filings SET first_pair = ?, pair_count = ? WHERE id = ?",
            (pair_id - len(parsed.pairs) + 1, len(parsed.pairs), filing_id),
        )
        self._seal(filing_id)

    def _seal(self, filing_id: int) -> None:
        """Seal a filing's row as it is now."""
        listed, sealed = (
            self._connection.execute(
                f"SELECT {', '.join(names)} FROM filings WHERE id = ?",  # noqa: S608
                (filing_id,),
            ).fetchone()
            for names in (LISTED_COLUMNS, SEALED_COLUMNS)
        )
        self._connection.execute(
            "UPDATE filings SET listed_crc = ?, seal = ? WHERE id = ?",
            (crc(*listed), seal(sealed), filing_id),
        )

    def file_at(self, sha256: str, path: str) -> bool:
        """Note that a content that is filed stands at ``path``; whether another left the store.

        A filing that was renamed goes by its new name. One that stands in several places goes by
        the first of them that is still there, and stays as long as any of them has its content.
        """
        own, first = self._connection.execute(
            "SELECT id, path FROM filings WHERE sha256 = ?", (sha256,)
        ).fetchone()
        there = is_there(Path(first))
        if path == first or (there and path in self._places(own)):
            return False
        with self._writing():
            left = self._left(path, sha256)
            if there:
                self._connection.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (path, own))
            else:
                self._rename(own, sha256, path)
        self._discard(left)
        return bool(left)

    def leave(self, path: str) -> str | None:
        """Note that a file is gone; its SHA-256, where it stood nowhere else and was taken out.

        ``CallError`` where nothing goes by that path.
        """
        with self._writing():
            known = self._connection.execute(
                "SELECT path FROM filings UNION ALL SELECT path FROM places"
            ).fetchall()
            if (path,) not in known:
                raise CallError(f"{path}: no such filing in the store; `yuanda list` shows them")
            left = self._left(path, "")
        self._discard(left)
        return left[0].sha256 if left else None

    def _places(self, filing_id: int) -> list[str]:
        """Where else a filing's content stands."""
        rows = self._connection.execute(
            "SELECT path FROM places WHERE filing_id = ? ORDER BY path", (filing_id,)
        )
        return [path for (path,) in rows]

    def _left(self, path: str, sha256: str) -> list[Filing]:
        """Another content than ``sha256`` stands at ``path``, or nothing: whichever filing went by
        it goes by another of its places, or is taken out and returned."""
        self._connection.execute("DELETE FROM places WHERE path = ?", (path,))
        row = self._connection.execute(
            "SELECT id, sha256 FROM filings WHERE path = ? AND sha256 <> ?", (path, sha256)
        ).fetchone()
        if row is None:
            return []
        if others := self._places(row[0]):
            self._rename(row[0], row[1], others[0])
            return []
        # Its row may be damaged: what goes is its copy, by name.
        gone = Filing(path, row[1], "text")
        self._connection.execute("DELETE FROM filings WHERE id = ?", (row[0],))
        return [gone]

    def _rename(self, filing_id: int, sha256: str, path: str) -> None:
        self._connection.execute("DELETE FROM places WHERE path = ?", (path,))
        is_sealed = not any(damage.sha256 == sha256 for damage in self.damaged())
        self._connection.execute("UPDATE filings SET path = ? WHERE id = ?", (path, filing_id))
        if is_sealed:  # what is damaged stays known as that
            self._seal(filing_id)
        with suppress(OSError):
            note(self.folder, sha256, path)

    def drop_strays(self) -> int:
        """Delete derived rows that belong to nothing; how many there were."""
        if not self._connection.execute("PRAGMA foreign_key_check").fetchone():
            return 0
        with self._writing():
            dropped = (
                self._connection.execute(
                    f"DELETE FROM {table} WHERE {key} NOT IN (SELECT id FROM {owners})"  # noqa: S608
                )
                for table, key, owners in _OWNED
            )
            return sum(cursor.rowcount for cursor in dropped)

    def keep_sentences(self, kept: Iterable[tuple[int, bytes]]) -> None:
        """Keep pairs' sentences (``index.embedding.sentences``), by id."""
        with self._writing():
            self._connection.executemany(
                "UPDATE pairs SET sentences = ?, sentences_crc = ? WHERE id = ?",
                [(own, crc(own), pair) for pair, own in kept],
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
        at = "SELECT filing_id FROM places WHERE places.path IN (?, ?)"
        found = self._filings(f"path IN (?, ?) OR id IN ({at})", 2 * (name, absolute))
        if not found and len(name) >= 4 and set(name.lower()) <= set("0123456789abcdef"):
            found = self._filings("sha256 GLOB ?", (name.lower() + "*",))
        if not found:
            raise CallError(f"{name}: no such filing in the store; `yuanda list` shows them")
        if len(found) > 1:
            raise CallError(f"{name}: {len(found)} filings begin so; give more of the SHA-256")
        if isinstance(one := found[0], Damage):
            filing = Filing(one.path, one.sha256, "text")
        else:
            filing = one.filing
        with self._writing():
            self._connection.execute("DELETE FROM filings WHERE sha256 = ?", (filing.sha256,))
            with suppress(OSError):
                forget(self.folder, filing.sha256)
        self._discard([filing])
        return filing
