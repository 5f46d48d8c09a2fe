"""The store keeps what was added, all or nothing, and finds it again."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.errors import CallError, ModelError, ReadError, StoreError
from index.intake.build import AddReport, add
from index.records import Filters, ParsedFiling
from index.search.snapshot import open_indexes
from index.store.contents import Filed
from index.store.rows import LISTED_COLUMNS, PAIR_COLUMNS, SEALED_COLUMNS
from index.store.scope import pairs_of, passage_id
from index.store.seals import Damage, crc, seal
from index.store.store import Store
from index.upkeep.verify import verify
from tests.fakes import UNSEALED, FakeEncoder, read_lines

FIRST = "甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n有无回购|没有回购。\n"
SECOND = "乙公司|2024-06-01\n产能如何|产能已满。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    filings = tmp_path / "filings"
    filings.mkdir()
    (filings / "first.txt").write_text(FIRST, "utf-8")
    (filings / "second.txt").write_text(SECOND, "utf-8")
    return filings


def fill(store: Store, *paths: Path) -> AddReport:
    return add(store, paths, FakeEncoder(), read=read_lines)


@pytest.fixture
def store(tmp_path: Path, folder: Path) -> Store:
    store = Store.open(tmp_path / "store", create=True)
    fill(store, folder)
    return store


def statuses(report: AddReport) -> list[str]:
    return [row.status for row in report.files]


def test_what_was_added_comes_back(store: Store, folder: Path) -> None:
    parsed = read_lines(folder / "first.txt")
    assert store.pairs_of(parsed.filing.sha256) == list(parsed.pairs)
    assert store.text(parsed.filing.sha256) == FIRST
    assert store.original(parsed.filing).read_text("utf-8") == FIRST
    assert store.filed([1]) == {1: Filed(parsed.filing, parsed.pairs[0], parsed.text)}
    assert [(e.filing.company, e.pairs) for e in store.filings()] == [("乙公司", 1), ("甲公司", 2)]


def test_known_content_is_skipped(store: Store, folder: Path) -> None:
    (folder / "copy.txt").write_text(FIRST, "utf-8")
    report = fill(store, folder)
    assert statuses(report) == ["unchanged"] * 3
    assert report.pairs == 2 + 2 + 1
    assert len(store.filings()) == 2


def test_a_changed_file_replaces_its_former_version(store: Store, folder: Path) -> None:
    former = read_lines(folder / "first.txt").filing
    (folder / "first.txt").write_text("甲公司|2024-01-10\n有无分红|有分红。\n", "utf-8")
    assert statuses(fill(store, folder)) == ["replaced", "unchanged"]
    assert not store.known(former.sha256)
    assert not store.original(former).exists()
    assert [e.pairs for e in store.filings()] == [1, 1]


def test_indexes_follow_the_database(store: Store, folder: Path) -> None:
    (folder / "first.txt").write_text("甲公司|2024-01-10\n有无分红|有分红。\n", "utf-8")
    fill(store, folder / "first.txt")
    indexes = open_indexes(store, FakeEncoder.dimension)
    wanted = store.pair_ids().tolist()
    assert np.unique(pairs_of(indexes.dense.ids())).tolist() == wanted
    assert sorted(indexes.lexical.ids().tolist()) == wanted
    assert indexes.lexical.search("回购", 5) == []


@pytest.mark.parametrize(
    "kind", ["manifest.json", "*.vectors", "lexical/meta.json", "lexical/*.idx"]
)
@pytest.mark.parametrize("harm", ["flipped", "cut", "gone"])
def test_damaged_or_missing_indexes_are_rebuilt(store: Store, kind: str, harm: str) -> None:
    (path,) = (store.folder / "indexes").glob(kind)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "flipped":
        path.write_bytes(content)
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.unlink()
    for _ in range(2):
        indexes = open_indexes(store, FakeEncoder.dimension)
        assert [p for p, _ in indexes.lexical.search("回购", 5)] == [2]
        query = FakeEncoder().encode_queries(["产能"])
        assert pairs_of(indexes.dense.search(query, 1)[1]).tolist() == [3]


def test_what_a_kill_left_of_a_removal_is_no_hindrance(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tantivy names a list of deletions by a number that comes again after a kill."""
    monkeypatch.setattr("index.search.snapshot._ANEW", 0)
    lexical = store.folder / "indexes" / "lexical"
    meta = (lexical / "meta.json").read_bytes()
    store.remove(str(folder / "first.txt"))
    open_indexes(store, FakeEncoder.dimension)
    (lexical / "meta.json").write_bytes(meta)
    (lexical / "meta.json").touch()
    before = {path.name for path in lexical.glob("*.idx")}
    assert open_indexes(store, FakeEncoder.dimension).pair_ids().tolist() == [3]
    assert {path.name for path in lexical.glob("*.idx")} == before, "not rebuilt"


