"""What the real sets are asked of beside Yuanda: BM25 over characters, an encoder, and both.

BM25 is over single characters and pairs of neighbours, which is better on all sets than either.
They are told the company that a question names, and rank its pairs alone: they know nothing of
companies, and what is compared is how they rank. A document is its question and answer in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from eval.measuring.asking import DEPTH
from eval.measuring.measures import Outcome
from eval.reports.rivals import bm25_scores, characters
from eval.sets.datasets import LabelledQuery
from eval.sets.stored import StoredSet
from index.embedding.encoder import load_encoder
from index.store.store import Store

Scores = npt.NDArray[np.float64]
Ranks = Callable[[str], Scores]


def rivals(
    stored: StoredSet, queries: Sequence[LabelledQuery], model: str | None
) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Each rival's name and what came of its being asked; ``model`` is the encoder's folder."""
    names, texts, companies = _documents(stored)
    by_words = bm25_scores(texts, _characters)
    yield "BM25, characters", _asked(queries, names, companies, by_words)
    if model is None:
        return
    by_meaning = _cosines(model, texts, [query.text for query in queries])
    yield "encoder", _asked(queries, names, companies, by_meaning)
    yield "encoder with BM25", _asked(queries, names, companies, by_meaning, by_words)


def _characters(text: str) -> list[str]:
    """Characters, and each with the next."""
    single = characters(text)
    return single + [first + second for first, second in pairwise(single)]


def _documents(stored: StoredSet) -> tuple[list[str], list[str], npt.NDArray[np.str_]]:
    """Each document's id, text and company."""
    names, texts = [], []
    with Store.reader(stored.folder) as store:
        for entry in store.filings():
            for pair in store.pairs_of(entry.filing.sha256):
                names.append(stored.documents[entry.filing.sha256, pair.number])
                texts.append(f"{pair.question}\n{pair.answer}")
    return names, texts, np.array([stored.companies[name] for name in names])


def _cosines(model: str, texts: Sequence[str], questions: Sequence[str]) -> Ranks:
    encoder = load_encoder(model)
    passages = encoder.encode_passages(texts)
    vectors = dict(zip(questions, encoder.encode_queries(questions), strict=True))
    return lambda question: np.asarray(passages @ vectors[question], np.float64)


def _asked(
    queries: Sequence[LabelledQuery],
    names: Sequence[str],
    companies: npt.NDArray[np.str_],
    *sides: Ranks,
) -> tuple[Outcome, ...]:
    outcomes = []
    for query in queries:
        company = query.names or (query.slices.get("company") if query.filters else None)
        places = np.flatnonzero(companies == company) if company else np.arange(len(names))
        # Sides of different scales: each by its mean and spread over what is ranked.
        scores = sum((_standard(side(query.text)[places]) for side in sides), np.zeros(len(places)))
        best = places[np.argsort(-scores, kind="stable")[:DEPTH]]
        outcomes.append(
            Outcome(
                query.id,
                tuple(names[place] for place in best.tolist()),
                query.relevant,
                answered=True,
                confidence=0.0,
                scores=tuple(np.sort(scores)[::-1][:DEPTH].tolist()),
                slices=query.slices,
            )
        )
    return tuple(outcomes)


def _standard(scores: Scores) -> Scores:
    standard: Scores = (scores - scores.mean()) / (scores.std() + 1e-9) if len(scores) else scores
    return standard
