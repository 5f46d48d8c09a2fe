"""A system under measurement, and what comes of asking it all queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from assistant.retrieval.decide import Calibration, Readings, Threshold
from assistant.retrieval.rerank import Reranker, rerank
from assistant.retrieval.retrieve import Retrieval, Retriever
from assistant.retrieval.settling import settle
from eval.measuring.measures import Outcome
from eval.sets.corpora import Corpus
from eval.sets.datasets import LabelledQuery
from index.store.scope import Scope


class Found(NamedTuple):
    """A document that a system found; ``confidence`` is 0 where the system claims none.

    ``alone``: one company's documents alone may answer; ``question`` is the filed one.
    """

    document: str
    score: float
    confidence: float = 0.0
    alone: bool = False
    question: str = ""


System = Callable[[LabelledQuery], Iterable[Found]]


def yuanda(
    corpus: Corpus,
    calibration: Calibration,
    retrieval: Retrieval = "hybrid",
    retriever: Retriever | None = None,
    readings_of: Readings | None = None,
    reranker: Reranker | None = None,
) -> System:
    """The program as it ships, at the depths that it ships with, or with one part exchanged."""
    searched = retriever or corpus.retriever()

    def ask(query: LabelledQuery) -> Iterable[Found]:
        allowed = corpus.allowed(query)
        scope = None if allowed is None else Scope(pairs=allowed)
        retrieved = searched.retrieve(query.text, scope, previous=query.previous)
        readings = readings_of or corpus.readings
        settled = settle(retrieved, calibration, readings, retrieval)
        ranked = rerank(settled.ranked, retrieved.asked, readings, reranker)
        sure = 0.0 if settled.reason else 1.0
        return [
            Found(
                corpus.document_ids[r.pair_id],
                r.score,
                sure * r.confidence,
                retrieved.alone,
                corpus.pairs[r.pair_id].question,
            )
            for r in ranked
        ]

    return ask


def ask_all(
    system: System, queries: Iterable[LabelledQuery], threshold: Threshold | float
) -> tuple[Outcome, ...]:
    """Ask each query in order, timing each; ties are broken by the documents' ids."""
    outcomes = []
    levels = Threshold.at(threshold)
    for query in queries:
        began = time.perf_counter()
        found = sorted(system(query), key=lambda f: (-f.score, f.document))
        milliseconds = (time.perf_counter() - began) * 1000
        first = found[0] if found else Found("", 0.0)
        level = levels.of(alone=first.alone, question=first.question)
        outcomes.append(
            Outcome(
                query.id,
                tuple(f.document for f in found),
                query.relevant,
                answered=bool(found) and first.confidence >= level,
                confidence=first.confidence,
                scores=tuple(f.score for f in found),
                milliseconds=milliseconds,
                slices=query.slices,
            )
        )
    return tuple(outcomes)
