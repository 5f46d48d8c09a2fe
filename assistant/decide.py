"""Rank the candidates and say how sure the first one is.

Two logistic models over the evidence: the first makes a shortlist of all candidates; the second
also reads question and pair together (``match``), and gives each pair on the shortlist the
probability that it answers, which is both its rank and its confidence. Their weights are fitted
on labelled questions by ``python -m eval.calibrate`` and ship as ``calibration.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.match import matched
from assistant.retrieve import Candidate, Evidence, Retrieval, Retrieved
from index.errors import CallError

# Pairs that are read together with the question.
SHORTLIST = 24


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score (the logit) and the probability that it answers."""

    candidate: Candidate
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of a logistic model over ``Evidence`` and how much of the question is covered."""

    bias: float = 0.0
    similarity: float = 0.0
    question_similarity: float = 0.0
    answer_similarity: float = 0.0
    lexical: float = 0.0
    company: float = 0.0
    other_company: float = 0.0
    matched: float = 0.0

    def logit(self, evidence: Evidence, covered: float = 0.0) -> float:
        """Log-odds that a pair answers."""
        return (
            self.bias
            + self.similarity * evidence.similarity
            + self.question_similarity * evidence.question_similarity
            + self.answer_similarity * evidence.answer_similarity
            + self.lexical * evidence.lexical
            + self.company * (evidence.company == 1)
            + self.other_company * (evidence.company == -1)
            + self.matched * covered
        )


@dataclass(frozen=True, slots=True)
class Further:
    """Logistic model of the pairs after the first one.

    Over their logit and how far it is below the first one's: that another pair answers better
    speaks against them.
    """

    bias: float = 0.0
    logit: float = 1.0
    margin: float = 0.0

    def confidence(self, logit: float, first: float) -> float:
        """Chance that a pair answers; never above the first one's."""
        further = self.bias + self.logit * logit + self.margin * (first - logit)
        return sigmoid(min(first, further))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Both models, and the confidence from which Yuanda answers."""

    shortlist: Weights
    final: Weights
    further: Further
    threshold: float

    @classmethod
    def load(cls, path: Path | None = None) -> Calibration:
        """Read weights from JSON; the shipped ones by default."""
        path = path or Path(__file__).with_name("calibration.json")
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            shortlist=Weights(**document["shortlist"]),
            final=Weights(**document["final"]),
            further=Further(**document["further"]),
            threshold=document["threshold"],
        )


def rank(
    retrieved: Retrieved,
    calibration: Calibration,
    text_of: Callable[[int], str],
    retrieval: Retrieval = "hybrid",
    depth: int = SHORTLIST,
) -> list[Ranked]:
    """The best ``depth`` candidates from best to worst, ties in the order of filing.

    ``text_of`` gives a pair's text. ``dense`` and ``lexical`` rank by that side alone, for
    comparison; the confidence is that of the whole all the same.
    """
    if retrieval == "dense":
        score = {c.pair_id: c.evidence.similarity for c in retrieved.candidates}
    elif retrieval == "lexical":
        score = {c.pair_id: c.evidence.lexical for c in retrieved.candidates}
    elif retrieval == "hybrid":
        score = {c.pair_id: calibration.shortlist.logit(c.evidence) for c in retrieved.candidates}
    else:
        raise CallError(f"unknown retriever {retrieval!r}: hybrid, dense or lexical")
    best = sorted(retrieved.candidates, key=lambda c: (-score[c.pair_id], c.pair_id))[:depth]
    covered = matched(retrieved.asked, [text_of(c.pair_id) for c in best])
    logits = {
        c.pair_id: calibration.final.logit(c.evidence, cover)
        for c, cover in zip(best, covered, strict=True)
    }
    if retrieval == "hybrid":
        score = logits
        best.sort(key=lambda c: (-score[c.pair_id], c.pair_id))
    first = max(logits.values(), default=0.0)
    return [
        Ranked(c, score[c.pair_id], _confidence(calibration, logits[c.pair_id], first))
        for c in best
    ]


def _confidence(calibration: Calibration, logit: float, first: float) -> float:
    if logit == first:
        return sigmoid(logit)
    return calibration.further.confidence(logit, first)


def sigmoid(x: float) -> float:
    """The logistic function, safe for large ``|x|``."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))
