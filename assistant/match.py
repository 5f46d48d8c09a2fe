"""A question and a filed pair read together: how much of the one the other covers.

Word by word, late interaction over static vectors: each of the question's tokens looks for its
nearest token in the text; the mean of these cosines, weighted by how much each token says, is how
much is covered. 卖股票 is covered by 减持股份 though they share one character. After MaxSim in
ColBERT (Khattab & Zaharia 2020), with the static vectors of the shipped model in the place of a
transformer's. Years, parts of the year and numbers have no near ones: they are there or not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from assistant.periods import part_agreement, periods_in, year_agreement
from index.encoder import StaticEncoder, Vectors
from index.normalize import SHIPPED_MODEL, normalize
from index.terms import rank_weight, terms, weight

# Share of a question's weight that is looked at as the least covered.
_LEAST = 0.3
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A pair's text, and the year (YYYY) that its filing is of."""

    text: str
    year: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a pair covers a question; all from about 0 (not at all) to 1, 0 where not asked.

    ``covered``: the question's words, by meaning; ``least``: the words covered least;
    ``worst``: weight of the one that is covered worst; ``literal``: words that stand there.
    ``year_said`` and ``part_said``: share of the asked years, and of the parts of the year;
    ``year_filed``: the filing is of the asked year, though the pair doesn't say so;
    ``year_absent`` and ``part_absent``: none of them. ``numbers_said``: all of the asked
    numbers; ``numbers_absent``: share of them that isn't there.
    """

    covered: float = 0.0
    least: float = 0.0
    worst: float = 0.0
    literal: float = 0.0
    year_absent: float = 0.0
    year_said: float = 0.0
    year_filed: float = 0.0
    part_absent: float = 0.0
    part_said: float = 0.0
    numbers_absent: float = 0.0
    numbers_said: float = 0.0


def read_together(question: str, readings: Sequence[Reading]) -> list[Agreement]:
    """The agreement of a question with each of several pairs."""
    meaning = _cover(question, [reading.text for reading in readings])
    asked = _Asked.of(question)
    return [
        Agreement(*own, *asked.literal(reading), *asked.details(reading))
        for own, reading in zip(meaning, readings, strict=True)
    ]


def _cover(question: str, texts: Sequence[str]) -> list[tuple[float, float, float]]:
    """For each text: ``covered``, ``least`` and ``worst`` of its ``Agreement``."""
    model = _model()
    asked = model.tokens([question])[0]
    if not len(asked) or not texts:
        return [(0.0, 0.0, 0.0)] * len(texts)
    weights = np.array([rank_weight(int(token)) for token in asked], dtype=np.float32)
    weights /= weights.sum()
    tokens = model.tokens(texts)
    # A token stands in several texts: each distinct one is compared once.
    distinct, places = np.unique(np.concatenate(tokens), return_inverse=True)
    cosines = _unit(model.rows(asked)) @ _unit(model.rows(distinct)).T
    covered, start = [], 0
    for own in tokens:
        nearest = cosines[:, places[start : start + len(own)]]
        covered.append(_summary(nearest, weights) if len(own) else (0.0, 0.0, 0.0))
        start += len(own)
    return covered


def _summary(nearest: Vectors, weights: Vectors) -> tuple[float, float, float]:
    best = nearest.max(axis=1)
    order = np.argsort(best, kind="stable")
    low = order[: max(1, int(np.searchsorted(np.cumsum(weights[order]), _LEAST, "right")))]
    least = float(weights[low] @ best[low] / weights[low].sum())
    worst = float(((1 - best) * weights).max() * len(weights))
    return float(weights @ best), least, worst


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of a question is there in a text or not."""

    words: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    numbers: frozenset[str]
    question: str

    @classmethod
    def of(cls, question: str) -> _Asked:
        words = tuple(dict.fromkeys(terms(question)))
        weights = np.array([weight(word) for word in words])
        numbers = _numbers(question) - periods_in(question).years
        return cls(words, weights, numbers, question)

    def literal(self, reading: Reading) -> tuple[float]:
        """``literal`` of an ``Agreement``."""
        if not self.words:
            return (0.0,)
        plain = normalize(reading.text)
        there = np.array([word in plain for word in self.words])
        return (float(self.weights @ there / max(self.weights.sum(), 1e-9)),)

    def details(self, reading: Reading) -> tuple[float, ...]:
        """The rest of an ``Agreement``: years, parts of the year, numbers."""
        asked = periods_in(self.question)
        years = parts = (0.0, 0.0, 0.0)
        numbers = (0.0, 0.0)
        if asked:
            said = periods_in(reading.text)
            share, filed = year_agreement(asked, said, reading.year)
            absent = float(bool(asked.years) and not share and not filed)
            years = (absent, share, filed * (share == 0))
            part = part_agreement(asked, said)
            parts = (float(bool(asked.parts or asked.months) and not part), part, 0.0)
        if self.numbers:
            missing = len(self.numbers - _numbers(reading.text)) / len(self.numbers)
            numbers = (missing, float(not missing))
        return (*years, *parts[:2], *numbers)


def _numbers(text: str) -> frozenset[str]:
    return frozenset(n.replace(",", "") for n in _NUMBER.findall(normalize(text)))


def _unit(rows: Vectors) -> Vectors:
    units: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return units


@cache
def _model() -> StaticEncoder:
    return StaticEncoder(SHIPPED_MODEL)
