"""Frozen records of the online half: a question, its citations, its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from index.records import Filing, Filters, Pair
from index.store.seals import Damage

Decision = Literal["answer", "abstain"]
# Why there is no answer.
Reason = Literal[
    "company_not_held", "filtered_out", "not_covered", "evidence_damaged", "not_a_question"
]
# A company as its filings name it: name and code.
CompanyKey = tuple[str, str | None]

# Characters of a question that is asked in the chat or by a program.
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Company:
    """A company as its newest filings name it.

    ``former`` are names that it had; ``others`` are further names and codes under which it filed.
    """

    name: str
    code: str | None
    short: str = ""
    former: tuple[str, ...] = ()
    others: tuple[CompanyKey, ...] = ()

    @property
    def keys(self) -> tuple[CompanyKey, ...]:
        """The names and codes under which it filed."""
        return ((self.name, self.code), *self.others)


@dataclass(frozen=True, slots=True)
class Query:
    """A question as asked, and what the asker restricts it to.

    ``previous`` is the question that it follows up, if any. ``today`` (YYYY-MM-DD) is what 去年 is
    counted from; by default the clock's.
    """

    question: str
    top_k: int = 5
    filters: Filters = field(default_factory=Filters)
    previous: str | None = None
    today: str | None = None


@dataclass(frozen=True, slots=True)
class Newer:
    """Where the newest answer to the same question by the same company stands."""

    filing: Filing
    number: str
    date: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a pair stands where it does.

    ``company``: it is of who was asked about, where one was named. ``time``: it may be about the
    time asked of, where one was. ``words``, ``meaning``, ``question``, ``answer``: what share of
    the question's words it reaches (0..1), and the cosines (-1..1) with the nearer part of the
    pair, with its question and with its answer.
    """

    company: bool | None
    time: bool | None
    words: float
    meaning: float
    question: float
    answer: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A pair quoted verbatim, with where it stands.

    ``score`` is the fused retrieval score, comparable within one answer only;
    ``confidence`` (0..1) is the chance that this pair answers the question. ``newer`` is ``None``
    where this is the newest answer.
    """

    rank: int
    score: float
    confidence: float
    filing: Filing
    pair: Pair
    newer: Newer | None = None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked through in vain: filings, the newest of them of this day (YYYY-MM-DD)."""

    filings: int
    until: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    With ``decision == "abstain"`` the citations are the nearest filed pairs, related at
    best, and must not be shown as an answer; ``reason`` is why, and ``searched`` what was looked
    through. ``companies`` are those that the question is about, ``absent`` those of them that
    aren't held. ``understood`` is what a follow-up was taken to ask, where the question before
    tells that. ``damaged`` is evidence that was looked for and can't be relied on: an abstention
    with any isn't a finding that nothing is filed.
    """

    question: str
    decision: Decision
    confidence: float
    citations: tuple[Citation, ...]
    elapsed_ms: float
    reason: Reason | None = None
    companies: tuple[Company, ...] = ()
    absent: tuple[str, ...] = ()
    understood: str | None = None
    searched: Searched | None = None
    damaged: tuple[Damage, ...] = ()
