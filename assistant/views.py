"""What the chat shows of its records. Pure but for the questions that an assistant is asked."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.answer import Assistant
from assistant.history import Timeline
from assistant.records import Answer, Citation, Query

LONGEST = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with what came of it; no answer where it can't be asked."""

    query: Query
    answer: Answer | None = None
    timeline: Timeline | None = None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All that are quoted, each of a rank of its own."""
        own = self.answer.citations if self.answer else ()
        ranks = {citation.rank for citation in own}
        dated = self.timeline.entries if self.timeline else ()
        return (*own, *(c for c in dated if c.rank not in ranks))


def turn(assistant: Assistant, query: Query) -> Turn:
    """Ask, unless the question is empty or too long."""
    if not query.question or len(query.question) > LONGEST:
        return Turn(query)
    answer = assistant.ask(query)
    return Turn(query, answer, assistant.history(query, answer))
