"""Past the size where the dense index is compressed: exact filters, recall, removal, switching."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from index.errors import CallError
from index.intake.build import add
from index.search import vectors
from index.search.manifest import read_manifest
from index.search.segments import MOST, Segment, merged
from index.search.snapshot import current_state, improve, open_indexes
from index.search.vectors import DenseIndex
from index.store.scope import PLACE_BITS, Ids, Runs, pairs_of
from index.store.store import Store
from index.upkeep.doctor import examine, recall
from index.upkeep.mending import Mender
from tests.fakes import WORDS, FakeEncoder, read_lines

PAIRS, DIMENSION = 6000, 32


def unit_rows(count: int, seed: int = 5) -> np.ndarray:
    """Vectors in some clusters, as float16."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(60, DIMENSION))
    rows = middles[random.integers(60, size=count)] + 0.6 * random.normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


ROWS = unit_rows(2 * PAIRS)
IDS = np.array([pair << PLACE_BITS | place for pair in range(1, PAIRS + 1) for place in (0, 1)])
QUERIES = unit_rows(20, seed=6).astype(np.float32)


@pytest.fixture(scope="module")
def compressed() -> DenseIndex:
    half = PAIRS  # rows of the first half of the pairs
    dense = DenseIndex(DIMENSION).with_added(IDS[:half], ROWS[:half])
    return dense.compress().with_added(IDS[half:], ROWS[half:])


def brute_force(query: np.ndarray, allowed: Ids, k: int) -> np.ndarray:
    """The ``k`` best scores among the allowed pairs, by the formula."""
    inside = np.isin(pairs_of(IDS), allowed)
    scores = ROWS[inside].astype(np.float32) @ query
    return np.sort(scores)[::-1][:k]


