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

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from index.encoder import StaticEncoder, Vectors
from index.normalize import SHIPPED_MODEL
from index.terms import rank_weight

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
_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]*")

Rows = npt.NDArray[np.float64]
_Tokens = npt.NDArray[np.int32]
_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The sentences of all pairs that have tokens: one array of tokens, and where each begins.

    ``pairs`` are the pairs that have sentences, ``first`` the first sentence of each, ``owner``
    the place in ``pairs`` of each sentence; ``filed`` are the sentences of filed questions.
    """

    tokens: _Tokens
    starts: _Places
    filed: npt.NDArray[np.bool_]
    owner: _Places
    first: _Places
    pairs: _Places


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question's tokens: unit vectors of shape (n, d), and weights that sum to 1."""

    units: Vectors
    weights: Vectors


def cover(question: str, pairs: Sequence[tuple[str, str]], before: str = "") -> Rows:
    """The coverage of a question by each of several pairs (filed question, answer).

    Of shape ``(len(pairs), len(COVERAGE))``; a pair without words, or a question without, has 0.
    ``before`` are words that it follows up, which count less.
    """
    rows = np.zeros((len(pairs), len(COVERAGE)))
    asked, sentences = _asked(question, before), _sentences(pairs)
    if len(asked.weights) and len(sentences.pairs):
        rows[sentences.pairs] = _coverage(_model(), asked, sentences)
    return rows


def best_sentence(question: str, text: str) -> tuple[int, float, float]:
    """The sentence of ``text`` that covers a question best: its number, its share, and the next's.

    Shares go from about 0 to 1; number 0 and shares 0 where there is nothing to compare.
    """
    model, asked = _model(), _asked(question)
    shares = np.zeros(max(2, len(parts := sentences_of(text))))
    if len(asked.weights):
        for number, own in enumerate(model.tokens(parts)):
            if len(own):
                shares[number] = asked.weights @ (asked.units @ _units(model, own).T).max(axis=1)
    order = np.argsort(-shares, kind="stable")
    return int(order[0]), float(shares[order[0]]), float(shares[order[1]])


def sentences_of(text: str) -> list[str]:
    """Sentences and clauses parted by semicolons, in order; together they are the text."""
    return _SENTENCE.findall(text)


def _asked(question: str, before: str = "") -> _Asked:
    own, former = _model().tokens([question, before])
    tokens = np.concatenate([own, former])
    weights = _weights()[tokens]
    weights[len(own) :] *= BEFORE
    return _Asked(_units(_model(), tokens), weights / max(float(weights.sum()), 1e-9))


def _sentences(pairs: Sequence[tuple[str, str]]) -> _Sentences:
    cut = [_cut(question, answer) for question, answer in pairs]
    # Those that are new are tokenized together: one by one takes three times as long.
    new = list(dict.fromkeys(one for one in cut if one.tokens is None))
    tokens = iter(_model().tokens([s for one in new for s in (*one.asked, *one.answered)]))
    for one in new:
        one.take([next(tokens).astype(np.int32) for _ in (*one.asked, *one.answered)])
    parts = [one.tokens or () for one in cut]
    lengths = np.array([len(own) for part in parts for own in part], dtype=np.intp)
    counts = np.array([len(part) for part in parts], dtype=np.intp)
    present = np.flatnonzero(counts)
    first = np.cumsum(counts) - counts
    place = np.arange(len(lengths)) - np.repeat(first, counts)
    return _Sentences(
        np.concatenate([np.zeros(0, dtype=np.int32), *(own for part in parts for own in part)]),
        np.cumsum(lengths) - lengths,
        place < np.repeat([one.filed for one in cut], counts),
        np.repeat(np.arange(len(present)), counts[present]),
        first[present],
        present,
    )


class _Cut:
    """A pair's sentences; once ``take``n, the tokens of each that has any, and how many of these
    are the question's (``filed``)."""

    __slots__ = ("answered", "asked", "filed", "tokens")

    def __init__(self, question: str, answer: str) -> None:
        self.asked, self.answered = sentences_of(question), sentences_of(answer)
        self.tokens: tuple[_Tokens, ...] | None = None
        self.filed = 0

    def take(self, tokens: Sequence[_Tokens]) -> None:
        """Keep the tokens of each sentence in their order."""
        self.filed = sum(len(own) > 0 for own in tokens[: len(self.asked)])
        self.tokens = tuple(own for own in tokens if len(own))


# What is asked again is often found again; about a kilobyte a pair.
@lru_cache(maxsize=16_384)
def _cut(question: str, answer: str) -> _Cut:
    return _Cut(question, answer)


