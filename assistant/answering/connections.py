"""Connections to one store for many askers at once: each is used by one of them at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import StoreError
from index.store.store import Store


class Readers:
    """As many read-only connections as there are askers at a time, opened when needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Taking from a deque and giving back need no lock.
        self._free: deque[Store] = deque()
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Store]:
        """A store to read from; within, it stays as it is, whatever other processes write.

        ``StoreError`` where it can't be opened or is closed.
        """
        store = self._take()
        try:
            with store.snapshot():
                yield store
        finally:
            self._free.append(store)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close all connections, those in use when they are given back."""
        self._closed = True
        while self._free:
            try:
                self._free.pop().close()
            except IndexError:  # another thread has closed the last one
                return

    def _take(self) -> Store:
        if self._closed:
            raise StoreError(f"{self._folder}: the store is closed")
        try:
            return self._free.pop()
        except IndexError:
            return Store.reader(self._folder)
