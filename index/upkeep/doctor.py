"""Find what is wrong with a store, and mend what can be mended."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from index.embedding.sentences import encoded, made_with
from index.errors import StoreError
from index.search.manifest import Manifest, read_manifest
from index.search.opening import open_index
from index.search.snapshot import improve, open_indexes
from index.search.tantivy_checksums import check_files, removed_share
from index.search.vectors import DenseIndex
from index.store.checksums import Checks
from index.store.feedback import changed
from index.store.store import Store
from index.upkeep.mending import (
    Finding,
    Mender,
    file_again,
    mend_copies,
    mend_rows,
    opened_anew,
    set_aside,
)

# Share of the lexical index that may be of removed pairs before it is made anew.
_REMOVED = 0.2
# Pairs whose sentences are worked out at once.
_TOGETHER = 1000
# Depths at which recall is measured.
_DEPTHS = (10, 64, 128)


def examine(store: Store, mender: Mender, *, restore: bool = False) -> list[Finding]:
    """Look at everything, and mend what is derived from the copies; nothing of these is deleted.

    ``restore``: what was set aside is filed again. ``StoreError`` where the database has to be made
    anew before.
    """
    store.check_notes()
    findings = [_database(store), *mend_copies(store), *mend_rows(store, mender)]
    if restore:
        findings += file_again(store, mender, aside=True)
    findings += [set_aside(store), _sentences(store), _feedback(store)]
    return [*findings, *_indexes(store)]


def rebuild(folder: Path, mender: Mender, *, restore: bool = False) -> list[Finding]:
    """Make a database that is gone or damaged anew, and file the copies that it doesn't know.

    ``StoreError`` where the folder can't be written.
    """
    try:
        store, findings = opened_anew(folder)
        with store:
            findings += file_again(store, mender, aside=False)
            return findings + examine(store, mender, restore=restore)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from None


def recall(store: Store, count: int, seed: int = 1) -> dict[str, float]:
    """Share of the nearest passages (by reading all) that a search finds, at several depths.

    Asked are the vectors of ``count`` filed questions, drawn by chance; ties count as found.
    """
    if store.dimension is None or not store.counts()[1]:
        return {}
    dense = open_indexes(store, store.dimension).dense
    pairs = store.pair_ids()
    drawn = np.random.default_rng(seed).choice(pairs, min(count, len(pairs)), replace=False)
    shares = [recall_of(dense, vector) for vector in _questions(store, np.sort(drawn))]
    return {f"R@{k}": float(np.mean([own[k] for own in shares])) for k in _DEPTHS} if shares else {}


def _questions(store: Store, pairs: np.ndarray) -> Iterator[np.ndarray]:
    size = 2 * (store.dimension or 0)
    for _, first, rows in store.vectors(pairs):
        if first == 0:
            yield np.frombuffer(rows[:size], dtype=np.float16).astype(np.float32)


def recall_of(dense: DenseIndex, vector: np.ndarray) -> dict[int, float]:
    """Share of the truly nearest, by depth, that are among what retrieval takes; ties count."""
    wanted, _ = dense.exact(vector, max(_DEPTHS))
    found = dense.scores(vector, np.sort(dense.candidates(vector, max(_DEPTHS))))
    found = np.sort(found)[::-1]
    depths = {k: min(k, len(wanted)) for k in _DEPTHS}
    return {k: float((found[:n] >= wanted[n - 1] - 1e-6).mean()) for k, n in depths.items()}


def _database(store: Store) -> Finding:
    try:
        if faults := store.integrity():
            cure = "`yuanda doctor --rebuild` makes it anew from the store's copies"
            return Finding("database", "broken", f"{faults[0]}; {cure}")
        if strays := store.drop_strays():
            return Finding("database", "mended", f"{strays} rows that belonged to nothing")
    except (sqlite3.Error, StoreError) as error:
        return Finding("database", "broken", str(error))
    return Finding("database", "sound")


def _sentences(store: Store) -> Finding:
    """What an older program has not worked out, or with another model."""
    unread = list(store.unread(made_with()))
    try:
        for start in range(0, len(unread), _TOGETHER):
            some = unread[start : start + _TOGETHER]
            said = encoded((question, answer) for _, question, answer in some)
            store.keep_sentences(zip((pair for pair, *_ in some), said, strict=True))
    except StoreError as error:
        return Finding("sentences", "broken", str(error))
    if not unread:
        return Finding("sentences", "sound")
    return Finding("sentences", "mended", f"{len(unread)} pairs")


def _feedback(store: Store) -> Finding:
    if rows := changed(store.folder):
        return Finding("feedback", "broken", f"{rows} rows were changed since, and are left out")
    return Finding("feedback", "sound")


def _indexes(store: Store) -> Iterator[Finding]:
    """Each index, read through; what is damaged is thrown away and made anew."""
    folder, dimension = store.folder / "indexes", store.dimension
    if dimension is None:
        yield Finding("indexes", "sound", "none yet")
        return
    if store.index_url is not None:
        yield _served(store, dimension, store.index_url)
        return
    for what, check in (("dense index", _check_dense), ("lexical index", _check_lexical)):
        try:
            check(folder)
        except StoreError as error:
            try:
                open_indexes(store, dimension)
                check(folder)
                yield Finding(what, "mended", f"{error}; made anew")
            except (OSError, StoreError) as still:
                yield Finding(what, "broken", f"{still}; check free space and permissions")
        else:
            yield Finding(what, "sound")
    dense = open_indexes(store, dimension).dense
    if improve(store, anew=dense.holds_removed()):
        yield Finding("compressed index", "mended", "made for what is there now")
    elif dense.due() or dense.holds_removed():
        yield Finding("compressed index", "broken", "not made; check free space and permissions")
    else:
        yield Finding("compressed index", "sound", "" if dense.compressed else "not needed yet")


def _served(store: Store, dimension: int, url: str) -> Finding:
    """The index of a server: brought in line with the database."""
    try:
        count = open_index(store, dimension).count
    except (OSError, StoreError) as error:
        return Finding("index", "broken", str(error))
    return Finding("index", "sound", f"{count} pairs at {url}")


def _check_dense(folder: Path) -> None:
    manifest = read_manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder / Manifest.NAME}: missing")
    checks = Checks(folder)
    for file in (*manifest.segments, manifest.compressed, manifest.ids):
        if file is not None:
            checks.check(file, again=True)


def _check_lexical(folder: Path) -> None:
    lexical = folder / "lexical"
    if not (lexical / "meta.json").is_file():
        raise StoreError(f"{lexical}: missing")
    try:
        check_files(lexical, again=True)
        if removed_share(lexical) > _REMOVED:
            raise StoreError(f"{lexical}: much of it is of removed filings")
    except StoreError:
        shutil.rmtree(lexical, ignore_errors=True)
        raise
