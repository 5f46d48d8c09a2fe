"""Files read in processes of their own, several at once: a file that hangs or crashes its reader
is refused, and the rest goes on."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as ReadTimeout
from contextlib import closing, contextmanager, suppress
from contextvars import copy_context
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

from index.errors import ReadError, ScannedError, YuandaError
from index.intake.parse import parse
from index.reading.page_progress import OnPage, listen
from index.reading.sandbox import begin, failure, read_here
from index.reading.standing import DAMAGED, LARGE, SLOW
from index.records import ParsedFiling

Read = Callable[[Path], ParsedFiling]
Outcome = Callable[[], ParsedFiling]

# Fewer files than this are read faster than processes start.
LEAST = 8
_MOST_PROCESSES = 8
# Seconds for one file, and files that a process reads before a fresh one takes its place.
_SECONDS, _FILES = 120, 500
# Bytes that get into a pipe whole or not at all, on every system.
_AT_ONCE = 500


def read_ahead(
    paths: Iterable[Path],
    source: Callable[[Path], Path | None],
    read: Read = parse,
    processes: int = 1,
    on_page: OnPage | None = None,
) -> Iterator[tuple[Path, Outcome | None]]:
    """Each path, in order, with a call that gives what was read, or raises its ``ReadError``.

    What is read is its ``source``; paths without one come with ``None``. With several
    ``processes`` a few files are read ahead of the caller, so that memory doesn't grow with their
    number, and ``on_page`` is told from a thread of its own of the pages that they read; with one,
    each is read when its outcome is asked for, and whoever asks listens.
    """
    if processes <= 1:
        for path in paths:
            own = source(path)
            yield path, partial(read, own) if own else None
        return
    from pebble import ProcessPool

    with _telling(on_page) as sender:
        pool = ProcessPool(
            processes,
            _FILES,
            initializer=_begin,
            initargs=(sender,),
            context=get_context("spawn"),
        )
        waiting: deque[tuple[Path, Outcome | None]] = deque()
        try:
            for path in paths:
                outcome = None
                if own := source(path):
                    future = pool.schedule(_limited, args=(read, own), timeout=_SECONDS)
                    outcome = partial(_outcome, own, read, future.result)
                waiting.append((path, outcome))
                if len(waiting) > 4 * processes:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


@contextmanager
def _telling(on_page: OnPage | None) -> Iterator[Connection | None]:
    """Where the processes write what pages they read, for ``on_page`` to be told."""
    if on_page is None:
        yield None
        return
    receiver, sender = Pipe(duplex=False)
    # It empties the pipe however busy the caller is, or the readers would wait.
    told = Thread(target=copy_context().run, args=(_tell, receiver, on_page), daemon=True)
    told.start()
    try:
        yield sender
    finally:
        sender.close()
        told.join()


def _tell(receiver: Connection, on_page: OnPage) -> None:
    with closing(receiver), suppress(EOFError):
        while True:
            said = receiver.recv_bytes().decode("utf-8", "surrogateescape")
            page, pages, path = said.split(" ", 2)
            on_page(Path(path), int(page), int(pages))


def _begin(sender: Connection | None) -> None:
    read_here()
    if sender:
        listen(partial(_send, sender))


def _send(sender: Connection, path: Path, page: int, pages: int) -> None:
    said = f"{page} {pages} {path}".encode("utf-8", "surrogateescape")
    # The processes share the pipe without a lock, which one that is killed would take with it.
    if len(said) <= _AT_ONCE:
        with suppress(OSError):
            sender.send_bytes(said)


def processes_for(files: int) -> int:
    """How many processes to read so many files in."""
    if files < LEAST:
        return 1
    return max(1, min(os.cpu_count() or 1, _MOST_PROCESSES))


def _outcome(path: Path, read: Read, result: Outcome) -> ParsedFiling:
    from pebble import ProcessExpired

    try:
        return result()
    except ScannedError:
        # To be recognised, which uses all processors and takes longer than a file has there.
        return read(path)
    except (MemoryError, RecursionError):
        raise ReadError(str(path), LARGE) from None
    except ReadTimeout:
        raise ReadError(str(path), SLOW) from None
    except ProcessExpired as error:
        took_long = error.exitcode == -getattr(signal, "SIGXCPU", 0)
        raise ReadError(str(path), SLOW if took_long else DAMAGED) from None


def _limited(read: Read, path: Path) -> ParsedFiling:
    begin(path)
    try:
        return read(path)
    except (YuandaError, OSError, MemoryError, RecursionError):
        raise
    except Exception as error:
        raise ReadError(str(path), failure(error)) from None
