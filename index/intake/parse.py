"""One file to a parsed filing: read, then split by question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from index.files import sha256_of
from index.reading import SUFFIXES, Document, read
from index.records import Filing, ParsedFiling
from index.splitting import split

__all__ = ["SUFFIXES", "parse"]


def parse(path: Path) -> ParsedFiling:
    """Read and split a filing.

    One without a question has no pairs and a warning. ``ReadError`` names the file and the
    cure where it can't be read.
    """
    document = read(path)
    pages = len(document.page_starts) or None
    result = split(document)
    filing = Filing(
        path=str(path),
        sha256=sha256_of(path),
        format=document.format,
        pages=pages,
        recognised=document.recognised,
        **result.head,
    )
    warnings = (*_pictures(document), *document.warnings, *result.warnings)
    return ParsedFiling(filing, result.pairs, document.text, warnings, result.parts)


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
