"""Measures against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.measuring.measures import Outcome, expected_calibration_error, measure, retrieval_scores


def outcome(
    query: str, ranking: tuple[str, ...], right: str | None, answered: bool, confidence: float
) -> Outcome:
    return Outcome(query, ranking, {right: 1} if right else {}, answered, confidence)


OUTCOMES = [
    outcome("first", ("a", "b", "c"), "a", True, 0.9),
    outcome("third", ("a", "b", "c"), "c", True, 0.7),
    outcome("nothing found", (), "a", False, 0.0),
    outcome("unanswerable, answered", ("a",), None, True, 0.6),
    outcome("unanswerable, abstained", ("a",), None, False, 0.1),
]


def test_every_answerable_query_counts() -> None:
    measures = measure(OUTCOMES)
    assert measures["R@1"].value == pytest.approx(1 / 3)
    assert measures["R@5"].value == pytest.approx(2 / 3)
    assert measures["MRR@10"].value == pytest.approx((1 + 1 / 3) / 3)
    assert measures["nDCG@10"].value == pytest.approx((1 + 1 / math.log2(4)) / 3)


def test_abstention() -> None:
    measures = measure(OUTCOMES)
    assert measures["coverage"].value == pytest.approx(2 / 3)
    assert measures["wrong_among_answered"].value == pytest.approx(2 / 3)


def test_ties_are_not_broken_again() -> None:
    scores = retrieval_scores([outcome("q", ("z", "a"), "z", True, 1.0)])
    assert scores["R@1"].tolist() == [1.0]


def test_calibration_error() -> None:
    confidence = np.array([0.95, 0.95, 0.25, 0.25])
    right = np.array([1.0, 0.0, 0.0, 1.0])
    # Two bins of two: gaps 0.95 - 0.5 and 0.5 - 0.25, each with half of the queries.
    assert expected_calibration_error(confidence, right) == pytest.approx(0.35)


def test_interval_holds_the_value_and_narrows() -> None:
    few = measure([outcome(str(i), ("a",), "a" if i % 2 else "b", True, 0.5) for i in range(20)])
    many = measure([outcome(str(i), ("a",), "a" if i % 2 else "b", True, 0.5) for i in range(2000)])
    for estimate in (few["R@1"], many["R@1"]):
        assert estimate.low <= estimate.value == 0.5 <= estimate.high
    assert many["R@1"].high - many["R@1"].low < few["R@1"].high - few["R@1"].low


def test_no_queries() -> None:
    assert measure([])["R@1"].value == 0.0