def test_filters(store: Store) -> None:
    def found(**conditions: str) -> list[int]:
        return store.pair_ids(Filters(**conditions)).tolist()

    assert found(company="甲") == [1, 2]
    assert found(since="2024-01-11") == [3]
    assert found(until="2024-01-10") == [1, 2]
    assert found(code="309001", since="2024-06-01", until="2024-06-01") == [3]
    assert found(code="309002") == []


def test_as_of_goes_by_the_day_of_filing(tmp_path: Path) -> None:
    """Held on the 10th and filed on the 12th: nobody could read it on the 11th."""
    dates = {
        "filed": ("2024-01-10", "2024-01-12"),
        "held": ("2024-01-10", None),
        "none": (None,) * 2,
    }
    for name, (held, _) in dates.items():
        (tmp_path / f"{name}.txt").write_text(f"{name}|{held or ''}\n产能|已满\n", "utf-8")

    def read(path: Path) -> ParsedFiling:
        parsed = read_lines(path)
        types = ("现场参观", "业绩说明会") if path.stem == "filed" else ()
        filing = replace(parsed.filing, filed_date=dates[path.stem][1], activity_types=types)
        return replace(parsed, filing=filing)

    with Store.open(tmp_path / "store", create=True) as store:
        add(store, sorted(tmp_path.glob("*.txt")), FakeEncoder(), read=read)

        def found(**conditions: str) -> list[str]:
            return sorted(entry.filing.company for entry in store.filings(Filters(**conditions)))

        assert found(as_of="2024-01-09") == []
        assert found(as_of="2024-01-11") == ["held"]
        assert found(as_of="2024-01-12") == ["filed", "held"]
        assert found(until="2024-01-11") == ["filed", "held"]
        assert found(activity="业绩说明会") == ["filed"]
        assert found(activity="业绩") == []


def test_one_bad_file_never_stops_the_rest(tmp_path: Path, folder: Path) -> None:
    (folder / "empty.txt").write_text("丙公司|\n", "utf-8")
    (folder / "bad.txt").write_text("x", "utf-8")

    def read(path: Path) -> ParsedFiling:
        if path.name == "bad.txt":
            raise ReadError(str(path), "broken")
        return read_lines(path)

    with Store.open(tmp_path / "store", create=True) as store:
        report = add(store, [folder, folder / "missing.txt"], FakeEncoder(), read=read)
    assert [(Path(r.path).name, r.status) for r in report.files] == [
        ("bad.txt", "failed"),
        ("empty.txt", "failed"),
        ("first.txt", "added"),
        ("second.txt", "added"),
        ("missing.txt", "failed"),
    ]
    errors = [r.error or "" for r in report.files]
    assert "broken" in errors[0]
    assert "no question" in errors[1]
    assert "no such file" in errors[4]


