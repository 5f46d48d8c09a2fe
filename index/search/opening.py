"""A store's index, wherever it is kept: beside the database, or on a server."""

from __future__ import annotations

import logging
import shutil

from index.errors import CallError, StoreError
from index.search.protocol import Index
from index.search.snapshot import improve, open_indexes
from index.store.store import Store

logger = logging.getLogger(__name__)

# What is said instead of an address for the index beside the database.
EMBEDDED = "embedded"


def open_index(store: Store, dimension: int, *, patience: float | None = None) -> Index:
    """The index in line with the database; see ``open_indexes`` and ``open_remote``."""
    if (url := store.index_url) is None:
        return open_indexes(store, dimension, patience=patience)
    from index.search.remote import open_remote

    return open_remote(store, dimension, url, patience=patience)


def improve_index(store: Store) -> None:
    """Train the compressed index where it is due; a server sees to its own."""
    if store.index_url is None:
        improve(store)


def keep_index_at(store: Store, address: str) -> None:
    """From now on the store's index is at this address of a Milvus server, or ``embedded``.

    What was kept elsewhere is deleted. ``CallError`` where it is no address.
    """
    if address != EMBEDDED and not address.startswith(("http://", "https://")):
        raise CallError(f"{address}: must be http://… or https://…, or `{EMBEDDED}`")
    former, now = store.index_url, None if address == EMBEDDED else address.rstrip("/")
    if former == now:
        return
    with store.lock():
        store.set_index_url(now)
        shutil.rmtree(store.folder / "indexes", ignore_errors=True)
    if former is not None:
        from index.search.milvus import Server

        try:
            Server(former, store.changes().store).drop()
        except StoreError as error:
            logger.warning("%s (its collections of this store are left there)", error)
