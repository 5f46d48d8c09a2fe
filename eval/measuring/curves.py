"""Confidence against truth: the risk-coverage curve and the reliability diagram's bins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from eval.measuring.measures import BINS, Outcome, confidence_bin


class Point(NamedTuple):
    """Share of all queries answered, and the share of wrong answers among them."""

    coverage: float
    risk: float


class Bin(NamedTuple):
    """Queries of like confidence: their mean confidence and how many are right first."""

    confidence: float
    accuracy: float
    queries: int


def risk_coverage(outcomes: Sequence[Outcome]) -> list[Point]:
    """A point for each threshold that parts the queries, from the strictest on.

    El-Yaniv & Wiener 2010, "On the foundations of noise-free selective classification". Queries
    with nothing found can't be answered at any threshold.
    """
    found = sorted((o for o in outcomes if o.ranking), key=lambda o: -o.confidence)
    points, answered, wrong = [], 0, 0
    for _, tied in groupby(found, key=lambda o: o.confidence):
        for outcome in tied:
            answered += 1
            wrong += not outcome.right
        points.append(Point(answered / len(outcomes), wrong / answered))
    return points


def chosen(outcomes: Sequence[Outcome]) -> Point | None:
    """Where the threshold in use stands on the curve; ``None`` where nothing was answered."""
    answered = [o for o in outcomes if o.answered]
    if not answered:
        return None
    wrong = sum(not o.right for o in answered)
    return Point(len(answered) / len(outcomes), wrong / len(answered))


def reliability(outcomes: Sequence[Outcome]) -> list[Bin]:
    """The bins that the expected calibration error is taken over, the empty ones left out."""
    members: list[list[Outcome]] = [[] for _ in range(BINS)]
    for outcome in outcomes:
        members[confidence_bin(outcome.confidence)].append(outcome)
    return [
        Bin(
            sum(o.confidence for o in queries) / len(queries),
            sum(o.right for o in queries) / len(queries),
            len(queries),
        )
        for queries in members
        if queries
    ]
