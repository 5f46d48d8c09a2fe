"""Labelled sets made searchable, by the indexes and the retriever that answer questions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.retrieve import Retriever
from eval.datasets import (
    BeirSet,
    FiledQuestion,
    LabelledQuery,
    is_beir,
    read_beir,
    read_questions,
)
from index.build import files_below
from index.encoder import Encoder
from index.errors import CallError, ReadError
from index.files import sha256_of
from index.parse import parse
from index.records import Pair
from index.snapshot import index_pairs
from index.vectors import Ids

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Corpus:
    """An indexed corpus with its queries; pair ids are places in ``document_ids``."""

    retriever: Retriever
    pairs: tuple[Pair, ...]
    document_ids: tuple[str, ...]
    queries: tuple[LabelledQuery, ...]

    def text(self, pair_id: int) -> str:
        """Question and answer of a pair."""
        pair = self.pairs[pair_id]
        return f"{pair.question}\n{pair.answer}"

    def allowed(self, query: LabelledQuery) -> Ids | None:
        """The pairs that may be ranked for a query; ``None`` for all."""
        if query.candidates is None:
            return None
        rows = [i for i, name in enumerate(self.document_ids) if name in query.candidates]
        return np.array(rows, dtype=np.int64)


def open_corpus(folder: Path, encoder: Encoder) -> Corpus:
    """Index a labelled set in memory.

    ``CallError`` where the folder is none, or a label names no filed pair. A filing
    that can't be read is left out, with a warning.
    """
    if is_beir(folder):
        return _beir(read_beir(folder), encoder)
    return _filings(folder, read_questions(folder), encoder)


def _beir(dataset: BeirSet, encoder: Encoder) -> Corpus:
    pairs = [_pair(document.title, document.text) for document in dataset.documents]
    names = tuple(document.id for document in dataset.documents)
    return Corpus(_retriever(pairs, encoder), tuple(pairs), names, dataset.queries)


def _filings(folder: Path, questions: tuple[FiledQuestion, ...], encoder: Encoder) -> Corpus:
    sources = {q.filing for q in questions if q.filing}
    named = [folder / source for source in sources if (folder / source).is_file()]
    shas: dict[Path, str] = {}
    pairs: list[Pair] = []
    names: list[str] = []
    places: dict[tuple[str, str], str] = {}
    for path in files_below([folder, *sorted(named)]):
        path = path.resolve()
        if path in shas:
            continue
        shas[path] = sha256_of(path)
        try:
            parsed = parse(path)
        except ReadError as error:
            logger.warning("not in the corpus: %s", error)
            continue
        for pair in parsed.pairs:
            name = f"{shas[path]}#{pair.start}"
            places.setdefault((shas[path], pair.number), name)
            pairs.append(pair)
            names.append(name)
    queries = tuple(
        LabelledQuery(str(i), q.question, _relevant(q, folder, shas, places))
        for i, q in enumerate(questions, start=1)
    )
    return Corpus(_retriever(pairs, encoder), tuple(pairs), tuple(names), queries)


def _relevant(
    question: FiledQuestion,
    folder: Path,
    shas: Mapping[Path, str],
    places: Mapping[tuple[str, str], str],
) -> dict[str, int]:
    if question.filing is None or question.number is None:
        return {}
    sha256 = shas.get((folder / question.filing).resolve(), question.filing)
    name = places.get((sha256, question.number))
    if name is None:
        raise CallError(
            f"{folder}: no pair {question.number} in filing {question.filing} "
            f"(question {question.question!r})"
        )
    return {name: 1}


def _pair(question: str, answer: str) -> Pair:
    """A document as a pair that is only searched, never cited."""
    return Pair("", question, answer, 0, 0, (), ())


def _retriever(pairs: list[Pair], encoder: Encoder) -> Retriever:
    return Retriever(encoder, index_pairs(list(enumerate(pairs)), encoder))
