"""The same question to several companies: one column each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from assistant.answering.question import Asked, key_of
from assistant.records import Answer, Citation, Query
from assistant.understanding.companies import Company


@dataclass(frozen=True, slots=True)
class Column:
    """A company, and what came of asking it alone."""

    company: Company
    answer: Answer

    @property
    def quoted(self) -> Citation | None:
        """What answers; ``None`` where it abstains."""
        return self.answer.citations[0] if self.answer.decision == "answer" else None


def columns(
    asked: Asked, companies: Iterable[Company], ask: Callable[[Query], Answer]
) -> tuple[Column, ...]:
    """Ask each company by itself. Each citation gets a rank of its own across the columns."""
    found: list[Column] = []
    after = 0
    for company in companies:
        answer = ask(asked.query(key_of(company)))
        ranked = tuple(replace(c, rank=after + c.rank) for c in answer.citations)
        after += len(ranked)
        found.append(Column(company, replace(answer, citations=ranked)))
    return tuple(found)
