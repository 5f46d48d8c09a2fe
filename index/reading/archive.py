"""Office files are archives: what they unpack to is bounded before anything reads them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from index.errors import ReadError

# What a file may unpack to: bytes, times its size, bytes and tags of a part that is XML.
_LIMIT = 256 << 20
_RATIO = 200
_PART = 64 << 20
_TAGS = 2_000_000


def check_size(path: Path, kind: str) -> None:
    """``ReadError`` where the archive is damaged or unpacks to more than any filing."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            packed = sum(entry.compress_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise ReadError(str(path), f"a damaged {kind}; fetch it again") from None
    if size > _LIMIT or size > _RATIO * max(packed, 1 << 16):
        raise ReadError(str(path), f"unpacks to {size >> 20} MB; not a filing")


def check_parts(path: Path, kind: str) -> None:
    """``ReadError`` where a part is damaged, encrypted or a tree too large for memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.lower().endswith((".xml", ".rels")):
                    _check_part(path, archive, entry)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError):
        raise ReadError(str(path), f"a damaged {kind}; fetch it again") from None


def _check_part(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        raise ReadError(str(path), "an encrypted archive; save it without a password")
    if entry.file_size > _PART:
        raise ReadError(str(path), f"{entry.filename} is {entry.file_size >> 20} MB; not a filing")
    tags = 0
    with archive.open(entry) as part:
        while piece := part.read(1 << 20):
            tags += piece.count(b"<")
            if tags > _TAGS:
                raise ReadError(str(path), f"more than {_TAGS:,} tags; not a filing")
