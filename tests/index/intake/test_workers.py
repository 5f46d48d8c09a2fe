"""Files read in several processes: in order, and a crash or an error takes one file only."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from assistant.progress import Progress, Tally
from index.errors import ReadError
from index.intake.build import FileRow, add
from index.intake.parse import parse
from index.intake.workers import LEAST, processes_for, read_ahead
from index.reading import sandbox, standing
from index.reading.page_progress import listening
from index.records import ParsedFiling
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines
from tests.paths import ROOT

FILED = ROOT / "eval/collection/files/dev/lifeng-2024-06-12.pdf"


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
    for path, outcome in read_ahead(paths, lambda p: None if "07" in p.name else p, read_or_die, 2):
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
    reading = read_ahead(_files(tmp_path, 3), lambda p: p, read_or_die, 2)
    next(reading)
    reading.close()  # type: ignore[attr-defined]


def test_few_files_need_no_processes() -> None:
    assert processes_for(LEAST - 1) == 1
    assert processes_for(LEAST) >= 1


def long_pdf(path: Path, pages: int) -> Path:
    canvas = Canvas(str(path))
    for number in range(1, pages + 1):
        canvas.drawString(72, 700, f"Q{number}: What is plan {number}?")
        canvas.drawString(72, 680, f"A: Plan {number} is none.")
        canvas.showPage()
    canvas.save()
    return path


@pytest.mark.parametrize("processes", [1, 2])
def test_each_page_is_told_of_while_its_file_is_read(tmp_path: Path, processes: int) -> None:
    told: list[tuple[object, ...]] = []
    with Store.open(tmp_path / "store", create=True) as store:
        add(
            store,
            [FILED],
            FakeEncoder(),
            lambda row: told.append((row.status, row.pages)),
            on_page=lambda file, page, pages: told.append((file, page, pages)),
            processes=processes,
        )
    pages = len(told) - 1
    assert pages > 1
    assert told == [*((FILED, page, pages) for page in range(1, pages + 1)), ("added", pages)]


def test_pages_come_before_the_file_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that reads is still there when its first page is told of."""
    running = []
    start = subprocess.Popen

    def started(*given: object, **named: object) -> object:
        running.append(start(*given, **named))  # type: ignore[call-overload]
        return running[-1]

    sandbox.end_readers()
    monkeypatch.setattr(standing.subprocess, "Popen", started)
    alive = []
    with listening(lambda *_: alive.append(running[0].poll() is None)):
        parse(long_pdf(tmp_path / "long.pdf", 600))
    assert len(alive) == 600
    assert all(alive)


def test_who_listens_may_stop_the_reading(tmp_path: Path) -> None:
    def stop(_: Path, page: int, __: int) -> None:
        if page == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening(stop):
        parse(long_pdf(tmp_path / "long.pdf", 300))


def test_a_process_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "_DEADLINE", 0.01)
    with pytest.raises(ReadError, match="takes too long"):
        parse(long_pdf(tmp_path / "long.pdf", 2))


def test_a_tally_counts_files_and_the_pages_of_those_being_read() -> None:
    tally = Tally()
    tally.start(2)
    tally.page(Path("a.pdf"), 3, 4)
    assert (tally.files, tally.pages, tally.share, tally.latest) == (0, 3, 0.75, "a.pdf 3/4")
    tally.row(FileRow("a.pdf", "0", "added", 5, pages=4))
    tally.page(Path("a.pdf"), 4, 4)  # told late, by another process
    assert (tally.files, tally.pages, tally.share, tally.latest) == (1, 4, 1, "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_counts_files_pages_and_pairs() -> None:
    stream = Terminal()
    with Progress.on(stream) as progress:
        progress.start(2)
        progress.row(FileRow("a.pdf", "0", "added", 5, pages=3))
        progress.page(Path("b[red].pdf"), 1, 2)
        progress.row(FileRow("b[red].pdf", "1", "added", 4, pages=2))
    assert "2/2" in stream.getvalue()
    assert "5 pages  9 pairs" in stream.getvalue()


def test_progress_elsewhere_is_a_line_for_each_file() -> None:
    stream = io.StringIO()
    with Progress.on(stream) as progress:
        progress.start(1)
        progress.row(FileRow("a\x1b.pdf", "0", "added", 5, pages=3))
    assert stream.getvalue() == "added         5  a\ufffd.pdf\n"


class _Taken:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("taken over",)


def test_a_reader_that_was_taken_over_sends_records_or_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent = pickle.dumps(_Taken())
    monkeypatch.setattr("index.intake.parse.run_apart", lambda *_: sent)
    with pytest.raises(ReadError, match="no filing"):
        parse(tmp_path / "filing.txt")
