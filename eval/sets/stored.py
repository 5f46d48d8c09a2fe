"""Labelled sets as stores: records, passages, indexes, as ``yuanda add`` makes them.

What is measured on a store goes the way that users' questions go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from eval.sets.asking_forms import draw
from eval.sets.datasets import (
    Document,
    FiledQuestion,
    LabelledQuery,
    is_beir,
    read_beir,
    read_questions,
)
from eval.sets.written import (
    COLLECTION,
    FiledPair,
    Split,
    WrittenQuestion,
    read_pairs,
    read_written,
)
from index.embedding.encoder import Encoder
from index.embedding.passages import passages_of
from index.embedding.sentences import encoded
from index.errors import CallError
from index.intake import build
from index.records import Filing, Pair, ParsedFiling, Span
from index.search.opening import improve_index, open_index
from index.store.schema import VERSION
from index.store.store import Store

# Pairs of a filing that is made up of documents which name none, and filings embedded at once.
_TOGETHER, _BATCH = 200, 16
_DONE = "labelled-set.json"


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A labelled set whose corpus is in a store.

    ``documents`` maps a pair (its filing's SHA-256, and its number) to the document's id;
    ``companies`` maps a document's id to what queries name its company by: its short name, of
    filings its code.
    """

    name: str
    folder: Path
    documents: Mapping[tuple[str, str], str]
    companies: Mapping[str, str]
    queries: tuple[LabelledQuery, ...]


def stored_set(source: Path, work: Path, encoder: Encoder) -> StoredSet:
    """The set in a folder, in a store below ``work``: the one made before, if nothing changed.

    ``CallError`` where the folder holds no labelled set, or a label names no pair.
    """
    folder = work / f"{source.parent.name}-{source.name}-{_key(source, encoder)}"
    if not (folder / _DONE).is_file():
        with Store.open(folder, create=True) as store:
            if is_beir(source):
                _add_documents(store, read_beir(source).documents, encoder)
            else:
                build.add(store, [source], encoder)
        (folder / _DONE).write_text(json.dumps({"set": source.name, "model": encoder.name}))
    if is_beir(source):
        dataset = read_beir(source)
        return _of_documents(source.name, folder, dataset.documents, dataset.queries)
    return _of_filings(source, folder)


def stored_split(
    split: Split, work: Path, encoder: Encoder, folder: Path = COLLECTION
) -> StoredSet:
    """A split of the written collection, or of another folder in its form, in the same way."""
    filed = {pair.name: pair for pair in read_pairs(split, folder)}
    written = [
        Document(
            name,
            pair.pair.question,
            pair.pair.answer,
            pair.filing.company,
            pair.filing.code,
            pair.filing.activity_date,
            pair.filing.path,
        )
        for name, pair in filed.items()
    ]
    key = hashlib.sha256(f"{written}{encoder.name}{encoder.revision}{VERSION}".encode())
    home = work / f"{folder.name}-{split}-{key.hexdigest()[:12]}"
    if not (home / _DONE).is_file():
        with Store.open(home, create=True) as store:
            _add_documents(store, written, encoder)
        (home / _DONE).write_text("{}")
    queries = [_written(question, filed) for question in read_written(split, folder)]
    return _of_documents(folder.name, home, written, queries)


def some(queries: Sequence[LabelledQuery], most: int) -> tuple[LabelledQuery, ...]:
    """At most so many of the queries, the same ones every time."""
    return tuple(sorted(queries, key=lambda query: (draw(query.text), query.id))[:most])


def _written(question: WrittenQuestion, filed: Mapping[str, FiledPair]) -> LabelledQuery:
    answers = dict.fromkeys(question.answers, 1)
    company = filed[question.answers[0]].filing.company if question.answers else ""
    names = company if question.company else None
    return LabelledQuery(
        question.id,
        question.question,
        answers,
        slices={"company": company or question.id, "type": question.kind or "written"},
        previous=question.previous,
        names=names or None,
    )


def _of_documents(
    name: str, home: Path, documents: Sequence[Document], queries: Sequence[LabelledQuery]
) -> StoredSet:
    places = {
        (parsed.filing.sha256, pair.number): document.id
        for parsed, group in _filings(documents)
        for pair, document in zip(parsed.pairs, group, strict=True)
    }
    companies = {document.id: document.company for document in documents}
    return StoredSet(name, home, places, companies, tuple(queries))


