"""A cross-encoder that reads question and pair together, and orders the first pairs anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from assistant.retrieval.decide import Ranked, Readings
from index.embedding.hub import folder_of, load
from index.embedding.model_options import ModelOptions
from index.errors import CallError, ModelError
from index.normalize import well_formed

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

# Pairs that are ordered anew.
DEPTH = 10


class Reranker(Protocol):
    """What the program needs of a cross-encoder."""

    name: str

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers, in any unit: more is better."""
        ...


class CrossEncoderReranker:
    """Any cross-encoder of sentence-transformers with one label, by name or folder.

    Raises:
        CallError: an option was given that only an embedding model has.
        ModelError: the model can't be had, or classifies instead of scoring.
    """

    def __init__(self, model: str, options: ModelOptions | None = None) -> None:
        from sentence_transformers import CrossEncoder

        options = options or ModelOptions()
        if options.for_embedding:
            raise CallError("a reranker takes no prompts and no truncate_dim")
        folder = folder_of(model)
        more = {"max_length": options.max_length} if options.max_length else {}
        self._model: CrossEncoder = load(CrossEncoder, model, options, **more)
        if self._model.num_labels != 1:
            raise ModelError(f"{model} has {self._model.num_labels} labels; a reranker has one")
        self._batch_size = options.batch_size
        self.name = folder.resolve().name if folder else model

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """The model's scores."""
        asked = well_formed(question)
        scores = self._model.predict(
            [(asked, well_formed(text)) for text in texts],
            batch_size=self._batch_size,
            show_progress_bar=False,
        )
        return [float(score) for score in scores]


def rerank(
    found: Sequence[Ranked],
    question: str,
    readings_of: Readings,
    reranker: Reranker | None,
) -> list[Ranked]:
    """The first ``DEPTH`` pairs in the reranker's order, the rest as they were.

    A pair keeps its confidence, which doesn't know of the reranker; scores stay with the places,
    a hair apart where they were equal, so that they say the order. Equal scores of the reranker
    keep theirs.
    """
    first = found[:DEPTH]
    if reranker is None or len(first) < 2:
        return list(found)
    readings = readings_of([ranked.pair_id for ranked in first])
    scores = reranker.scores(question, [reading.text for reading in readings])
    order = sorted(range(len(first)), key=lambda place: -scores[place])
    below = found[DEPTH].score if len(found) > DEPTH else -math.inf
    anew: list[Ranked] = []
    for place in reversed(range(len(first))):
        below = max(first[place].score, math.nextafter(below, math.inf))
        anew.append(replace(first[order[place]], score=below))
    return [*reversed(anew), *found[DEPTH:]]
