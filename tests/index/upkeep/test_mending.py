"""Nothing filed is lost: whatever is damaged is named, and made again from what is whole."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import StoreError
from index.intake.build import AddReport, add
from index.store.copies import fault_of
from index.store.store import Store
from index.upkeep.doctor import examine, rebuild
from index.upkeep.mending import Finding, Mender
from index.upkeep.verify import verify
from tests.fakes import FakeEncoder, read_lines

FIRST = "甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n有无回购|没有回购。\n"
SECOND = "乙公司|2024-06-01\n产能如何|产能已满。\n"
THIRD = "丙公司|2024-06-02\n分红如何|分红三成。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    filings = tmp_path / "filings"
    filings.mkdir()
    (filings / "first.txt").write_text(FIRST, "utf-8")
    (filings / "second.txt").write_text(SECOND, "utf-8")
    return filings


@pytest.fixture
def store(tmp_path: Path, folder: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, folder)
        yield store


def fill(store: Store, *paths: Path) -> AddReport:
    return add(store, paths, FakeEncoder(), read=read_lines)


def mender() -> Mender:
    return Mender(FakeEncoder, read_lines)


def unsound(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.status != "sound"]


def change(store: Store | Path, statement: str, *values: object) -> None:
    folder = store if isinstance(store, Path) else store.folder
    with sqlite3.connect(folder / "store.sqlite") as connection:
        connection.execute(statement, values)
    connection.close()


def copies(folder: Path) -> set[str]:
    return {path.name for path in (folder / "filings").iterdir()}


def without_database(folder: Path) -> None:
    for path in folder.glob("store.sqlite*"):
        path.unlink()


def is_whole(store: Store, folder: Path) -> None:
    """Both filings are there, under their names, and everything is proved."""
    assert {e.filing.path for e in store.filings()} == {
        str(folder / "first.txt"),
        str(folder / "second.txt"),
    }
    assert verify(store, read_lines).failed == ()
    examine(store, mender())  # the lexical index, where much of it is of what was taken out
    assert unsound(examine(store, mender())) == []


@pytest.mark.parametrize("kind", ["missing", "empty", "not one", "older"])
def test_a_lost_database_costs_nothing(
    store: Store, folder: Path, tmp_path: Path, kind: str
) -> None:
    home = store.folder
    if kind == "older":
        store.close()
        shutil.copy(home / "store.sqlite", tmp_path / "older")
        (folder / "third.txt").write_text(THIRD, "utf-8")
        with Store.open(home) as again:
            fill(again, folder)
        shutil.copy(tmp_path / "older", home / "store.sqlite")
    else:
        store.close()
        without_database(home)
        content = {"missing": None, "empty": b"", "not one": b"no database " * 500}[kind]
        if content is not None:
            (home / "store.sqlite").write_bytes(content)
    before = copies(home)
    findings = rebuild(home, mender())
    assert "mended" in {one.status for one in findings}
    assert "broken" not in {one.status for one in findings}
    assert copies(home) == before
    with Store.open(home) as again:
        if kind == "older":
            assert len(again.filings()) == 3
        else:
            is_whole(again, folder)


@pytest.mark.parametrize("what", ["add", "doctor"])
def test_neither_adding_nor_mending_deletes_what_the_database_does_not_know(
    store: Store, folder: Path, tmp_path: Path, what: str
) -> None:
    home, before = store.folder, copies(store.folder)
    store.close()
    without_database(home)
    other = tmp_path / "third.txt"
    other.write_text(THIRD, "utf-8")
    with Store.open(home, create=True) as empty:
        if what == "add":
            fill(empty, other)
            assert before < copies(home)
            return
        (told,) = unsound(examine(empty, mender()))
        assert "2 moved to set-aside/" in told.detail
        assert "--restore" in told.detail
        assert {path.name for path in (home / "set-aside").iterdir()} == before
        assert all(one.status != "broken" for one in examine(empty, mender(), restore=True))
        is_whole(empty, folder)
        assert list((home / "set-aside").iterdir()) == []


def test_without_the_names_a_rebuilt_filing_goes_by_its_sha256(store: Store) -> None:
    home = store.folder
    wanted = {f"{e.filing.sha256}.txt" for e in store.filings()}
    store.close()
    without_database(home)
    (home / "names.jsonl").unlink()
    rebuild(home, mender())
    with Store.open(home) as again:
        assert {e.filing.path for e in again.filings()} == wanted


@pytest.mark.parametrize("key", ["model", "revision", "dimension"])
def test_what_the_database_knows_of_its_model_is_noticed_and_made_anew(
    store: Store, folder: Path, key: str
) -> None:
    change(store, "UPDATE meta SET value = value || 'x' WHERE key = ?", key)
    with pytest.raises(StoreError, match=f"its {key} was changed"):
        examine(store, mender())
    home = store.folder
    store.close()
    rebuild(home, mender())
    with Store.open(home) as again:
        is_whole(again, folder)


def test_what_is_removed_leaves_no_name(store: Store, folder: Path) -> None:
    names = store.folder / "names.jsonl"
    store.remove(str(folder / "first.txt"))
    assert "first.txt" not in names.read_text("utf-8")
    assert "second.txt" in names.read_text("utf-8")


def test_a_wrong_digit_of_a_sha256_costs_nothing(store: Store, folder: Path) -> None:
    before = copies(store.folder)
    change(store, "UPDATE filings SET sha256 = 'x' || substr(sha256, 2) WHERE id = 1")
    told = unsound(examine(store, mender()))
    assert {one.status for one in told} == {"mended"}
    assert "first.txt" in next(one.detail for one in told if one.what == "filings")
    assert copies(store.folder) == before
    is_whole(store, folder)


CHANGES = [
    *(
        f"UPDATE filings SET {column} = 'x' WHERE id = 1"  # noqa: S608
        for column in ("path", "title", "company", "code", "filed_date", "activity_types")
    ),
    "UPDATE filings SET pair_count = 7 WHERE id = 1",
    "UPDATE filings SET text = substr(text, 1, 20) WHERE id = 1",
    "UPDATE filings SET text = (SELECT text FROM filings WHERE id = 2) WHERE id = 1",
    *(
        f"UPDATE pairs SET {column} = '7' WHERE id = 1"  # noqa: S608
        for column in ("number", "question", "question_spans", "pages", "boxes")
    ),
    "UPDATE pairs SET filing_id = 2 WHERE id = 1",
    "UPDATE pairs SET sentences = x'00' WHERE id = 1",
    "UPDATE vectors SET vectors = zeroblob(length(vectors)) WHERE pair_id = 1",
    "DELETE FROM pairs WHERE id = 1",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_a_damaged_row_is_named_and_derived_again(
    store: Store, folder: Path, statement: str
) -> None:
    change(store, statement)
    assert verify(store, read_lines).failed
    store.filings(), store.listed(), store.companies(), store.activities()
    told = unsound(examine(store, mender()))
    assert {one.status for one in told} == {"mended"}
    assert any("first.txt" in one.detail for one in told)
    is_whole(store, folder)


def test_a_damaged_copy_is_taken_from_its_source_again(store: Store, folder: Path) -> None:
    filing = next(e.filing for e in store.filings() if "first" in e.filing.path)
    store.original(filing).write_text("other", "utf-8")
    (told,) = unsound(examine(store, mender()))
    assert (told.what, told.status) == ("copies of filings", "mended")
    is_whole(store, folder)


@pytest.mark.parametrize("kind", ["changed", "gone"])
def test_adding_an_intact_file_again_mends_its_copy(store: Store, folder: Path, kind: str) -> None:
    filing = next(e.filing for e in store.filings() if "first" in e.filing.path)
    copy = store.original(filing)
    copy.write_text("other", "utf-8") if kind == "changed" else copy.unlink()
    report = fill(store, folder / "first.txt")
    assert report.files[0].status == "unchanged"
    assert "restored" in report.files[0].warnings[0]
    assert fault_of(copy, filing.sha256) is None


def test_adding_an_intact_file_again_derives_its_damaged_rows_again(
    store: Store, folder: Path
) -> None:
    change(store, "UPDATE pairs SET answer = '毛利率为四成。' WHERE id = 1")
    assert [row.status for row in fill(store, folder).files] == ["replaced", "unchanged"]
    is_whole(store, folder)


def test_what_is_past_mending_is_named_and_left(store: Store) -> None:
    change(store, "UPDATE filings SET company = 'x' WHERE id = 1")
    filing = store.filings()[0].filing
    for copy in (store.folder / "filings").iterdir():
        if copy != store.original(filing):
            copy.write_text("other", "utf-8")
    told = unsound(examine(store, mender()))
    assert any(one.status == "broken" and "first.txt" in one.detail for one in told)
    assert [e.filing for e in store.filings()] == [filing]


def test_a_copy_that_cannot_be_read_is_a_row(store: Store) -> None:
    filing = next(e.filing for e in store.filings() if "first" in e.filing.path)
    copy = store.original(filing)
    copy.unlink()
    copy.mkdir()
    (failure,) = verify(store, read_lines).failed
    assert "can't be read" in failure.reason
    assert any(one.status == "broken" for one in examine(store, mender()))


def test_what_was_filed_twice_under_one_name_stays_twice(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    """A former version, whose copy is still there, takes nobody's place when all is rebuilt."""
    home = store.folder
    kept = tmp_path / "kept"
    shutil.copytree(home / "filings", kept)
    (folder / "first.txt").write_text(THIRD, "utf-8")
    fill(store, folder)
    store.close()
    shutil.copytree(kept, home / "filings", dirs_exist_ok=True)
    without_database(home)
    rebuild(home, mender())
    with Store.open(home) as again:
        assert len(again.filings()) == 3
        first = next(e.filing for e in again.filings() if e.filing.path.endswith("first.txt"))
        assert first.company == "丙公司"
