"""How much of a question a filed pair covers, by late interaction over static vectors.

Each of the question's tokens looks for its nearest token in the pair; the mean of these cosines,
weighted by how much each token says, is how much is covered. 卖股票 is covered by 减持股份 though
they share one character. After MaxSim in ColBERT (Khattab & Zaharia 2020), with the static vectors
of the shipped model in the place of a transformer's. Words that stand in one sentence say more
than the same words in three: the pair is looked at sentence by sentence as well.

All pairs are worked out at once: their sentences lie side by side in one array of tokens, and
what belongs together is reduced from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.embedding.encoder import Vectors
from index.embedding.sentences import (
    Places,
    Sentences,
    Tokens,
    model,
    norms,
    sentences_in,
    sentences_of,
    weights,
)
from index.records import Reading

# What ``cover`` tells of a pair; from about 0 (not at all) to 1 (all of it).
#   covered        the whole question by the whole pair
#   least          the question's tokens that are covered least
#   worst          weight of the token that is covered worst, in tokens
#   same, strange  share of the question that stands there, and of that which nothing comes near
#   by_question, by_answer, by_sentence, by_two
#                  covered by that part alone, by the best sentence, by the best two
#   back           how far the question covers the best sentence of the filed one
#   near_question, near
#                  cosine with the nearest sentence of the filed question, and of the pair
COVERAGE = (
    *("covered", "least", "worst", "same", "strange", "by_question", "by_answer"),
    *("by_sentence", "by_two", "back", "near_question", "near"),
)

# What a word of the question before counts beside one of its follow-up.
BEFORE = 0.25
# Share of a question's weight that is looked at as the least covered.
_LEAST = 0.3
# Cosines from which a token is the same, and below which it is strange.
_SAME, _STRANGE = 0.999, 0.5

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question's tokens: unit vectors of shape (n, d), and weights that sum to 1."""

    units: Vectors
    weights: Vectors


def cover(question: str, readings: Sequence[Reading], before: str = "") -> Rows:
    """The coverage of a question by each of several pairs.

    Of shape ``(len(readings), len(COVERAGE))``; a pair without words, or a question without, has
    0. ``before`` are words that it follows up, which count less.
    """
    rows = np.zeros((len(readings), len(COVERAGE)))
    asked, sentences = _asked(question, before), sentences_in(readings)
    if len(asked.weights) and len(sentences.pairs):
        rows[sentences.pairs] = _coverage(asked, sentences)
    return rows


def best_sentence(question: str, text: str) -> tuple[int, float, float]:
    """The sentence of ``text`` that covers a question best: its number, its share, and the next's.

    Shares go from about 0 to 1; number 0 and shares 0 where there is nothing to compare.
    """
    asked = _asked(question)
    shares = np.zeros(max(2, len(parts := sentences_of(text))))
    if len(asked.weights):
        for number, own in enumerate(model().tokens(parts)):
            if len(own):
                shares[number] = asked.weights @ (asked.units @ _units(own).T).max(axis=1)
    order = np.argsort(-shares, kind="stable")
    return int(order[0]), float(shares[order[0]]), float(shares[order[1]])


def _asked(question: str, before: str = "") -> _Asked:
    own, former = model().tokens([question, before])
    tokens = np.concatenate([own, former])
    counts = weights()[tokens]
    counts[len(own) :] *= BEFORE
    return _Asked(_units(tokens), counts / max(float(counts.sum()), 1e-9))


