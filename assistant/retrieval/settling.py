"""From candidates to what is shown first: who and when the question is about settle it.

A pair that speaks of another time, or doesn't speak of a party that the question names, doesn't
answer, however alike it sounds. Of those that do, the newest answer to the same question comes
first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.records import Reason
from assistant.retrieval.decide import SHORTLIST, Calibration, Ranked, Readings, nearest, rank
from assistant.retrieval.judging import Judge
from assistant.retrieval.logistic import Linear
from assistant.retrieval.retrieve import Retrieval, Retrieved
from assistant.understanding.figures import amounts_in, says
from assistant.understanding.periods import without_periods
from assistant.understanding.same_question import alike
from assistant.understanding.timing import fits
from index.normalize import normalize
from index.records import Reading
from index.terms import terms

# What is left of the confidence in a pair that speaks of another time or of nobody named.
UNFIT = 0.1
# How far below the first one's logit a newer answer may be and still come before it: an eighth as
# likely to be the right one; where the newest is asked for, a twentieth.
_NEAR, _NEAR_ENOUGH = 2.0, 3.0
# Candidates that are looked through for the time asked of and who is named.
_LOOKED_THROUGH = 72


@dataclass(frozen=True, slots=True)
class Settled:
    """Pairs in the order in which they are shown; ``reason``: why none of them answers, where that
    doesn't depend on their confidence."""

    ranked: tuple[Ranked, ...]
    reason: Reason | None = None


def settle(
    retrieved: Retrieved,
    calibration: Calibration,
    readings_of: Readings,
    retrieval: Retrieval = "hybrid",
    depth: int = SHORTLIST,
    judge: Judge | None = None,
) -> Settled:
    """Rank the candidates that fit, and after them the others; where none fits, none is sure.

    A ``judge`` reads the first of those that fit.
    """
    reason, fit = fitting(retrieved, calibration.shortlist, readings_of)
    if reason or (fit is not None and not fit):
        ranked = rank(retrieved, calibration, readings_of, retrieval, depth)
        return Settled(tuple(map(_unsure, ranked)), reason)
    chosen = retrieved if fit is None else retrieved.among(fit)
    ranked = rank(chosen, calibration, readings_of, retrieval, depth, judge)
    if is_of_now(retrieved):
        ranked = newest_first(retrieved, ranked, readings_of)
    if fit and len(ranked) < depth and len(fit) < len(retrieved.pairs):
        others = retrieved.among(set(retrieved.pairs.tolist()) - fit)
        rest = rank(others, calibration, readings_of, retrieval, depth - len(ranked))
        ranked += [_unsure(one) for one in _below(ranked, rest)]
    return Settled(tuple(ranked), "not_a_question" if retrieved.kind == "name" else None)


def fitting(
    retrieved: Retrieved, shortlist: Linear, readings_of: Readings
) -> tuple[Reason | None, set[int] | None]:
    """Why nothing can answer, and the candidates that may (``None``: all)."""
    mention, when, kind = retrieved.mention, retrieved.when, retrieved.kind
    if kind == "talk":
        return "not_a_question", None
    if mention.absent and not mention.companies:
        return "company_not_held", None
    amounts = amounts_in(retrieved.asked) if kind == "statement" else frozenset()
    if not (when or mention.parties or mention.perhaps or amounts or kind == "keyword"):
        return None, None
    every = nearest(retrieved, shortlist, _LOOKED_THROUGH)
    readings = dict(zip(every, readings_of(every), strict=True))
    named = list(mention.parties)
    if mention.perhaps:
        if not any(_names(reading, [mention.perhaps]) for reading in readings.values()):
            return "company_not_held", None
        if not mention.companies:
            named.append(mention.perhaps)
    topic = _words(retrieved.asked) if kind == "keyword" else []
    return None, {
        pair
        for pair, reading in readings.items()
        if _names(reading, named)
        and fits(when, reading)
        and (not amounts or says(normalize(reading.text), amounts))
        and (not topic or _says_any(reading, topic))
    }


def is_of_now(retrieved: Retrieved) -> bool:
    """Whether the newest answer is meant."""
    return not retrieved.when or retrieved.when.this_year or retrieved.when.latest


def _names(reading: Reading, parties: Sequence[str]) -> bool:
    if not parties:
        return True
    text = normalize(reading.text)
    return all(party in text for party in parties)


def _words(topic: str) -> list[str]:
    return [word for word in terms(topic) if len(word) > 1] or [topic]


def _says_any(reading: Reading, words: Sequence[str]) -> bool:
    text = normalize(reading.text)
    return any(word in text for word in words)


def _unsure(one: Ranked) -> Ranked:
    return replace(one, confidence=one.confidence * UNFIT)


def _below(first: Sequence[Ranked], rest: Sequence[Ranked]) -> list[Ranked]:
    """The rest with scores below those of the first ones."""
    if not first or not rest:
        return list(rest)
    down = max(0.0, rest[0].score - first[-1].score + 1e-6)
    return [replace(one, score=one.score - down) for one in rest]


def newest_first(
    retrieved: Retrieved,
    ranked: Sequence[Ranked],
    readings_of: Readings,
) -> list[Ranked]:
    """The same, where the newest answer to the question that the first one answers comes first.

    Confidences and scores stay with the places. Where a topic is all that was asked, all questions
    on it come newest first.
    """
    if len(ranked) < 2:
        return list(ranked)
    pairs = [one.pair_id for one in ranked]
    readings: Mapping[int, Reading] = dict(zip(pairs, readings_of(pairs), strict=True))
    moved: list[int] = []
    if retrieved.kind == "keyword":
        topic = "".join(
            character for character in without_periods(retrieved.asked) if character.isalnum()
        )
        moved = [p for p in pairs if topic and topic in normalize(readings[p].question)]
    is_list = bool(moved)
    if not moved:
        first, near = ranked[0], _NEAR_ENOUGH if retrieved.when.latest else _NEAR
        top = readings[first.pair_id]
        moved = [
            one.pair_id
            for one in ranked
            if readings[one.pair_id].company == top.company
            and (
                one.score >= first.score - near
                or alike(readings[one.pair_id].question, top.question)
            )
        ]
    newest = sorted(moved, key=lambda pair: readings[pair].day or "", reverse=True)
    order = [*newest, *(pair for pair in pairs if pair not in set(moved))]
    if not is_list:
        # Only the newest goes up; what else there is stays where it was.
        order = [newest[0], *(pair for pair in pairs if pair != newest[0])]
    return [replace(one, pair_id=pair) for one, pair in zip(ranked, order, strict=True)]
