"""The shipped judge: what answers is told from what only speaks of the same."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.retrieval.cross import CrossEncoderJudge, part_of
from index.records import Reading

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def judge() -> CrossEncoderJudge:
    return CrossEncoderJudge()


def test_what_answers_stands_above_what_speaks_of_the_same(judge: CrossEncoderJudge) -> None:
    why = Reading("公司毛利率下降的原因是什么？", "主要系原材料价格上涨，以及产品结构变化所致。")
    how_much = Reading("公司2017年毛利率是多少？", "公司2017年毛利率为32.5%。")
    dividend = Reading("公司如何看待分红？", "公司会按照章程进行分红。")
    said = judge.logits("公司毛利率为什么下降", [dividend, why, how_much])
    assert said.shape == (3,)
    assert said.argmax() == 1
    assert said[1] > 0 > said[[0, 2]].max()


def test_another_year_is_not_answered(judge: CrossEncoderJudge) -> None:
    pair = [Reading("公司2017年毛利率是多少？", "公司2017年毛利率为32.5%。")]
    assert judge.logits("2016年毛利率是多少", pair) < 0 < judge.logits("2017年毛利率是多少", pair)


def test_nothing_to_read(judge: CrossEncoderJudge) -> None:
    assert judge.logits("公司毛利率", []).shape == (0,)


@pytest.mark.parametrize("text", ["", "\ud800", "公" * 5_000])
def test_any_text_is_read(judge: CrossEncoderJudge, text: str) -> None:
    assert np.isfinite(judge.logits(text, [Reading(text, text)])).all()


def test_of_a_long_answer_the_part_is_read_that_has_what_is_asked() -> None:
    answer = np.arange(1000)
    assert part_of(np.array([500, 510, 520]), answer, size=100).tolist() == list(range(450, 550))
    assert part_of(np.array([5000]), answer, size=100).tolist() == list(range(100))
    assert part_of(np.array([5]), answer[:50], size=100).tolist() == list(range(50))
