"""tantivy's files carry a checksum in their footer, which it doesn't look at when it opens them.

A footer is JSON with the CRC-32 of all before it, then its own length and a magic number, both
as 32-bit little-endian numbers (``directory/footer.rs`` of tantivy).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from index.errors import StoreError
from index.files import remove_halves
from index.store.checksums import Checked, Checks

_META = "meta.json"
_MAGIC = 1337
_END = struct.Struct("<II")
_MOST = 1 << 12


def check_files(folder: Path, *, again: bool = False) -> None:
    """``StoreError`` where a file of the folder's index was changed since tantivy wrote it.

    ``again``: read all, those too that have been checked before.
    """
    try:
        stems, deletions = _named(folder)
        checks = Checks(folder)
        for path in folder.iterdir():
            is_stray = path.suffix == ".del" and path.name not in deletions
            if path.name.partition(".")[0] in stems and not is_stray:
                checks.check(_footer(path), again=again)
        checks.remember()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{folder}: damaged ({error})") from None


def remove_strays(folder: Path) -> None:
    """Take away what a kill left: lists of deletions before they were committed, and half files.

    tantivy would write the next deletions to a file of the same name, and refuses to. Nobody else
    may be writing.
    """
    _, deletions = _named(folder)
    strays = [path for path in folder.glob("*.del") if path.name not in deletions]
    for path in (*strays, *folder.glob(".tmp*")):
        path.unlink(missing_ok=True)
    remove_halves(folder)


def _named(folder: Path) -> tuple[set[str], set[str]]:
    """What the names of the index's files begin with, and its lists of deletions."""
    if not (folder / _META).is_file():
        return set(), set()
    stems = {part["segment_id"].replace("-", ""): part["deletes"] for part in _segments(folder)}
    deletions = {f"{stem}.{kept['opstamp']}.del" for stem, kept in stems.items() if kept}
    return set(stems), deletions


def removed_share(folder: Path) -> float:
    """Share of the folder's documents that are removed and not yet merged away."""
    segments = _segments(folder)
    every = sum(segment["max_doc"] for segment in segments)
    removed = sum((segment["deletes"] or {}).get("num_deleted_docs", 0) for segment in segments)
    return float(removed / max(1, every))


def _segments(folder: Path) -> list[Any]:
    """What tantivy says of each of the index's segments."""
    segments: list[Any] = json.loads((folder / _META).read_bytes())["segments"]
    return segments


def _footer(path: Path) -> Checked:
    """A file's checksum, over its first ``size`` bytes, by its footer."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - _MOST))
        tail = file.read()
    if len(tail) < _END.size:
        raise StoreError(f"{path}: damaged")
    length, magic = _END.unpack(tail[-_END.size :])
    size = length + _END.size
    if magic != _MAGIC or size > len(tail):
        raise StoreError(f"{path}: damaged")
    crc = json.loads(tail[-size : -_END.size])["crc"]
    return Checked(path.name, end - size, crc)
