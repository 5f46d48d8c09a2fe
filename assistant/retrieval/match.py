"""A question and a filed pair read together: how much of the one the other covers.

By meaning (``interaction``), and by what has no near ones and is there or not: the very words,
years, parts of the year, numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from assistant.retrieval.interaction import BEFORE, COVERAGE, Rows, cover
from assistant.understanding.figures import figure_said, numbers_in
from assistant.understanding.periods import Periods, part_agreement, periods_in, year_agreement
from index.normalize import normalize
from index.records import Reading
from index.terms import terms, weight

# What there is beside coverage; all from 0 to 1, 0 where not asked.
#   literal                     words that stand there
#   year_absent, part_absent    none of the asked years, or parts of the year
#   year_said, part_said        share of them that the pair says
#   year_filed                  the filing is of the asked year, though the pair doesn't say so
#   numbers_absent              share of the asked numbers that isn't there
#   numbers_said                all of them are
#   figure_absent, figure_said  a figure of the sort asked for isn't in the answer, or is
#   rarest                      the most telling word stands there
#   filed                       the pair has a filed question
_DETAILS = (
    *("literal", "year_absent", "year_said", "year_filed", "part_absent", "part_said"),
    *("numbers_absent", "numbers_said", "figure_absent", "figure_said", "rarest", "filed"),
)
AGREEMENT = (*COVERAGE, *_DETAILS)


def read_together(question: str, readings: Sequence[Reading], before: str = "") -> Rows:
    """The agreement of a question with each of several pairs.

    Of shape ``(len(readings), len(AGREEMENT))``. ``before`` are words that it follows up.
    """
    meaning = cover(question, readings, before)
    asked = _Asked.of(question, before)
    return np.hstack([meaning, asked.details(readings)])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of a question is there in a text or not; ``shares`` are of its words and sum to 1."""

    words: tuple[str, ...]
    shares: npt.NDArray[np.float64]
    periods: Periods
    numbers: frozenset[str]
    plain: str

    @classmethod
    def of(cls, question: str, before: str) -> _Asked:
        counts = dict.fromkeys(terms(before), BEFORE) | dict.fromkeys(terms(question), 1.0)
        weights = np.array([weight(word) * count for word, count in counts.items()])
        whole = normalize(f"{question}\n{before}")
        periods = periods_in(whole)
        return cls(
            tuple(counts),
            weights / max(weights.sum(), 1e-9),
            periods,
            numbers_in(whole) - periods.years,
            whole,
        )

    def details(self, readings: Sequence[Reading]) -> Rows:
        """A row of ``_DETAILS`` for each."""
        rows = np.zeros((len(readings), len(_DETAILS)))
        said = [_plain(reading.question, reading.answer) for reading in readings]
        stands = [[word in text for word in self.words] for text in said]
        rows[:, 0] = np.array(stands, dtype=float).reshape(len(rows), len(self.words)) @ self.shares
        rows[:, 11] = [bool(reading.question.strip()) for reading in readings]
        if self.words:
            rows[:, 10] = [stand[int(self.shares.argmax())] for stand in stands]
        if self.periods or self.numbers:
            for row, text, reading in zip(rows, said, readings, strict=True):
                row[1:8] = *self._periods(text, reading.year), *self._numbers(text)
        for row, reading in zip(rows, readings, strict=True):
            figure = figure_said(self.plain, _plain("", reading.answer))
            if figure is None:
                break
            row[8:10] = not figure, figure
        return rows

    def _periods(self, said: str, filed_in: str | None) -> tuple[float, ...]:
        asked = self.periods
        if not asked:
            return (0.0,) * 5
        periods = periods_in(said)
        share, filed = year_agreement(asked, periods, filed_in)
        part = part_agreement(asked, periods)
        return (
            float(bool(asked.years) and not share and not filed),
            share,
            filed * (share == 0),
            float(bool(asked.parts or asked.months) and not part),
            part,
        )

    def _numbers(self, said: str) -> tuple[float, ...]:
        if not self.numbers:
            return 0.0, 0.0
        missing = len(self.numbers - numbers_in(said)) / len(self.numbers)
        return missing, float(not missing)


# What is asked again is often found again; about a kilobyte a pair.
@lru_cache(maxsize=16_384)
def _plain(question: str, answer: str) -> str:
    return normalize(f"{question}\n{answer}")
