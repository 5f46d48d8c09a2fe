"""Labelled sets: a folder in BEIR form, or a folder of filings with ``questions.jsonl``."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from index.errors import CallError
from index.records import Filters

# Optional keys of a query; measures are also taken over the queries that share a value.
SLICES = ("company", "year", "type", "lang", "style")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a BEIR corpus: the filed question is its title, the answer its text.

    ``company`` (its short name), ``code``, ``date`` (YYYY-MM-DD) and ``event`` say of which filing
    it is; all are empty where the row doesn't.
    """

    id: str
    title: str
    text: str
    company: str = ""
    code: str | None = None
    date: str | None = None
    event: str = ""


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """A query, the documents that answer it with their grades, and the ones to rank.

    ``relevant`` is empty where nothing answers; ``candidates`` is ``None`` for all;
    ``slices`` maps some of ``SLICES`` to the query's value; ``previous`` is the question that
    the query follows up, if any. ``filters`` are what the asker restricts it to, ``names`` is the
    company that it names, as its documents have it, where that is held; ``today`` (YYYY-MM-DD) is
    the day on which it is asked.
    """

    id: str
    text: str
    relevant: Mapping[str, int]
    candidates: frozenset[str] | None = None
    slices: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None
    filters: Filters = field(default_factory=Filters)
    names: str | None = None
    today: str | None = None


@dataclass(frozen=True, slots=True)
class BeirSet:
    """Corpus and queries of a folder in BEIR form."""

    documents: tuple[Document, ...]
    queries: tuple[LabelledQuery, ...]


@dataclass(frozen=True, slots=True)
class FiledQuestion:
    """A question labelled with the filed pair that answers it.

    ``filing`` is a SHA-256, or a path below the set's folder; ``None`` where no filing
    answers. ``number`` is the pair's, as filed. ``also`` are further pairs that answer, each with
    its filing's SHA-256 or path. The rest is as for ``LabelledQuery``.
    """

    question: str
    filing: str | None
    number: str | None
    slices: Mapping[str, str] = field(default_factory=dict)
    also: tuple[tuple[str, str], ...] = ()
    filters: Filters = field(default_factory=Filters)
    names: str | None = None
    today: str | None = None


def is_beir(folder: Path) -> bool:
    """Whether a folder is in BEIR form."""
    return (folder / "corpus.jsonl").is_file()


def read_beir(folder: Path) -> BeirSet:
    """Read a folder in BEIR form; ``CallError`` names the file and line that is wrong."""
    documents = tuple(
        Document(
            _text(row, "_id", at),
            str(row.get("title") or ""),
            _text(row, "text", at),
            str(row.get("company") or ""),
            row.get("code"),
            row.get("date"),
            str(row.get("event") or ""),
        )
        for at, row in _rows(folder / "corpus.jsonl")
    )
    known = {d.id for d in documents}
    relevant = _qrels(folder / "qrels" / "test.tsv", known)
    candidates = _candidates(folder / "candidates.jsonl", known)
    queries = tuple(
        LabelledQuery(
            _text(row, "_id", at),
            _text(row, "text", at),
            relevant.get(row["_id"], {}),
            candidates.get(row["_id"]),
            _slices(row),
            row.get("previous"),
            _filters(row, at),
            row.get("names"),
            row.get("today"),
        )
        for at, row in _rows(folder / "queries.jsonl")
    )
    return BeirSet(documents, queries)


def read_questions(folder: Path) -> tuple[FiledQuestion, ...]:
    """Read ``questions.jsonl`` beside filings."""
    questions = []
    for at, row in _rows(folder / "questions.jsonl"):
        filing, number = row.get("filing"), row.get("number")
        if filing is not None and number is None:
            raise CallError(f'{at}: a question with a "filing" needs the pair\'s "number"')
        questions.append(
            FiledQuestion(
                _text(row, "question", at),
                filing,
                None if number is None else str(number),
                _slices(row),
                tuple((other["sha256"], str(other["number"])) for other in row.get("also", ())),
                _filters(row, at),
                row.get("names"),
                row.get("today"),
            )
        )
    return tuple(questions)


def _slices(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(row[name]) for name in SLICES if row.get(name) not in (None, "")}


def _filters(row: Mapping[str, Any], at: str) -> Filters:
    try:
        return Filters(**row.get("filters", {}))
    except TypeError:
        known = ", ".join(Filters.__slots__)
        raise CallError(f'{at}: "filters" must be an object of {known}') from None


def _qrels(path: Path, known: set[str]) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    if not path.is_file():
        raise CallError(f"{path}: missing; a BEIR set needs it (header, then query, corpus, score)")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows, None)
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) != 3 or not row[2].strip().lstrip("-").isdigit():
                raise CallError(f"{path}, line {number}: not query id, corpus id, score")
            if row[1] not in known:
                raise CallError(f"{path}, line {number}: no document {row[1]!r} in the corpus")
            if int(row[2]) > 0:
                relevant[row[0]][row[1]] = int(row[2])
    return relevant


def _candidates(path: Path, known: set[str]) -> dict[str, frozenset[str]]:
    if not path.is_file():
        return {}
    found = {}
    for at, row in _rows(path):
        ids = frozenset(row.get("candidates", ()))
        if unknown := ids - known:
            raise CallError(f"{at}: no document {min(unknown)!r} in the corpus")
        found[_text(row, "query_id", at)] = ids
    return found


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a JSON-lines file, each with where it stands."""
    if not path.is_file():
        raise CallError(f"{path}: missing")
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            at = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise CallError(f"{at}: not JSON ({error.msg})") from None
            if not isinstance(row, dict):
                raise CallError(f"{at}: not a JSON object")
            yield at, row


def _text(row: Mapping[str, Any], key: str, at: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise CallError(f'{at}: "{key}" must be a string')
    return value
