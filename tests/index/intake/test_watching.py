"""Watched folders: real files, real notifications, and a process that is told to stop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index.errors import CallError, ReadError, StoreError
from index.intake import build, watching
from index.intake.watching import Watcher, WatchRow
from index.records import ParsedFiling
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines, until

SETTLE = 0.2


def text(word: str, company: str = "甲公司") -> str:
    return f"{company}|2024-01-01\n{word}如何|{word}很好"


def read(path: Path) -> ParsedFiling:
    """As ``read_lines``, but what isn't so is refused."""
    if b"|" not in path.read_bytes():
        raise ReadError(str(path), "no filing")
    return read_lines(path)


def slowly(path: Path) -> ParsedFiling:
    time.sleep(0.05)
    return read(path)


class Watched:
    """A folder, its store, and what the watcher told."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "filings"
        self.folder.mkdir()
        self.store = tmp_path / "store"
        self.rows: list[WatchRow] = []
        self.trouble: list[str] = []

    def put(self, name: str, content: str, old: bool = False) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
        if old:
            os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def told(self, *wanted: tuple[str, str]) -> Callable[[], bool]:
        """Whether these rows were told by now."""
        return lambda: set(wanted) <= {(row.status, Path(row.path).name) for row in self.rows}

    def run(self, script: Callable[[], None], **told: Any) -> None:
        """Watch while ``script`` runs beside."""
        stop, failures = threading.Event(), []

        def beside() -> None:
            try:
                script()
            except BaseException as error:
                failures.append(error)
            finally:
                stop.set()

        with Store.open(self.store, create=True) as store:
            watcher = Watcher(
                store,
                [self.folder],
                FakeEncoder(),
                self.rows.append,
                on_trouble=self.trouble.append,
                **{"settle": SETTLE, "read": read, **told},
            )
            thread = threading.Thread(target=beside)
            thread.start()
            watcher.run(stop)
            thread.join()
        if failures:
            raise failures[0]

    def stored(self) -> set[str]:
        with Store.open(self.store) as store:
            return {Path(entry.filing.path).name for entry in store.filings()}


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_what_is_there_at_the_start_is_taken_in(watched: Watched) -> None:
    watched.put("a.txt", text("回购"), old=True)
    watched.run(lambda: until(watched.told(("added", "a.txt"))))
    assert watched.stored() == {"a.txt"}
    assert watched.rows[0].pairs == 1


def test_what_changed_while_nobody_watched_is_caught_up_with(watched: Watched) -> None:
    watched.put("a.txt", text("回购"))
    watched.put("b.txt", text("产能"))
    watched.run(lambda: until(watched.told(("added", "a.txt"), ("added", "b.txt"))))
    watched.rows.clear()
    watched.put("a.txt", text("回购和分红"))
    (watched.folder / "b.txt").unlink()
    watched.put("c.txt", text("研发"))
    watched.run(
        lambda: until(
            watched.told(("replaced", "a.txt"), ("removed", "b.txt"), ("added", "c.txt"))
        ),
        remove_deleted=True,
    )
    assert watched.stored() == {"a.txt", "c.txt"}
    watched.rows.clear()
    watched.run(lambda: time.sleep(1.0), remove_deleted=True)
    assert watched.rows == []


def test_new_and_changed_files_are_followed(watched: Watched) -> None:
    def script() -> None:
        time.sleep(0.5)
        watched.put("a.txt", text("回购"))
        until(watched.told(("added", "a.txt")))
        watched.put("a.txt", text("产能"))
        until(watched.told(("replaced", "a.txt")))
        watched.put("a.txt", text("产能"))  # the same again
        watched.put("sub/b.txt", text("分红"))
        until(watched.told(("added", "b.txt")))

    watched.run(script)
    assert [row.status for row in watched.rows] == ["added", "replaced", "added"]


def test_a_folder_that_is_moved_in_is_taken_in_whole(watched: Watched, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "deep").mkdir(parents=True)
    (other / "deep" / "a.txt").write_text(text("回购"), "utf-8")
    (other / "b.txt").write_text(text("产能"), "utf-8")

    def script() -> None:
        time.sleep(0.5)
        other.rename(watched.folder / "moved")
        until(watched.told(("added", "a.txt"), ("added", "b.txt")))
        (watched.folder / "moved").rename(tmp_path / "away")
        watched.put("c.txt", text("分红"))
        until(watched.told(("removed", "a.txt"), ("removed", "b.txt"), ("added", "c.txt")))

    # Something stays, so that the folder isn't empty all at once.
    watched.put("d.txt", text("研发"))
    watched.run(script, remove_deleted=True)
    assert watched.stored() == {"c.txt", "d.txt"}


def test_deleted_files_stay_unless_told(watched: Watched) -> None:
    def script() -> None:
        until(watched.told(("added", "a.txt")))
        (watched.folder / "a.txt").unlink()
        watched.put("b.txt", text("产能"))
        until(watched.told(("added", "b.txt")))

    watched.put("a.txt", text("回购"))
    watched.run(script)
    assert watched.stored() == {"a.txt", "b.txt"}


def test_deleted_files_are_removed_on_demand(watched: Watched) -> None:
    def script() -> None:
        until(watched.told(("added", "a.txt")))
        (watched.folder / "a.txt").unlink()
        until(watched.told(("removed", "a.txt")))

    watched.put("a.txt", text("回购"))
    watched.run(script, remove_deleted=True)
    with Store.open(watched.store) as store:
        assert len(store.pair_ids()) == 0
    assert list((watched.store / "filings").iterdir()) == []


def test_a_renamed_file_stays_in_the_store(watched: Watched) -> None:
    def script() -> None:
        until(watched.told(("added", "a.txt")))
        (watched.folder / "a.txt").rename(watched.folder / "b.txt")
        until(watched.told(("removed", "a.txt"), ("added", "b.txt")))

    watched.put("a.txt", text("回购"))
    watched.run(script, remove_deleted=True)
    assert watched.stored() == {"b.txt"}


def test_a_second_copy_takes_the_place_of_one_that_is_deleted(watched: Watched) -> None:
    def script() -> None:
        until(watched.told(("added", "a.txt")))
        time.sleep(0.5)
        (watched.folder / "a.txt").unlink()
        until(lambda: watched.stored() == {"b.txt"})

    watched.put("a.txt", text("回购"), old=True)
    watched.put("b.txt", text("回购"), old=True)
    watched.run(script, remove_deleted=True)
    assert watched.stored() == {"b.txt"}


@pytest.mark.parametrize("gone", ["empty", "missing"])
def test_a_folder_that_is_not_mounted_takes_nothing_out(watched: Watched, gone: str) -> None:
    watched.put("a.txt", text("回购"))
    watched.run(lambda: until(watched.told(("added", "a.txt"))))
    (watched.folder / "a.txt").unlink()
    if gone == "missing":
        with Store.open(watched.store) as store:
            watcher = Watcher(
                store, [watched.folder], FakeEncoder(), print, on_trouble=watched.trouble.append
            )
            watched.folder.rmdir()
            assert watcher._lost() == set()
    else:
        watched.run(lambda: until(lambda: watched.trouble), remove_deleted=True)
    assert "stay in the store" in watched.trouble[0]
    assert watched.stored() == {"a.txt"}


def test_a_bad_file_is_told_once_and_stops_nothing(watched: Watched) -> None:
    def script() -> None:
        until(watched.told(("failed", "bad.txt"), ("added", "good.txt")))
        time.sleep(0.8)
        assert sum(row.status == "failed" for row in watched.rows) == 1
        watched.put("bad.txt", text("分红"))
        until(watched.told(("added", "bad.txt")))

    watched.put("bad.txt", "nothing of a filing")
    watched.put("good.txt", text("回购"))
    watched.run(script)
    assert "no filing" in str(next(row for row in watched.rows if row.error).error)


def test_a_file_is_read_once_it_is_left_alone(watched: Watched) -> None:
    whole = "甲公司|2024-01-01\n" + "\n".join(f"回购第{i}次|第{i}次回购" for i in range(20))

    def script() -> None:
        time.sleep(0.4)
        with (watched.folder / "a.txt").open("w", encoding="utf-8") as file:
            for line in whole.splitlines(keepends=True):
                file.write(line)
                file.flush()
                time.sleep(0.06)
        until(watched.told(("added", "a.txt")))

    watched.run(script, settle=0.6)
    assert [(row.status, row.pairs) for row in watched.rows] == [("added", 20)]


def test_what_is_no_filing_is_passed_over(watched: Watched) -> None:
    def script() -> None:
        time.sleep(0.4)
        watched.put("~$a.docx", "Word's")
        watched.put(".hidden.txt", text("回购"))
        watched.put(".git/b.txt", text("回购"))
        watched.put("picture.jpg", "not read")
        watched.put("a.txt", text("产能"))
        until(watched.told(("added", "a.txt")))
        time.sleep(0.6)

    watched.run(script)
    assert len(watched.rows) == 1


def test_what_nobody_tells_of_is_found_by_looking(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = iter(lambda: set(), None)
    monkeypatch.setattr(watching, "_LOOK", 0.2)

    def told_nothing(*_: object, stop_event: threading.Event, **__: object) -> Any:
        for changes in quiet:
            if stop_event.is_set():
                return
            time.sleep(0.05)
            yield changes

    monkeypatch.setattr(watching.watchfiles, "watch", told_nothing)

    def script() -> None:
        time.sleep(0.4)
        watched.put("a.txt", text("回购"))
        until(watched.told(("added", "a.txt")))
        (watched.folder / "a.txt").unlink()
        watched.put("b.txt", text("产能"))
        until(watched.told(("removed", "a.txt"), ("added", "b.txt")))

    watched.run(script, remove_deleted=True)


def test_a_store_that_is_busy_is_tried_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = build.add, []

    def add(*told: Any) -> Any:
        calls.append(told)
        if len(calls) == 1:
            raise StoreError("the store is locked")
        return real(*told)

    monkeypatch.setattr(watching.build, "add", add)
    monkeypatch.setattr(watching, "_PAUSE", 0.3)
    watched.put("a.txt", text("回购"))
    watched.run(lambda: until(watched.told(("added", "a.txt"))))
    assert "locked" in watched.trouble[0]


def test_stopping_in_the_middle_loses_nothing(watched: Watched) -> None:
    for number in range(30):
        watched.put(f"{number:02}.txt", text(f"回购{number}"), old=True)

    watched.run(lambda: until(lambda: len(watched.rows) >= 3), read=slowly)
    # Files are stored together: some may be in the store before their rows are told.
    assert 3 <= len(watched.rows) <= len(watched.stored()) < 30
    watched.run(lambda: until(lambda: len(watched.stored()) == 30))
    assert len(watched.stored()) == 30


def test_a_limit_of_the_system_names_the_cure(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*_: object, **__: object) -> Any:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watching.watchfiles, "watch", reached)
    with pytest.raises(CallError, match=r"limit reached.*WATCHFILES_FORCE_POLLING"):
        watched.run(lambda: None)


def test_a_folder_that_cannot_be_watched_is_refused(watched: Watched) -> None:
    with Store.open(watched.store, create=True) as store:
        for folder, why in [
            (watched.folder / "none", "no such folder"),
            (watched.store.parent, "holds the store itself"),
            (watched.store, "holds the store itself"),
        ]:
            with pytest.raises(CallError, match=why):
                Watcher(store, [folder], FakeEncoder(), print, on_trouble=print)
