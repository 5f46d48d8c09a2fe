"""Readers in processes of their own: whatever a file does to one, it is that file's error alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ReadError
from index.intake.parse import parse
from index.reading import sandbox, standing
from index.reading.standing import DAMAGED, LARGE, SLOW, Answer, Standing
from tests.index.reading.test_reading import TEXT

# What a reader may do to its process, by the file's name.
HOSTILE = """
import os, signal, sys, time
from index.errors import ReadError
from index.reading import sandbox

def work(path):
    kind = path.stem
    if kind == "hang":
        while True:
            pass
    if kind == "sleep":
        time.sleep(60)
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "crash":
        os._exit(7)
    if kind == "memory":
        return bytes(1 << 31)
    if kind == "bug":
        return {}["nothing"]
    if kind == "refuse":
        raise ReadError(str(path), "mend it")
    if kind == "print":
        print("done 3")
        os.system("echo done 4")
    if kind == "aged" and os.path.exists(path):
        os._exit(1)  # dies, but only in a process that has read before
    return f"{os.getpid()}".encode()

if __name__ == "__main__":
    import hostile
    sandbox.TASKS["work"] = "hostile"
    sandbox._SECONDS = 1
    sandbox._main()
"""


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standing]:
    (tmp_path / "hostile.py").write_text(HOSTILE, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    readers = Standing("hostile")
    yield readers
    readers.close()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("hang", SLOW), ("kill", DAMAGED), ("crash", DAMAGED), ("memory", LARGE)],
)
def test_what_breaks_a_process_is_that_files_error(
    readers: Standing, kind: str, reason: str
) -> None:
    before = readers.ask("work", Path("well"))
    with pytest.raises(ReadError, match=reason[:20]) as raised:
        readers.ask("work", Path(f"{kind}.txt"))
    assert raised.value.path == f"{kind}.txt"
    after = readers.ask("work", Path("well"))
    assert after.kind == "done"
    assert after.content != before.content, "a fresh process"


def test_a_process_that_sleeps_is_ended_by_the_clock(
    readers: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.ask("work", Path("well"))
    monkeypatch.setattr(standing, "_DEADLINE", 0.3)
    began = time.monotonic()
    with pytest.raises(ReadError, match="takes too long"):
        readers.ask("work", Path("sleep.txt"))
    assert time.monotonic() - began < 30


def test_errors_and_faults_come_back_with_their_words(readers: Standing) -> None:
    assert readers.ask("work", Path("refuse")) == Answer("refused", b"mend it")
    kind, said = readers.ask("work", Path("bug"))
    assert (kind, b"KeyError at hostile.py" in said) == ("failed", True)


def test_what_a_reader_prints_is_no_answer(readers: Standing) -> None:
    kind, content = readers.ask("work", Path("print"))
    assert (kind, content.isdigit()) == ("done", True)


def test_one_process_reads_file_after_file_and_several_at_a_time(readers: Standing) -> None:
    one = {readers.ask("work", Path(str(n))).content for n in range(5)}
    assert len(one) == 1
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(readers.ask("work", Path("x")).content))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4


def test_a_file_that_only_a_used_process_dies_over_is_read_in_a_fresh_one(
    readers: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "aged.txt"
    mark.touch()
    readers.ask("work", Path("well"))
    start = standing._Process

    def fresh(module: str) -> standing._Process:
        mark.unlink()
        return start(module)

    monkeypatch.setattr(standing, "_Process", fresh)
    assert readers.ask("work", mark).kind == "done"


# Files that took minutes or gigabytes once, or may.
CROWDED = {
    "numbers.txt": "投资者关系活动记录表\n" + "1、\n" * 24_000,
    "counted.txt": "\n".join(f"{n}、" for n in range(1, 18_000)),
    "bracketed.txt": "".join(f"（{n % 99}）\n" for n in range(20_000)),
    "asks.txt": "是否\n" * 40_000,
    "questions.txt": "？" * 200_000,
    "answers.txt": "答：" * 60_000,
    "marks.txt": "问：\n答：\n" * 20_000,
    "offices.txt": "董事会秘书" * 30_000,
    "blank.txt": "问" + "\n" * 200_000,
    "spaces.txt": "问" + " " * 300_000 + "答：",
    "names.txt": "张三：你好\n" * 20_000,
    "rows.csv": "问题,回答\n" + "a,b\n" * 975_000,
    "quotes.csv": '问题,回答\n"' + "a" * 900_000,
    "attributes.html": "<html><p " + " ".join(f"a{n}=1" for n in range(400_000)) + ">问",
    "nested.html": "<html>" + "<div>" * 200_000 + "问",
    "tables.html": "<html>" + "<table><tr><td>1、" * 20_000,
    "entities.html": "<html><p>" + "&#38;" * 300_000,
}


@pytest.mark.parametrize("name", CROWDED)
def test_no_file_takes_more_than_its_time(name: str, tmp_path: Path) -> None:
    """Neither more of a processor, nor more memory, than a file of its size may."""
    path = tmp_path / name
    path.write_text(CROWDED[name], "utf-8")
    sandbox.end_readers()
    reason = refused(path)
    assert SLOW not in reason, "its limit of time had to end it"
    assert sandbox.FAILED not in reason


def refused(path: Path) -> str:
    """Why a file isn't read; empty where it is."""
    try:
        parse(path)
    except ReadError as error:
        return error.reason
    return ""


def test_parsing_is_the_same_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "filing.txt"
    path.write_text(TEXT, "utf-8")
    apart = parse(path)
    sandbox_was, sandbox._here = sandbox._here, True
    try:
        assert parse(path) == apart
    finally:
        sandbox._here = sandbox_was
