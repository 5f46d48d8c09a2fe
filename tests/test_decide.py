"""Ranking and confidence come from logistic models over the evidence."""

from __future__ import annotations

import math

import pytest

from assistant.decide import Calibration, Further, Weights, rank, sigmoid
from assistant.match import matched
from assistant.retrieve import Candidate, Evidence, Retrieved
from index.errors import CallError

SHORTLIST = Weights(bias=-2.0, similarity=1.0, question_similarity=2.0, lexical=4.0)
FINAL = Weights(bias=-3.0, similarity=1.0, lexical=4.0, company=1.0, other_company=-5.0)
CALIBRATION = Calibration(SHORTLIST, FINAL, Further(-1.0, 1.0, -0.5), threshold=0.5)
DENSE = Candidate(7, Evidence(question_similarity=0.9, answer_similarity=0.1, lexical=0.0))
LEXICAL = Candidate(3, Evidence(question_similarity=0.2, answer_similarity=0.4, lexical=0.9))
BOTH = Retrieved("毛利率", (DENSE, LEXICAL))


def no_text(_pair_id: int) -> str:
    return ""


def test_logits_and_confidence() -> None:
    first, second = rank(BOTH, CALIBRATION, no_text)
    assert first.candidate is LEXICAL
    assert first.score == pytest.approx(-3.0 + 0.4 + 3.6)
    assert second.score == pytest.approx(-3.0 + 0.9)
    assert first.confidence == pytest.approx(1 / (1 + math.exp(-first.score)))
    further = -1.0 + second.score - 0.5 * (first.score - second.score)
    assert second.confidence == pytest.approx(1 / (1 + math.exp(-further)))


def test_one_side_alone() -> None:
    assert rank(BOTH, CALIBRATION, no_text, "dense")[0].candidate is DENSE
    assert rank(BOTH, CALIBRATION, no_text, "lexical")[0].candidate is LEXICAL
    with pytest.raises(CallError, match="sparse"):
        rank(BOTH, CALIBRATION, no_text, "sparse")  # type: ignore[arg-type]


def test_only_the_shortlist_is_read() -> None:
    read: list[int] = []

    def text_of(pair_id: int) -> str:
        read.append(pair_id)
        return ""

    assert len(rank(BOTH, CALIBRATION, text_of, depth=1)) == 1
    assert read == [LEXICAL.pair_id]


def test_a_named_company_speaks_for_its_pairs_and_against_others() -> None:
    own = Candidate(1, Evidence(0.1, 0.1, 0.1, company=1))
    other = Candidate(2, Evidence(0.5, 0.5, 0.5, company=-1))
    first, second = rank(Retrieved("毛利率", (other, own)), CALIBRATION, no_text)
    assert first.candidate is own
    assert first.score == pytest.approx(-3.0 + 0.1 + 0.4 + 1.0)
    assert second.score == pytest.approx(-3.0 + 0.5 + 2.0 - 5.0)


def test_ties_go_to_the_pair_filed_first() -> None:
    twins = Retrieved("毛利率", (Candidate(9, DENSE.evidence), Candidate(2, DENSE.evidence)))
    assert [r.candidate.pair_id for r in rank(twins, CALIBRATION, no_text)] == [2, 9]


def test_nothing_found() -> None:
    assert rank(Retrieved("毛利率", ()), CALIBRATION, no_text) == []


def test_sigmoid_is_safe_far_out() -> None:
    assert sigmoid(-1000) == 0.0
    assert sigmoid(1000) == 1.0
    assert sigmoid(0) == 0.5


def test_matched() -> None:
    whole, none, empty = matched("毛利率", ["公司毛利率为三成", "今日天气晴朗", ""])
    assert whole == pytest.approx(1.0, abs=1e-5)
    assert none < 0.7
    assert empty == 0.0
    assert matched("？", ["毛利率"]) == [0.0]


def test_matched_knows_related_words() -> None:
    related, unrelated = matched("卖股票", ["股东减持公司股份", "公司研发投入增加"])
    assert related > unrelated
