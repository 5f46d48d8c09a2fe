"""Readers of the real material: results briefings, platform pairs, groups of one answer, filings.

The folder is that of ``../shared/data/real``; nothing of it is committed.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.sets.split import Part, part_of_company, part_of_question


@dataclass(frozen=True, slots=True)
class RealPair:
    """One question with its answer as filed.

    ``company`` is the short name, empty on platforms; ``event`` the briefing or the filing.
    ``relevance`` is how far the answer answers, as labelled: 1 fully, 0.5 partly, 0 not,
    ``None`` without a label. ``code`` and ``date``
    (YYYY-MM-DD) are those of the company and of the event, where known.
    """

    question: str
    answer: str
    company: str
    event: str
    source: str
    part: Part
    relevance: float | None = None
    code: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class SameAnswer:
    """Questions that one company answered with one text at one event."""

    company: str
    event: str
    answer: str
    questions: tuple[str, ...]
    part: Part


def briefings(folder: Path) -> Iterator[RealPair]:
    """The pairs of results briefings."""
    for row in _rows(folder / "results_briefings.jsonl.gz"):
        company = row["company"]
        part = part_of_company(company)
        date = row["date"] and row["date"].replace("/", "-")
        yield RealPair(
            row["question"],
            row["answer"],
            company,
            row["event"],
            "results_briefings",
            part,
            code=row["code"],
            date=date,
        )


def same_answers(folder: Path) -> Iterator[SameAnswer]:
    """Different questions with one answer."""
    for row in _rows(folder / "same_answer.jsonl.gz"):
        company = row["company"]
        questions = tuple(row["questions"])
        yield SameAnswer(company, row["event"], row["answer"], questions, part_of_company(company))


def platform(folder: Path) -> Iterator[RealPair]:
    """The labelled pairs of the platforms; what isn't a question is left out."""
    for row in _rows(folder / "fintruthqa.jsonl.gz"):
        labels = row["labels"]
        if labels["IS_QUESTION"] == "Positive":
            relevance = {"3": 1.0, "2": 0.5, "1": 0.0}[labels["ANS_RELEVANCE"]]
            part = part_of_question(row["question"])
            yield RealPair(row["question"], row["answer"], "", "", "fintruthqa", part, relevance)
    for row in _rows(folder / "evasion_llm.jsonl.gz"):
        relevance = {"0": 1.0, "1": 0.5, "2": 0.0}[str(row["label"])]
        part = part_of_question(row["question"])
        yield RealPair(row["question"], row["answer"], "", "", "evasion_llm", part, relevance)


def filings(folder: Path) -> Iterator[tuple[Path, str, str, Part]]:
    """Path, short name, day and part of each filing."""
    with (folder / "filings" / "INDEX.csv").open(encoding="utf-8-sig", newline="") as table:
        for row in csv.DictReader(table):
            path = folder / "filings" / row["file"]
            yield path, row["company"], row["date"], part_of_company(row["company"])


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
