"""`yuanda add` killed at any moment, and twice at once: nothing lost, doubled or unproved."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.intake.parse import parse
from index.search.snapshot import open_indexes
from index.store.scope import pairs_of
from index.store.store import Store
from index.upkeep.verify import verify
from tests.fakes import FakeEncoder, read_lines
from tests.paths import ROOT

FILINGS = 32
# What the `yuanda` command runs.
YUANDA = [sys.executable, "-c", "import sys; from assistant.cli.main import main; sys.exit(main())"]
# Times between two files and for the indexes, roughly, on a slow machine.
FILE, INDEXES = 0.006, 0.3

Texts = dict[str, set[tuple[str, str]]]


def write(folder: Path, level: str) -> None:
    """Some filings; ``level`` stands in each answer, so that another makes other versions."""
    folder.mkdir(exist_ok=True)
    for i in range(FILINGS):
        pairs = "".join(
            f"问题 {n}、公司第 {n} 条产线的产能利用率如何？\n"
            f"回答：第 {n} 条产线的利用率约为{level}，{i} 号工厂逐月回升。\n"
            for n in range(1, 2 + i % 4)
        )
        (folder / f"{i:02}.txt").write_text(
            f"禾木股份有限公司\n投资者关系活动记录表\n证券代码：{309000 + i}\n"
            f"活动时间：2024 年 5 月 {1 + i % 28} 日\n{pairs}",
            "utf-8",
        )


def expected(folder: Path) -> Texts:
    """Questions and answers by file."""
    return {
        path.name: {(p.question, p.answer) for p in parse(path).pairs}
        for path in sorted(folder.iterdir())
    }


def start(folder: Path, store: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*YUANDA, "add", folder, "--store", store, "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_add(folder: Path, store: Path, rows: int, delay: float) -> set[str]:
    """Kill an add ``delay`` seconds after its ``rows``-th report; names of all reported files."""
    process = start(folder, store)
    assert process.stdout
    assert process.stderr
    reported = [process.stderr.readline() for _ in range(rows)]
    time.sleep(delay)
    process.kill()
    reported += process.stderr.read().splitlines()
    process.stdout.close()
    process.stderr.close()
    process.wait()
    # A kill may cut the last line short.
    names = (line.strip().rpartition(os.sep)[2] for line in reported)
    return {name for name in names if name.endswith(".txt")}


def stored(store: Store) -> Texts:
    """Questions and answers by file; every one of them there once."""
    found: Texts = {}
    for entry in store.filings():
        pairs = store.pairs_of(entry.filing.sha256)
        name = Path(entry.filing.path).name
        assert name not in found
        found[name] = {(p.question, p.answer) for p in pairs}
        assert len(found[name]) == len(pairs) == entry.pairs
    return found


def check_indexes(store: Store) -> None:
    """Both indexes can be had from what the kill left, with each pair once."""
    dimension = load_encoder(None).dimension
    indexes = open_indexes(store, dimension)
    pairs = store.pair_ids().tolist()
    assert sorted(indexes.lexical.ids().tolist()) == pairs
    passages = indexes.dense.ids()
    assert len(set(passages.tolist())) == len(passages)
    assert sorted(set(pairs_of(passages).tolist())) == pairs


def left_behind(store: Path, copy: Path) -> Store:
    """What a kill left, opened elsewhere, so that the next add meets it as it is."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(store, copy)
    return Store.open(copy)


def completed(process: subprocess.Popen[str]) -> dict[str, int]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    totals: dict[str, int] = json.loads(out)["totals"]
    assert totals["failed"] == 0
    return totals


@pytest.mark.model
def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    folder, path, copy = tmp_path / "filings", tmp_path / "store", tmp_path / "copy"
    write(folder, "八成")
    wanted = expected(folder)
    rng = random.Random(20240912)
    moments = [(rng.randint(1, 5), rng.uniform(0, FILE)) for _ in range(5)]
    moments += [(FILINGS, rng.uniform(0, INDEXES)) for _ in range(3)]
    kept: Texts = {}
    done = 0
    for new, delay in moments:
        reported = killed_add(folder, path, min(done + new, FILINGS), delay)
        with left_behind(path, copy) as store:
            found = stored(store)
            assert reported | kept.keys() <= found.keys()
            assert found.items() <= wanted.items()
            proof = verify(store)
            assert (proof.filings, proof.failed) == (len(found), ())
            check_indexes(store)
        kept, done = found, len(found)
    totals = completed(start(folder, path))
    assert totals["unchanged"] == len(kept)
    assert len(list((path / "filings").iterdir())) == FILINGS
    with Store.open(path) as store:
        assert stored(store) == wanted
        assert verify(store).failed == ()
        check_indexes(store)


