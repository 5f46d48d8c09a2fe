"""A reranker orders the first pairs anew; what is said of them goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration, Ranked
from assistant.retrieval.rerank import DEPTH, rerank
from index.intake import build
from index.records import Reading
from index.store.store import Store
from tests.fakes import FakeEncoder, LengthReranker, read_lines


def ranked(count: int) -> list[Ranked]:
    return [Ranked(pair, float(-pair), 1 / (1 + pair)) for pair in range(count)]


def readings(pairs: Sequence[int]) -> list[Reading]:
    return [Reading("问" * (pair_id + 1), "答") for pair_id in pairs]


def test_the_first_ten_are_ordered_anew_and_the_rest_stays() -> None:
    reranker = LengthReranker()
    anew = rerank(ranked(13), "毛利率", readings, reranker)
    assert [r.pair_id for r in anew] == [*reversed(range(DEPTH)), 10, 11, 12]
    assert reranker.read[0] == ("毛利率", "问\n答")
    assert len(reranker.read) == DEPTH


def test_confidence_goes_with_the_pair_and_scores_still_fall() -> None:
    before = ranked(13)
    anew = rerank(before, "毛利率", readings, LengthReranker())
    sure = {r.pair_id: r.confidence for r in before}
    assert all(r.confidence == sure[r.pair_id] for r in anew)
    assert [r.score for r in anew] == [r.score for r in before]


def test_equal_scores_keep_their_order() -> None:
    def equal(pairs: Sequence[int]) -> list[Reading]:
        return [Reading("问", "答")] * len(pairs)

    before = ranked(5)
    assert rerank(before, "?", equal, LengthReranker()) == before


def test_places_with_equal_scores_come_apart() -> None:
    before = [replace(r, score=2.0) for r in ranked(12)]
    anew = rerank(before, "毛利率", readings, LengthReranker())
    by_score = sorted(anew, key=lambda r: (-r.score, r.pair_id))
    assert [r.pair_id for r in by_score] == [*reversed(range(DEPTH)), 10, 11]
    assert anew[0].score == pytest.approx(2.0)


def test_nothing_to_order_is_not_read() -> None:
    reranker = LengthReranker()
    assert rerank([], "?", readings, reranker) == []
    assert rerank(ranked(1), "?", readings, reranker) == ranked(1)
    assert rerank(ranked(3), "?", readings, None) == ranked(3)
    assert reranker.read == []


def test_the_assistant_shows_the_rerankers_first(tmp_path: Path) -> None:
    filed = tmp_path / "a.txt"
    filed.write_text(
        "甲公司|2024-01-01\n毛利率是多少|毛利率四成\n毛利率如何变化|毛利率上升了很多很多", "utf-8"
    )
    encoder = FakeEncoder()
    firsts = {}
    for reranker in (None, LengthReranker()):
        store = Store.open(tmp_path / "store", create=True)
        build.add(store, [filed], encoder, read=read_lines)
        with Assistant(store, encoder, Calibration.load(), reranker=reranker) as assistant:
            firsts[reranker] = assistant.ask(Query("毛利率是多少")).citations[0].pair.number
    assert list(firsts.values()) == ["1", "2"]
