"""Files and folders into a store: read, split, embed, store."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np

from index.embedding.encoder import Encoder, Vectors
from index.embedding.passages import passages_of
from index.embedding.sentences import encoded
from index.errors import ReadError, StoreError
from index.files import sha256_of
from index.intake.packages import SUFFIX, Packages
from index.intake.parse import SUFFIXES, parse
from index.intake.workers import Outcome, Read, processes_for, read_ahead
from index.reading.page_progress import OnPage, listening
from index.records import ParsedFiling, Passage
from index.search.opening import improve_index, open_index
from index.store.copies import Incoming, fault_of
from index.store.store import Store

# Files that are embedded and stored at once: from one on, twice as many each time up to these,
# so that few are told of at once and many cost little each.
TOGETHER = 64
# Files in a folder that are added.
_ADDED = SUFFIXES | {SUFFIX}

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
    pages: int = 0


@dataclass(frozen=True, slots=True)
class AddReport:
    """A row for each file, in the order read.

    ``passed_over``: how many files of each kind that isn't read were there, by suffix.
    """

    files: tuple[FileRow, ...]
    passed_over: tuple[tuple[str, int], ...] = ()

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
    read: Read = parse,
    *,
    on_start: Callable[[int], None] | None = None,
    on_page: OnPage | None = None,
    processes: int | None = None,
    together: int = TOGETHER,
) -> AddReport:
    """Add files, and all filings below folders; one bad file never stops the rest.

    Each file is kept whole or not at all, and is kept once a row tells of it. ``on_start`` is told
    how many files there are, ``on_page`` each page of a PDF as it is read, ``on_row`` each file's
    row; ``processes`` read them, by default as many as serve. Up to ``together`` files are embedded
    and stored at once.
    ``ModelError`` where the store has another model.
    """
    store.set_model(encoder)
    store.tidy()
    rows: list[FileRow] = []

    def tell(told: Iterable[FileRow]) -> None:
        for row in told:
            rows.append(row)
            if on_row:
                on_row(row)

    at_once = 1
    waiting: list[_Ready | FileRow] = []
    with _Sources(store) as sources:
        files = list(sources.files(paths))
        if on_start:
            on_start(len(files))
        processes = processes_for(len(files)) if processes is None else processes
        on_source = sources.named(on_page)
        for path, outcome in read_ahead(files, sources.source, read, processes, on_source):
            with listening(on_source):
                waiting.append(sources.ready(path, outcome))
            if len(waiting) >= at_once:
                tell(_add_files(store, waiting, encoder))
                sources.drop(waiting)
                waiting, at_once = [], min(2 * at_once, together)
        tell(_add_files(store, waiting, encoder))
    open_index(store, encoder.dimension)
    improve_index(store)
    return AddReport(tuple(rows), tuple(sorted(sources.passed_over.items())))


def files_below(
    paths: Sequence[Path],
    suffixes: Collection[str] = SUFFIXES,
    passed_over: Counter[str] | None = None,
) -> Iterator[Path]:
    """The files named, and in folders those that look like filings, sorted, each once.

    Hidden files and folders are passed over, and links to folders are not followed; how many
    others there are of each kind is counted in ``passed_over``.
    """
    seen = set()
    counted = Counter[str]() if passed_over is None else passed_over
    for path in paths:
        for file in _walk(path, suffixes, counted) if path.is_dir() else [path]:
            absolute = file.absolute()
            if absolute not in seen:
                seen.add(absolute)
                yield absolute


def _walk(folder: Path, suffixes: Collection[str], passed_over: Counter[str]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            # Word leaves `~$name.docx` beside a document that is open.
            if name.startswith((".", "~$")):
                continue
            suffix = Path(name).suffix.lower()
            if suffix in suffixes:
                yield Path(parent) / name
            else:
                passed_over[suffix or name] += 1


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file that was read, from a private ``copy``, and has pairs: to be embedded and stored."""

    path: Path
    copy: Path
    parsed: ParsedFiling
    passages: tuple[tuple[Passage, ...], ...]

    def row(self, status: Status, error: str | None = None) -> FileRow:
        filing, warnings = self.parsed.filing, self.parsed.warnings
        if error is not None:
            return FileRow(str(self.path), filing.sha256, "failed", error=error)
        count, pages = len(self.parsed.pairs), filing.pages or 0
        return FileRow(str(self.path), filing.sha256, status, count, warnings, pages=pages)


