"""Processes that read files for this one: each stands ready for the next file, and is replaced when
it crashes, hangs, or takes more time or memory than a file may.

What is asked for goes to a process's standard input as a line of JSON. What comes back is a line
for each page that it reads, then the kind of the answer with its length, and the answer.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from index.errors import ReadError
from index.reading.page_progress import page_read

# By the clock, where the system has no limit on processor time or is very busy.
_DEADLINE = 300
# Processes that are kept for the next file, and files that each reads before a fresh one does.
_KEPT, _FILES = 4, 200
_PAGE = re.compile(rb"page (\d{1,9}) of (\d{1,9})\n")
_ANSWER = re.compile(rb"(done|refused|scanned|failed|memory) (\d{1,12})\n")
# Bytes of a line that isn't part of an answer.
_LINE = 100

SLOW = "takes too long to read; save it anew, print it to a new PDF, or split it"
LARGE = "takes more memory to read than a filing may; save it anew or split it"
DAMAGED = "crashes its reader; fetch it again, or print it to a new PDF"


class Answer(NamedTuple):
    """What a process answered; ``kind`` is ``done`` or why not."""

    kind: str
    content: bytes


class _DiedError(Exception):
    """A process ended before it answered."""


class _Process:
    """A process that reads one file at a time."""

    def __init__(self, module: str) -> None:
        # The same modules as here, whichever way they were found.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self.asked = 0
        self.owner = os.getpid()

    def ask(self, task: str, path: Path, arguments: tuple[str, ...]) -> Answer:
        """Have a task done; ``_DiedError`` where the process dies over it."""
        self.asked += 1
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            self._process.kill()

        deadline = threading.Timer(_DEADLINE, end)
        deadline.daemon = True
        deadline.start()
        try:
            return self._answer(json.dumps([task, str(path), *arguments]).encode(), path)
        except (OSError, _DiedError):
            self.end()
            if overdue.is_set() or self._process.returncode == -getattr(signal, "SIGXCPU", 0):
                raise ReadError(str(path), SLOW) from None
            raise _DiedError from None
        except BaseException:
            self.end()
            raise
        finally:
            deadline.cancel()

    def _answer(self, asked: bytes, path: Path) -> Answer:
        stdin, stdout = self._pipes()
        stdin.write(asked + b"\n")
        stdin.flush()
        while True:
            line = stdout.readline(_LINE)
            if told := _PAGE.fullmatch(line):
                page_read(path, int(told[1]), int(told[2]))
            elif answer := _ANSWER.fullmatch(line):
                content = stdout.read(int(answer[2]))
                if len(content) < int(answer[2]):
                    raise _DiedError
                return Answer(answer[1].decode(), content)
            else:
                raise _DiedError

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise _DiedError
        return self._process.stdin, self._process.stdout

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in self._pipes():
            with suppress(OSError):
                pipe.close()


class Standing:
    """As many processes as there are files to be read at a time, started when needed."""

    def __init__(self, module: str) -> None:
        """``module`` is run as a program in each."""
        self._module = module
        self._free: list[_Process] = []
        atexit.register(self.close)

    def ask(self, task: str, path: Path, *arguments: str) -> Answer:
        """Have a task done on a file.

        ``ReadError`` where it takes too long or too much memory, or crashes its process: a fresh
        one at that, since what was read before may have harmed another.
        """
        process = self._take()
        try:
            try:
                answer = process.ask(task, path, arguments)
            except _DiedError:
                if process.asked == 1:
                    raise
                process = _Process(self._module)
                answer = process.ask(task, path, arguments)
        except _DiedError:
            raise ReadError(str(path), DAMAGED) from None
        if answer.kind == "memory":
            process.end()
            raise ReadError(str(path), LARGE)
        if process.asked < _FILES and len(self._free) < _KEPT:
            self._free.append(process)
        else:
            process.end()
        return answer

    def _take(self) -> _Process:
        with suppress(IndexError):
            # Appending and popping need no lock. A fork of this process has none of its own.
            process = self._free.pop()
            if process.owner == os.getpid():
                return process
        return _Process(self._module)

    def close(self) -> None:
        """End the processes that stand ready."""
        while self._free:
            process = self._free.pop()
            if process.owner == os.getpid():
                process.end()
