"""The store's copies of filings: whether they are what was added, and private ones to read from."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from index.files import sha256_of

_INCOMING = "incoming"
_CHUNK = 1 << 20


def fault_of(copy: Path, sha256: str) -> str | None:
    """What is wrong with the store's copy of a filing; ``None`` where it has its SHA-256.

    It is read through anew when its inode, size or times have changed.
    """
    try:
        stat = copy.stat()
        # The time of the last change of any kind can't be set back, unlike that of the content.
        state = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        found = _sha256(copy, state)
    except FileNotFoundError:
        return "the store's copy of the file is gone"
    except OSError as error:
        return f"the store's copy of the file can't be read ({error.strerror})"
    return None if found == sha256 else "the store's copy of the file was changed"


@lru_cache(maxsize=1 << 16)
def _sha256(path: Path, _state: tuple[int, ...]) -> str:
    return sha256_of(path)


class Incoming:
    """Private copies of files that are to be read: nobody changes them meanwhile.

    They are in a folder of the store of their own, which a later one clears away after a kill.
    """

    def __init__(self, store: Path) -> None:
        """``OSError`` where the store can't be written."""
        folder = store / _INCOMING
        folder.mkdir(exist_ok=True)
        _clear(folder)
        self._home = folder / uuid.uuid4().hex
        # The lock first: what isn't locked is cleared away.
        self._lock = FileLock(self._home.with_suffix(".lock"), timeout=0)
        self._lock.acquire()
        self._home.mkdir()
        self._count = 0

    def take(self, path: Path) -> tuple[Path, str]:
        """A copy of a file as it is now, and the copy's SHA-256; ``OSError`` as for any."""
        self._count += 1
        copy = self._home / str(self._count) / path.name
        copy.parent.mkdir()
        digest = hashlib.sha256()
        try:
            with path.open("rb") as source, copy.open("xb") as target:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
        except BaseException:
            self.drop(copy)
            raise
        return copy, digest.hexdigest()

    def drop(self, copy: Path) -> None:
        """Take a copy away that is needed no more."""
        shutil.rmtree(copy.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.with_suffix(".lock").unlink(missing_ok=True)
        self._lock.release()


def _clear(folder: Path) -> None:
    """Take away what was left by processes that are no more."""
    for home in folder.iterdir():
        if home.suffix == ".lock":
            continue
        lock = FileLock(home.with_suffix(".lock"), timeout=0)
        with suppress(Timeout, OSError), lock:
            shutil.rmtree(home, ignore_errors=True)
            home.with_suffix(".lock").unlink(missing_ok=True)