def test_folders_are_read_in_order_without_hidden_files(store: Store, folder: Path) -> None:
    (folder / ".hidden.txt").write_text(FIRST + "新|新", "utf-8")
    (folder / "notes.log").write_text("log", "utf-8")
    (folder / "deep").mkdir()
    (folder / "deep" / "third.txt").write_text("丙公司|\n订单如何|订单饱满。\n", "utf-8")
    (folder / "loop").symlink_to(folder)
    names = [Path(row.path).name for row in fill(store, folder, folder / "first.txt").files]
    assert names == ["first.txt", "second.txt", "third.txt"]


def test_remove_by_path_or_sha256(store: Store, folder: Path) -> None:
    first = read_lines(folder / "first.txt").filing
    assert store.remove(str(folder / "second.txt")).company == "乙公司"
    assert store.remove(first.sha256[:8]) == first
    assert store.filings() == []
    assert list((store.folder / "filings").iterdir()) == []
    with pytest.raises(CallError, match="no such filing"):
        store.remove("ffff")


def test_a_store_keeps_to_its_model(store: Store, folder: Path) -> None:
    with pytest.raises(ModelError, match="fake"):
        add(store, [folder], FakeEncoder(revision="2"), read=read_lines)


def test_no_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="yuanda add"):
        Store.open(tmp_path)
    (tmp_path / "store.sqlite").write_text("not a database, but long enough to be none")
    with pytest.raises(StoreError, match="is damaged"):
        Store.open(tmp_path)


def test_a_newer_store_is_refused(store: Store) -> None:
    store.close()
    connection = sqlite3.connect(store.folder / "store.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        Store.open(store.folder)


def test_verify_proves_a_sound_store(store: Store) -> None:
    proof = verify(store, read_lines)
    assert (proof.filings, proof.pairs, proof.failed, proof.notes) == (2, 3, (), ())


def test_verify_finds_a_changed_answer(store: Store) -> None:
    connection = sqlite3.connect(store.folder / "store.sqlite")
    connection.execute("UPDATE pairs SET answer = '毛利率为四成。' WHERE id = 1")
    connection.commit()
    connection.close()
    (failure,) = verify(store, read_lines).failed
    assert failure.number == "1"
    assert "its row was changed" in failure.reason
    (damage,) = [row for row in store.rows_of(failure.sha256) if isinstance(row, Damage)]
    assert damage.number == "1"


def resealed(store: Store, change: str) -> None:
    """Change the database, and make all its checksums those of what it holds then."""
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.create_function("crc", -1, crc)
        connection.create_function("seal", -1, lambda *values: seal(values))
        listed, sealed, pair = map(", ".join, (LISTED_COLUMNS, SEALED_COLUMNS, PAIR_COLUMNS))
        of = "(SELECT sha256 FROM filings WHERE filings.id = filing_id)"
        connection.execute(change)
        seals = f"listed_crc = crc({listed}), seal = seal({sealed})"
        connection.execute(f"UPDATE filings SET {seals}")  # noqa: S608
        seals = f"said_crc = crc(question, answer), seal = seal({of}, {pair})"
        connection.execute(f"UPDATE pairs SET {seals}")  # noqa: S608
    connection.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE pairs SET answer = '毛利率为四成。' WHERE id = 1", "the answer is not what"),
        ("UPDATE pairs SET number = '7' WHERE id = 1", "split otherwise"),
        ("UPDATE filings SET company = '丙公司' WHERE id = 1", "its head says otherwise: company"),
        ("UPDATE filings SET code = '309002' WHERE id = 1", "its head says otherwise: code"),
        ("UPDATE filings SET title = '公告' WHERE id = 1", "its head says otherwise: title"),
        ("UPDATE filings SET filed_date = '2024-01-11' WHERE id = 1", "otherwise: filed_date"),
        ("UPDATE filings SET activity_date = NULL WHERE id = 1", "otherwise: activity_date"),
    ],
)
def test_what_was_changed_with_its_checksums_is_found_by_reading_again(
    store: Store, change: str, reason: str
) -> None:
    resealed(store, change)
    assert not store.damaged()
    (failure,) = verify(store, read_lines).failed
    assert reason in failure.reason


