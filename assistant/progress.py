"""How far `yuanda add` is: a bar on a terminal, else a line for each file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from assistant.report import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from index.build import FileRow


class Progress:
    """Files, pages and pairs so far, and the time that is left."""

    def __init__(self, stream: TextIO, bar: Bar | None) -> None:
        self._stream = stream
        self._bar = bar
        self._pages = self._pairs = self._files = 0
        self._began = time.monotonic()
        self._task: Any = None

    @classmethod
    @contextmanager
    def on(cls, stream: TextIO) -> Iterator[Progress]:
        """Show progress on a stream while the block runs."""
        if not stream.isatty():
            yield cls(stream, None)
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("files  {task.fields[pages]} pages  {task.fields[pairs]} pairs"),
            TextColumn("{task.fields[rate]:.0f} files/s"),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=Console(file=stream)) as bar:
            yield cls(stream, bar)

    def start(self, files: int) -> None:
        """Tell how many files there are."""
        self._began = time.monotonic()
        if self._bar:
            self._task = self._bar.add_task("", total=files, pages=0, pairs=0, rate=0.0)

    def row(self, row: FileRow) -> None:
        """Tell what became of a file."""
        self._pages += row.pages
        self._pairs += row.pairs
        if self._bar is None:
            line = f"{row.status:<10}{row.pairs:>5}  {printable(row.path)}"
            print(line, file=self._stream)
            return
        self._files += 1
        rate = self._files / max(1e-3, time.monotonic() - self._began)
        self._bar.update(self._task, advance=1, pages=self._pages, pairs=self._pairs, rate=rate)
