"""The hybrid with one part taken out, its weights fitted again without that part.

Were the weights left as they are, each would still be tuned to the part that is gone, and the
part would look more needed than it is. They are fitted as ``eval.fitting.calibrate`` fits them,
on the training part of the written questions, asked of all its filings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.retrieval.decide import Calibration, Further, Threshold, read_rows
from assistant.retrieval.retrieve import Retriever
from assistant.understanding.companies import CompanyMatcher
from eval.fitting.asked import Asked
from eval.fitting.calibrate import fit
from eval.fitting.fit import fit_shortlist, shortlisted
from eval.measuring.systems import System, yuanda
from eval.sets.corpora import Corpus, open_corpus
from eval.sets.written import COLLECTION, WrittenQuestion, read_written
from index.embedding.encoder import Encoder
from index.records import Reading
from index.search.lexical import LexicalIndex
from index.search.snapshot import index_pairs


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of the hybrid are in."""

    question_vectors: bool = True
    company_match: bool = True
    late_interaction: bool = True
    lexical: bool = True


ABLATIONS = {
    "hybrid, fitted again": Parts(),
    "without question vectors": Parts(question_vectors=False),
    "without company match": Parts(company_match=False),
    "without late interaction": Parts(late_interaction=False),
    "without lexical": Parts(lexical=False),
}


class Ablations:
    """Fits and builds ablated systems."""

    def __init__(self, encoder: Encoder, collection: Path = COLLECTION) -> None:
        self._train = open_corpus(collection, encoder, "train")
        self._questions = read_written("train", collection)

    def system(self, corpus: Corpus, parts: Parts) -> System:
        """The hybrid over ``corpus`` with ``parts`` only."""
        retriever = retriever_of(self._train, parts)
        asked = [self._asked(parts, retriever, question) for question in self._questions]
        shortlist = fit_shortlist(asked)
        fitted = fit([shortlisted(one, shortlist) for one in asked], shortlist)
        calibration = Calibration(
            fitted.shortlist, fitted.final, fitted.confidence, Further(), Threshold.at(0.5)
        )
        readings_of = corpus.readings if parts.late_interaction else _nothing
        return yuanda(corpus, calibration, "hybrid", retriever_of(corpus, parts), readings_of)

    def _asked(self, parts: Parts, retriever: Retriever, question: WrittenQuestion) -> Asked:
        retrieved = retriever.retrieve(question.question, previous=question.previous)
        readings = self._train.readings if parts.late_interaction else _nothing
        names = [self._train.document_ids[pair] for pair in retrieved.pairs.tolist()]
        return Asked(
            question.id,
            "written",
            question.id,
            bool(question.answers),
            retrieved,
            np.array([name in question.answers for name in names], dtype=bool),
            read_rows(retrieved, np.arange(len(names)), readings),
        )


def retriever_of(corpus: Corpus, parts: Parts) -> Retriever:
    """A retriever over a corpus with ``parts`` only."""
    indexes = corpus.indexes
    if not parts.question_vectors:
        answers = [replace(p, question="") if p.answer.strip() else p for p in corpus.pairs]
        without = index_pairs(list(enumerate(answers)), corpus.encoder)
        indexes = replace(indexes, dense=without.dense)
    if not parts.lexical:
        indexes = replace(indexes, lexical=LexicalIndex())
    matcher = CompanyMatcher(corpus.companies if parts.company_match else ())
    return Retriever(corpus.encoder, indexes, matcher)


def _nothing(pairs: Sequence[int]) -> list[Reading]:
    return [Reading("", "")] * len(pairs)
