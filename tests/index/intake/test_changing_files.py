"""Files that change, move or stand twice: what is filed is what was read, and nothing leaves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ReadError
from index.files import sha256_of
from index.intake.build import AddReport, add
from index.records import ParsedFiling
from index.store import transactions
from index.store.copies import Incoming
from index.store.store import Store
from index.upkeep.verify import verify
from tests.fakes import FakeEncoder, read_lines

ONE = "甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n"
TWO = "甲公司|2025-01-10\n毛利率怎样|毛利率为四成。\n有无回购|没有回购。\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "w").mkdir()
    with Store.open(tmp_path / "store", create=True) as store:
        yield store


def fill(store: Store, *paths: Path) -> AddReport:
    return add(store, paths, FakeEncoder(), read=read_lines)


def filed(store: Store) -> dict[str, int]:
    return {Path(entry.filing.path).name: entry.pairs for entry in store.filings()}


def test_a_file_that_changes_while_it_is_read_is_filed_as_it_was_read(
    store: Store, tmp_path: Path
) -> None:
    """What is parsed, what its SHA-256 is of and what is kept are one content, whichever it is."""
    path, stop = tmp_path / "w" / "a.txt", threading.Event()
    path.write_text(ONE, "utf-8")

    def change() -> None:
        while not stop.is_set():
            for content in (ONE, TWO):
                other = path.with_suffix(".new")
                other.write_text(content, "utf-8")
                other.replace(path)

    def slowly(copy: Path) -> ParsedFiling:
        parsed = read_lines(copy)
        path.write_text(TWO if parsed.text == ONE else ONE, "utf-8")
        return parsed

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(20):
            add(store, [path], FakeEncoder(), read=slowly)
            (entry,) = store.filings()
            assert sha256_of(store.original(entry.filing)) == entry.filing.sha256
            assert not [
                f for f in verify(store, read_lines).failed if "changed since" not in f.reason
            ]
    finally:
        stop.set()
        thread.join()


def test_of_two_equal_files_one_changes(store: Store, tmp_path: Path) -> None:
    a, b = tmp_path / "w" / "a.txt", tmp_path / "w" / "b.txt"
    a.write_text(ONE, "utf-8")
    b.write_text(ONE, "utf-8")
    fill(store, b)
    assert [row.status for row in fill(store, a.parent).files] == ["unchanged", "unchanged"]
    b.write_text(TWO, "utf-8")
    fill(store, a.parent)
    assert filed(store) == {"a.txt": 1, "b.txt": 2}
    assert verify(store, read_lines).failed == ()
    # and when the last of its places has another content, too, it is replaced
    a.write_text(TWO, "utf-8")
    assert [row.status for row in fill(store, a.parent).files] == ["replaced", "unchanged"]
    assert filed(store) == {"b.txt": 2}
    assert len(list((store.folder / "filings").iterdir())) == 1


def test_a_renamed_file_is_followed(store: Store, tmp_path: Path) -> None:
    a, c = tmp_path / "w" / "a.txt", tmp_path / "w" / "c.txt"
    a.write_text(ONE, "utf-8")
    fill(store, a)
    a.rename(c)
    assert [row.status for row in fill(store, c.parent).files] == ["unchanged"]
    assert filed(store) == {"c.txt": 1}
    assert not store.damaged()
    c.write_text(TWO, "utf-8")
    assert [row.status for row in fill(store, c.parent).files] == ["replaced"]
    assert filed(store) == {"c.txt": 2}
    assert verify(store, read_lines).failed == ()


def test_two_files_that_change_places(store: Store, tmp_path: Path) -> None:
    a, b = tmp_path / "w" / "a.txt", tmp_path / "w" / "b.txt"
    a.write_text(ONE, "utf-8")
    b.write_text(TWO, "utf-8")
    fill(store, a.parent)
    a.write_text(TWO, "utf-8")
    b.write_text(ONE, "utf-8")
    fill(store, a.parent)
    assert sorted(filed(store).values()) == [1, 2]
    assert {sha256_of(p) for p in (a, b)} == {e.filing.sha256 for e in store.filings()}
    assert verify(store, read_lines).failed == ()


def test_one_of_several_places_may_go(store: Store, tmp_path: Path) -> None:
    a, b = tmp_path / "w" / "a.txt", tmp_path / "w" / "b.txt"
    a.write_text(ONE, "utf-8")
    b.write_text(ONE, "utf-8")
    fill(store, a.parent)
    assert store.leave(str(a)) is None
    assert filed(store) == {"b.txt": 1}
    assert store.leave(str(b)) == sha256_of(b)
    assert filed(store) == {}


def test_a_failed_add_leaves_no_stray_copy(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / "w" / f"{number}.txt").write_text(f"公司{number}|\n问{number}|答。\n", "utf-8")

    def full(*_: object) -> int:
        raise transactions.sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "_insert", full)
    report = fill(store, tmp_path / "w")
    assert {row.status for row in report.files} == {"failed"}
    assert "disk is full" in (report.files[0].error or "")
    assert list((store.folder / "filings").iterdir()) == []
    assert list((store.folder / "incoming").iterdir()) == []


def test_an_error_names_the_file_and_not_its_private_copy(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "w" / "a.txt"
    path.write_text(ONE, "utf-8")

    def refuse(copy: Path) -> ParsedFiling:
        raise ReadError(str(copy), "bad; mend it")

    (row,) = add(store, [path], FakeEncoder(), read=refuse).files
    assert row.error == f"{path}: bad; mend it"


def test_what_a_killed_process_left_to_read_is_cleared_away(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "w" / "a.txt"
    path.write_text(ONE, "utf-8")
    with Incoming(store.folder) as alive:
        copy, _ = alive.take(path)
        left = store.folder / "incoming" / ("ab" * 16)
        left.mkdir()
        os.link(copy, left / "a.txt")
        with Incoming(store.folder):
            assert copy.exists()
            assert not left.exists()
