"""A store's version as a stamp: the same stamp, the same pairs, and so the same answers."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version

from index.store.contents import Contents


def stamp_of(store: Contents) -> str:
    """What differs whenever pairs are added or removed, and with another version of the program.

    Which store it is stands first, then the numbers of pairs added and removed so far.
    """
    changes = store.changes()
    store_id = hashlib.sha256(changes.store.encode()).hexdigest()[:8]
    return f"{store_id}-{changes.added}-{changes.removed}-{_version()}"


def _version() -> str:
    try:
        return version("yuanda")
    except PackageNotFoundError:
        return "0"
