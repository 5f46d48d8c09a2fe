"""Files with checksums: written whole or not at all, and not read where a bit was flipped.

A large file is read through once to check it; then its size, times and inode are remembered, so
that it is opened at once as long as nobody has touched it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from index.errors import StoreError
from index.files import write_atomically

_MEMO = "checked.json"
_CHUNK = 1 << 22
# Bytes written at once. What is written in one go is mapped in one go (Linux, large folios): a file
# of 50 MB that is mapped would be in memory as a whole where a few of its rows are read.
_WRITTEN = 1 << 16


class Checked(NamedTuple):
    """A file's name, and the CRC-32 of its first ``size`` bytes."""

    name: str
    size: int
    crc: int


class Checks:
    """Checks the files of a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, list[int]] = {}
        with suppress(OSError, ValueError):
            self._known = dict(json.loads((folder / _MEMO).read_text("utf-8")))

    def check(self, file: Checked, *, again: bool = False) -> None:
        """``StoreError`` where the file isn't what was written; ``again`` though it is known."""
        path = self._folder / file.name
        try:
            mark = _mark(path.stat(), file)
            if not again and self._known.get(file.name) == mark:
                return
            if mark[0] < file.size or crc_of(path, file.size) != file.crc:
                raise StoreError(f"{path}: damaged")
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        self._known[file.name] = mark

    def written(self, file: Checked) -> None:
        """This process has just written the file."""
        with suppress(OSError):
            self._known[file.name] = _mark((self._folder / file.name).stat(), file)

    def remember(self) -> None:
        """Keep what is known of the files that are there, where that can be written."""
        with suppress(OSError):
            there = {entry.name for entry in os.scandir(self._folder)}
            known = {name: mark for name, mark in self._known.items() if name in there}
            content = json.dumps(known).encode()
            memo = self._folder / _MEMO
            if not memo.is_file() or memo.read_bytes() != content:
                write_atomically(memo, content)


def write_checked(folder: Path, name: str, parts: Iterable[Any]) -> Checked:
    """Write bytes to a new file, synced; ``OSError`` where the disk or permissions refuse.

    The name has to be new: nobody reads it before a manifest names it.
    """
    crc = size = 0
    path = folder / name
    try:
        with path.open("xb") as file:
            for part in parts:
                for start in range(0, len(part), _WRITTEN):
                    file.write(part[start : start + _WRITTEN])
                crc = zlib.crc32(part, crc)
                size += len(part)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Checked(name, size, crc)


def crc_of(path: Path, size: int) -> int:
    """CRC-32 of a file's first ``size`` bytes."""
    crc = 0
    with path.open("rb") as file:
        while size > 0 and (chunk := file.read(min(size, _CHUNK))):
            crc = zlib.crc32(chunk, crc)
            size -= len(chunk)
    return crc


def _mark(status: os.stat_result, file: Checked) -> list[int]:
    # Whoever writes to a file or copies it changes the time of its status.
    return [status.st_size, status.st_ctime_ns, status.st_ino, file.crc]