def _key(source: Path, encoder: Encoder) -> str:
    """What a store is made of: the model, and the set's documents."""
    digest = hashlib.sha256(f"{encoder.name}\n{encoder.revision}\n{VERSION}".encode())
    if is_beir(source):
        digest.update((source / "corpus.jsonl").read_bytes())
    else:
        names = (path.name for path in build.files_below([source]))
        digest.update("\n".join(sorted(names)).encode())
    return digest.hexdigest()[:12]


def _of_filings(source: Path, folder: Path) -> StoredSet:
    places: dict[tuple[str, str], str] = {}
    companies: dict[str, str] = {}
    with Store.reader(folder) as store:
        for entry in store.filings():
            filing = entry.filing
            for pair in store.pairs_of(filing.sha256):
                name = f"{filing.sha256}#{pair.number}"
                places[filing.sha256, pair.number] = name
                companies[name] = filing.code or filing.short_name or filing.company
    queries = [
        _labelled(str(number), question, places, source)
        for number, question in enumerate(read_questions(source), start=1)
    ]
    return StoredSet(source.name, folder, places, companies, tuple(queries))


def _labelled(
    number: str, question: FiledQuestion, places: Mapping[tuple[str, str], str], source: Path
) -> LabelledQuery:
    right = list(question.also)
    if question.filing is not None and question.number is not None:
        right.insert(0, (question.filing, question.number))
    found = [places[place] for place in right if place in places]
    if right and not found:
        filing, named = right[0]
        raise CallError(f"{source}: no pair {named} in filing {filing} ({question.question!r})")
    return LabelledQuery(
        number,
        question.question,
        dict.fromkeys(found, 1),
        slices=question.slices,
        filters=question.filters,
        names=question.names,
        today=question.today,
    )


def _add_documents(store: Store, documents: Sequence[Document], encoder: Encoder) -> None:
    """Documents as filings: those of one event of one company are one, and its text is theirs."""
    store.set_model(encoder)
    made = list(_filings(documents))
    for start in range(0, len(made), _BATCH):
        batch = [parsed for parsed, _ in made[start : start + _BATCH]]
        passages = [[passages_of(pair) for pair in parsed.pairs] for parsed in batch]
        texts = [p.text for filing in passages for pieces in filing for p in pieces]
        vectors = encoder.encode_passages(texts)
        said = iter(encoded((p.question, p.answer) for parsed in batch for p in parsed.pairs))
        ends = np.cumsum([sum(map(len, filing)) for filing in passages])
        with store.batch():
            for parsed, own, rows in zip(
                batch, passages, np.split(vectors, ends[:-1]), strict=True
            ):
                content = parsed.text.encode("utf-8", "surrogatepass")
                store.add(parsed, content, own, rows, [next(said) for _ in own])
    open_index(store, encoder.dimension)
    improve_index(store)


def _filings(documents: Iterable[Document]) -> Iterator[tuple[ParsedFiling, list[Document]]]:
    """Each filing that documents come to, with its documents in the order of its pairs."""
    ordered = sorted(documents, key=_event)
    for event, members in groupby(ordered, key=_event):
        group = list(members)
        size = len(group) if any(event) else _TOGETHER
        for part, start in enumerate(range(0, len(group), size)):
            own = group[start : start + size]
            yield _filing(own, f"{'-'.join(filter(None, event)) or 'documents'}-{part}"), own


def _event(document: Document) -> tuple[str, str, str, str]:
    return document.company, document.code or "", document.date or "", document.event


def _filing(documents: Sequence[Document], name: str) -> ParsedFiling:
    first = documents[0]
    text = f"{name}\n"
    pairs = []
    for number, document in enumerate(documents, start=1):
        start = len(text)
        asked = Span(start, start + len(document.title))
        answered = Span(asked.end + 1, asked.end + 1 + len(document.text))
        text += f"{document.title}\n{document.text}\n"
        pair = Pair(
            str(number),
            document.title,
            document.text,
            start,
            answered.end,
            (asked,) if document.title else (),
            (answered,) if document.text else (),
        )
        pairs.append(pair)
    filing = Filing(
        path=name.replace("/", "_") + ".txt",
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        format="text",
        title=first.event,
        company=first.company,
        code=first.code,
        activity_date=first.date,
        filed_date=first.date,
        short_name=first.company,
    )
    return ParsedFiling(filing, tuple(pairs), text)