@pytest.mark.model
def test_a_kill_amid_replacing_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    folder, path, copy = tmp_path / "filings", tmp_path / "store", tmp_path / "copy"
    write(folder, "八成")
    old = expected(folder)
    completed(start(folder, path))
    write(folder, "九成")
    new = expected(folder)
    rng = random.Random(7)
    done = 0
    for _ in range(3):
        rows = min(done + rng.randint(1, 8), FILINGS)
        reported = killed_add(folder, path, rows, rng.uniform(0, FILE))
        with left_behind(path, copy) as store:
            found = stored(store)
            assert found.keys() == new.keys()
            assert all(pairs in (old[name], new[name]) for name, pairs in found.items())
            assert all(found[name] == new[name] for name in reported)
            # The store's own copies prove either version; only the sources differ.
            assert {f.reason.split(":")[0] for f in verify(store).failed} <= {
                "changed since it was added"
            }
            check_indexes(store)
        done = sum(found[name] == new[name] for name in new)
    completed(start(folder, path))
    with Store.open(path) as store:
        assert stored(store) == new
        assert verify(store).failed == ()


@pytest.mark.model
def test_two_writers_at_once_share_the_work(tmp_path: Path) -> None:
    folder, path = tmp_path / "filings", tmp_path / "store"
    write(folder, "八成")
    both = [completed(writer) for writer in [start(folder, path), start(folder, path)]]
    assert sum(totals["added"] for totals in both) == FILINGS
    assert sum(totals["unchanged"] for totals in both) == FILINGS
    with Store.open(path) as store:
        assert stored(store) == expected(folder)
        assert verify(store).failed == ()
        check_indexes(store)


def test_what_a_kill_left_of_a_copy_is_taken_away(tmp_path: Path) -> None:
    filing = tmp_path / "filing.txt"
    filing.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n", "utf-8")
    with Store.open(tmp_path / "store", create=True) as store:
        add(store, [filing], FakeEncoder(), read=read_lines)
        copies = store.folder / "filings"
        (kept,) = copies.iterdir()
        for name in (f".{kept.name}.x1y2", f".{'0' * 64}.txt.x1y2", f"{'0' * 64}.txt", "mine.txt"):
            (copies / name).write_bytes(b"part")
        add(store, [filing], FakeEncoder(), read=read_lines)
        # A whole one may be all that is left of a filing: it stays until the doctor sets it aside.
        assert {c.name for c in copies.iterdir()} == {kept.name, f"{'0' * 64}.txt", "mine.txt"}
        store.set_aside()
        assert {c.name for c in copies.iterdir()} == {kept.name, "mine.txt"}


def test_content_that_another_writer_added_meanwhile_is_unchanged(tmp_path: Path) -> None:
    filing = tmp_path / "filing.txt"
    filing.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n", "utf-8")
    encoder = FakeEncoder()
    with Store.open(tmp_path / "store", create=True) as ours, Store.open(ours.folder) as theirs:

        def read_slowly(path: Path) -> object:
            add(theirs, [path], encoder, read=read_lines)
            return read_lines(path)

        report = add(ours, [filing], encoder, read=read_slowly)  # type: ignore[arg-type]
        assert [row.status for row in report.files] == ["unchanged"]
        assert verify(ours, read_lines).failed == ()


def test_an_open_assistant_follows_other_writers(tmp_path: Path) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n", "utf-8")
    second.write_text("乙公司|2024-02-10\n产能如何|产能已满。\n", "utf-8")
    encoder, path = FakeEncoder(), tmp_path / "store"
    with Store.open(path, create=True) as store:
        add(store, [first], encoder, read=read_lines)

    def cited(assistant: Assistant, question: str) -> list[str]:
        return [c.filing.company for c in assistant.ask(Query(question)).citations]

    with (
        Assistant(Store.open(path), encoder, Calibration.load()) as assistant,
        Store.open(path) as other,
    ):
        assert cited(assistant, "毛利率") == ["甲公司"]
        add(other, [second], encoder, read=read_lines)
        assert "乙公司" in cited(assistant, "产能")
        other.remove(str(first))
        assert cited(assistant, "毛利率") == ["乙公司"]


@pytest.mark.model
def test_kills_amid_adding_removing_and_switching(tmp_path: Path) -> None:
    """A few of `python -m eval.robustness.kills`, in a process that OpenMP has started no threads
    in: a child forked from one that it has would wait for them forever."""
    report = tmp_path / "kills.json"
    call = [sys.executable, "-m", "eval.robustness.kills", "--kills", "12", "--json", str(report)]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL, timeout=300, cwd=ROOT)
    outcome = json.loads(report.read_text("utf-8"))
    assert outcome["faults"] == []
    found = [outcome[name] for name in ("kills", "lost", "doubled", "failed_to_open")]
    assert found == [12, 0, 0, 0]
