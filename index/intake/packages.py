"""Archives (.zip) with filings: their members, each to be read like a file of its own.

A member goes by the archive's path and its own in it, such as ``2024.zip/600519/a.pdf``.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from index.errors import ReadError
from index.intake.parse import SUFFIXES, parse
from index.records import ParsedFiling

SUFFIX = ".zip"
_OFFICE = ("word/document.xml", "xl/workbook.xml", "xl/workbook.bin")
# What an archive may hold: members, bytes, and times its size.
_MEMBERS, _BYTES, _RATIO = 20_000, 4 << 30, 200
_PIECE = 1 << 20


def is_package(path: Path) -> bool:
    """Whether a file is an archive with files, and not a Word document or a sheet."""
    with suppress(OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        with path.open("rb") as file:
            if not file.read(4).startswith(b"PK\x03\x04"):
                return False
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            return not names.intersection(_OFFICE) and "[Content_Types].xml" not in names
    return False


def is_member(path: Path) -> bool:
    """Whether a path leads into an archive that is there, and has such a member."""
    package = next((parent for parent in path.parents if parent.is_file()), None)
    if package is None or not is_package(package):
        return False
    with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(package) as archive:
        wanted = path.relative_to(package).as_posix()
        return any(_name(entry) == wanted for entry in archive.infolist())
    return False


class Packages:
    """Archives opened for as long as their members are read.

    ``faults`` has, by path, why an archive or a member can't be read; ``passed_over`` counts
    members of kinds that aren't read.
    """

    def __init__(self) -> None:
        self.faults: dict[Path, ReadError] = {}
        self.passed_over: Counter[str] = Counter()
        self._folder = tempfile.TemporaryDirectory(prefix="yuanda-")
        self._files: dict[Path, Path] = {}

    def opened(self, paths: Iterable[Path]) -> Iterator[Path]:
        """The files, each archive as its members."""
        for path in paths:
            if is_package(path):
                yield from self._members(path)
            else:
                yield path

    def file(self, path: Path) -> Path:
        """Where a member's content stands; any other file's own path."""
        return self._files.get(path, path)

    def _members(self, package: Path) -> Iterator[Path]:
        try:
            with zipfile.ZipFile(package) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                _check(package, entries)
                for entry in sorted(entries, key=_name):
                    if (path := self._member(package, archive, entry)) is not None:
                        yield path
        except ReadError as error:
            self.faults[package] = error
            yield package
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            self.faults[package] = ReadError(str(package), "a damaged archive; fetch it again")
            yield package

    def _member(
        self, package: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo
    ) -> Path | None:
        name = PurePosixPath(_name(entry))
        if name.name.startswith((".", "~$")) or "__MACOSX" in name.parts:
            return None
        suffix = name.suffix.lower()
        if suffix not in SUFFIXES and suffix != SUFFIX:
            self.passed_over[suffix or name.name] += 1
            return None
        path = package / name
        try:
            self._files[path] = self._unpacked(archive, entry, suffix)
        except RuntimeError:
            self.faults[path] = ReadError(str(path), "encrypted; save it without a password")
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError):
            self.faults[path] = ReadError(str(path), "damaged in its archive; fetch it again")
        return path

    def _unpacked(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, suffix: str) -> Path:
        # Under a name of ours: a member's may lead anywhere.
        file = Path(self._folder.name) / f"{len(self._files)}{suffix}"
        with archive.open(entry) as source, file.open("wb") as target:
            shutil.copyfileobj(source, target, _PIECE)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()


def parse_package(path: Path) -> Iterator[ParsedFiling | ReadError]:
    """Each filing of an archive as ``parse`` gives it, or why it can't be read."""
    with Packages() as packages:
        for member in packages.opened([path]):
            try:
                if member in packages.faults:
                    raise packages.faults[member]
                parsed = parse(packages.file(member))
            except ReadError as error:
                yield ReadError(str(member), error.reason)
            else:
                yield replace(parsed, filing=replace(parsed.filing, path=str(member)))


def _check(package: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > _MEMBERS:
        raise ReadError(str(package), f"more than {_MEMBERS:,} files in an archive; unpack it")
    if size > _BYTES or size > _RATIO * max(packed, 1 << 16):
        raise ReadError(str(package), f"unpacks to {size >> 20} MB; unpack it")
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
        raise ReadError(str(package), "holds links; unpack it")


def _name(entry: zipfile.ZipInfo) -> str:
    """A member's path: names that don't say so are most often GBK in Chinese archives."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeError):
                name = name.encode("cp437").decode(encoding)
                break
    parts = (part for part in PurePosixPath(name.replace("\\", "/")).parts)
    return "/".join(part for part in parts if part not in ("/", "..", "."))
