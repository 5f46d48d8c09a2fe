"""Records to database rows and back. Tuples are kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from index.records import Box, Filing, Pair, Span

FILING_COLUMNS = (
    "path", "sha256", "format", "title", "company", "code", "exchange", "activity_types",
    "activity_date", "filed_date", "place", "participants", "hosts", "pages",
    "short_name", "recognised", "former_names",
)  # fmt: skip
PAIR_COLUMNS = (
    "number", "question", "answer", "start", "end", "question_spans", "answer_spans", "pages",
    "boxes",
)  # fmt: skip


def columns(names: Sequence[str], table: str) -> str:
    """Column names of a table, as SQL."""
    return ", ".join(f"{table}.{name}" for name in names)


def dump(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def filing_row(filing: Filing) -> tuple[Any, ...]:
    """Values of ``FILING_COLUMNS``."""
    values = [getattr(filing, name) for name in FILING_COLUMNS]
    return tuple(dump(v) if isinstance(v, tuple) else v for v in values)


def filing_of(row: Sequence[Any]) -> Filing:
    """The filing of a row of ``FILING_COLUMNS``."""
    values = dict(zip(FILING_COLUMNS, row, strict=True))
    values["activity_types"] = tuple(json.loads(values["activity_types"]))
    values["former_names"] = tuple(json.loads(values["former_names"]))
    values["recognised"] = bool(values["recognised"])
    return Filing(**values)


def pair_row(pair: Pair) -> tuple[Any, ...]:
    """Values of ``PAIR_COLUMNS``."""
    boxes = [(b.page, b.x0, b.y0, b.x1, b.y1) for b in pair.boxes]
    lists = (pair.question_spans, pair.answer_spans, pair.pages, boxes)
    head = (pair.number, pair.question, pair.answer, pair.start, pair.end)
    return (*head, *(dump(value) for value in lists))


def pair_of(row: Sequence[Any]) -> Pair:
    """The pair of a row of ``PAIR_COLUMNS``."""
    number, question, answer, start, end = row[:5]
    asked, answered, pages, boxes = (json.loads(value) for value in row[5:])
    return Pair(
        number=number,
        question=question,
        answer=answer,
        start=start,
        end=end,
        question_spans=tuple(Span(*s) for s in asked),
        answer_spans=tuple(Span(*s) for s in answered),
        pages=tuple(pages),
        boxes=tuple(Box(*b) for b in boxes),
    )