@pytest.mark.parametrize("share", [0.0002, 0.01, 0.09])
@pytest.mark.parametrize("few", [1, 30_000])
def test_selective_filters_are_exact(
    compressed: DenseIndex, share: float, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the subset is read through or searched in all lists."""
    monkeypatch.setattr(vectors, "_FEW", few)
    random = np.random.default_rng(8)
    allowed = np.sort(random.choice(PAIRS, max(1, int(share * PAIRS)), replace=False)) + 1
    for query in QUERIES:
        scores, ids = compressed.search(query, 20, Runs.of(allowed))
        assert np.isin(pairs_of(ids), allowed).all()
        np.testing.assert_allclose(scores, brute_force(query, allowed, 20), atol=1e-6)


@pytest.mark.parametrize("sparse", [0.0, 1.0])
def test_half_is_exact_too_while_nothing_is_compressed(
    sparse: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_SPARSE", sparse)
    dense = DenseIndex(DIMENSION).with_added(IDS, ROWS)
    for allowed in (np.arange(1, PAIRS + 1, 2), np.arange(1, PAIRS + 1)):
        scores, _ = dense.search(QUERIES[0], 50, Runs.of(allowed))
        np.testing.assert_allclose(scores, brute_force(QUERIES[0], allowed, 50), atol=1e-6)


def test_candidates_are_what_a_search_finds(compressed: DenseIndex) -> None:
    exact = DenseIndex(DIMENSION).with_added(IDS, ROWS)
    some = Runs.of(np.arange(1, PAIRS + 1, 40))
    for query in QUERIES:
        for allowed in (None, some):
            wanted = exact.search(query, 50, allowed)[1]
            assert sorted(exact.candidates(query, 50, allowed)) == sorted(wanted)
        assert sorted(compressed.candidates(query, 50, some)) == sorted(wanted), (
            "read, as they are few"
        )
        wanted = compressed.search(query, 20)[1]
        assert np.isin(wanted, compressed.candidates(query, 50)).all()


@pytest.mark.parametrize("wide", [None, 0.5])
def test_recall_against_reading_all(compressed: DenseIndex, wide: float | None) -> None:
    allowed = np.arange(1, PAIRS + 1)
    if wide:
        allowed = np.sort(np.random.default_rng(3).choice(allowed, int(wide * PAIRS), False))
    shares = []
    for query in QUERIES:
        wanted = brute_force(query, allowed, 64)
        scores, _ = compressed.search(query, 64, Runs.of(allowed) if wide else None)
        shares.append((scores >= wanted[-1] - 1e-6).mean())
    assert np.mean(shares) >= 0.98
    scores, ids = compressed.exact(QUERIES[0], 64)
    np.testing.assert_allclose(scores, brute_force(QUERIES[0], np.arange(PAIRS + 1), 64), atol=1e-6)
    order = np.argsort(ids)
    np.testing.assert_array_equal(compressed.scores(QUERIES[0], ids[order]), scores[order])


def test_removed_passages_are_not_found(compressed: DenseIndex) -> None:
    query = QUERIES[1]
    gone = np.unique(pairs_of(compressed.search(query, 30)[1]))
    less = compressed.without(gone)
    assert sum(len(s.ids) for s in less.segments) == len(IDS) - 2 * len(gone)
    left = np.setdiff1d(np.arange(1, PAIRS + 1), gone)
    for allowed in (None, left, left[::2]):
        scores, ids = less.search(query, 30, None if allowed is None else Runs.of(allowed))
        assert not np.isin(pairs_of(ids), gone).any()
        wanted = brute_force(query, left if allowed is None else allowed, 30)
        assert (scores >= wanted[-1] - 1e-6).mean() >= 0.9
    assert less.holds_removed()
    again = less.compress()
    assert not again.holds_removed()
    assert again.compressed is not None
    assert len(again.compressed.ids) == again.compressed.index.ntotal == 2 * len(left)


def test_segments_are_written_anew_a_few_times_only() -> None:
    written, segments = 0, []
    for pair in range(1, 301):
        ids = np.array([pair << PLACE_BITS])
        before = {id(s) for s in segments}
        segments = merged([*segments, Segment(ids, np.zeros((1, 4), dtype=np.float16))])
        written += sum(len(s.ids) for s in segments if id(s) not in before)
    assert len(segments) <= 10
    assert written <= 300 * 10
    assert [
        len(s.ids)
        for s in merged(
            [
                Segment(np.arange(MOST), np.zeros((MOST, 1), np.float16)),
                Segment(np.arange(MOST, MOST + 5), np.zeros((5, 1), np.float16)),
            ]
        )
    ] == [MOST, 5]


# Stores


def fill(store: Store, folder: Path, numbers: range) -> None:
    """Filings of three pairs each."""
    folder.mkdir(exist_ok=True)
    for n in numbers:
        words = [WORDS[(n + i) % 8] * (1 + n % 3) for i in range(3)]
        lines = "".join(f"第{n}问{w}如何|{w}第{n}答，{WORDS[n % 8]}。\n" for w in words)
        (folder / f"{n:03}.txt").write_text(f"甲公司{n}|2024-01-10\n{lines}", "utf-8")
    paths = [folder / f"{n:03}.txt" for n in numbers]
    add(store, paths, FakeEncoder(), read=read_lines, processes=1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed index from a few passages on."""
    monkeypatch.setattr(vectors, "COMPRESS", 60)
    monkeypatch.setattr(vectors, "TAIL", 20)


@pytest.mark.usefixtures("small")
def test_a_store_is_compressed_when_it_has_grown(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(5))
        assert open_indexes(store, 8).dense.compressed is None
        fill(store, tmp_path / "filings", range(5, 30))
        first = open_indexes(store, 8)
        assert first.dense.compressed is not None
        state = current_state(store)
        fill(store, tmp_path / "filings", range(30, 32))
        assert current_state(store) != state
        later = open_indexes(store, 8).dense
        assert later.compressed is not None
        assert len(later.ids()) - len(later.compressed.ids) == 12
        assert len(first.dense.ids()) == len(later.compressed.ids), "the former state stays"
        store.remove(str(tmp_path / "filings" / "003.txt"))
        open_indexes(store, 8)
        found = {one.what: one.status for one in examine(store, Mender(FakeEncoder, read_lines))}
        assert found["compressed index"] == "mended"
        assert set(found.values()) == {"sound", "mended"}
        assert {one.status for one in examine(store, Mender(FakeEncoder, read_lines))} == {"sound"}
        assert not open_indexes(store, 8).dense.holds_removed()
        assert recall(store, 50) == {"R@10": 1.0, "R@64": 1.0, "R@128": 1.0}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", ["*.vectors", "*.faiss", "*.ids", "lexical/*.term"])
def test_doctor_mends_a_flipped_bit_that_nobody_has_touched(tmp_path: Path, kind: str) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(30))
        query = FakeEncoder().encode_queries(["产能"])
        wanted = open_indexes(store, 8).dense.search(query, 5)[0]
        path = sorted((store.folder / "indexes").glob(kind))[0]
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 8
        path.write_bytes(content)
        statuses = {one.what: one.status for one in examine(store, Mender(FakeEncoder, read_lines))}
        assert "mended" in statuses.values()
        assert "broken" not in statuses.values()
        np.testing.assert_array_equal(open_indexes(store, 8).dense.search(query, 5)[0], wanted)
        assert {one.status for one in examine(store, Mender(FakeEncoder, read_lines))} == {"sound"}


def test_doctor_says_what_it_cannot_mend(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(3))
        filing = store.filings()[0].filing
        store.original(filing).unlink()
        Path(filing.path).unlink()
        found = examine(store, Mender(FakeEncoder, read_lines))
        (broken,) = [one for one in found if one.status == "broken"]
        assert broken.what == "copies of filings"
        assert "yuanda add" in broken.detail


@pytest.mark.usefixtures("small")
def test_adding_while_searching(tmp_path: Path) -> None:
    """A state that is being searched stays as it is while the next ones are published."""
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(25))
        indexes = open_indexes(store, 8)
        query = FakeEncoder().encode_queries(["产能"])
        wanted = indexes.dense.search(query, 20), indexes.matching("产能", 20)
        stop, faults, rounds = threading.Event(), list[str](), [0]

        def search() -> None:
            while not stop.is_set():
                scores, ids = indexes.dense.search(query, 20)
                same = np.array_equal(scores, wanted[0][0]) and np.array_equal(ids, wanted[0][1])
                if not same or indexes.matching("产能", 20) != wanted[1]:
                    faults.append("another result")
                rounds[0] += 1

        threads = [threading.Thread(target=search) for _ in range(2)]
        for thread in threads:
            thread.start()
        for start in range(25, 61, 12):
            fill(store, tmp_path / "filings", range(start, start + 12))
            store.remove(str(tmp_path / "filings" / f"{start - 20:03}.txt"))
            improve(store, anew=True)
        stop.set()
        for thread in threads:
            thread.join()
        assert faults == []
        assert rounds[0] > 0
        assert open_indexes(store, 8).count == store.counts()[1]


def test_two_trainers_do_not_get_in_each_others_way(tmp_path: Path, small: None) -> None:
    del small
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(30))
        done: list[bool] = []

        def train() -> None:
            with Store.open(tmp_path / "store") as own:
                done.append(improve(own, anew=True))

        threads = [threading.Thread(target=train) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert any(done)
        indexes = open_indexes(store, 8)
        assert indexes.count == store.counts()[1]
        names = {p.name for p in (store.folder / "indexes").glob("*.faiss")}
        manifest = read_manifest(store.folder / "indexes")
        assert manifest is not None
        assert manifest.compressed is not None
        assert names == {manifest.compressed.name}


def test_half_files_that_kills_left_are_taken_away(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(3))
        for name in (".manifest.json.abc", ".checked.json.abc"):
            (store.folder / "indexes" / name).write_bytes(b"")
        fill(store, tmp_path / "filings", range(3, 5))
        assert open_indexes(store, 8).count == store.counts()[1]
        assert not list((store.folder / "indexes").glob(".*"))


def test_a_manifest_of_another_store_is_not_believed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "one", create=True) as one:
        fill(one, tmp_path / "filings", range(3))
        content = (one.folder / "indexes" / "manifest.json").read_bytes()
    with Store.open(tmp_path / "two", create=True) as two:
        fill(two, tmp_path / "filings", range(3, 7))
        (two.folder / "indexes" / "manifest.json").write_bytes(content)
        assert open_indexes(two, 8).pair_ids().tolist() == two.pair_ids().tolist()


def test_a_folder_that_cannot_be_written_is_still_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(4))
        wanted = open_indexes(store, 8).matching("产能", 5)
        store.remove(str(tmp_path / "filings" / "000.txt"))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("index.search.manifest.write_atomically", full)
        monkeypatch.setattr("index.search.snapshot.Kept.publish", full)
        indexes = open_indexes(store, 8)
        assert indexes.pair_ids().tolist() == store.pair_ids().tolist()
        assert np.unique(pairs_of(indexes.dense.ids())).tolist() == store.pair_ids().tolist()
        monkeypatch.undo()
        assert open_indexes(store, 8).count == store.counts()[1]
        assert wanted


def test_a_full_disk_loses_nothing_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(3))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("index.store.store.copy_atomically", full)
        (tmp_path / "more").mkdir()
        paths = []
        for n in range(4):
            paths.append(tmp_path / "more" / f"{n}.txt")
            paths[-1].write_text(f"乙公司|2024-01-10\n产能{n}如何|已满{n}\n", "utf-8")
        report = add(store, paths, FakeEncoder(), read=read_lines, processes=1)
        assert {row.status for row in report.files} == {"failed"}
        assert all("No space left" in (row.error or "") for row in report.files)
        assert store.counts() == (3, 9)
        monkeypatch.undo()
        report = add(store, paths, FakeEncoder(), read=read_lines, processes=1)
        assert {row.status for row in report.files} == {"added"}
        assert open_indexes(store, 8).count == 13


def test_a_batch_is_kept_together_or_not_at_all(tmp_path: Path) -> None:
    first = str(tmp_path / "filings" / "000.txt")
    with Store.open(tmp_path / "store", create=True) as store:
        fill(store, tmp_path / "filings", range(3))

        def fail() -> None:
            with store.batch():
                store.remove(first)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert store.counts() == (3, 9)
        with store.batch():
            store.remove(first)
            with pytest.raises(CallError):
                store.remove(first)
        assert store.counts() == (2, 6)
        assert store.orphans() == []
