"""One file to a parsed filing: read, then split by question."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from index.errors import ReadError, ScannedError
from index.files import sha256_of
from index.reading import SUFFIXES, Document, can_recognise, read, recognised
from index.reading.sandbox import reads_here, run_apart
from index.records import Filing, ParsedFiling
from index.splitting import split
from index.splitting.notes import notes_of

__all__ = ["SUFFIXES", "parse"]


# Pairs that a filing may have; the exchanges' platforms give out files of some thousand.
_PAIRS = 50_000


class _Records(pickle.Unpickler):
    """Makes records and nothing else: a file may have taken over the process that read it."""

    def find_class(self, module: str, name: str) -> Any:
        if module != "index.records":
            raise pickle.UnpicklingError(f"{module}.{name} is no record")
        return super().find_class(module, name)


def parse(path: Path) -> ParsedFiling:
    """Read and split a filing, in a process of its own within limits on time and memory.

    One without a question has no pairs and a warning. ``ReadError`` names the file and the
    cure where it can't be read.
    """
    if reads_here():
        return _parse(path, read)
    try:
        made: ParsedFiling = _Records(io.BytesIO(run_apart("parsed", path))).load()
    except ScannedError:
        # Recognising takes more time and memory, and gets nothing but pictures.
        if not can_recognise():
            raise
        return _parse(path, recognised)
    except pickle.UnpicklingError:
        raise ReadError(str(path), "its reader answered with what is no filing") from None
    return made


def parsed(path: Path) -> bytes:
    """``parse`` in this process, pickled."""
    return pickle.dumps(_parse(path, read))


def _parse(path: Path, reader: Callable[[Path], Document]) -> ParsedFiling:
    digest = _digest(path)
    document = reader(path)
    pages = len(document.page_starts) or None
    result = split(document)
    if len(result.pairs) > _PAIRS:
        raise ReadError(str(path), f"more than {_PAIRS:,} questions; split it")
    if _digest(path) != digest:
        raise ReadError(str(path), "changed while it was read; try again")
    filing = Filing(
        path=str(path),
        sha256=digest,
        format=document.format,
        pages=pages,
        recognised=document.recognised,
        **result.head,
    )
    warnings = (*_pictures(document), *document.warnings, *result.warnings)
    # Every row of a sheet is a pair, or said to be none.
    notes = () if document.rows else notes_of(document.text, result.parts, document.page_starts)
    return ParsedFiling(filing, result.pairs, document.text, warnings, result.parts, notes)


def _digest(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ReadError(str(path), "not a file")
        return sha256_of(path)
    except OSError as error:
        raise ReadError(str(path), error.strerror or "can't be read") from None


def _pictures(document: Document) -> Iterator[str]:
    """What is worth knowing of pages that are pictures."""
    if document.recognised:
        yield "recognised from pictures of its pages (OCR), not verbatim"
    if document.scanned:
        pages = ", ".join(map(str, document.scanned))
        which = (
            f"page {pages} is a picture"
            if len(document.scanned) == 1
            else f"pages {pages} are pictures"
        )
        yield f"{which} without text: not read"
