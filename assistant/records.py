"""Frozen records of the online half: a question, its citations, its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from index.records import Filing, Filters, Pair
from index.store.seals import Damage

Decision = Literal["answer", "abstain"]

# Characters of a question that is asked in the chat or by a program.
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Query:
    """A question as asked, and what the asker restricts it to.

    ``previous`` is the question that it follows up, if any.
    """

    question: str
    top_k: int = 5
    filters: Filters = field(default_factory=Filters)
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A pair quoted verbatim, with where it stands.

    ``score`` is the fused retrieval score, comparable within one answer only;
    ``confidence`` (0..1) is the chance that this pair answers the question.
    """

    rank: int
    score: float
    confidence: float
    filing: Filing
    pair: Pair


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    With ``decision == "abstain"`` the citations are the nearest filed pairs, related at
    best, and must not be shown as an answer. ``damaged`` is evidence that was looked for and
    can't be relied on: an abstention with any isn't a finding that nothing is filed.
    """

    question: str
    decision: Decision
    confidence: float
    citations: tuple[Citation, ...]
    elapsed_ms: float
    damaged: tuple[Damage, ...] = ()
