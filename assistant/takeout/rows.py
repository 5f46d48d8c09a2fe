"""Answers and filings as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from assistant.records import Answer
from index.records import Filing

_ACTS = ("=", "+", "-", "@", "\t", "\r")

_ANSWERS = (
    "question", "decision", "confidence", "rank", "citation_confidence", "company", "code",
    "title", "activity_date", "filed_date", "number", "pages", "sha256", "filed_question", "answer",
)  # fmt: skip
_FILINGS = (
    "sha256", "activity_date", "filed_date", "code", "company", "title", "format", "pages", "path",
    "pairs",
)  # fmt: skip


def answers_csv(answers: Iterable[Answer]) -> str:
    """A row for each citation of each answer; one without citations for a question without any.

    With ``abstain`` the citations are related at best.
    """
    rows: list[Sequence[object]] = []
    for answer in answers:
        head = (answer.question, answer.decision, round(answer.confidence, 4))
        for c in answer.citations:
            f, p = c.filing, c.pair
            place = (f.company, f.code, f.title, f.activity_date, f.filed_date, p.number)
            pages = " ".join(map(str, p.pages))
            own = (c.rank, round(c.confidence, 4), *place, pages, f.sha256, p.question, p.answer)
            rows.append((*head, *own))
        if not answer.citations:
            rows.append((*head, *[""] * (len(_ANSWERS) - len(head))))
    return _csv(_ANSWERS, rows)


def filings_csv(filings: Iterable[tuple[Filing, int]]) -> str:
    """A row for each filing, with its number of pairs."""
    rows = (
        (*(getattr(filing, name) for name in _FILINGS if name != "pairs"), pairs)
        for filing, pairs in filings
    )
    return _csv(_FILINGS, rows)


def _csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    acts = isinstance(value, str) and value.startswith(_ACTS)
    return f"'{value}" if acts else "" if value is None else value
