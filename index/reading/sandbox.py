"""Runs PDFium in a process of its own, with limits: a PDF can be made to hang or crash it.

A file is read in a process that ends with it. Pages are drawn, for someone who waits, in processes
that stand ready and are replaced when they crash or hang.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING

from index.errors import ReadError
from index.reading.page_progress import listening, page_read

if TYPE_CHECKING:
    from pebble import ProcessPool

# Address space of the process, in bytes; a filing takes less than a tenth of it.
_MEMORY = 1 << 30
# Processor time: so many seconds, and one more for so many pages (a page takes 2 ms or so).
_SECONDS, _PAGES_A_SECOND = 10, 50
# By the clock, where the system has no limit on processor time or is very busy.
_DEADLINE = 300
# Processes that stand ready, the seconds that a page may take there, and the pages that each draws
# before a fresh one takes its place.
_STANDING, _SECONDS_A_PAGE, _PAGES = 2, 20, 500
_REFUSED, _FAILED = 3, 4
# What the process writes of each page before its answer.
_PAGE = re.compile(rb"page (\d{1,9}) of (\d{1,9})\n")
# How the reason begins where the fault is Yuanda's.
FAILED = "a PDF that Yuanda fails to read"

# What can be asked for. Each function of the name in the reader takes the path and the arguments,
# as strings, and yields bytes. The readers are found by name: they import this module.
_READER = "index.reading.pdf"
TASKS = {
    **dict.fromkeys(("content", "drawing", "ready"), _READER),
    "attachment": "index.reading.attachments",
}


_here = False


def read_here() -> None:
    """This process is apart already: PDFs are read in it, within its limits on memory.

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
    # The same modules as here, whichever way they were found.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)}
    command = [sys.executable, "-m", __name__, task, str(path), *arguments]
    answer, status = _run(command, environment, path)
    if status == _REFUSED:
        raise ReadError(str(path), answer.decode())
    if status == -getattr(signal, "SIGXCPU", 0):
        raise ReadError(str(path), _SLOW)
    if status == _FAILED:
        raise ReadError(str(path), _failed(answer.decode()))
    if status:
        raise ReadError(str(path), _DAMAGED)
    return answer


def _run(command: list[str], environment: dict[str, str], path: Path) -> tuple[bytes, int]:
    """What a process answers and how it ends; meanwhile the pages that it reads are told of."""
    overdue = threading.Event()

    def end() -> None:
        overdue.set()
        process.kill()

    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        deadline = threading.Timer(_DEADLINE, end)
        deadline.daemon = True
        deadline.start()
        try:
            answer = _answer(process.stdout, path) if process.stdout else b""
            status = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            deadline.cancel()
    if overdue.is_set():
        raise ReadError(str(path), _SLOW)
    return answer, status


def _answer(output: IO[bytes], path: Path) -> bytes:
    for line in output:
        if not (told := _PAGE.fullmatch(line)):
            return line + output.read()
        page_read(path, int(told[1]), int(told[2]))
    return b""


def run_standing(task: str, path: Path, *arguments: str) -> bytes:
    """The same in a process that stands ready, without the time to start one."""
    if _here:
        return run_apart(task, path, *arguments)
    from pebble import ProcessExpired

    future = _standing().schedule(_work, args=(task, path, arguments), timeout=_SECONDS_A_PAGE)
    try:
        done: bytes = future.result()
    except TookTooLong:
        raise ReadError(str(path), _SLOW) from None
    except (ProcessExpired, MemoryError):
        raise ReadError(str(path), _DAMAGED) from None
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
        raise ReadError(str(path), _failed(_where(error))) from None


_SLOW = "a PDF that takes too long to read; print it to a new PDF"
_DAMAGED = "a damaged PDF; fetch it again, or print it to a new PDF"


def _failed(what: str) -> str:
    return f"{FAILED} ({what}); print it to a new PDF"


def _where(error: Exception) -> str:
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def allow(pages: int) -> None:
    """Let this process run for as long as so many pages may take."""
    if _here:
        return
    with suppress(ImportError, ValueError, OSError):
        import resource

        seconds = _SECONDS + pages // _PAGES_A_SECOND
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        allowed = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tell(_: Path, page: int, pages: int) -> None:
    sys.stdout.buffer.write(b"page %d of %d\n" % (page, pages))
    sys.stdout.buffer.flush()


def _main(task: str, path: str, *arguments: str) -> int:
    work = _task(task)
    _limit_memory()
    allow(0)
    try:
        with listening(_tell):
            answer, status = work(Path(path), *arguments), 0
    except ReadError as error:
        answer, status = error.reason.encode(), _REFUSED
    except MemoryError:
        raise
    except Exception as error:
        answer, status = _where(error).encode(), _FAILED
    sys.stdout.buffer.write(answer)
    return status


if __name__ == "__main__":
    if sys.argv[1] not in TASKS:
        raise SystemExit(f"no task {sys.argv[1]}")
    status = _main(*sys.argv[1:])
    sys.stdout.flush()
    # Without PDFium's clearing up, which can crash after a damaged file was read to its end.
    os._exit(status)
