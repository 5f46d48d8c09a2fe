"""Files on their way to the desk: each known by a handle, and only in the login that sent it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

# Of one upload: files, bytes of each, and of all.
MOST_FILES, LARGEST, OF_ALL = 500, 64 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: its name there, and where it lies, or why it was ``refused``."""

    name: str
    path: Path | None
    size: int = 0
    refused: str | None = None


class TooMuchError(Exception):
    """More was sent than is kept before it is filed."""


class Uploads:
    """Takes files in and hands them out by handles, of one login at a time.

    They lie in a folder of their own, which is gone with the program.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="yuanda-uploads-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._kept: OrderedDict[tuple[str, str], Upload] = OrderedDict()
        self._lock = threading.Lock()

    def place(self, session: str) -> Path:
        """Where to write the next file; ``TooMuchError`` where there is no room for one more."""
        with self._lock:
            own = sum(owner == session for owner, _ in self._kept)
            room = OF_ALL - sum(upload.size for upload in self._kept.values())
        if own >= 2 * MOST_FILES or room < LARGEST:
            raise TooMuchError
        return self._folder / secrets.token_hex(16)

    def keep(self, session: str, upload: Upload) -> str:
        """The handle of a file that was sent."""
        handle = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[session, handle] = upload
        return handle

    def take(self, session: str, handles: Iterable[str]) -> list[Upload]:
        """Files that this login sent, once; a handle of another's, or made up, is none."""
        with self._lock:
            found = (self._kept.pop((session, handle), None) for handle in handles)
            return [upload for upload in found if upload]

    def drop(self, session: str) -> None:
        """Delete what a login sent and didn't file."""
        with self._lock:
            own = [key for key in self._kept if key[0] == session]
        for upload in self.take(session, [handle for _, handle in own]):
            discard(upload)


def too_large(name: str) -> Upload:
    """A file that was too large to be sent at all."""
    return Upload(name, None, refused=f"larger than {LARGEST >> 20} MB; split it")


def discard(upload: Upload) -> None:
    """Delete a file that was sent."""
    if upload.path:
        with suppress(OSError):
            upload.path.unlink(missing_ok=True)


def bare_name(name: str) -> str:
    """The last part of a name, whichever system it comes from."""
    last = PureWindowsPath(name).name
    return "".join(ch for ch in last if ch.isprintable()).lstrip(".") or "filing"
