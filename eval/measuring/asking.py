"""A store's labelled questions asked the way that users ask them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from assistant.answering.answer import Assistant
from assistant.records import Answer, Query
from eval.measuring.measures import Outcome
from eval.sets.datasets import LabelledQuery
from eval.sets.stored import StoredSet

# As many as the measures look at.
DEPTH = 10
_KNOWN = {field.name for field in fields(Query)}


def query_of(labelled: LabelledQuery) -> Query:
    """The question as the assistant takes it."""
    more: dict[str, Any] = {"today": labelled.today} if "today" in _KNOWN else {}
    return Query(labelled.text, DEPTH, labelled.filters, labelled.previous, **more)


def ask_store(
    assistant: Assistant, stored: StoredSet, queries: Iterable[LabelledQuery] | None = None
) -> tuple[Outcome, ...]:
    """What came of each query, by default of all."""
    asked = stored.queries if queries is None else queries
    return tuple(_outcome(query, assistant.ask(query_of(query)), stored) for query in asked)


def _outcome(query: LabelledQuery, answer: Answer, stored: StoredSet) -> Outcome:
    found = [stored.documents[c.filing.sha256, c.pair.number] for c in answer.citations]
    return Outcome(
        query.id,
        tuple(found),
        query.relevant,
        answered=answer.decision == "answer",
        confidence=answer.confidence,
        scores=tuple(citation.score for citation in answer.citations),
        milliseconds=answer.elapsed_ms,
        slices=query.slices,
    )
