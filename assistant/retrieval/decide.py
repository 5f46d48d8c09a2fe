"""Rank the candidates and say how sure the first one is.

Three logistic models over named evidence: the first makes a shortlist of all candidates; the
second also reads question and pair together (``match``) and ranks the shortlist; the third, which
has a hidden layer, looks at the first pair and how it stands out from the others, and gives the
probability that it answers. Their weights are fitted on labelled questions by
``python -m eval.fitting.calibrate`` and ship as ``calibration.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assistant.retrieval.interaction import COVERAGE, Rows
from assistant.retrieval.judging import DEPTH, JUDGED, Judge, verdict
from assistant.retrieval.logistic import Linear, Logistic, Network, sigmoid
from assistant.retrieval.match import AGREEMENT, read_together
from assistant.retrieval.retrieve import EVIDENCE, Retrieval, Retrieved
from index.errors import CallError
from index.records import Reading

# What is read of pairs, by their ids, in that order.
Readings = Callable[[Sequence[int]], Sequence[Reading]]
Places = npt.NDArray[np.intp]

# The calibration that ships.
SHIPPED = Path(__file__).with_name("calibration.json")

# Pairs that are read together with the question.
SHORTLIST = 24
# How far ahead a pair can be that has no rival.
_ALONE = 5.0

FEATURES = (*EVIDENCE, *AGREEMENT)
# In which the first pair is compared with the best of its rivals.
_COMPARED = ("question_similarity", "lexical", "literal", *COVERAGE)
_RIVALLED = [FEATURES.index(name) for name in _COMPARED]
STANDING: tuple[str, ...] = (
    *FEATURES,
    *(f"{name}_behind" for name in _COMPARED),
    *("logit", "margin", "margin_third", "company_asked", "alone", "length"),
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A pair with its score (the logit) and the probability that it answers."""

    pair_id: int
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Further:
    """Logistic model of the pairs after the first one.

    Over their logit and how far it is below the first one's: that another pair answers better
    speaks against them.
    """

    bias: float = 0.0
    logit: float = 1.0
    margin: float = 0.0

    def confidences(self, logits: Rows, first: float) -> Rows:
        """Chance of each pair to answer: ``first`` for the best, no more for any other."""
        best = logits.max()
        behind = self.bias + self.logit * logits + self.margin * (best - logits)
        chances = np.minimum(first, [sigmoid(value) for value in behind.tolist()])
        return np.where(logits == best, first, chances)


class Threshold(NamedTuple):
    """The confidence from which Yuanda answers, for each kind of question.

    ``alone``: one company's pairs alone may answer; ``many``: those of any may; ``hidden``: the
    first pair has no filed question, only an answer.
    """

    alone: float
    many: float
    hidden: float

    @classmethod
    def at(cls, level: Threshold | float) -> Threshold:
        """One confidence for all, or a threshold as it is."""
        return level if isinstance(level, Threshold) else cls(level, level, level)

    def of(self, *, alone: bool, question: str) -> float:
        """The one that holds, where ``question`` is the first pair's."""
        if not question.strip():
            return self.hidden
        return self.alone if alone else self.many


@dataclass(frozen=True, slots=True)
class Judged:
    """What decides where the judge of this name is asked.

    ``order`` is what its log-odds count in the order of the pairs that it reads.
    """

    judge: str
    order: float
    confidence: Logistic
    threshold: Threshold
    thresholds: tuple[tuple[float, Threshold], ...] = ()

    @classmethod
    def read(cls, document: dict[str, Any]) -> Judged:
        """From a part of the calibration's JSON."""
        return cls(
            document["judge"],
            document["order"],
            Network.read(document["confidence"], (*STANDING, *JUDGED)),
            Threshold(*document["threshold"]),
            _thresholds(document),
        )


def _thresholds(document: dict[str, Any]) -> tuple[tuple[float, Threshold], ...]:
    return tuple((wrong, Threshold(*levels)) for wrong, *levels in document["thresholds"])


@dataclass(frozen=True, slots=True)
class Calibration:
    """The models, and the confidence from which Yuanda answers.

    ``thresholds`` are the confidences for other shares of wrong answers, each with its share.
    ``judged`` is what takes the place of confidence and thresholds where a judge is asked.
    """

    shortlist: Linear
    final: Linear
    confidence: Logistic
    further: Further
    threshold: Threshold
    thresholds: tuple[tuple[float, Threshold], ...] = ()
    judged: Judged | None = None

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Calibration:
        """Read weights from JSON; the shipped ones by default."""
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        judged = document.get("judged")
        return cls(
            shortlist=Linear.read(document["shortlist"]),
            final=Linear.read(document["final"]),
            confidence=Network.read(document["confidence"], STANDING),
            further=Further(**document["further"]),
            threshold=Threshold(*document["threshold"]),
            thresholds=_thresholds(document),
            judged=judged and Judged.read(judged),
        )

    def with_judge(self, judge: Judge | None) -> Calibration:
        """The same with the thresholds that hold where this judge is asked; ``CallError`` where
        the calibration knows of no such judge."""
        if judge is None:
            return self
        if self.judged is None or self.judged.judge != judge.name:
            raise CallError(f"no confidence is calibrated for the judge {judge.name}")
        return replace(self, threshold=self.judged.threshold, thresholds=self.judged.thresholds)

    def threshold_for(self, wrong: float) -> Threshold:
        """The confidence from which at most the share ``wrong`` of what is answered is wrong.

        That of the largest calibrated share up to ``wrong``; ``CallError`` where that is none.
        """
        fitting = [level for share, level in self.thresholds if share <= wrong and min(level) < 1]
        if not fitting:
            least = min((share for share, level in self.thresholds if min(level) < 1), default=None)
            raise CallError(f"no threshold is calibrated for {wrong} wrong: {least} is least")
        return Threshold(*map(min, *fitting)) if len(fitting) > 1 else fitting[0]


