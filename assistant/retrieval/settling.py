"""From candidates to what is shown first: who and when the question is about settle it.

A pair that speaks of another time, or doesn't speak of a party that the question names, doesn't
answer, however alike it sounds. Of those that do, the newest answer to the same question comes
first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from assistant.records import Reason
from assistant.retrieval.decide import SHORTLIST, Calibration, Ranked, rank
from assistant.retrieval.figures import amounts_in, numbers_in
from assistant.retrieval.retrieve import Retrieval, Retrieved
from assistant.retrieval.same_question import alike
from assistant.retrieval.timing import fits
from index.normalize import normalize
from index.records import Reading

# What is left of the confidence in a pair that speaks of another time or of nobody named.
UNFIT = 0.1
# How far below the first one's logit an answer to the same question may be and still come first.
_NEAR = 2.5
# The least confidence, as a share of the first one's, of a newer answer that comes before it.
_SURE = 0.5


class Fit(NamedTuple):
    """Candidates that speak of everybody named, and those of them that fit altogether."""

    named: set[int]
    fit: set[int]


@dataclass(frozen=True, slots=True)
class Settled:
    """Pairs in the order in which they are shown; ``reason``: why none of them answers, where that
    doesn't depend on their confidence."""

    ranked: tuple[Ranked, ...]
    reason: Reason | None = None


def settle(
    retrieved: Retrieved,
    calibration: Calibration,
    readings_of: Callable[[Sequence[int]], Sequence[Reading]],
    retrieval: Retrieval = "hybrid",
    depth: int = SHORTLIST,
) -> Settled:
    """Rank the candidates that fit, and after them the others."""
    mention = retrieved.mention
    if retrieved.kind == "talk":
        return Settled((), "not_a_question")
    if mention.absent and not mention.companies:
        return Settled((), "company_not_held")
    every = retrieved.pairs.tolist()
    found = fit_pairs(retrieved, readings_of)
    if mention.perhaps and found is not None and not found.named:
        return Settled((), "company_not_held")
    fit = found and found.fit
    if not fit and fit is not None:
        ranked = rank(retrieved, calibration, readings_of, retrieval, depth)
        return Settled(tuple(_unsure(one) for one in ranked))
    chosen = retrieved if fit is None else retrieved.among(fit)
    ranked = rank(chosen, calibration, readings_of, retrieval, depth)
    if retrieved.kind in ("name", "keyword") or not retrieved.when:
        ranked = newest_first(retrieved, ranked, readings_of)
    if fit is not None and len(ranked) < depth and len(fit) < len(every):
        others = retrieved.among(set(every) - fit)
        rest = rank(others, calibration, readings_of, retrieval, depth - len(ranked))
        ranked += [_unsure(one) for one in _below(ranked, rest)]
    reason: Reason | None = "not_a_question" if retrieved.kind == "name" else None
    return Settled(tuple(ranked), reason)


def fit_pairs(
    retrieved: Retrieved, readings_of: Callable[[Sequence[int]], Sequence[Reading]]
) -> Fit | None:
    """The candidates that fit; ``None`` where the question names no party, time or amount."""
    every = retrieved.pairs.tolist()
    mention = retrieved.mention
    named = [name for name in (*mention.parties, mention.perhaps) if name]
    amounts = amounts_in(retrieved.asked) if retrieved.kind == "statement" else frozenset()
    if not (retrieved.when or named or amounts):
        return None
    readings = dict(zip(every, readings_of(every), strict=True))
    speaking = {pair for pair in every if _names(readings[pair], named)}
    fit = {
        pair
        for pair in speaking
        if fits(retrieved.when, readings[pair])
        and amounts <= numbers_in(normalize(readings[pair].text))
    }
    return Fit(speaking, fit)


def _names(reading: Reading, parties: Sequence[str]) -> bool:
    if not parties:
        return True
    text = normalize(reading.text)
    return all(party in text for party in parties)


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
    readings_of: Callable[[Sequence[int]], Sequence[Reading]],
) -> list[Ranked]:
    """The same, where the newest answer to the question that the first one answers comes first.

    Confidences and scores stay with the places. Where a company's name or a topic is all that was
    asked, all pairs on it come newest first.
    """
    if len(ranked) < 2:
        return list(ranked)
    pairs = [one.pair_id for one in ranked]
    readings: Mapping[int, Reading] = dict(zip(pairs, readings_of(pairs), strict=True))
    if retrieved.kind in ("name", "keyword"):
        topic = normalize(retrieved.asked).strip() if retrieved.kind == "keyword" else ""
        moved = [p for p in pairs if topic in normalize(readings[p].question)]
    else:
        first = ranked[0]
        likely = {
            one.pair_id
            for one in ranked
            if one.score >= first.score - _NEAR and one.confidence >= _SURE * first.confidence
        }
        top = readings[first.pair_id]
        moved = [
            pair
            for pair in pairs
            if pair == first.pair_id
            or (
                readings[pair].company == top.company
                and (pair in likely or alike(readings[pair].question, top.question))
                and alike(readings[pair].question, top.question)
            )
        ]
    newest = sorted(moved, key=lambda pair: readings[pair].day or "", reverse=True)
    order = [*newest, *(pair for pair in pairs if pair not in set(moved))]
    if retrieved.kind not in ("name", "keyword"):
        # Only the newest goes up; what else there is stays where it was.
        order = [newest[0], *(pair for pair in pairs if pair != newest[0])]
    return [replace(one, pair_id=pair) for one, pair in zip(ranked, order, strict=True)]
