"""What of the store is known to be damaged: looked through now and then, and met by answers."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from index.errors import StoreError
from index.store.seals import Damage
from index.store.store import Store
from index.upkeep.soundness import damage_in

logger = logging.getLogger(__name__)

# Seconds between two looks at the copies, and at all rows.
_EVERY, _ROWS_EVERY = 15.0, 3600.0
# Part of the time that a look takes of a processor that others wait for.
_SHARE = 0.3


class Soundness:
    """Looks through a store, in a thread of its own while a server runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: tuple[Damage, ...] = ()
        self._met: set[Damage] = set()
        self._looked = self._rows = -_ROWS_EVERY
        self._looking = threading.Lock()

    def met(self, damaged: Iterable[Damage]) -> None:
        """An answer met these."""
        self._met.update(damaged)

    def known(self) -> tuple[Damage, ...]:
        """What is known to be damaged; looked for now where nobody has for a while.

        ``StoreError`` where the store can't be read.
        """
        if time.monotonic() - self._looked > 4 * _EVERY:
            self.look()
        return tuple(dict.fromkeys([*self._found, *self._met]))

    def look(self, stop: threading.Event | None = None) -> None:
        """Look through the store; with ``stop``, in no hurry and until it is set."""
        with self._looking, Store.reader(self._folder) as store:
            began, rows = time.monotonic(), time.monotonic() - self._rows > _ROWS_EVERY
            found = []
            for one in damage_in(store, rows=rows):
                if one:
                    found.append(one)
                if stop is not None:
                    worked = time.monotonic() - began
                    if stop.wait(min(0.05, worked / _SHARE - worked)):
                        return
                    began = time.monotonic()
            if not rows:  # what was found in rows stands until they are read again, or gone
                found += [one for one in self._found if one.number and store.known(one.sha256)]
            self._found, self._met = tuple(dict.fromkeys(found)), set()
            self._looked = time.monotonic()
            self._rows = self._looked if rows else self._rows

    def follow(self, stop: threading.Event) -> None:
        """Look now and then until ``stop`` is set."""
        while True:
            try:
                self.look(stop)
            except (StoreError, OSError, sqlite3.Error) as error:
                logger.error("%s: can't be looked through: %s", self._folder, error)
            if stop.wait(_EVERY):
                return