def rank(
    retrieved: Retrieved,
    calibration: Calibration,
    readings_of: Readings,
    retrieval: Retrieval = "hybrid",
    depth: int = SHORTLIST,
    judge: Judge | None = None,
) -> list[Ranked]:
    """The best ``depth`` candidates from best to worst, ties in the order of the candidates.

    ``readings_of`` gives texts and years. ``dense`` and ``lexical`` rank by that side
    alone, for comparison; the confidence is that of the whole all the same. A ``judge`` is asked
    where the calibration knows of it.
    """
    sides = {"dense": "similarity", "lexical": "lexical"}
    if retrieval not in ("hybrid", *sides):
        raise CallError(f"unknown retriever {retrieval!r}: hybrid, dense or lexical")
    if not len(retrieved.pairs):
        return []
    ids, evidence = retrieved.pairs, retrieved.evidence
    if retrieval == "hybrid":
        scores = calibration.shortlist.logits(evidence, EVIDENCE)
    else:
        scores = evidence[:, EVIDENCE.index(sides[retrieval])]
    best = np.argsort(-scores, kind="stable")[:depth]
    read = read_rows(retrieved, best, readings_of)
    logits = calibration.final.logits(read, FEATURES)
    order = np.lexsort((best, -logits))
    said = None
    if judge and calibration.judged:
        said = judge.logits(retrieved.asked, readings_of(ids[best[order[:DEPTH]]].tolist()))
        order, said = judged_order(order, logits, said, calibration.judged.order)
    sure = confidence_of_first(calibration, logits[order], read[order], retrieved, said)
    confidences = calibration.further.confidences(logits, sure)
    if retrieval == "hybrid":
        # Scores stay with the places, so that they say the order.
        best, scores = best[order], np.sort(logits)[::-1]
        confidences = np.sort(confidences)[::-1]
    else:
        scores = scores[best]
    columns = ids[best].tolist(), scores.tolist(), confidences.tolist()
    return [Ranked(*row) for row in zip(*columns, strict=True)]


def judged_order(order: Places, logits: Rows, said: Rows, weight: float) -> tuple[Places, Rows]:
    """The order (places in ``logits``, from best to worst) with the judge's word, and what it said
    of the first ones in that order."""
    first = order[: len(said)]
    anew = np.argsort(-(logits[first] + weight * said), kind="stable")
    return np.concatenate([first[anew], order[len(said) :]]), said[anew]


def nearest(retrieved: Retrieved, shortlist: Linear, depth: int) -> list[int]:
    """The ``depth`` candidates that both sides' evidence puts first, best first."""
    scores = shortlist.logits(retrieved.evidence, EVIDENCE)
    best: list[int] = retrieved.pairs[np.argsort(-scores, kind="stable")[:depth]].tolist()
    return best


def read_rows(retrieved: Retrieved, places: npt.NDArray[np.intp], readings_of: Readings) -> Rows:
    """A row of ``FEATURES`` for each of the candidates at ``places``."""
    readings = readings_of(retrieved.pairs[places].tolist())
    read = read_together(retrieved.asked, readings, retrieved.before)
    return np.hstack([retrieved.evidence[places], read])


def standing(logits: Rows, read: Rows, retrieved: Retrieved) -> Rows:
    """What the first pair's confidence is made by (``STANDING``): itself, and how it stands out.

    ``logits`` and the rows of ``read`` go from best to worst, one at least.
    """
    first = read[0]
    behind = first[_RIVALLED] - read[:, _RIVALLED].max(axis=0)
    return np.array(
        [
            *first,
            *behind,
            logits[0],
            logits[0] - logits[1] if len(logits) > 1 else _ALONE,
            logits[0] - logits[2] if len(logits) > 2 else _ALONE,
            read[:, FEATURES.index("company")].max(),
            float(retrieved.alone),
            math.log(max(1, len(retrieved.asked) + len(retrieved.before))),
        ]
    )


def confidence_of_first(
    calibration: Calibration,
    logits: Rows,
    read: Rows,
    retrieved: Retrieved,
    said: Rows | None = None,
) -> float:
    """The chance that the first pair answers; ``logits`` and ``read`` go from best to worst.

    ``said`` are the judge's log-odds of the first ones, where there is a judge.
    """
    row, names, model = standing(logits, read, retrieved), STANDING, calibration.confidence
    if said is not None and calibration.judged:
        row, names = np.concatenate([row, verdict(said)]), (*STANDING, *JUDGED)
        model = calibration.judged.confidence
    return sigmoid(float(model.logits(row[None, :], names)[0]))
