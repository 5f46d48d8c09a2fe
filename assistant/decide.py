"""Rank the candidates and say how sure the first one is.

Three logistic models over named evidence: the first makes a shortlist of all candidates; the
second also reads question and pair together (``match``) and ranks the shortlist; the third looks
at the first pair and how it stands out from the others, and gives the probability that it
answers. Their weights are fitted on labelled questions by ``python -m eval.calibrate`` and ship
as ``calibration.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from assistant.interaction import Coverage
from assistant.match import Reading, read_together
from assistant.retrieve import Candidate, Evidence, Retrieval, Retrieved
from index.errors import CallError

# Pairs that are read together with the question.
SHORTLIST = 24
# How far ahead a pair can be that has no rival.
_ALONE = 5.0
_COVERAGE = tuple(f.name for f in fields(Coverage))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score (the logit) and the probability that it answers."""

    candidate: Candidate
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic model: a bias, and weights of named values."""

    bias: float
    weights: Mapping[str, float]

    def logit(self, values: Mapping[str, float]) -> float:
        """Log-odds. A weight whose value is missing counts nothing."""
        return self.bias + sum(w * values.get(name, 0.0) for name, w in self.weights.items())


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
        """Chance that a pair answers."""
        return sigmoid(self.bias + self.logit * logit + self.margin * (first - logit))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The models, and the confidence from which Yuanda answers."""

    shortlist: Linear
    final: Linear
    confidence: Linear
    further: Further
    threshold: float

    @classmethod
    def load(cls, path: Path | None = None) -> Calibration:
        """Read weights from JSON; the shipped ones by default."""
        path = path or Path(__file__).with_name("calibration.json")
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        models = {
            name: Linear(document[name]["bias"], document[name]["weights"])
            for name in ("shortlist", "final", "confidence")
        }
        return cls(
            **models, further=Further(**document["further"]), threshold=document["threshold"]
        )


def rank(
    retrieved: Retrieved,
    calibration: Calibration,
    reading_of: Callable[[int], Reading],
    retrieval: Retrieval = "hybrid",
    depth: int = SHORTLIST,
) -> list[Ranked]:
    """The best ``depth`` candidates from best to worst, ties in the order of filing.

    ``reading_of`` gives a pair's text and year. ``dense`` and ``lexical`` rank by that side
    alone, for comparison; the confidence is that of the whole all the same.
    """
    sides = {"dense": "similarity", "lexical": "lexical"}
    if retrieval not in ("hybrid", *sides):
        raise CallError(f"unknown retriever {retrieval!r}: hybrid, dense or lexical")
    values = {c.pair_id: evidence_values(c.evidence) for c in retrieved.candidates}
    if retrieval == "hybrid":
        score = {pair: calibration.shortlist.logit(own) for pair, own in values.items()}
    else:
        score = {pair: own[sides[retrieval]] for pair, own in values.items()}
    best = sorted(retrieved.candidates, key=lambda c: (-score[c.pair_id], c.pair_id))[:depth]
    agreements = read_together(retrieved.asked, [reading_of(c.pair_id) for c in best])
    read = [values[c.pair_id] | asdict(a) for c, a in zip(best, agreements, strict=True)]
    logits = {c.pair_id: calibration.final.logit(own) for c, own in zip(best, read, strict=True)}
    order = sorted(range(len(best)), key=lambda i: (-logits[best[i].pair_id], best[i].pair_id))
    sure = sigmoid(
        calibration.confidence.logit(
            standing([logits[best[i].pair_id] for i in order], [read[i] for i in order], retrieved)
        )
    )
    if retrieval == "hybrid":
        best, score = [best[i] for i in order], logits
    return [
        Ranked(c, score[c.pair_id], _confidence(calibration, sure, logits, c.pair_id)) for c in best
    ]


def evidence_values(evidence: Evidence) -> dict[str, float]:
    """What the shortlist is made by."""
    return {
        "similarity": evidence.similarity,
        "question_similarity": evidence.question_similarity,
        "answer_similarity": evidence.answer_similarity,
        "lexical": evidence.lexical,
        "company": float(evidence.company == 1),
        "other_company": float(evidence.company == -1),
    }


def standing(
    logits: Sequence[float], read: Sequence[Mapping[str, float]], retrieved: Retrieved
) -> dict[str, float]:
    """What the first pair's confidence is made by: itself, and how it stands out.

    ``logits`` and ``read`` (all values of a pair) go from best to worst. Empty for no pair.
    """
    if not read:
        return {}
    first = dict(read[0])
    rivals = {
        f"{name}_behind": first[name] - max(own[name] for own in read)
        for name in ("question_similarity", "lexical", *_COVERAGE)
    }
    return {
        **first,
        **rivals,
        "logit": logits[0],
        "margin": logits[0] - logits[1] if len(logits) > 1 else _ALONE,
        "margin_third": logits[0] - logits[2] if len(logits) > 2 else _ALONE,
        "company_asked": float(any(own["company"] for own in read)),
        "length": math.log(max(1, len(retrieved.asked))),
    }


def _confidence(
    calibration: Calibration, sure: float, logits: Mapping[int, float], pair: int
) -> float:
    first = max(logits.values())
    if logits[pair] == first:
        return sure
    return min(sure, calibration.further.confidence(logits[pair], first))


def sigmoid(x: float) -> float:
    """The logistic function, safe for large ``|x|``."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))
