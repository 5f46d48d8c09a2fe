"""The store's database: made, opened, and brought to the current schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
from filelock import FileLock

from index.errors import StoreError
from index.store.schema import MIGRATIONS, SCHEMA, VERSION

DATABASE = "store.sqlite"
_LOCK = "store.lock"
_PATIENCE = 30  # seconds for another process to finish its transaction


def connect(folder: Path) -> sqlite3.Connection:
    """Open a folder's database, making or migrating it; ``StoreError`` where it is newer."""
    connection = sqlite3.connect(
        folder / DATABASE, isolation_level=None, timeout=_PATIENCE, check_same_thread=False
    )
    if _version(connection) < VERSION:
        # SQLite doesn't wait where two processes turn to WAL at once.
        with lock(folder):
            _bring_up(connection)
    if _version(connection) > VERSION:
        raise StoreError(f"{folder}: made by a newer Yuanda; upgrade to read it")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


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
