"""Ranking and confidence come from logistic models over the evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from assistant.retrieval.decide import Calibration, Further, Judged, Threshold, rank
from assistant.retrieval.interaction import Rows
from assistant.retrieval.logistic import Linear, sigmoid
from assistant.retrieval.match import AGREEMENT, read_together
from assistant.retrieval.retrieve import EVIDENCE, Retrieved
from index.errors import CallError
from index.records import Reading

SHORTLIST = Linear(-2.0, {"similarity": 1.0, "question_similarity": 2.0, "lexical": 4.0})
FINAL = Linear(-3.0, {"similarity": 1.0, "lexical": 4.0, "company": 1.0, "other_company": -5.0})
SURE = Linear(0.5, {"logit": 1.0, "margin": 2.0})
CALIBRATION = Calibration(
    SHORTLIST, FINAL, SURE, Further(-1.0, 1.0, -0.5), threshold=Threshold.at(0.5)
)
DENSE, LEXICAL = 7, 3
NOTHING = dict.fromkeys(EVIDENCE, 0.0)
BY_MEANING = NOTHING | {"similarity": 0.9, "question_similarity": 0.9, "answer_similarity": 0.1}
BY_WORDS = NOTHING | {
    "similarity": 0.4,
    "question_similarity": 0.2,
    "answer_similarity": 0.4,
    "lexical": 0.9,
}


def retrieved(found: dict[int, dict[str, float]]) -> Retrieved:
    rows = [list(evidence.values()) for evidence in found.values()]
    evidence = np.array(rows, dtype=float).reshape(-1, len(EVIDENCE))
    return Retrieved("毛利率", np.array(list(found), dtype=np.int64), evidence)


BOTH = retrieved({LEXICAL: BY_WORDS, DENSE: BY_MEANING})


def no_text(pairs: Sequence[int]) -> list[Reading]:
    return [Reading("", "")] * len(pairs)


def test_logits_and_confidence() -> None:
    first, second = rank(BOTH, CALIBRATION, no_text)
    assert first.pair_id == LEXICAL
    assert first.score == pytest.approx(-3.0 + 0.4 + 3.6)
    assert second.score == pytest.approx(-3.0 + 0.9)
    sure = 0.5 + first.score + 2.0 * (first.score - second.score)
    assert first.confidence == pytest.approx(1 / (1 + math.exp(-sure)))
    further = -1.0 + second.score - 0.5 * (first.score - second.score)
    assert second.confidence == pytest.approx(1 / (1 + math.exp(-further)))


def test_one_side_alone() -> None:
    assert rank(BOTH, CALIBRATION, no_text, "dense")[0].pair_id == DENSE
    assert rank(BOTH, CALIBRATION, no_text, "lexical")[0].pair_id == LEXICAL
    with pytest.raises(CallError, match="sparse"):
        rank(BOTH, CALIBRATION, no_text, "sparse")  # type: ignore[arg-type]


def test_only_the_shortlist_is_read() -> None:
    read: list[int] = []

    def readings_of(pairs: Sequence[int]) -> list[Reading]:
        read.extend(pairs)
        return no_text(pairs)

    assert len(rank(BOTH, CALIBRATION, readings_of, depth=1)) == 1
    assert read == [LEXICAL]


def test_a_named_company_speaks_for_its_pairs_and_against_others() -> None:
    first_four = EVIDENCE[:4]
    own = NOTHING | dict.fromkeys(first_four, 0.1) | {"company": 1.0}
    other = NOTHING | dict.fromkeys(first_four, 0.5) | {"other_company": 1.0}
    first, second = rank(retrieved({1: own, 2: other}), CALIBRATION, no_text)
    assert first.pair_id == 1
    assert first.score == pytest.approx(-3.0 + 0.1 + 0.4 + 1.0)
    assert second.score == pytest.approx(-3.0 + 0.5 + 2.0 - 5.0)


def test_ties_go_to_the_pair_filed_first() -> None:
    twins = retrieved({2: BY_MEANING, 9: BY_MEANING})
    assert [r.pair_id for r in rank(twins, CALIBRATION, no_text)] == [2, 9]


def test_nothing_found() -> None:
    assert rank(retrieved({}), CALIBRATION, no_text) == []


def test_sigmoid_is_safe_far_out() -> None:
    assert sigmoid(-1000) == 0.0
    assert sigmoid(1000) == 1.0
    assert sigmoid(0) == 0.5


def test_a_further_pair_is_never_surer_than_the_first() -> None:
    unsure = Calibration(
        SHORTLIST, FINAL, Linear(-9.0, {}), Further(9.0, 0.0, 0.0), threshold=Threshold.at(0.5)
    )
    first, second = rank(BOTH, unsure, no_text)
    assert second.confidence == first.confidence == pytest.approx(sigmoid(-9.0))


def agreement(question: str, text: str, year: str | None = None) -> SimpleNamespace:
    (row,) = read_together(question, [Reading("", text, year)])
    return SimpleNamespace(**dict(zip(AGREEMENT, row.tolist(), strict=True)))


def test_covered() -> None:
    whole = agreement("毛利率", "公司毛利率为三成")
    none = agreement("毛利率", "今日天气晴朗")
    assert (whole.covered, whole.least, whole.literal) == pytest.approx((1.0, 1.0, 1.0), abs=1e-5)
    assert whole.worst == pytest.approx(0.0, abs=1e-5)
    assert none.covered < 0.7
    assert none.literal == 0.0
    assert not any(read_together("公司战略", [Reading("", "")])[0])
    assert agreement("？", "毛利率").covered == 0.0
    assert read_together("毛利率", []).shape == (0, len(AGREEMENT))


def test_related_words_cover_each_other() -> None:
    related = agreement("卖股票", "股东减持公司股份").covered
    assert related > agreement("卖股票", "公司研发投入增加").covered


def test_years() -> None:
    said = agreement("2023年毛利率", "2023 年毛利率为三成", "2024")
    filed = agreement("2023年毛利率", "毛利率为三成", "2023")
    absent = agreement("2023年毛利率", "2021年毛利率为三成", "2022")
    assert (said.year_said, said.year_filed, said.year_absent) == (1.0, 0.0, 0.0)
    assert (filed.year_said, filed.year_filed, filed.year_absent) == (0.0, 1.0, 0.0)
    assert (absent.year_said, absent.year_filed, absent.year_absent) == (0.0, 0.0, 1.0)
    unasked = agreement("毛利率", "2021年毛利率为三成", "2022")
    assert (unasked.year_said, unasked.year_filed, unasked.year_absent) == (0.0, 0.0, 0.0)


def test_parts_of_the_year() -> None:
    assert agreement("三季度毛利率", "前三季度毛利率为三成").part_said == 1.0
    assert agreement("上半年毛利率", "半年度毛利率为三成").part_said == 1.0
    absent = agreement("一季度毛利率", "上半年毛利率为三成")
    assert (absent.part_said, absent.part_absent) == (0.0, 1.0)


def test_numbers() -> None:
    assert agreement("28.6%的限售股", "占28.6%的股份").numbers_said == 1.0
    half = agreement("1,200万元和35%", "1200 万元")
    assert (half.numbers_said, half.numbers_absent) == (0.0, 0.5)
    assert agreement("2023年毛利率", "无").numbers_absent == 0.0


class Verdicts:
    """A judge that says of each answer what it is told to."""

    name = "verdicts"

    def __init__(self, said: dict[str, float]) -> None:
        self.said = said

    def logits(self, question: str, readings: Sequence[Reading]) -> Rows:  # noqa: ARG002
        return np.array([self.said[reading.answer] for reading in readings])


def test_a_judge_speaks_for_the_confidence_and_in_the_order() -> None:
    sure = Linear(-1.0, {"judge": 2.0, "judge_rival": -1.0})
    texts = {LEXICAL: "by words", DENSE: "by meaning"}

    def readings_of(pairs: Sequence[int]) -> list[Reading]:
        return [Reading("", texts[pair]) for pair in pairs]

    judge = Verdicts({"by words": -1.0, "by meaning": 3.0})
    for order, first in ((0.0, LEXICAL), (5.0, DENSE)):
        deciding = Judged(judge.name, order, sure, Threshold.at(0.3))
        calibration = replace(CALIBRATION, judged=deciding)
        assert calibration.with_judge(judge).threshold == Threshold.at(0.3)
        ranked = rank(BOTH, calibration, readings_of, judge=judge)
        assert ranked[0].pair_id == first
        own, rival = (3.0, -1.0) if first == DENSE else (-1.0, 3.0)
        assert ranked[0].confidence == pytest.approx(sigmoid(-1.0 + 2.0 * own - rival))
        assert ranked[0].score >= ranked[1].score


def test_each_kind_of_question_has_its_threshold() -> None:
    threshold = Threshold(0.7, 0.8, 0.9)
    assert threshold.of(alone=True, question="毛利率？") == 0.7
    assert threshold.of(alone=False, question="毛利率？") == 0.8
    assert threshold.of(alone=True, question=" ") == 0.9
    assert Threshold.at(0.5) == (0.5, 0.5, 0.5)


def test_figures_asked_for() -> None:
    pairs = [
        Reading("收购花了多少钱？", "花了3.2亿元。"),
        Reading("收购花了多少钱？", "为了发展。"),
    ]
    columns = [AGREEMENT.index(name) for name in ("figure_absent", "figure_said")]
    assert read_together("收购花了多少钱", pairs)[:, columns].tolist() == [[0, 1], [1, 0]]
    for question in ("为什么收购", "毛利率为什么下降"):
        assert not read_together(question, pairs)[:, columns].any()