def _coverage(model: StaticEncoder, asked: _Asked, sentences: _Sentences) -> Rows:
    """Rows of ``COVERAGE`` for the pairs that have sentences."""
    first, owner, weights = sentences.first, sentences.owner, asked.weights
    known, place = np.unique(sentences.tokens, return_inverse=True)
    units = _units(model, known)
    cosines = asked.units @ units.T
    by_sentence = np.maximum.reduceat(cosines[:, place], sentences.starts, axis=1)
    nearest = np.maximum.reduceat(by_sentence, first, axis=1)
    shares = weights @ by_sentence
    least, worst = _least(nearest, weights)
    back, near = _from_the_pair(cosines, units, place, asked, _weights()[known], sentences)
    best = by_sentence[:, _places_of_largest(shares, first, owner)]
    two = weights @ np.maximum(best[:, owner], by_sentence)
    return np.column_stack(
        [
            weights @ nearest,
            least,
            worst,
            weights @ (nearest > _SAME),
            weights @ (nearest < _STRANGE),
            _share(weights, by_sentence, first, sentences.filed),
            _share(weights, by_sentence, first, ~sentences.filed),
            np.maximum.reduceat(shares, first),
            np.maximum.reduceat(two, first),
            _largest(back, first, sentences.filed),
            _largest(near, first, sentences.filed),
            np.maximum.reduceat(near, first),
        ]
    )


def _least(nearest: Vectors, weights: Vectors) -> tuple[Rows, Rows]:
    """``least`` and ``worst`` of each column."""
    order = np.argsort(nearest, axis=0, kind="stable")
    cosines, own = np.take_along_axis(nearest, order, axis=0), weights[order]
    low = np.cumsum(own, axis=0) <= _LEAST
    low[0] = True
    least = (own * cosines * low).sum(axis=0) / np.maximum((own * low).sum(axis=0), 1e-9)
    worst = ((1 - nearest) * weights[:, None]).max(axis=0) * len(weights)
    return least, worst


def _share(
    weights: Vectors, by_sentence: Vectors, first: _Places, of_part: npt.NDArray[np.bool_]
) -> Rows:
    """How much one part of each pair covers; 0 where a pair lacks it."""
    part = np.maximum.reduceat(np.where(of_part, by_sentence, -1.0), first, axis=1)
    has_part = np.logical_or.reduceat(of_part, first)
    shares: Rows = np.where(has_part, weights @ part, 0.0)
    return shares


def _largest(values: Rows, first: _Places, of_part: npt.NDArray[np.bool_]) -> Rows:
    """The largest value of each pair's sentences of one part; 0 where a pair lacks it."""
    largest = np.maximum.reduceat(np.where(of_part, values, -1.0), first)
    found: Rows = np.where(np.logical_or.reduceat(of_part, first), largest, 0.0)
    return found


def _from_the_pair(
    cosines: Vectors,
    units: Vectors,
    place: _Places,
    asked: _Asked,
    weights: Vectors,
    sentences: _Sentences,
) -> tuple[Rows, Rows]:
    """How far the question covers each sentence, and the cosine of both as a whole."""
    own = weights[place]
    totals = np.maximum(np.add.reduceat(own, sentences.starts), 1e-9)
    back = np.add.reduceat(cosines.max(axis=0)[place] * own, sentences.starts) / totals
    middle = asked.weights @ asked.units
    middle /= max(float(np.linalg.norm(middle)), 1e-9)
    size = len(sentences.starts), len(units)
    sentence = np.repeat(np.arange(size[0]), np.diff(sentences.starts, append=len(place)))
    counts = np.bincount(sentence * size[1] + place, minlength=size[0] * size[1]).reshape(size)
    sums = counts.astype(np.float32) @ (units * weights[:, None])
    near = (sums @ middle) / np.maximum(np.linalg.norm(sums, axis=1), 1e-9)
    return back, near


def _places_of_largest(values: Vectors, first: _Places, owner: _Places) -> _Places:
    """The sentence with the largest value of each pair, the first of several."""
    is_largest = values == np.maximum.reduceat(values, first)[owner]
    found = np.flatnonzero(is_largest)
    return found[np.unique(owner[found], return_index=True)[1]]


def _units(model: StaticEncoder, tokens: npt.NDArray[np.int64] | _Tokens) -> Vectors:
    rows = model.rows(tokens)
    units: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return units


@cache
def _weights() -> Vectors:
    """Each token's weight."""
    return np.array([rank_weight(rank) for rank in range(_model().tokens_known)], dtype=np.float32)


@cache
def _model() -> StaticEncoder:
    return StaticEncoder(SHIPPED_MODEL)
