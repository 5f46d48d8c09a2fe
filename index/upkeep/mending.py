"""What is derived from the store's copies, derived again: damaged rows, or a whole database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from index.embedding.encoder import Encoder
from index.embedding.passages import passages_of
from index.embedding.sentences import encoded
from index.errors import ReadError, StoreError, YuandaError
from index.files import sha256_of
from index.intake.parse import parse
from index.intake.workers import Read
from index.store.copies import fault_of
from index.store.database import DATABASE
from index.store.names import noted
from index.store.seals import Damage
from index.store.store import Store
from index.store.transactions import SET_ASIDE

# Copies that are named one by one.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is sound, was mended, or is broken, and what to do."""

    what: str
    status: Literal["sound", "mended", "broken"]
    detail: str = ""


class Mender:
    """Derives filings from copies again."""

    def __init__(self, encoder: Callable[[], Encoder], read: Read = parse) -> None:
        """``encoder`` is loaded when the first filing is embedded."""
        self._load, self._read = encoder, read
        self._encoder: Encoder | None = None

    def derive(self, store: Store, copy: Path, path: str) -> None:
        """File a copy as that of the file at ``path``.

        Raises a ``YuandaError`` or ``OSError`` where that can't be done.
        """
        if self._encoder is None:
            self._encoder = self._load()
            store.set_model(self._encoder)
        parsed = self._read(copy)
        if not parsed.pairs:
            raise ReadError(path, "no question with an answer found in it")
        passages = [passages_of(pair) for pair in parsed.pairs]
        vectors = self._encoder.encode_passages([p.text for own in passages for p in own])
        said = list(encoded((pair.question, pair.answer) for pair in parsed.pairs))
        filing = replace(parsed.filing, path=path)
        store.add(replace(parsed, filing=filing), copy, passages, vectors, said)


def mend_copies(store: Store) -> Iterator[Finding]:
    """Read each copy through; a damaged one is taken from its source again where that is whole."""
    what, whole = "copies of filings", True
    for entry in store.filings():
        filing = entry.filing
        if not (fault := fault_of(store.original(filing), filing.sha256)):
            continue
        whole, source = False, Path(filing.path)
        try:
            if sha256_of(source) == filing.sha256:
                store.restore_copy(filing, source)
                yield Finding(what, "mended", f"{source}: {fault}; taken from there again")
                continue
        except (OSError, StoreError):
            pass
        cure = "`yuanda add` it again from an unharmed file"
        yield Finding(what, "broken", f"{source}: {fault}; {cure}")
    if whole:
        yield Finding(what, "sound")


def mend_rows(store: Store, mender: Mender) -> Iterator[Finding]:
    """Look at each filing's row, text, pairs and vectors; damaged ones are derived again."""
    what, names = "filings", noted(store.folder)
    found = {damage.sha256: damage for damage in store.damaged()}
    for entry in store.filings():
        if faults := store.faults(entry.filing.sha256):
            found[entry.filing.sha256] = faults[0]
    for sha256, damage in found.items():
        try:
            copy, path = _copy_for(store, damage, names)
            mender.derive(store, copy, path)
        except (YuandaError, OSError) as error:
            cure = "`yuanda add` it again from an unharmed file"
            yield Finding(what, "broken", f"{damage}; not derived again: {error}; {cure}")
        else:
            yield Finding(what, "mended", f"{names.get(sha256, damage.path)}: derived again")
    if not found:
        yield Finding(what, "sound")


def _copy_for(store: Store, damage: Damage, names: dict[str, str]) -> tuple[Path, str]:
    """The unharmed copy of a damaged filing, and the file that it was made of.

    Any of the two may be wrong in the damaged row: the SHA-256 tells the copy, or the path does.
    """
    for copy in _copies(store.folder / "filings"):
        sha256 = copy.name.partition(".")[0]
        is_own = sha256 == damage.sha256
        is_lost = names.get(sha256) == damage.path and not store.known(sha256)
        if (is_own or is_lost) and fault_of(copy, sha256) is None:
            return copy, names.get(sha256, damage.path)
    raise StoreError("the store has no unharmed copy of it")


def set_aside(store: Store) -> Finding:
    """Move copies that the database doesn't know out of the way, and tell which."""
    what = "unknown copies"
    try:
        store.tidy()
        moved = store.set_aside()
    except OSError as error:
        return Finding(what, "broken", f"{store.folder}: {error.strerror}")
    if not moved:
        return Finding(what, "sound")
    shown = ", ".join(path.name for path in moved[:_NAMED]) + ", …" * (len(moved) > _NAMED)
    cure = "nothing is deleted; `yuanda doctor --restore` files them again"
    return Finding(what, "mended", f"{len(moved)} moved to {SET_ASIDE}/: {shown}; {cure}")


def opened_anew(folder: Path) -> tuple[Store, list[Finding]]:
    """The store, with an empty database where it has none that can be read.

    The damaged one is set aside.
    """
    try:
        if Store.exists(folder):
            store = Store.open(folder)
            try:
                store.check_notes()
                if not store.integrity():
                    return store, []
            except StoreError:
                pass
            store.close()
    except (StoreError, sqlite3.Error):
        pass
    what, moved = "database", []
    aside = folder / SET_ASIDE
    for path in sorted(folder.glob(f"{DATABASE}*")):
        aside.mkdir(exist_ok=True)
        path.replace(aside / f"{time.time_ns()}-{path.name}")
        moved.append(path.name)
    detail = f"{', '.join(moved)} moved to {SET_ASIDE}/, made anew" if moved else "made anew"
    return Store.open(folder, create=True), [Finding(what, "mended", detail)]


def file_again(store: Store, mender: Mender, *, aside: bool) -> Iterator[Finding]:
    """File the copies that the database doesn't know: those in ``filings/``, or those set aside."""
    what, names = "unknown copies", noted(store.folder)
    folder = store.folder / (SET_ASIDE if aside else "filings")
    count = 0
    for copy in _copies(folder):
        sha256 = copy.name.partition(".")[0].partition("-")[0]
        if store.is_sound(sha256):
            if aside and fault_of(copy, sha256) is None:
                copy.unlink()  # filed since
            continue
        if fault_of(copy, sha256) is not None:
            yield Finding(what, "broken", f"{copy}: not what its name says; left there")
            continue
        try:
            mender.derive(store, copy, _path_for(store, copy, sha256, names))
        except (YuandaError, OSError) as error:
            yield Finding(what, "broken", f"{copy}: {error}; left there")
            continue
        if aside:
            copy.unlink()
        count += 1
    if count:
        yield Finding(what, "mended", f"{count} filed again")


def _path_for(store: Store, copy: Path, sha256: str, names: dict[str, str]) -> str:
    """The file that a copy was made of; its own name where none is known, or another has it."""
    path = names.get(sha256)
    taken = {entry.filing.path for entry in store.filings()}
    last = [own for own, where in names.items() if where == path][-1:] if path else []
    return path if path and path not in taken and last == [sha256] else copy.name


def _copies(folder: Path) -> list[Path]:
    """Copies in a folder, by name."""
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if _is_copy(path))
    return []


def _is_copy(path: Path) -> bool:
    stem = path.name.partition(".")[0].partition("-")[0]
    return len(stem) == 64 and set(stem) <= set("0123456789abcdef")