def _coverage(asked: _Asked, sentences: Sentences) -> Rows:
    """Rows of ``COVERAGE`` for the pairs that have sentences."""
    first, owner = sentences.first, sentences.owner
    known, place = _distinct(sentences.tokens)
    middle = asked.weights @ asked.units
    middle /= max(float(np.linalg.norm(middle)), 1e-9)
    # The question's tokens and, last, its middle, with each token that stands in any pair.
    cosines = np.vstack([asked.units, middle]) @ model().rows(known).T / norms()[known]
    near = _near(cosines[-1], known, place, sentences)
    cosines = cosines[:-1]
    by_sentence = np.maximum.reduceat(cosines[:, place], sentences.starts, axis=1)
    nearest = np.maximum.reduceat(by_sentence, first, axis=1)
    shares = asked.weights @ by_sentence
    least, worst = _least(nearest, asked.weights)
    back = _back(cosines.max(axis=0), known, place, sentences)
    best = by_sentence[:, _places_of_largest(shares, first, owner)]
    two = asked.weights @ np.maximum(best[:, owner], by_sentence)
    return np.column_stack(
        [
            asked.weights @ nearest,
            least,
            worst,
            asked.weights @ (nearest > _SAME),
            asked.weights @ (nearest < _STRANGE),
            _share(asked.weights, by_sentence, first, sentences.filed),
            _share(asked.weights, by_sentence, first, ~sentences.filed),
            np.maximum.reduceat(shares, first),
            np.maximum.reduceat(two, first),
            _largest(back, first, sentences.filed),
            _largest(near, first, sentences.filed),
            np.maximum.reduceat(near, first),
        ]
    )


def _distinct(tokens: Tokens) -> tuple[Places, Places]:
    """The tokens that occur, rising, and where each of ``tokens`` is among them."""
    occurs = np.zeros(model().tokens_known, dtype=bool)
    occurs[tokens] = True
    known = np.flatnonzero(occurs)
    places = np.zeros(len(occurs), dtype=np.intp)
    places[known] = np.arange(len(known))
    return known, places[tokens]


def _least(nearest: Vectors, weights: Vectors) -> tuple[Rows, Rows]:
    """``least`` and ``worst`` of each column."""
    order = np.argsort(nearest, axis=0, kind="stable")
    cosines, own = np.take_along_axis(nearest, order, axis=0), weights[order]
    # The last of them counts in part, so that the order of equal ones makes no difference.
    low = np.clip(_LEAST - (np.cumsum(own, axis=0) - own), 0.0, own)
    least = (low * cosines).sum(axis=0) / _LEAST
    worst = ((1 - nearest) * weights[:, None]).max(axis=0) * len(weights)
    return least, worst


def _share(
    weights: Vectors, by_sentence: Vectors, first: Places, of_part: npt.NDArray[np.bool_]
) -> Rows:
    """How much one part of each pair covers; 0 where a pair lacks it."""
    part = np.maximum.reduceat(np.where(of_part, by_sentence, -1.0), first, axis=1)
    has_part = np.logical_or.reduceat(of_part, first)
    shares: Rows = np.where(has_part, weights @ part, 0.0)
    return shares


def _largest(values: Rows, first: Places, of_part: npt.NDArray[np.bool_]) -> Rows:
    """The largest value of each pair's sentences of one part; 0 where a pair lacks it."""
    largest = np.maximum.reduceat(np.where(of_part, values, -1.0), first)
    found: Rows = np.where(np.logical_or.reduceat(of_part, first), largest, 0.0)
    return found


def _back(nearest: Vectors, known: Places, place: Places, sentences: Sentences) -> Rows:
    """How far the question covers each sentence; ``nearest`` is what it has for each token."""
    own = weights()[known]
    totals = np.add.reduceat(own[place], sentences.starts)
    found: Rows = np.add.reduceat((nearest * own)[place], sentences.starts)
    return found / np.maximum(totals, 1e-9)


def _near(cosines: Vectors, known: Places, place: Places, sentences: Sentences) -> Rows:
    """The cosine of the question as a whole with each sentence as a whole."""
    own = (cosines * weights()[known])[place]
    near: Rows = np.add.reduceat(own, sentences.starts) / np.maximum(sentences.norms, 1e-9)
    return near


def _places_of_largest(values: Vectors, first: Places, owner: Places) -> Places:
    """The sentence with the largest value of each pair, the first of several."""
    is_largest = values == np.maximum.reduceat(values, first)[owner]
    found = np.flatnonzero(is_largest)
    return found[np.unique(owner[found], return_index=True)[1]]


def _units(tokens: npt.NDArray[np.int64]) -> Vectors:
    units: Vectors = model().rows(tokens) / norms()[tokens][:, None]
    return units
