"""The same filings are ranked the same, whatever was removed and added before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.search import snapshot
from index.search.lexical import LexicalIndex
from index.search.snapshot import open_indexes
from index.store.catalogue import Catalogue, Listed
from index.store.store import Store
from tests.fakes import WORDS, FakeEncoder, read_lines

QUESTIONS = ("毛利率怎样", "有无回购", "产能如何，海外呢", "分红", "研发投入的毛利率影响")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Filings of which many say the same, and others much more often."""
    (tmp_path / "w").mkdir()
    for number in range(30):
        word, other = WORDS[number % 5], WORDS[(number * 3) % 8]
        lines = [f"{word}怎样|{word}为三成。", f"{other}如何|{other}{word}稳定，第{number % 4}次。"]
        if number % 3 == 0:
            lines.append("有无回购|没有回购。")  # the same in every third
        text = f"公司{number}|2024-01-{1 + number % 28:02}\n" + "\n".join(lines) + "\n"
        (tmp_path / "w" / f"{number:02}.txt").write_text(text, "utf-8")
    return tmp_path / "w"


def ranked(store: Path) -> list[list[tuple[str, str, float, float]]]:
    with Assistant(Store.open(store), FakeEncoder(), Calibration.load()) as assistant:
        answers = [assistant.ask(Query(question, top_k=20)) for question in QUESTIONS]
    return [
        [(c.filing.sha256, c.pair.number, c.score, c.confidence) for c in answer.citations]
        for answer in answers
    ]


def fill(folder: Path, *paths: Path) -> None:
    with Store.open(folder, create=True) as store:
        for path in paths:
            add(store, [path], FakeEncoder(), read=read_lines)


def test_removed_and_added_again_in_another_order_is_ranked_the_same(
    folder: Path, tmp_path: Path
) -> None:
    paths = sorted(folder.iterdir())
    once, often = tmp_path / "once", tmp_path / "often"
    fill(once, folder)
    fill(often, *paths[20:], *reversed(paths[:10]))
    with Store.open(often) as store:
        for path in paths[3:28:2]:
            if path not in paths[10:20]:
                store.remove(str(path))
        open_indexes(store, FakeEncoder.dimension)
    fill(often, *paths[15:], *reversed(paths[:15]))
    assert ranked(often) == ranked(once)


def test_what_was_removed_weighs_no_terms(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path / "once", *sorted(folder.iterdir())[:10])
    fill(tmp_path / "often", folder)
    with Store.open(tmp_path / "often") as store:
        for path in sorted(folder.iterdir())[10:]:
            store.remove(str(path))
        often = open_indexes(store, FakeEncoder.dimension)
    with Store.open(tmp_path / "once") as store:
        once = open_indexes(store, FakeEncoder.dimension)
    for question in QUESTIONS:
        assert often.ceiling(question) == once.ceiling(question)
        scores = [[score for _, score in i.matching(question, 9)] for i in (often, once)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-6)


def test_a_large_index_is_not_made_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_ANEW", 5)
    fill(tmp_path / "s", folder)
    with Store.open(tmp_path / "s") as store:
        stamps = {p.name for p in (store.folder / "indexes" / "lexical").glob("*.idx")}
        store.remove(str(folder / "03.txt"))
        open_indexes(store, FakeEncoder.dimension)
        assert stamps <= {p.name for p in (store.folder / "indexes" / "lexical").glob("*.idx")}


def test_equals_come_all_or_none() -> None:
    lexical = LexicalIndex()
    lexical.update((pair, "产能如何", "产能已满。" if pair < 30 else "很好") for pair in range(40))
    assert len(lexical.search("产能", 5)) == 30


def test_the_order_of_equals_goes_by_content() -> None:
    catalogue = Catalogue([Listed(1, 2, key=7), Listed(5, 2, key=3), Listed(9, 1, key=5)])
    pairs = np.array([1, 2, 5, 6, 9])
    assert pairs[catalogue.ordered(pairs)].tolist() == [5, 6, 9, 1, 2]
