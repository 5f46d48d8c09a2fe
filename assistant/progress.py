"""How far filing is: counted, and for `yuanda add` a bar on a terminal, else a line a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from assistant.terminal import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from index.intake.build import FileRow


class Tally:
    """Files, pages and pairs so far."""

    def __init__(self) -> None:
        self.total = self.pairs = self._pages = 0
        self.latest = ""  # the file that a page was read of last, and that page, "a.pdf 3/12"
        self._done: set[str] = set()
        self._reading: dict[str, tuple[int, int]] = {}

    def start(self, files: int) -> None:
        """Count how many files there are."""
        self.total = files

    def page(self, path: Path, page: int, pages: int) -> None:
        """Count what is read of a file; possibly from another thread."""
        if str(path) not in self._done:
            self._reading[str(path)] = page, pages
            self.latest = f"{path.name} {page}/{pages}"

    def row(self, row: FileRow) -> None:
        """Count a file that is done."""
        self._done.add(row.path)
        self._reading.pop(row.path, None)
        self.latest = self.latest if self._reading else ""
        self._pages += row.pages
        self.pairs += row.pairs

    @property
    def files(self) -> int:
        """Files that are done."""
        return len(self._done)

    @property
    def share(self) -> float:
        """Files that are done, and of those being read the share of their pages."""
        return self.files + sum(page / pages for page, pages in list(self._reading.values()))

    @property
    def pages(self) -> int:
        """Pages of files that are done, and those read of others."""
        return self._pages + sum(page for page, _ in list(self._reading.values()))


class Progress:
    """Files, pages and pairs so far, and the time that is left."""

    def __init__(self, stream: TextIO, bar: Bar | None) -> None:
        self._stream = stream
        self._bar = bar
        self._tally = Tally()
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
            TextColumn("{task.fields[latest]}", markup=False),
        )
        with Bar(*columns, console=Console(file=stream)) as bar:
            yield cls(stream, bar)

    def start(self, files: int) -> None:
        """Tell how many files there are."""
        self._began = time.monotonic()
        self._tally.start(files)
        if self._bar:
            self._task = self._bar.add_task("", total=files, pages=0, pairs=0, rate=0.0, latest="")

    def page(self, path: Path, page: int, pages: int) -> None:
        """Tell that a page of a file was read."""
        self._tally.page(path, page, pages)
        self._show()

    def row(self, row: FileRow) -> None:
        """Tell what became of a file."""
        self._tally.row(row)
        if self._bar is None:
            line = f"{row.status:<10}{row.pairs:>5}  {printable(row.path)}"
            print(line, file=self._stream)
        self._show()

    def _show(self) -> None:
        if self._bar:
            tally = self._tally
            self._bar.update(
                self._task,
                completed=tally.share,
                pages=tally.pages,
                pairs=tally.pairs,
                rate=tally.files / max(1e-3, time.monotonic() - self._began),
                latest=printable(tally.latest),
            )
