"""Labelled sets made searchable, by the indexes and the retriever that answer questions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.retrieval.retrieve import Retriever
from assistant.understanding.companies import Company, CompanyMatcher
from eval.sets.datasets import (
    BeirSet,
    FiledQuestion,
    LabelledQuery,
    is_beir,
    read_beir,
    read_questions,
)
from eval.sets.written import (
    FiledPair,
    Split,
    WrittenQuestion,
    is_collection,
    read_pairs,
    read_written,
)
from index.embedding.encoder import Encoder
from index.embedding.sentences import encoded
from index.errors import CallError, ReadError
from index.files import sha256_of
from index.intake.build import files_below
from index.intake.parse import parse
from index.records import Filing, Pair, Reading
from index.search.snapshot import Indexes, index_pairs
from index.store.scope import Ids

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Corpus:
    """An indexed corpus with its queries; pair ids are places in ``document_ids``.

    ``read`` is what of each pair is read together with a question.
    """

    encoder: Encoder
    indexes: Indexes
    pairs: tuple[Pair, ...]
    document_ids: tuple[str, ...]
    queries: tuple[LabelledQuery, ...]
    read: tuple[Reading, ...]
    companies: Mapping[Company, Ids]
    split: Split | None = None

    def retriever(self) -> Retriever:
        """The retriever that answers questions, over this corpus."""
        return Retriever(self.encoder, self.indexes, CompanyMatcher(self.companies))

    def encoded_by(self, encoder: Encoder) -> Corpus:
        """The same corpus with the vectors of another encoder."""
        indexes = index_pairs(list(enumerate(self.pairs)), encoder)
        return replace(self, encoder=encoder, indexes=replace(self.indexes, dense=indexes.dense))

    def readings(self, pairs: Sequence[int]) -> list[Reading]:
        """What of each of the pairs is read together with a question."""
        return [self.read[pair] for pair in pairs]

    def allowed(self, query: LabelledQuery) -> Ids | None:
        """The pairs that may be ranked for a query; ``None`` for all."""
        if query.candidates is None:
            return None
        rows = [i for i, name in enumerate(self.document_ids) if name in query.candidates]
        return np.array(rows, dtype=np.int64)


def open_corpus(folder: Path, encoder: Encoder, split: Split | None = None) -> Corpus:
    """Index a labelled set in memory; ``split`` is for sets that have several, ``None`` their dev.

    ``CallError`` where the folder is none, or a label names no filed pair. A filing
    that can't be read is left out, with a warning.
    """
    if is_collection(folder):
        return _written(folder, split or "dev", encoder)
    if split is not None:
        raise CallError(f"{folder}: this labelled set has no splits; leave --split out")
    if is_beir(folder):
        return _beir(read_beir(folder), encoder)
    return _filings(folder, read_questions(folder), encoder)


def _beir(dataset: BeirSet, encoder: Encoder) -> Corpus:
    # A document is a pair that is only searched, never cited.
    pairs = [Pair("", d.title, d.text, 0, 0, (), ()) for d in dataset.documents]
    names = [document.id for document in dataset.documents]
    return _corpus(encoder, pairs, names, dataset.queries, ())


def _written(folder: Path, split: Split, encoder: Encoder) -> Corpus:
    filed = {p.name: p for p in read_pairs(split, folder)}
    queries = [_query(question, filed) for question in read_written(split, folder)]
    pairs = list(filed.values())
    return _corpus(
        encoder,
        [p.pair for p in pairs],
        list(filed),
        queries,
        [p.filing for p in pairs],
        split,
    )


def _query(question: WrittenQuestion, filed: Mapping[str, FiledPair]) -> LabelledQuery:
    """A written question with the company and year of its first answer, and what kind it is."""
    slices = {"lang": question.lang, "style": question.style}
    if question.answers:
        filing = filed[question.answers[0]].filing
        slices["company"] = filing.company
        slices["year"] = (filing.activity_date or filing.filed_date or "")[:4]
        slices["type"] = "one answer" if len(question.answers) == 1 else "several answers"
    else:
        slices["type"] = question.kind or "unanswerable"
    relevant = dict.fromkeys(question.answers, 1)
    return LabelledQuery(
        question.id, question.question, relevant, slices=slices, previous=question.previous
    )


def _filings(folder: Path, questions: tuple[FiledQuestion, ...], encoder: Encoder) -> Corpus:
    sources = {q.filing for q in questions if q.filing}
    named = [folder / source for source in sources if (folder / source).is_file()]
    shas: dict[Path, str] = {}
    pairs: list[Pair] = []
    names: list[str] = []
    filings: list[Filing] = []
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
            filings.append(parsed.filing)
    queries = [
        LabelledQuery(str(i), q.question, _relevant(q, folder, shas, places), slices=q.slices)
        for i, q in enumerate(questions, start=1)
    ]
    return _corpus(encoder, pairs, names, queries, filings)


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


def pairs_of_companies(filings: Iterable[Filing]) -> dict[Company, Ids]:
    """Each company with the places of its pairs; ``filings`` names one for each pair."""
    places: dict[Company, list[int]] = {}
    for place, filing in enumerate(filings):
        if filing.company:
            key = Company(filing.company, filing.code, filing.short_name)
            places.setdefault(key, []).append(place)
    return {company: np.array(found, dtype=np.int64) for company, found in places.items()}


def _corpus(
    encoder: Encoder,
    pairs: Iterable[Pair],
    names: Iterable[str],
    queries: Iterable[LabelledQuery],
    filings: Sequence[Filing],
    split: Split | None = None,
) -> Corpus:
    """``filings`` names one for each pair, or is empty."""
    pairs = tuple(pairs)
    dates = [filing.activity_date or filing.filed_date for filing in filings] or [None] * len(pairs)
    companies = pairs_of_companies(filings)
    of_keys = {(company.name, company.code): ids for company, ids in companies.items()}
    return Corpus(
        encoder,
        index_pairs(list(enumerate(pairs)), encoder, of_keys),
        pairs,
        tuple(names),
        tuple(queries),
        readings_in(pairs, dates),
        companies,
        split,
    )


def readings_in(pairs: Sequence[Pair], dates: Sequence[str | None]) -> tuple[Reading, ...]:
    """What of each pair is read together with a question; ``dates`` are of their filings."""
    said = encoded((pair.question, pair.answer) for pair in pairs)
    return tuple(
        Reading(pair.question, pair.answer, (date or "")[:4] or None, sentences)
        for pair, date, sentences in zip(pairs, dates, said, strict=True)
    )
