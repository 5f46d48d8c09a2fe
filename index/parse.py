"""One file to a parsed filing: read, then split by question."""

from __future__ import annotations

from pathlib import Path

from index.files import sha256_of
from index.reading import SUFFIXES, read
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
        path=str(path), sha256=sha256_of(path), format=document.format, pages=pages, **result.head
    )
    return ParsedFiling(filing, result.pairs, document.text, result.warnings, result.parts)
