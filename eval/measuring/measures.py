"""Measures of retrieval and abstention over a set of queries.

Retrieval is measured by ir_measures over the answerable queries; every one counts, also one
with nothing found. Abstention is measured over all queries. Intervals are 95% percentile
bootstrap intervals over queries (Efron & Tibshirani 1993, ch. 13).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import ir_measures
import numpy as np
import numpy.typing as npt
from ir_measures import RR, R, Success, nDCG

_RETRIEVAL = {
    "R@1": R @ 1,
    "R@5": R @ 5,
    "MRR@10": RR @ 10,
    "nDCG@10": nDCG @ 10,
    "Success@1": Success @ 1,
    "Success@5": Success @ 5,
}
_RESAMPLES = 2000
BINS = 10
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one query: documents from best to worst, and the decision.

    ``relevant`` maps document ids to grades above 0 and is empty where nothing answers;
    ``confidence`` is the claimed chance that the first document is relevant; ``scores`` are
    the ranking's, and ``slices`` maps what queries are grouped by to this one's group.
    """

    query_id: str
    ranking: tuple[str, ...]
    relevant: Mapping[str, int]
    answered: bool
    confidence: float
    scores: tuple[float, ...] = ()
    milliseconds: float = 0.0
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether the first document answers the query."""
        return bool(self.ranking) and self.ranking[0] in self.relevant

    @property
    def served(self) -> bool:
        """Whether the reader was served right: answered rightly, or rightly not at all."""
        return self.answered and self.right if self.relevant else not self.answered


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its 95% interval; all three 0 where there is no query."""

    value: float
    low: float
    high: float


def measure(outcomes: Sequence[Outcome], seed: int = 0) -> dict[str, Estimate]:
    """All measures by name."""
    answerable = [o for o in outcomes if o.relevant]
    measures = {
        name: _mean(values, np.ones(len(values)), seed)
        for name, values in retrieval_scores(answerable).items()
    }
    answered = np.array([o.answered for o in outcomes], dtype=float)
    wrong = np.array([o.answered and not o.right for o in outcomes], dtype=float)
    covered = np.array([o.answered for o in answerable], dtype=float)
    served = np.array([o.served for o in outcomes], dtype=float)
    measures["coverage"] = _mean(covered, np.ones(len(covered)), seed)
    measures["wrong_among_answered"] = _mean(wrong, answered, seed)
    measures["served"] = _mean(served, np.ones(len(served)), seed)
    measures["ECE"] = _ece_estimate(outcomes, seed)
    return measures


def retrieval_scores(outcomes: Sequence[Outcome]) -> dict[str, npt.NDArray[np.float64]]:
    """Each retrieval measure for each query, in the queries' order."""
    # Scores fall strictly by rank, so that no measure breaks ties in an order of its own.
    run = [
        ir_measures.ScoredDoc(o.query_id, doc, float(-rank))
        for o in outcomes
        for rank, doc in enumerate(o.ranking)
    ]
    qrels = [
        ir_measures.Qrel(o.query_id, doc, grade)
        for o in outcomes
        for doc, grade in o.relevant.items()
    ]
    place = {o.query_id: i for i, o in enumerate(outcomes)}
    scores = {name: np.zeros(len(outcomes)) for name in _RETRIEVAL}
    names = {measure: name for name, measure in _RETRIEVAL.items()}
    for metric in ir_measures.iter_calc(list(_RETRIEVAL.values()), qrels, run):
        scores[names[metric.measure]][place[metric.query_id]] = metric.value
    return scores


def confidence_bin(confidence: float) -> int:
    """Which of the ``BINS`` bins of equal width a confidence falls into."""
    return min(int(confidence * BINS), BINS - 1)


def expected_calibration_error(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> float:
    """Mean gap between confidence and accuracy over ten bins of equal width, by size.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", eq. 3.
    """
    if not len(confidence):
        return 0.0
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(bins, confidence - right, minlength=BINS)
    return float(np.abs(gap).sum() / len(confidence))


def _ece_estimate(outcomes: Sequence[Outcome], seed: int) -> Estimate:
    confidence = np.array([o.confidence for o in outcomes])
    right = np.array([o.right for o in outcomes], dtype=float)
    if not len(outcomes):
        return Estimate(0.0, 0.0, 0.0)
    samples = [
        expected_calibration_error(confidence[i], right[i])
        for rows in _resamples(len(outcomes), seed, 500)
        for i in rows
    ]
    low, high = np.percentile(samples, [2.5, 97.5])
    return Estimate(expected_calibration_error(confidence, right), float(low), float(high))


def _mean(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], seed: int) -> Estimate:
    """Mean of ``values`` per ``weights`` (a ratio of sums), with its interval."""
    total = weights.sum()
    if not total:
        return Estimate(0.0, 0.0, 0.0)
    samples: list[float] = []
    for rows in _resamples(len(values), seed, _RESAMPLES):
        weight = weights[rows].sum(axis=1)
        samples += (values[rows].sum(axis=1)[weight > 0] / weight[weight > 0]).tolist()
    low, high = np.percentile(samples, [2.5, 97.5])
    return Estimate(float(values.sum() / total), float(low), float(high))


def _resamples(size: int, seed: int, count: int) -> Iterator[npt.NDArray[np.int64]]:
    """``count`` rows of ``size`` places drawn with replacement, in blocks that fit memory."""
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK // size)
    for start in range(0, count, block):
        yield random.integers(0, size, (min(block, count - start), size))
