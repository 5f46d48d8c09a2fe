"""Files are read in processes of their own, with limits on time and memory: a file can be made to
hang a reader, to crash it or to fill the memory.

Readers stand ready (``standing``). Pages are drawn, for someone who waits, in processes of a pool,
which are replaced when they crash or hang.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING

from index.errors import ReadError, ScannedError
from index.reading.page_progress import listening
from index.reading.standing import DAMAGED, SLOW, Standing

if TYPE_CHECKING:
    from pebble import ProcessPool

# Address space of a process, in bytes; a filing takes less than a tenth of it.
MEMORY = 1 << 30
# Processor time: so many seconds, and one more for so many pages (a page takes 2 ms or so) and for
# so many bytes.
_SECONDS, _PAGES_A_SECOND, _BYTES_A_SECOND = 10, 50, 1 << 19
# Processes that stand ready to draw, the seconds that a page may take there, and the pages that
# each draws before a fresh one takes its place.
_STANDING, _SECONDS_A_PAGE, _PAGES = 2, 20, 500
# How the reason begins where the fault is Yuanda's.
FAILED = "a file that Yuanda fails to read"

# What can be asked for, and where it is. Each is a function of the path and of arguments, as
# strings, that yields bytes. They are found by name: their modules import this one.
TASKS = {
    "content": "index.reading.pdf",
    "drawing": "index.reading.pdf",
    "ready": "index.reading.pdf",
    "again": "index.reading.pdf.again",
    "parsed": "index.intake.parse",
    "attachment": "index.reading.attachments",
}

_here = False
# Processor time that this process had used when it began with a file, and what the file may take.
_began, _seconds = 0.0, 0


def read_here() -> None:
    """This process is apart already: files are read in it, within its limits on memory.

    For the processes of a pool, which replaces the ones that crash or hang.
    """
    global _here
    _here = True
    _limit_memory()


def reads_here() -> bool:
    """Whether ``read_here`` was called."""
    return _here


def _task(name: str) -> Callable[..., bytes]:
    work: Callable[..., bytes] = getattr(import_module(TASKS[name]), name)
    return work


def run_apart(task: str, path: Path, *arguments: str) -> bytes:
    """What a task of ``TASKS`` yields; its ``ReadError``, or one for what broke the limits."""
    if _here:
        return _task(task)(path, *arguments)
    kind, content = _readers().ask(task, path, *arguments)
    if kind == "done":
        return content
    if kind == "scanned":
        raise ScannedError(str(path), content.decode())
    raise ReadError(str(path), content.decode())


@cache
def _readers() -> Standing:
    return Standing(__name__)


def end_readers() -> None:
    """End the processes that stand ready to read."""
    _readers().close()


def run_standing(task: str, path: Path, *arguments: str) -> bytes:
    """The same in a process of those that draw."""
    if _here:
        return run_apart(task, path, *arguments)
    from pebble import ProcessExpired

    future = _standing().schedule(_work, args=(task, path, arguments), timeout=_SECONDS_A_PAGE)
    try:
        done: bytes = future.result()
    except TookTooLong:
        raise ReadError(str(path), SLOW) from None
    except (ProcessExpired, MemoryError):
        raise ReadError(str(path), DAMAGED) from None
    return done


def stand_ready() -> None:
    """Start what ``run_standing`` uses, so that the first who waits need not wait for that."""
    for _ in range(_STANDING):
        _standing().schedule(_work, args=("ready", Path(), ()))


@cache
def _standing() -> ProcessPool:
    from multiprocessing import get_context

    from pebble import ProcessPool

    pool = ProcessPool(_STANDING, _PAGES, initializer=read_here, context=get_context("spawn"))

    @atexit.register
    def end() -> None:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()

    return pool


def _work(task: str, path: Path, arguments: tuple[str, ...]) -> bytes:
    try:
        return run_apart(task, path, *arguments)
    except (ReadError, MemoryError):
        raise
    except Exception as error:
        raise ReadError(str(path), failure(error)) from None


def failure(error: Exception) -> str:
    """Why a file can't be read where the fault is Yuanda's."""
    *_, last = traceback.extract_tb(error.__traceback__)
    where = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    return f"{FAILED} ({where}); save it anew, or print it to a new PDF"


def begin(path: Path) -> None:
    """This process begins with a file, which may take as long as one of its size."""
    global _began, _seconds
    _began, _seconds, size = time.process_time(), 0, 0
    with suppress(OSError):
        size = path.stat().st_size
    _allow_seconds(_SECONDS + size // _BYTES_A_SECOND)


def allow(pages: int) -> None:
    """Let this process, which began with a file of so many pages, take the time for these."""
    if _began:
        _allow_seconds(_SECONDS + pages // _PAGES_A_SECOND)


def _allow_seconds(seconds: int) -> None:
    global _seconds
    _seconds = max(_seconds, seconds)
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(_began) + 1 + _seconds, most))


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        allowed = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve(asked: IO[bytes], told: IO[bytes]) -> None:
    """Work off what is asked for, line by line, until nobody asks any more."""

    def page(_: Path, number: int, pages: int) -> None:
        told.write(b"page %d of %d\n" % (number, pages))
        told.flush()

    with listening(page):
        for line in asked:
            task, path, *arguments = json.loads(line)
            kind, content = _done(task, Path(path), arguments)
            told.write(f"{kind} {len(content)}\n".encode() + content)
            told.flush()


def _done(task: str, path: Path, arguments: list[str]) -> tuple[str, bytes]:
    begin(path)
    try:
        return "done", _task(task)(path, *arguments)
    except ScannedError as error:
        return "scanned", error.reason.encode()
    except ReadError as error:
        return "refused", error.reason.encode()
    except (MemoryError, RecursionError):
        return "memory", b""
    except Exception as error:
        return "failed", failure(error).encode()


def _main() -> None:
    read_here()
    # What a library prints is none of the answer.
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, told)
    # Without PDFium's clearing up, which can crash after a damaged file was read to its end.
    os._exit(0)


if __name__ == "__main__":
    # As others import it: what this process knows of itself is kept there.
    import_module("index.reading.sandbox")._main()
