"""Files read in several processes: in order, and a crash or an error takes one file only."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest

from assistant.progress import Progress
from index.build import FileRow, add
from index.errors import ReadError
from index.readers import LEAST, processes_for, read_ahead
from index.records import ParsedFiling
from index.store import Store
from tests.fakes import FakeEncoder, read_lines


def read_or_die(path: Path) -> ParsedFiling:
    """Reads; some files kill the process that reads them."""
    if "deadly" in path.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "bad" in path.name:
        raise ReadError(str(path), "bad on purpose; mend it")
    return read_lines(path)


def _files(folder: Path, count: int) -> list[Path]:
    paths = []
    for number in range(count):
        kind = {3: "deadly", 5: "bad"}.get(number, "good")
        path = folder / f"{number:02}-{kind}.txt"
        path.write_text(
            f"公司{number}|2024-01-10\n毛利率{number}怎样|毛利率{number}为三成。\n", "utf-8"
        )
        paths.append(path)
    return paths


def test_read_ahead_keeps_order_and_isolates_crashes(tmp_path: Path) -> None:
    paths = _files(tmp_path, 12)
    seen = []
    for path, outcome in read_ahead(paths, lambda p: "07" not in p.name, read_or_die, 2):
        seen.append(path)
        if "07" in path.name:
            assert outcome is None
            continue
        assert outcome
        if "deadly" in path.name:
            with pytest.raises(ReadError, match="crashes its reader"):
                outcome()
        elif "bad" in path.name:
            with pytest.raises(ReadError, match=r"05-bad.*bad on purpose; mend it"):
                outcome()
        else:
            assert outcome().pairs[0].question.startswith("毛利率")
    assert seen == paths


def test_add_in_processes_is_as_in_one(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    paths = _files(tmp_path / "files", 10)
    paths[3].unlink()
    rows = []
    for processes in (1, 2):
        folder = tmp_path / f"store{processes}"
        with Store.open(folder, create=True) as store:
            report = add(
                store, [tmp_path / "files"], FakeEncoder(), read=read_or_die, processes=processes
            )
            assert report.count("failed") == 1
            assert len(store.filings()) == 8
        rows.append(report.files)
    assert rows[0] == rows[1]


def test_an_abandoned_run_leaves_no_process(tmp_path: Path) -> None:
    reading = read_ahead(_files(tmp_path, 3), lambda _: True, read_or_die, 2)
    next(reading)
    reading.close()  # type: ignore[attr-defined]


def test_few_files_need_no_processes() -> None:
    assert processes_for(LEAST - 1) == 1
    assert processes_for(LEAST) >= 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_counts_files_pages_and_pairs() -> None:
    stream = Terminal()
    with Progress.on(stream) as progress:
        progress.start(2)
        progress.row(FileRow("a.pdf", "0", "added", 5, pages=3))
        progress.row(FileRow("b.pdf", "1", "added", 4, pages=2))
    assert "2/2" in stream.getvalue()
    assert "5 pages  9 pairs" in stream.getvalue()


def test_progress_elsewhere_is_a_line_for_each_file() -> None:
    stream = io.StringIO()
    with Progress.on(stream) as progress:
        progress.start(1)
        progress.row(FileRow("a\x1b.pdf", "0", "added", 5, pages=3))
    assert stream.getvalue() == "added         5  a\ufffd.pdf\n"
