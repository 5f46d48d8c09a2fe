"""Text, CSV and HTML files: which encoding, and which of the three."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from index.errors import ReadError
from index.reading.decoding import UNKNOWN, decode
from index.reading.document import Document
from index.reading.html import read_html
from index.reading.sheet import looks_like_sheet, read_sheet_csv

_LIMIT = 32 << 20
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|meta|table|div)[\s>]", re.IGNORECASE)
_TAG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def read_plain(path: Path) -> Document:
    """Read a text, CSV or HTML file; ``ReadError`` where it is none of them, or too large."""
    if path.stat().st_size > _LIMIT:
        raise ReadError(str(path), f"larger than {_LIMIT >> 20} MB; split it")
    content = path.read_bytes()
    # Cells may hold markup, but no sheet begins with it.
    named = path.suffix.lower() in (".csv", ".tsv") and not _TAG.match(content)
    if not named and _MARKUP.search(content[:8192].replace(b"\0", b"")):
        return read_html(path, content)
    text = decode(path, content)
    if not text.strip():
        raise ReadError(str(path), "no text in it; fetch it again")
    warnings = tuple(_warnings(text))
    if named or looks_like_sheet(text):
        try:
            return replace(read_sheet_csv(path, text), warnings=warnings)
        except ReadError:
            if named:
                raise
    return Document(text, "text", warnings=warnings)


def _warnings(text: str) -> Iterator[str]:
    if lost := text.count(UNKNOWN):
        yield f"{lost} character{'s' * (lost > 1)} that can't be read (U+FFFD)"
