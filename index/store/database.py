"""The store's database: made, opened, and brought to the current schema."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from index.errors import StoreError
from index.store.schema import MIGRATIONS, SCHEMA, VERSION
from index.store.seals import crc, seal

DATABASE = "store.sqlite"
_LOCK = "store.lock"
_PATIENCE = 30  # seconds for another process to finish its transaction


class _Cursor(sqlite3.Cursor):
    """Says where the database itself is damaged, whichever row it is met at."""

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise _told(error) from None

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise _told(error) from None

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise _told(error) from None

    def execute(self, *arguments: Any) -> Any:
        try:
            return super().execute(*arguments)
        except sqlite3.DatabaseError as error:
            raise _told(error) from None


class _Connection(sqlite3.Connection):
    def execute(self, *arguments: Any) -> Any:
        return self.cursor(_Cursor).execute(*arguments)


def _told(error: sqlite3.DatabaseError) -> Exception:
    """``StoreError`` for a damaged file; what is busy, full or misused stays what it is."""
    if type(error) is not sqlite3.DatabaseError:
        return error
    return StoreError(f"{DATABASE} is damaged ({error}); `yuanda doctor --rebuild` makes it anew")


def connect(folder: Path) -> sqlite3.Connection:
    """Open a folder's database, making or migrating it.

    Where it can't be written, it is opened to be read. ``StoreError`` where it is newer or damaged.
    """
    path = folder / DATABASE
    if path.is_file() and not (os.access(folder, os.W_OK) and os.access(path, os.W_OK)):
        return _to_be_read(folder)
    try:
        connection = _opened(str(path))
        is_old = _version(connection) < VERSION
    except sqlite3.OperationalError:
        if not path.is_file():
            raise
        return _to_be_read(folder)  # a full disk, which has no room even for the file of locks
    if is_old:
        # SQLite doesn't wait where two processes turn to WAL at once.
        with lock(folder):
            _bring_up(connection)
    _check_version(folder, connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _opened(path: str, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        timeout=_PATIENCE,
        check_same_thread=False,
        factory=_Connection,
        uri=uri,
    )
    # A byte that was changed must not end a command at the row that has it: the seal tells of it.
    connection.text_factory = _text
    return connection


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _to_be_read(folder: Path) -> sqlite3.Connection:
    """The database where nothing can be written beside it."""
    path = folder / DATABASE
    log = folder / f"{DATABASE}-wal"
    try:
        if log.is_file() and log.stat().st_size:
            # Somebody writes it just now, or a kill left the log.
            try:
                connection = _opened(f"{path.absolute().as_uri()}?mode=ro", uri=True)
                _version(connection)
            except sqlite3.OperationalError:
                connection = _aside(path, log)
        else:
            # Nobody writes it, or the log would be there: no lock is needed, and none can be had.
            connection = _opened(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}") from None
    if (version := _version(connection)) < VERSION:
        raise StoreError(
            f"{folder}: made by an older Yuanda (tables {version}, now {VERSION}) and can't be "
            "written; open it once where it can"
        )
    _check_version(folder, connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _aside(path: Path, log: Path) -> sqlite3.Connection:
    """A copy in memory of a database with what its log adds, which can't be read in place."""
    with tempfile.TemporaryDirectory(prefix="yuanda-") as home:
        for part in (path, log):
            shutil.copyfile(part, Path(home) / part.name)
        whole = _opened(str(Path(home) / path.name))
        connection = _opened(":memory:")
        whole.backup(connection)
        whole.close()
    return connection


def _check_version(folder: Path, connection: sqlite3.Connection) -> None:
    if _version(connection) > VERSION:
        raise StoreError(f"{folder}: made by a newer Yuanda; upgrade to read it")


def lock(folder: Path) -> FileLock:
    """Held by whoever makes the database or changes the indexes."""
    return FileLock(folder / _LOCK, timeout=_PATIENCE)


class _Halves:
    """Puts float32 vectors together as float16, for a migration."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def step(self, vector: bytes) -> None:
        self._parts.append(np.frombuffer(vector, dtype=np.float32).astype(np.float16).tobytes())

    def finalize(self) -> bytes:
        return b"".join(self._parts)


def _bring_up(connection: sqlite3.Connection) -> None:
    """Each step is a transaction of its own: a kill leaves one of the versions."""
    connection.create_aggregate("halves", 1, _Halves)  # type: ignore[arg-type]
    connection.create_function("crc", -1, crc, deterministic=True)
    connection.create_function("seal", -1, lambda *values: seal(values), deterministic=True)
    while (version := _version(connection)) < VERSION:
        if version == 0:
            connection.execute("PRAGMA journal_mode = WAL")
            step, version = SCHEMA, VERSION
        else:
            step, version = MIGRATIONS[version], version + 1
        connection.executescript(
            f"BEGIN IMMEDIATE; {step}; PRAGMA user_version = {version}; COMMIT;"
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
