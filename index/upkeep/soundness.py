"""What a store shows, looked through: which of it can't be relied on."""

from __future__ import annotations

from collections.abc import Iterator

from index.store.copies import fault_of
from index.store.seals import Damage
from index.store.store import Store


def damage_in(store: Store, *, rows: bool = True) -> Iterator[Damage | None]:
    """What is wrong with the filings, one after the other; ``None`` for one that is sound.

    Without ``rows`` only the filings' own rows and their copies are looked at; a copy is read
    through where it has changed since it was last.
    """
    yield from store.damaged()
    for entry in store.filings():
        filing = entry.filing
        found = store.faults(filing.sha256) if rows else []
        if reason := fault_of(store.original(filing), filing.sha256):
            found.append(Damage(filing.path, filing.sha256, None, reason))
        yield from found or (None,)
    if copies := store.forgotten():
        reason = f"{copies} copies are not in the database; `yuanda doctor --rebuild`"
        yield Damage(str(store.folder), "", None, reason)
