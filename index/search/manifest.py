"""The files of a published state: the manifest that names them, and the dense index in them."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from index.errors import StoreError
from index.files import remove_halves, write_atomically
from index.search.segments import Segment
from index.search.vectors import Compressed, DenseIndex
from index.store.checksums import Checked, Checks, crc_of, write_checked
from index.store.contents import Changes

_VERSION = 1
_OURS = (".vectors", ".faiss", ".ids")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A published state: its changes, the files of the dense index, and tantivy's stamp.

    ``compressed`` and ``ids`` are the compressed index and the passages that it has.
    """

    NAME: ClassVar[str] = "manifest.json"

    dimension: int
    changes: Changes
    opstamp: int
    segments: tuple[Checked, ...] = ()
    compressed: Checked | None = None
    ids: Checked | None = None


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in a folder, if there is one; ``StoreError`` where it is damaged."""
    path = folder / Manifest.NAME
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if document["version"] != _VERSION:
            return None
        return Manifest(
            document["dimension"],
            Changes(*document["changes"]),
            document["opstamp"],
            tuple(Checked(*file) for file in document["segments"]),
            *(file and Checked(*file) for file in (document["compressed"], document["ids"])),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: damaged ({error})") from None


class Kept:
    """A dense index whose segments are kept in a folder."""

    def __init__(
        self,
        folder: Path,
        dense: DenseIndex,
        files: tuple[Checked, Checked] | None = None,
    ) -> None:
        self.dense = dense
        self._folder = folder
        self._files = files

    @classmethod
    def open(cls, folder: Path, manifest: Manifest) -> Kept:
        """The index that a manifest names. ``StoreError`` where it isn't there bit for bit."""
        checks = Checks(folder)
        segments = [_segment(folder, file, manifest, checks) for file in manifest.segments]
        compressed = _compressed(folder, manifest, checks)
        checks.remember()
        return cls(folder, DenseIndex(manifest.dimension, segments, compressed))

    @classmethod
    def sound(cls, folder: Path, manifest: Manifest) -> Kept:
        """What of it is whole."""
        checks = Checks(folder)
        segments, compressed = [], None
        for file in manifest.segments:
            with suppress(StoreError):
                segments.append(_segment(folder, file, manifest, checks))
        with suppress(StoreError):
            compressed = _compressed(folder, manifest, checks)
        return cls(folder, DenseIndex(manifest.dimension, segments, compressed))

    def publish(self, changes: Changes, opstamp: int) -> None:
        """Write what isn't written, name it in the manifest, and delete what it doesn't name.

        ``OSError`` where that can't be done; then the former state stays.
        """
        dense = self.dense
        checks = Checks(self._folder)
        segments = [segment.kept(self._folder) for segment in dense.segments]
        files = dense.compressed.files if dense.compressed else None
        compressed = dense.compressed
        if dense.compressed and files is None:
            compressed, files = _save(self._folder, dense.compressed)
        manifest = Manifest(
            dense.dimension,
            changes,
            opstamp,
            tuple(segment.file for segment in segments if segment.file),
            *(files or (None, None)),
        )
        content = json.dumps({"version": _VERSION, **asdict(manifest)})
        write_atomically(self._folder / Manifest.NAME, content.encode())
        named = {*manifest.segments, *(files or ())}
        for file in named:
            checks.written(file)
        checks.remember()
        _delete(self._folder, {file.name for file in named})
        self.dense = DenseIndex(dense.dimension, segments, compressed)


def _segment(folder: Path, file: Checked, manifest: Manifest, checks: Checks) -> Segment:
    checks.check(file)
    return Segment.open(folder, file, manifest.dimension)


def _compressed(folder: Path, manifest: Manifest, checks: Checks) -> Compressed | None:
    if manifest.compressed is None or manifest.ids is None:
        return None
    files = manifest.compressed, manifest.ids
    for file in files:
        checks.check(file)
    ids = np.memmap(folder / manifest.ids.name, dtype=np.int64, mode="r")
    return Compressed.open(folder / manifest.compressed.name, np.asarray(ids), files)


def _save(folder: Path, made: Compressed) -> tuple[Compressed, tuple[Checked, Checked]]:
    name = uuid.uuid4().hex
    path = folder / f"{name}.faiss"
    made.save(path)
    ids = write_checked(folder, f"{name}.ids", [made.ids.tobytes()])
    size = path.stat().st_size
    files = Checked(path.name, size, crc_of(path, size)), ids
    return Compressed.open(path, made.ids, files), files


def _delete(folder: Path, kept: set[str]) -> None:
    for path in folder.iterdir():
        if path.suffix in _OURS and path.name not in kept:
            with suppress(OSError):
                path.unlink()
    (folder / "dense.faiss").unlink(missing_ok=True)  # of former versions
    remove_halves(folder)
