"""Bytes of a text file to characters."""

from __future__ import annotations

import codecs
from pathlib import Path

from index.errors import ReadError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(path: Path, content: bytes) -> str:
    """UTF-8, UTF-16 with a byte order mark, or GB18030; ``ReadError`` for anything else."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                raise ReadError(str(path), "damaged text; fetch it again") from None
    if b"\0" in content:
        raise ReadError(str(path), "not a text file; add PDF, DOCX, HTML or text")
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReadError(str(path), "neither UTF-8 nor GB18030 text; save it as UTF-8")
