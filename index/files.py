"""Files: their SHA-256, and writing them so that a kill leaves the old or the new, never a part."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside, sync, rename. ``OSError`` where the disk or the permissions refuse."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_for_others(path: Path, content: bytes) -> None:
    """The same, with the permissions that any new file has: for what a user asked to be written.

    Not for threads: the process's mask is read by setting it.
    """
    write_atomically(path, content)
    mask = os.umask(0o077)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def remove_halves(folder: Path) -> None:
    """Take away what kills left of files that were to be written.

    Who is writing one meanwhile gets an ``OSError``: nobody may be writing what can't be made anew.
    """
    for half in folder.glob(".*.*.*"):
        half.unlink(missing_ok=True)


def copy_atomically(source: Path, target: Path) -> None:
    """Copy a file's content beside, sync, rename."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file, source.open("rb") as original:
            shutil.copyfileobj(original, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def is_there(path: Path) -> bool:
    """Whether a file is there, or the archive that a path leads into."""
    return path.exists() or any(parent.is_file() for parent in path.parents)
