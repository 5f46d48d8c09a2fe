"""Folders that are watched: what is put there, changed or taken away goes into the store.

The operating system tells what changes; what it doesn't tell (on a network share, or while
nobody watched) is found by looking at all files now and then. A file is read once it has been
left alone for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import watchfiles

from index.embedding.encoder import Encoder
from index.errors import CallError, StoreError
from index.files import is_there
from index.intake import build
from index.intake.parse import SUFFIXES, parse
from index.intake.workers import Read
from index.store.store import Store

# Seconds between two looks at all files, and after a failure of the store.
_LOOK, _PAUSE = 300.0, 5.0
# Milliseconds between two looks at the files that are waited for.
_TICK = 250

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WatchRow:
    """What became of one file. ``unchanged`` is not told."""

    path: str
    sha256: str | None
    status: Literal["added", "replaced", "removed", "failed"]
    pairs: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None


class Watcher:
    """Watches folders for one store.

    ``remove_deleted`` takes out of the store what is gone from a folder. ``settle`` is in
    seconds. ``CallError`` where a folder is none, or holds the store itself.
    """

    def __init__(
        self,
        store: Store,
        folders: Sequence[Path],
        encoder: Encoder,
        on_row: Callable[[WatchRow], None],
        *,
        on_trouble: Callable[[str], None],
        remove_deleted: bool = False,
        settle: float = 2.0,
        read: Read = parse,
    ) -> None:
        self._folders = [folder.absolute() for folder in folders]
        for folder in self._folders:
            if not folder.is_dir():
                raise CallError(f"{folder}: no such folder")
            if store.folder.resolve().is_relative_to(folder.resolve()):
                raise CallError(f"{folder} holds the store itself; watch another folder")
        self._store, self._encoder, self._read = store, encoder, read
        self._on_row, self._on_trouble = on_row, on_trouble
        self._remove_deleted, self._settle = remove_deleted, settle
        # What files were like when they were read, and their content; and those yet to be read,
        # with how long they have been like that.
        self._done: dict[Path, tuple[Stamp, str | None]] = {}
        self._waiting: dict[Path, tuple[Stamp, float]] = {}
        self._pause_until = 0.0

    def run(self, stop: Event) -> None:
        """Watch until ``stop`` is set; what is being read then is not lost, but read next time.

        ``CallError`` where the system can't watch so much.
        """
        look = 0.0
        for paths in self._changed(stop):
            files = {path for path in paths if path.suffix.lower() in SUFFIXES}
            # A folder that came or went takes files along that nobody tells of.
            if time.monotonic() >= look or any(self._is_folder(p) for p in paths - files):
                self._look_at_all()
                look = time.monotonic() + _LOOK
            else:
                self._notice(file for file in files if self._is_filing(file))
                self._forget([file for file in files if file in self._done and not file.exists()])
            self._take_in(stop)

    def _changed(self, stop: Event) -> Iterator[set[Path]]:
        """What changed, several times a second; mostly nothing."""
        try:
            for changes in watchfiles.watch(
                *self._folders,
                watch_filter=None,
                stop_event=stop,
                rust_timeout=_TICK,
                debounce=_TICK,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                yield {Path(path) for _, path in changes}
        except (OSError, RuntimeError) as error:
            raise CallError(
                f"can't be watched: {error}; with WATCHFILES_FORCE_POLLING=1 in the environment "
                "files are looked at instead"
            ) from None

    @staticmethod
    def _is_folder(path: Path) -> bool:
        """Whether it is one, or may have been."""
        return path.is_dir() or not (path.suffix or path.exists())

    def _is_filing(self, path: Path) -> bool:
        """Whether ``build.files_below`` would find it."""
        roots = [folder for folder in self._folders if path.is_relative_to(folder)]
        parts = [part for root in roots for part in path.relative_to(root).parts]
        return not any(part.startswith((".", "~$")) for part in parts)

    def _look_at_all(self) -> None:
        self._notice(build.files_below([f for f in self._folders if f.is_dir()]))
        lost = self._lost() if self._remove_deleted else []
        kept = [path for path in self._done if path not in lost and not path.exists()]
        for path in kept:
            del self._done[path]
        self._forget(sorted(lost))

    def _lost(self) -> set[Path]:
        """Files in the store that are gone from their folder, unless all of them are.

        A folder that is empty all at once is more likely not mounted than emptied.
        """
        lost: set[Path] = set()
        filed = [Path(entry.filing.path) for entry in self._store.filings()]
        for folder in self._folders:
            within = [path for path in filed if path.is_relative_to(folder)]
            gone = [path for path in within if not is_there(path)]
            is_empty = not folder.is_dir() or not any(build.files_below([folder]))
            if gone and is_empty and len(gone) == len(within):
                self._on_trouble(
                    f"{folder}: empty or not there; its {len(gone)} filings stay in the store "
                    "(`yuanda remove` takes them out)"
                )
            else:
                lost.update(gone)
        return lost

    def _notice(self, files: Iterable[Path]) -> None:
        now = time.monotonic()
        for file in files:
            stamp = _stamp(file)
            if stamp is None or file in self._waiting:
                continue
            if file not in self._done or self._done[file][0] != stamp:
                age = time.time() - stamp[1] / 1e9
                since = now - self._settle if age > self._settle else now
                self._waiting[file] = stamp, since

    def _settled(self) -> list[Path]:
        """The waiting files that have been left alone, taken from those that wait."""
        now, settled = time.monotonic(), []
        for file, (former, since) in list(self._waiting.items()):
            stamp = _stamp(file)
            if stamp is None:
                del self._waiting[file]
            elif stamp != former:
                self._waiting[file] = stamp, now
            elif now - since >= self._settle:
                settled.append(file)
        return sorted(settled)

    def _take_in(self, stop: Event) -> None:
        if time.monotonic() < self._pause_until or not (files := self._settled()):
            return
        stamps = {file: self._waiting[file][0] for file in files}

        def on_row(row: build.FileRow) -> None:
            file = Path(row.path)
            self._waiting.pop(file, None)
            self._done[file] = stamps[file], row.sha256
            if row.status != "unchanged":
                told = WatchRow(
                    row.path, row.sha256, row.status, row.pairs, row.warnings, row.error
                )
                self._on_row(told)
            if stop.is_set():
                raise _StoppedError

        try:
            build.add(self._store, files, self._encoder, on_row, self._read)
        except _StoppedError:
            return
        except StoreError as error:
            self._on_trouble(f"{error}; tried again in {_PAUSE:.0f} seconds")
            self._pause_until = time.monotonic() + _PAUSE

    def _forget(self, gone: Sequence[Path]) -> None:
        contents = {self._done.pop(path, (None, None))[1] for path in gone}
        if not self._remove_deleted or not gone:
            return
        self._remove(gone)
        # The same content may be there under another name, which was passed over so far.
        for path, (stamp, sha256) in list(self._done.items()):
            if sha256 in contents:
                del self._done[path]
                self._waiting[path] = stamp, time.monotonic() - self._settle

    def _remove(self, gone: Iterable[Path]) -> None:
        for path in gone:
            try:
                taken_out = self._store.leave(str(path))
            except CallError:
                continue
            except StoreError as error:
                self._on_trouble(f"{path} is gone, but not out of the store: {error}")
                continue
            if taken_out:  # its content is filed under no other name
                self._on_row(WatchRow(str(path), taken_out, "removed"))


class _StoppedError(Exception):
    """Asked to stop while files are taken in."""


def _stamp(file: Path) -> Stamp | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
