"""The embedded indexes of a store: opened as one unchanging state, and the next one published.

``indexes/manifest.json`` names the state: which changes of the database it has, and its files with
their checksums. Files are new, synced and whole before a manifest names them, and the manifest
takes the place of the former one in one step, so that a reader finds one state or the other.
What one state needs and the next doesn't is deleted; who has it open keeps it.

The work is in proportion to what changed: ids of pairs are never used again, and the database
counts what is added and removed. A manifest that doesn't fit the database, or a damaged file, makes
all ids be compared, or the index be made anew from the database, which has all that it needs.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from index.errors import StoreError
from index.search.embedded import Indexes, index_pairs
from index.search.lexical import LexicalIndex
from index.search.manifest import Kept, Manifest, read_manifest
from index.search.segments import MOST, Halves, cut, merged
from index.search.vectors import DenseIndex
from index.store.catalogue import Catalogue
from index.store.contents import Changes, Contents
from index.store.scope import Ids, pairs_of, passage_id
from index.store.store import Store

__all__ = [
    "Indexes",
    "State",
    "at_hand",
    "current_state",
    "improve",
    "index_pairs",
    "is_publishing",
    "open_indexes",
]

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

# Pairs read from the database at once.
_BATCH = 20_000
# Pairs up to which the lexical index is made anew where some were removed.
_ANEW = 20_000


class State(NamedTuple):
    """What an index opened now would have: changes of the database, and the published files."""

    changes: Changes
    published: tuple[int, int] | None


def current_state(store: Contents) -> State:
    """Where it differs from that of an opened index, opening it again finds more."""
    try:
        status = (_folder(store) / Manifest.NAME).stat()
    except OSError:
        return State(store.changes(), None)
    return State(store.changes(), (status.st_ino, status.st_mtime_ns))


def open_indexes(store: Store, dimension: int, *, patience: float | None = None) -> Indexes:
    """A store's indexes, in line with its database.

    What is missing is added and published; where the store's folder can't be written, it is made
    up in memory. Another process that is publishing is waited for, by default until it is done;
    after ``patience`` seconds what it has published before is returned for now, if there is any.
    """
    folder = _folder(store)
    found = at_hand(store, partial(_published, store, folder, dimension), patience)
    if found is not None:
        return found
    try:
        folder.mkdir(exist_ok=True)
        with store.lock(), store.snapshot():
            # Another process may have done it while this one waited.
            if (found := _published(store, folder, dimension)) is not None:
                return found
            return _publish(store, folder, dimension)
    except OSError as error:
        logger.warning("%s: indexes kept in memory only (%s)", store.folder, error)
        with store.snapshot():
            return _in_memory(store, folder, dimension)


def at_hand(
    store: Store, published: Callable[[bool], _T | None], patience: float | None
) -> _T | None:
    """What is ``published(False)``, in line with the database.

    Where that is nothing, and another process is still about to publish after ``patience``
    seconds, what is ``published(True)``: it may lag. A snapshot is being read within.
    """
    with store.snapshot():
        found = published(False)
    if found is None and patience is not None and is_publishing(store, patience):
        with store.snapshot():
            return published(True)
    return found


def is_publishing(store: Store, patience: float = 0.0) -> bool:
    """Whether another process is about to publish, and still is after ``patience`` seconds."""
    lock = store.lock()
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def improve(store: Store, *, anew: bool = False) -> bool:
    """Train the compressed index where it is due, and publish it; whether that was done.

    Takes up to minutes, in which everybody goes on with what is published. ``anew``: whether it
    is due or not, so that it has nothing of what was removed.
    """
    folder = _folder(store)
    dimension = store.dimension
    if dimension is None:
        return False
    dense = open_indexes(store, dimension).dense
    if not (dense.due() or (anew and dense.compressed is not None)):
        return False
    try:
        with FileLock(folder / "training.lock", timeout=0):
            made = dense.compress(anew=dense.outgrown())
            with store.lock(), store.snapshot():
                indexes = _publish(store, folder, dimension)
                kept = Kept(folder, indexes.dense.with_compressed(made.compressed))
                kept.publish(store.changes(), indexes.lexical.opstamp())
    except Timeout:
        return False  # another process is at it
    except OSError as error:
        logger.warning("%s: no compressed index (%s)", store.folder, error)
        return False
    return True


def _folder(store: Contents) -> Path:
    return store.folder / "indexes"


def _published(store: Store, folder: Path, dimension: int, lags: bool = False) -> Indexes | None:
    """What is published, if it is whole and has all changes, or some (``lags``).

    A snapshot is being read.
    """
    try:
        manifest = read_manifest(folder)
        if manifest is None or manifest.dimension != dimension:
            return None
        if manifest.changes != store.changes() and not lags:
            return None
        catalogue = store.catalogue()
        dense = Kept.open(folder, manifest).dense
        lexical = LexicalIndex(folder / "lexical")
    except StoreError:
        return None  # replaced this very moment, or damaged: looked into by who may write
    if lags:
        return Indexes(dense, lexical, catalogue, lags=True)
    if lexical.opstamp() != manifest.opstamp:
        return None
    if not catalogue.count == lexical.count == dense.pair_count:
        return None
    return Indexes(dense, lexical, catalogue)


def _publish(store: Store, folder: Path, dimension: int) -> Indexes:
    """Bring all in line with the database, and publish it. The lock is held."""
    changes, catalogue = store.changes(), store.catalogue()
    manifest = _usable(folder, store, dimension)
    former = manifest.changes if manifest else None
    kept = _opened(folder, manifest, dimension)
    dense = _aligned(store, kept.dense, catalogue, former, folder)
    lexical = _lexical(store, folder / "lexical", catalogue, manifest)
    kept = Kept(folder, dense)
    kept.publish(changes, lexical.opstamp())
    return Indexes(kept.dense, lexical, catalogue)


def _usable(folder: Path, store: Store, dimension: int) -> Manifest | None:
    """The manifest, if its changes are an earlier state of this very database."""
    try:
        manifest = read_manifest(folder)
    except StoreError as error:
        logger.warning("%s: rebuilt", error)
        return None
    if manifest is None or manifest.dimension != dimension:
        return None
    return manifest if store.changes().come_after(manifest.changes) else None


def _opened(folder: Path, manifest: Manifest | None, dimension: int) -> Kept:
    if manifest:
        try:
            return Kept.open(folder, manifest)
        except StoreError as error:
            logger.warning("%s: rebuilt", error)
            return Kept.sound(folder, manifest)
    return Kept(folder, DenseIndex(dimension))


def _aligned(
    store: Store,
    dense: DenseIndex,
    catalogue: Catalogue,
    former: Changes | None,
    folder: Path | None = None,
) -> DenseIndex:
    """The dense index with what is added and without what is removed.

    Large parts go to files in the ``folder`` at once, so that memory doesn't grow with them.
    """
    if former is not None:
        if len(gone := np.unique(store.removed_after(former.removed))):
            dense = dense.without(gone)
        dense = _with_pairs(store, dense, store.added_after(former.added), folder)
        if dense.pair_count == catalogue.count:
            return dense
    wanted, present = catalogue.pairs(), np.unique(pairs_of(dense.ids()))
    dense = dense.without(np.setdiff1d(present, wanted))
    lacking = np.setdiff1d(wanted, present)
    if len(lacking) and len(present) and lacking[0] < present[-1]:
        dense, lacking = DenseIndex(dense.dimension), wanted
    return _with_pairs(store, dense, lacking, folder)


def _with_pairs(store: Store, dense: DenseIndex, pairs: Ids, folder: Path | None) -> DenseIndex:
    segments = list(dense.segments)
    for ids, rows in _batches(store, pairs, dense.dimension):
        segments = merged([*segments, *cut(ids, rows)])
        if folder:
            segments = [s.kept(folder) if len(s.ids) > MOST // 2 else s for s in segments]
    return DenseIndex(dense.dimension, segments, dense.compressed)


def _batches(store: Store, pairs: Ids, dimension: int) -> Iterator[tuple[Ids, Halves]]:
    """Passage ids and vectors of the pairs, in batches."""
    for start in range(0, len(pairs), _BATCH):
        ids: list[int] = []
        parts = []
        for pair_id, place, vectors in store.vectors(pairs[start : start + _BATCH]):
            count = len(vectors) // (2 * dimension)
            first = passage_id(pair_id, place)
            ids.extend(range(first, first + count))
            parts.append(vectors)
        rows = np.frombuffer(b"".join(parts), dtype=np.float16).reshape(-1, dimension)
        yield np.array(ids, dtype=np.int64), rows


def _lexical(
    store: Store, folder: Path, catalogue: Catalogue, manifest: Manifest | None
) -> LexicalIndex:
    folder.mkdir(exist_ok=True)
    try:
        lexical = LexicalIndex(folder)
        _align_lexical(store, lexical, catalogue, manifest)
    except StoreError as error:
        logger.warning("%s: rebuilt", error)
        shutil.rmtree(folder)
        folder.mkdir()
        lexical = LexicalIndex(folder)
        _align_lexical(store, lexical, catalogue, None)
    return lexical


def _align_lexical(
    store: Store, lexical: LexicalIndex, catalogue: Catalogue, manifest: Manifest | None
) -> None:
    if manifest and manifest.opstamp == lexical.opstamp():
        gone = store.removed_after(manifest.changes.removed)
        lacking = store.added_after(manifest.changes.added)
        gone = gone[gone <= manifest.changes.added]
        if lexical.count - len(gone) + len(lacking) == catalogue.count:
            _update_lexical(store, lexical, catalogue, gone, lacking)
            return
    wanted, present = catalogue.pairs(), lexical.ids()
    gone, lacking = np.setdiff1d(present, wanted), np.setdiff1d(wanted, present)
    _update_lexical(store, lexical, catalogue, gone, lacking)


def _update_lexical(
    store: Store, lexical: LexicalIndex, catalogue: Catalogue, gone: Ids, lacking: Ids
) -> None:
    if len(gone) and catalogue.count <= _ANEW:
        # tantivy goes on counting what was removed in what it weighs terms by.
        every = store.texts(catalogue.pairs())
        lexical.update(every, filing_of=catalogue.filing_of, anew=True)
    elif len(gone) or len(lacking):
        lexical.update(store.texts(lacking), gone.tolist(), catalogue.filing_of)


def _in_memory(store: Store, folder: Path, dimension: int) -> Indexes:
    """What is published, with what it lacks in memory."""
    catalogue = store.catalogue()
    manifest = _usable(folder, store, dimension)
    dense = _opened(folder, manifest, dimension).dense
    dense = _aligned(store, dense, catalogue, manifest.changes if manifest else None)
    lexical = LexicalIndex()
    lexical.update(store.texts(catalogue.pairs()), filing_of=catalogue.filing_of)
    return Indexes(dense, lexical, catalogue)
