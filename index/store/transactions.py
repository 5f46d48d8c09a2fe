"""What is written to a store: in transactions, with the copies of files that belong to them.

A copy is deleted only when its filing is taken out, or was never kept; whatever else lies among
the copies is set aside.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from index.errors import StoreError
from index.files import copy_atomically
from index.records import Filing
from index.store.contents import Contents
from index.store.database import lock

# Where copies are moved that belong to nothing; nothing is deleted there.
SET_ASIDE = "set-aside"
# Seconds in which a copy may be there before its filing is.
_ADDING = 60.0
# A copy, whole or (with a point before it) on its way.
_COPY = re.compile(r"(\.?)([0-9a-f]{64})\.")


class Transactions(Contents):
    """The part of a ``Store`` that keeps database and copies together."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        super().__init__(folder, connection)
        # Filings taken out within a batch, whose copies go when it is done, and those put in, whose
        # copies go when it fails.
        self._batch: list[Filing] | None = None
        self._fresh: list[Filing] = []

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Within, filings are added in one transaction: all are kept at its end, or none.

        One that can't be added takes back itself alone.
        """
        try:
            with self._writing():
                self._batch, self._fresh = [], []
                try:
                    yield
                finally:
                    discarded, self._batch = self._batch, None
        except BaseException:
            self._discard(self._fresh)
            raise
        finally:
            self._fresh = []
        self._discard(discarded)

    def orphans(self) -> list[Path]:
        """Copies that belong to no filing that is known, and what a kill left of others.

        Another process may be adding them just now.
        """
        known = {row[0] for row in self._connection.execute("SELECT sha256 FROM filings")}
        copies = self.folder / "filings"
        # Few of many are looked at: a filing's copy goes by its SHA-256.
        names = (entry.name for entry in os.scandir(copies))
        strange = [name for name in names if name.partition(".")[0] not in known]
        matches = map(_COPY.match, strange)
        return sorted(copies / match.string for match in matches if match)

    def tidy(self) -> int:
        """Take away what a kill left of copies that weren't whole yet; how many there were."""
        count = 0
        with suppress(OSError):
            halves = [copy for copy in self.orphans() if copy.name.startswith(".")]
            if not halves:
                return 0
            # Others copy within their transactions: once we write, none is on its way.
            with self._writing():
                for half in halves:
                    half.unlink(missing_ok=True)
                    count += 1
        return count

    def set_aside(self) -> list[Path]:
        """Move copies that belong to no filing to ``set-aside/``, where nothing is ever deleted;
        where they are now. ``OSError`` where that can't be done."""
        if not self.orphans():
            return []
        aside, moved = self.folder / SET_ASIDE, []
        aside.mkdir(exist_ok=True)
        with self._writing():
            for copy in self.orphans():
                target = aside / copy.name.lstrip(".")
                if target.exists():
                    target = target.with_name(f"{target.stem}-{os.urandom(4).hex()}{target.suffix}")
                copy.replace(target)
                moved.append(target)
        return moved

    def forgotten(self) -> int:
        """How many whole copies the database doesn't know, though nobody is adding them now."""
        before = time.time() - _ADDING
        with suppress(OSError):
            return sum(
                not copy.name.startswith(".") and copy.stat().st_ctime < before
                for copy in self.orphans()
            )
        return 0

    def restore_copy(self, filing: Filing, source: Path) -> None:
        """Put a copy in the place of a damaged one; ``StoreError`` where it can't be written."""
        try:
            copy_atomically(source, self.original(filing))
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror}") from None

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