def test_verify_finds_a_harmed_copy_and_a_changed_source(store: Store, folder: Path) -> None:
    first, second = (read_lines(folder / f"{n}.txt").filing for n in ("first", "second"))
    store.original(first).write_text("other", "utf-8")
    (folder / "second.txt").write_text("other", "utf-8")
    reasons = {(f.sha256, f.reason) for f in verify(store, read_lines).failed}
    assert (first.sha256, "the store's copy of the file was changed") in reasons
    assert (second.sha256, "changed since it was added: `yuanda add` it again") in reasons


def test_a_moved_store_is_still_proved(store: Store, folder: Path, tmp_path: Path) -> None:
    store.close()
    moved = store.folder.rename(tmp_path / "moved")
    for file in folder.iterdir():
        file.unlink()
    with Store.open(moved) as again:
        proof = verify(again, read_lines)
    assert proof.failed == ()
    assert len(proof.notes) == 2


# Passages as they were kept up to version 4: a row each, as float32.
_PASSAGES = """
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    pair_id INTEGER NOT NULL REFERENCES pairs ON DELETE CASCADE,
    start INTEGER NOT NULL,
    length INTEGER NOT NULL,
    vector BLOB NOT NULL
) STRICT;
CREATE INDEX passages_of_pair ON passages (pair_id);
DROP TABLE vectors;
DROP TABLE removed;
DROP TRIGGER pair_removed;
DROP INDEX filings_listed;
ALTER TABLE filings DROP COLUMN first_pair;
ALTER TABLE filings DROP COLUMN pair_count;
DELETE FROM meta WHERE key IN ('store', 'dimension');
"""
_LATER = (
    "ALTER TABLE filings DROP COLUMN short_name",
    "ALTER TABLE filings DROP COLUMN recognised",
    "DROP TABLE feedback",
    _PASSAGES,
    "ALTER TABLE pairs DROP COLUMN sentences",
    "ALTER TABLE pairs DROP COLUMN session; ALTER TABLE pairs DROP COLUMN left_out",
    "DROP TABLE text_pieces; DROP INDEX pairs_own; DROP INDEX pairs_own_days;"
    "ALTER TABLE pairs DROP COLUMN company;"
    "ALTER TABLE pairs DROP COLUMN code; ALTER TABLE pairs DROP COLUMN date;"
    "ALTER TABLE pairs DROP COLUMN short_name; ALTER TABLE pairs DROP COLUMN tables",
    "ALTER TABLE filings DROP COLUMN former_names",
    UNSEALED,
)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_an_older_database_is_brought_up(store: Store, version: int) -> None:
    home, wanted = store.folder, list(store.vectors(store.pair_ids()))
    ids, listed = open_indexes(store, FakeEncoder.dimension).dense.ids().tolist(), store.listed()
    store.close()
    older = sqlite3.connect(home / "store.sqlite")
    for change in reversed(_LATER[version - 1 :]):
        older.executescript(change)
    for pair, first, rows in wanted if version < 5 else ():
        vectors = np.frombuffer(rows, dtype=np.float16).reshape(-1, FakeEncoder.dimension)
        for place, vector in enumerate(vectors.astype(np.float32), start=first):
            values = (passage_id(pair, place), pair, 0, 0, vector.tobytes())
            older.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", values)
    older.execute(f"PRAGMA user_version = {version}")
    older.commit()
    older.close()
    with Store.open(home) as opened:
        assert {entry.filing.short_name for entry in opened.filings()} == {""}
        assert {entry.filing.recognised for entry in opened.filings()} == {False}
        assert list(opened.vectors(opened.pair_ids())) == wanted
        assert opened.listed() == listed
        assert opened.dimension == FakeEncoder.dimension
        assert open_indexes(opened, FakeEncoder.dimension).dense.ids().tolist() == ids
        assert verify(opened, read=read_lines).failed == ()
