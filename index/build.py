"""Files and folders into a store: read, split, embed, store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.encoder import Encoder
from index.errors import ReadError, StoreError
from index.files import sha256_of
from index.parse import SUFFIXES, parse
from index.passages import passages_of
from index.records import ParsedFiling
from index.snapshot import open_indexes
from index.store import Store

Status = Literal["added", "unchanged", "replaced", "failed"]


@dataclass(frozen=True, slots=True)
class FileRow:
    """What became of one file. ``sha256`` is ``None`` where it couldn't be read at all."""

    path: str
    sha256: str | None
    status: Status
    pairs: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AddReport:
    """A row for each file, in the order read."""

    files: tuple[FileRow, ...]

    def count(self, status: Status) -> int:
        """Number of files with this status."""
        return sum(row.status == status for row in self.files)

    @property
    def pairs(self) -> int:
        """Number of pairs in all files that are now in the store."""
        return sum(row.pairs for row in self.files)


def add(
    store: Store,
    paths: Sequence[Path],
    encoder: Encoder,
    on_row: Callable[[FileRow], None] | None = None,
    read: Callable[[Path], ParsedFiling] = parse,
) -> AddReport:
    """Add files, and all filings below folders; one bad file never stops the rest.

    Each file is a transaction of its own. ``ModelError`` where the store has another model.
    """
    store.set_model(encoder)
    store.tidy()
    rows = []
    for path in files_below(paths):
        row = _add_file(store, path, encoder, read)
        rows.append(row)
        if on_row:
            on_row(row)
    open_indexes(store, encoder.dimension)
    return AddReport(tuple(rows))


def files_below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and in folders those that look like filings, sorted, each once.

    Hidden files and folders are passed over, and links to folders are not followed.
    """
    seen = set()
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            absolute = file.absolute()
            if absolute not in seen:
                seen.add(absolute)
                yield absolute


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            # Word leaves `~$name.docx` beside a document that is open.
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith((".", "~$")):
                yield Path(parent) / name


def _add_file(
    store: Store, path: Path, encoder: Encoder, read: Callable[[Path], ParsedFiling]
) -> FileRow:
    sha256 = None
    try:
        if not path.is_file():
            raise ReadError(str(path), "not a file" if path.exists() else "no such file")
        if any("\ud800" <= ch <= "\udfff" for ch in str(path)):
            raise ReadError(str(path), "the name is not UTF-8; rename the file")
        sha256 = sha256_of(path)
        if store.known(sha256):
            return FileRow(str(path), sha256, "unchanged", len(store.pairs_of(sha256)))
        parsed = read(path)
        if not parsed.pairs:
            raise ReadError(str(path), "no question with an answer found in it; not added")
        passages = [passages_of(pair) for pair in parsed.pairs]
        vectors = encoder.encode_passages([p.text for pieces in passages for p in pieces])
        status = store.add(parsed, path, passages, vectors)
    except OSError as error:
        return FileRow(str(path), sha256, "failed", error=f"{path}: {error.strerror}")
    except (ReadError, StoreError) as error:
        return FileRow(str(path), sha256, "failed", error=str(error))
    return FileRow(str(path), sha256, status, len(parsed.pairs), parsed.warnings)
