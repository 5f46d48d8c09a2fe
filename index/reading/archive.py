"""Office files are archives: what they unpack to is bounded before anything reads them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from index.errors import ReadError

_LIMIT = 256 << 20
_RATIO = 200


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
