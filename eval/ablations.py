"""The hybrid with one part taken out, its weights fitted again without that part.

Were the weights left as they are, each would still be tuned to the part that is gone, and the
part would look more needed than it is. They are fitted as ``eval.calibrate`` fits them, on the
training part of the written questions, asked of all its filings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.decide import Calibration, Further
from assistant.match import matched
from assistant.retrieve import Retriever
from eval.calibrate import Asked, features_of, fit
from eval.corpora import Corpus, open_corpus
from eval.systems import System, yuanda
from eval.written import COLLECTION, WrittenQuestion, read_written
from index.encoder import Encoder
from index.lexical import LexicalIndex
from index.snapshot import Indexes, index_pairs


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
    """Fits and builds ablated systems; what they have in common is worked out once."""

    def __init__(self, encoder: Encoder, collection: Path = COLLECTION) -> None:
        self._train = open_corpus(collection, encoder, "train")
        self._questions = [q for q in read_written("train", collection) if q.style != "follow-up"]
        self._covered: dict[tuple[str, int], float] = {}

    def system(self, corpus: Corpus, parts: Parts) -> System:
        """The hybrid over ``corpus`` with ``parts`` only."""
        retriever = retriever_of(self._train, parts)
        shortlist, final = fit([self._asked(parts, retriever, q) for q in self._questions])
        calibration = Calibration(shortlist, final, Further(), threshold=0.5)
        text_of = corpus.text if parts.late_interaction else _no_text
        return yuanda(corpus, calibration, "hybrid", retriever_of(corpus, parts), text_of)

    def _asked(self, parts: Parts, retriever: Retriever, question: WrittenQuestion) -> Asked:
        retrieved = retriever.retrieve(question.question)
        ids = [c.pair_id for c in retrieved.candidates]
        covered = self._match(retrieved.asked, ids) if parts.late_interaction else [0.0] * len(ids)
        rows = zip(retrieved.candidates, covered, strict=True)
        return Asked(
            question,
            np.array([features_of(*row) for row in rows]),
            np.array([self._train.document_ids[i] in question.answers for i in ids]),
        )

    def _match(self, asked: str, ids: Sequence[int]) -> list[float]:
        new = [i for i in ids if (asked, i) not in self._covered]
        values = matched(asked, [self._train.text(i) for i in new])
        self._covered |= {(asked, i): value for i, value in zip(new, values, strict=True)}
        return [self._covered[asked, i] for i in ids]


def retriever_of(corpus: Corpus, parts: Parts) -> Retriever:
    """A retriever over a corpus with ``parts`` only."""
    indexes = corpus.indexes
    if not parts.question_vectors:
        answers = [replace(p, question="") if p.answer.strip() else p for p in corpus.pairs]
        without = index_pairs(list(enumerate(answers)), corpus.encoder)
        indexes = Indexes(without.dense, indexes.lexical)
    if not parts.lexical:
        indexes = Indexes(indexes.dense, LexicalIndex())
    return Retriever(corpus.encoder, indexes, corpus.companies if parts.company_match else {})


def _no_text(_pair_id: int) -> str:
    return ""
