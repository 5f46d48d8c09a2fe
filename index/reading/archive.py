"""Office files are archives: what they unpack to is bounded before anything reads them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path

from index.errors import ReadError

# What a file may unpack to: bytes, times its size, bytes and tags of a part that is XML.
_LIMIT = 256 << 20
_RATIO = 200
_PART = 64 << 20
_TAGS = 2_000_000
_XML = (".xml", ".rels")
# What Strict Open XML calls its names, and what everybody reads.
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_USUAL = rb"http://schemas.openxmlformats.org/\1/2006/\2"
# Control characters, bare or by number, which XML can't hold but some programs write.
_CONTROL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|"
    rb"x0*(?:[0-8bcef]|1[0-9a-f]));",
    re.IGNORECASE,
)
_UNKNOWN = "\ufffd".encode()


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
                if entry.filename.lower().endswith(_XML):
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


def plain_parts(path: Path) -> tuple[Path | io.BytesIO, int]:
    """The file as every program reads it, and how many characters were lost in it.

    Strict Open XML with the usual names, and U+FFFD for characters that XML can't hold. For files
    that ``check_parts`` passed.
    """
    with zipfile.ZipFile(path) as archive:
        changed: dict[str, bytes] = {}
        lost = 0
        for entry in archive.infolist():
            if not entry.filename.lower().endswith(_XML):
                continue
            content = archive.read(entry)
            if content.startswith((b"\xff\xfe", b"\xfe\xff")):
                continue  # UTF-16, which has zeros in it
            plain, count = _CONTROL.subn(_UNKNOWN, content)
            lost += count
            plain = _STRICT.sub(_USUAL, plain)
            if plain != content:
                changed[entry.filename] = plain
        if not changed:
            return path, 0
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as copy:
            for entry in archive.infolist():
                name = entry.filename
                copy.writestr(name, changed[name] if name in changed else archive.read(entry))
    out.seek(0)
    return out, lost
