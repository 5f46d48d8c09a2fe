"""Measures over groups of queries: by company, year, question type, language and style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.measuring.measures import Estimate, Outcome, measure
from eval.sets.datasets import SLICES

# The group of the queries that don't say which group they are of: every query counts.
UNSTATED = "-"
SHOWN = ("R@1", "R@5", "MRR@10", "coverage", "wrong_among_answered", "served")


@dataclass(frozen=True, slots=True)
class Group:
    """The queries that share a value, and the ``SHOWN`` measures over them."""

    value: str
    queries: int
    answerable: int
    measures: dict[str, Estimate]


def slices_of(outcomes: Sequence[Outcome]) -> dict[str, tuple[Group, ...]]:
    """Groups by value, for each of ``SLICES`` that any query states."""
    found = {}
    for name in SLICES:
        members: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            members.setdefault(outcome.slices.get(name, UNSTATED), []).append(outcome)
        if members.keys() - {UNSTATED}:
            found[name] = tuple(_group(value, members[value]) for value in sorted(members))
    return found


def _group(value: str, outcomes: Sequence[Outcome]) -> Group:
    measures = measure(outcomes)
    return Group(
        value,
        len(outcomes),
        sum(bool(o.relevant) for o in outcomes),
        {name: measures[name] for name in SHOWN},
    )