class _Sources:
    """Private copies of the files to be added, and what is known of them before they are read.

    A file may change at any moment: its SHA-256 is that of the copy that is read and kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._incoming = Incoming(store.folder)
        self._packages = Packages()
        self.passed_over: Counter[str] = Counter()
        # What became of a file that needn't be read, and of the others the copies.
        self._rows: dict[Path, FileRow] = {}
        self._copies: dict[Path, tuple[Path, str]] = {}
        self._paths: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._packages.__exit__(kind, error, trace)
        self._incoming.__exit__(kind, error, trace)

    def files(self, paths: Sequence[Path]) -> Iterator[Path]:
        """All files to be added, an archive's members one by one."""
        yield from self._packages.opened(files_below(paths, _ADDED, self.passed_over))
        self.passed_over += self._packages.passed_over

    def named(self, on_page: OnPage | None) -> OnPage | None:
        """``on_page``, told of the files that the copies are of."""
        if on_page is None:
            return None
        return lambda copy, page, pages: on_page(self._paths.get(copy, copy), page, pages)

    def source(self, path: Path) -> Path | None:
        """What of a file is to be read; ``None`` where it needn't be, or can't."""
        file = self._packages.file(path)
        try:
            if path in self._packages.faults:
                raise self._packages.faults[path]
            _check_name(file)
            digest = sha256_of(file)
            if self._store.is_sound(digest):
                self._rows[path] = self._unchanged(path, digest)
                return None
            copy, digest = self._incoming.take(file)
        except OSError as error:
            reason = error.strerror or "can't be read"
            self._rows[path] = FileRow(str(path), None, "failed", error=f"{path}: {reason}")
            return None
        except (ReadError, StoreError) as error:
            self._rows[path] = FileRow(str(path), None, "failed", error=str(error))
            return None
        self._copies[path], self._paths[copy] = (copy, digest), path
        return copy

    def _unchanged(self, path: Path, digest: str) -> FileRow:
        """Of a content that is filed: where it stands is noted, and a damaged copy mended."""
        filing = self._store.filing(digest)
        warnings: tuple[str, ...] = ()
        if fault := fault_of(self._store.original(filing), digest):
            copy, found = self._incoming.take(self._packages.file(path))
            if found == digest:
                self._store.restore_copy(filing, copy)
                warnings = (f"{fault}: restored",)
            self._incoming.drop(copy)
        replaced = self._store.file_at(digest, str(path))
        status: Status = "replaced" if replaced else "unchanged"
        return FileRow(str(path), digest, status, self._store.count_of(digest), warnings)

    def ready(self, path: Path, outcome: Outcome | None) -> _Ready | FileRow:
        """What is to be stored of a file, or what became of it."""
        if outcome is None:
            return self._rows.pop(path)
        copy, digest = self._copies.pop(path)
        try:
            if self._store.is_sound(digest):  # by another path, or another process
                return self._unchanged(path, digest)
            parsed = outcome()
            if not parsed.pairs:
                raise ReadError(str(path), "no question with an answer found in it; not added")
        except OSError as error:
            return FileRow(str(path), digest, "failed", error=f"{path}: {error.strerror}")
        except ReadError as error:
            return FileRow(str(path), digest, "failed", error=f"{path}: {error.reason}")
        except StoreError as error:
            return FileRow(str(path), digest, "failed", error=str(error))
        parsed = replace(parsed, filing=replace(parsed.filing, path=str(path), sha256=digest))
        return _Ready(path, copy, parsed, tuple(passages_of(pair) for pair in parsed.pairs))

    def drop(self, done: Iterable[_Ready | FileRow]) -> None:
        """Take the copies of files away that are stored."""
        for one in done:
            if isinstance(one, _Ready):
                self._incoming.drop(one.copy)
                del self._paths[one.copy]


def _check_name(path: Path) -> None:
    if not path.is_file():
        raise ReadError(str(path), "not a file" if path.exists() else "no such file")
    if any("\ud800" <= ch <= "\udfff" for ch in str(path)):
        raise ReadError(str(path), "the name is not UTF-8; rename the file")


def _add_files(
    store: Store, waiting: Sequence[_Ready | FileRow], encoder: Encoder
) -> list[FileRow]:
    """Embed several files at once and keep them in one transaction; what became of each.

    Where that fails, each is tried by itself.
    """
    ready = [one for one in waiting if isinstance(one, _Ready)]
    texts = [p.text for one in ready for pieces in one.passages for p in pieces]
    vectors = encoder.encode_passages(texts)
    ends = np.cumsum([sum(map(len, one.passages)) for one in ready], dtype=int).tolist()
    pairs = [pair for one in ready for pair in one.parsed.pairs]
    said = iter(encoded((pair.question, pair.answer) for pair in pairs))
    parts = [
        (vectors[end - sum(map(len, r.passages)) : end], [next(said) for _ in r.parsed.pairs])
        for r, end in zip(ready, ends, strict=True)
    ]
    stored: dict[int, FileRow] = {}
    try:
        with store.batch() if len(ready) > 1 else nullcontext():
            for one, own in zip(ready, parts, strict=True):
                stored[id(one)] = _store(store, one, *own)
    except StoreError:
        stored = {id(one): _store(store, one, *own) for one, own in zip(ready, parts, strict=True)}
    return [one if isinstance(one, FileRow) else stored[id(one)] for one in waiting]


def _store(store: Store, ready: _Ready, vectors: Vectors, sentences: Sequence[bytes]) -> FileRow:
    try:
        added = store.add(ready.parsed, ready.copy, ready.passages, vectors, sentences)
        return ready.row(added)
    except OSError as error:
        return ready.row("failed", f"{ready.path}: {error.strerror}")
    except StoreError as error:
        return ready.row("failed", str(error))
