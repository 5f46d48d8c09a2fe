"""A question and a filed pair read together: how much of the one the other covers.

By meaning (``interaction``), and by what has no near ones and is there or not: the very words,
years, parts of the year, numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from assistant.interaction import Coverage, cover
from assistant.periods import part_agreement, periods_in, year_agreement
from index.normalize import normalize
from index.terms import terms, weight

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a pair says, and the year (YYYY) that its filing is of."""

    question: str
    answer: str
    year: str | None = None

    @property
    def text(self) -> str:
        """Question and answer."""
        return f"{self.question}\n{self.answer}"


@dataclass(frozen=True, slots=True)
class Agreement(Coverage):
    """How far a pair agrees with a question; all from 0 to 1, 0 where not asked.

    ``literal``: words that stand there.
    ``year_said`` and ``part_said``: share of the asked years, and of the parts of the year;
    ``year_filed``: the filing is of the asked year, though the pair doesn't say so;
    ``year_absent`` and ``part_absent``: none of them. ``numbers_said``: all of the asked
    numbers; ``numbers_absent``: share of them that isn't there.
    """

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
    meaning = cover(question, [(reading.question, reading.answer) for reading in readings])
    asked = _Asked.of(question)
    return [
        Agreement(**asdict(own), **asked.details(reading))
        for own, reading in zip(meaning, readings, strict=True)
    ]


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

    def details(self, reading: Reading) -> dict[str, float]:
        """What an ``Agreement`` has beside coverage."""
        return self._literal(reading) | self._periods(reading) | self._numbers(reading)

    def _literal(self, reading: Reading) -> dict[str, float]:
        if not self.words:
            return {}
        plain = normalize(reading.text)
        there = np.array([word in plain for word in self.words])
        return {"literal": float(self.weights @ there / max(self.weights.sum(), 1e-9))}

    def _periods(self, reading: Reading) -> dict[str, float]:
        asked = periods_in(self.question)
        if not asked:
            return {}
        said = periods_in(reading.text)
        share, filed = year_agreement(asked, said, reading.year)
        part = part_agreement(asked, said)
        return {
            "year_absent": float(bool(asked.years) and not share and not filed),
            "year_said": share,
            "year_filed": filed * (share == 0),
            "part_absent": float(bool(asked.parts or asked.months) and not part),
            "part_said": part,
        }

    def _numbers(self, reading: Reading) -> dict[str, float]:
        if not self.numbers:
            return {}
        missing = len(self.numbers - _numbers(reading.text)) / len(self.numbers)
        return {"numbers_absent": missing, "numbers_said": float(not missing)}


def _numbers(text: str) -> frozenset[str]:
    return frozenset(n.replace(",", "") for n in _NUMBER.findall(normalize(text)))
