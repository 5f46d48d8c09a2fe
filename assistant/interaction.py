"""How much of a question a filed pair covers, by late interaction over static vectors.

Each of the question's tokens looks for its nearest token in the pair; the mean of these cosines,
weighted by how much each token says, is how much is covered. 卖股票 is covered by 减持股份 though
they share one character. After MaxSim in ColBERT (Khattab & Zaharia 2020), with the static vectors
of the shipped model in the place of a transformer's. Words that stand in one sentence say more
than the same words in three: the pair is looked at sentence by sentence as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from index.encoder import StaticEncoder, Vectors
from index.normalize import SHIPPED_MODEL
from index.terms import rank_weight

# Share of a question's weight that is looked at as the least covered.
_LEAST = 0.3
# Cosines from which a token is the same, and below which it is strange.
_SAME, _STRANGE = 0.999, 0.5
_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]*")

_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a pair covers a question; from about 0 (not at all) to 1 (all of it).

    ``covered``: the whole question by the whole pair; ``least``: the tokens covered least;
    ``worst``: weight of the one that is covered worst, in tokens. ``same`` and ``strange``: share
    of the question that stands there, and of that which nothing comes near. ``by_question``,
    ``by_answer``, ``by_sentence`` and ``by_two``: covered by that part alone, by the best sentence,
    by the best two. ``back``: how far the question covers the best sentence of the filed one.
    ``near_question`` and ``near``: cosine with the nearest sentence of the filed question, and of
    the pair.
    """

    covered: float = 0.0
    least: float = 0.0
    worst: float = 0.0
    same: float = 0.0
    strange: float = 0.0
    by_question: float = 0.0
    by_answer: float = 0.0
    by_sentence: float = 0.0
    by_two: float = 0.0
    back: float = 0.0
    near_question: float = 0.0
    near: float = 0.0


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Token ids, unit vectors of shape (n, d) and weights that sum to 1."""

    ids: npt.NDArray[np.int64]
    units: Vectors
    weights: Vectors


def cover(question: str, pairs: Sequence[tuple[str, str]]) -> list[Coverage]:
    """The coverage of a question by each of several pairs (filed question, answer)."""
    model = _model()
    asked = _tokens(model, model.tokens([question])[0])
    if not len(asked.ids):
        return [Coverage()] * len(pairs)
    sentences = [(sentences_of(q), sentences_of(a)) for q, a in pairs]
    ids = iter(model.tokens([s for parts in sentences for part in parts for s in part]))
    covered = []
    for both in sentences:
        filed, answer = ([t for _ in part if len(t := next(ids))] for part in both)
        covered.append(_coverage(asked, filed, answer, model))
    return covered


def sentences_of(text: str) -> list[str]:
    """Sentences and clauses parted by semicolons, in order; together they are the text."""
    return _SENTENCE.findall(text)


def _coverage(
    asked: _Tokens,
    filed: Sequence[npt.NDArray[np.int64]],
    answer: Sequence[npt.NDArray[np.int64]],
    model: StaticEncoder,
) -> Coverage:
    sentences = [*filed, *answer]
    if not sentences:
        return Coverage()
    own = _tokens(model, np.concatenate(sentences))
    starts = np.cumsum([0, *map(len, sentences[:-1])])
    cosines = asked.units @ own.units.T
    by_sentence = np.maximum.reduceat(cosines, starts, axis=1)
    nearest = by_sentence.max(axis=1)
    shares = asked.weights @ by_sentence
    best = by_sentence[:, [int(shares.argmax())]]
    sums = np.add.reduceat(own.units * own.weights[:, None], starts, axis=0)
    middle = asked.weights @ asked.units
    near = _unit(sums) @ (middle / max(float(np.linalg.norm(middle)), 1e-9))
    return Coverage(
        *_summary(nearest, asked.weights),
        same=float(asked.weights @ (nearest > _SAME)),
        strange=float(asked.weights @ (nearest < _STRANGE)),
        by_question=_share(asked, by_sentence[:, : len(filed)]),
        by_answer=_share(asked, by_sentence[:, len(filed) :]),
        by_sentence=float(shares.max()),
        by_two=float((asked.weights @ np.maximum(best, by_sentence)).max()),
        back=_back(cosines.max(axis=0), own.weights, starts, len(filed)),
        near_question=float(near[: len(filed)].max()) if filed else 0.0,
        near=float(near.max()),
    )


def _summary(nearest: Vectors, weights: Vectors) -> tuple[float, float, float]:
    order = np.argsort(nearest, kind="stable")
    low = order[: max(1, int(np.searchsorted(np.cumsum(weights[order]), _LEAST, "right")))]
    least = float(weights[low] @ nearest[low] / weights[low].sum())
    worst = float(((1 - nearest) * weights).max() * len(weights))
    return float(weights @ nearest), least, worst


def _share(asked: _Tokens, by_sentence: Vectors) -> float:
    return float(asked.weights @ by_sentence.max(axis=1)) if by_sentence.shape[1] else 0.0


def _back(nearest: Vectors, weights: Vectors, starts: _Places, filed: int) -> float:
    if not filed:
        return 0.0
    shares = np.add.reduceat(nearest * weights, starts) / np.add.reduceat(weights, starts)
    return float(shares[:filed].max())


def _tokens(model: StaticEncoder, ids: npt.NDArray[np.int64]) -> _Tokens:
    weights = _weights()[ids]
    return _Tokens(ids, _unit(model.rows(ids)), weights / max(float(weights.sum()), 1e-9))


def _unit(rows: Vectors) -> Vectors:
    units: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return units


@cache
def _weights() -> Vectors:
    """Each token's weight."""
    return np.array([rank_weight(rank) for rank in range(_model().tokens_known)], dtype=np.float32)


@cache
def _model() -> StaticEncoder:
    return StaticEncoder(SHIPPED_MODEL)
