"""Files of older programs, through LibreOffice where it is installed.

It makes a DOCX or an XLSX of what it reads, in a process of its own, with a profile of its own and
within a time; what it makes is read like any other.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import ReadError

_PROGRAMS = ("soffice", "libreoffice")
_SECONDS = 120
_LARGEST = 64 << 20
WORD, SHEET = "docx", "xlsx"
# What an OLE file names its main part, as it stands in the file, and what to make of it.
_PARTS = {"WordDocument": WORD, "Workbook": SHEET, "Book": SHEET}
_ENCRYPTED = ("EncryptedPackage", "EncryptionInfo")


def program() -> str | None:
    """LibreOffice, where it is installed."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def kind_of(path: Path, head: bytes) -> str | None:
    """What LibreOffice can make of a file; ``None`` where it is none for it.

    ``ReadError`` where it is encrypted.
    """
    if head.startswith(b"{\\rtf"):
        return WORD
    if not head.startswith(b"\xd0\xcf\x11\xe0"):
        return None
    content = path.read_bytes() if path.stat().st_size <= _LARGEST else head
    if any(name.encode("utf-16-le") in content for name in _ENCRYPTED):
        raise ReadError(str(path), "an encrypted Office file; save it without a password")
    # The names of parts stand in the file's directory, each with an end.
    names = (name for name in _PARTS if f"{name}\0".encode("utf-16-le") in content)
    return next((_PARTS[name] for name in names), None)


@contextmanager
def converted(path: Path, kind: str) -> Iterator[Path]:
    """A DOCX or XLSX of a file, for as long as it is read.

    ``ReadError`` where LibreOffice isn't there, takes too long or makes none.
    """
    if (office := program()) is None:
        raise ReadError(
            str(path),
            "of a kind that LibreOffice reads for Yuanda where it is installed (not found: "
            f"soffice); install it, or save the file as .{kind} or PDF",
        )
    if path.stat().st_size > _LARGEST:
        raise ReadError(str(path), f"larger than {_LARGEST >> 20} MB; save it as .{kind}")
    with tempfile.TemporaryDirectory(prefix="yuanda-") as folder:
        # Under a name of its own: what a file is called is no option and no address.
        source = Path(folder) / "filing"
        shutil.copyfile(path, source)
        command = [
            *(office, f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}"),
            *("--headless", "--norestore", "--nolockcheck", "--convert-to", kind),
            *("--outdir", str(Path(folder) / "out"), str(source)),
        ]
        _run(path, command)
        made = Path(folder) / "out" / f"filing.{kind}"
        if not made.is_file():
            raise ReadError(str(path), f"LibreOffice makes nothing of it; save it as .{kind}")
        yield made


def _run(path: Path, command: list[str]) -> None:
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=None if sys.platform == "win32" else _unlimited,
    ) as process:
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            raise ReadError(str(path), "takes LibreOffice too long; save it as PDF") from None
        finally:
            # It starts further processes, which are of its session.
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)


def _unlimited() -> None:
    """A process that reads files has less memory and time than LibreOffice takes."""
    import resource

    for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
        _, most = resource.getrlimit(limit)
        resource.setrlimit(limit, (most, most))
