"""Records to database rows and back. Tuples are kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from index.records import Box, Filing, LeftOut, Pair, Span, Table
from index.store.seals import Damage, seal

# What helps where a row isn't what was written.
CURE = "`yuanda doctor` derives it again from the store's copy"

FILING_COLUMNS = (
    "path", "sha256", "format", "title", "company", "code", "exchange", "activity_types",
    "activity_date", "filed_date", "place", "participants", "hosts", "pages",
    "short_name", "recognised", "former_names",
)  # fmt: skip
PAIR_COLUMNS = (
    "number", "question", "answer", "start", "end", "question_spans", "answer_spans", "pages",
    "boxes", "session", "left_out", "company", "code", "date", "short_name", "tables",
)  # fmt: skip
# Of a filing's row, what its seal is over, and what filters and the names of companies go by.
SEALED_COLUMNS = (*FILING_COLUMNS, "warnings", "added_at", "first_pair", "pair_count", "text_crc")
LISTED_COLUMNS = (
    "company", "code", "short_name", "activity_date", "filed_date", "activity_types",
    "first_pair", "pair_count", "sha256",
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
    return tuple(
        dump(v) if isinstance(v, tuple) else int(v) if isinstance(v, bool) else v for v in values
    )


def sound_filing(row: Sequence[Any]) -> Filing | Damage:
    """The filing of a row of ``SEALED_COLUMNS`` and its seal, or what is wrong with that."""
    *values, own = row
    if own != seal(values):
        return Damage(str(row[0]), str(row[1]), None, f"its row was changed; {CURE}")
    return filing_of(values[: len(FILING_COLUMNS)])


def sound_pair(row: Sequence[Any], filing: Filing) -> Pair | Damage:
    """The pair of a row of ``PAIR_COLUMNS`` and its seal, or what is wrong with that."""
    *values, own = row
    if own != seal([filing.sha256, *values]):
        return Damage(filing.path, filing.sha256, str(row[0]), f"its row was changed; {CURE}")
    return pair_of(values)


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
    left_out = [(left.kind, left.text) for left in pair.left_out]
    lists = (pair.question_spans, pair.answer_spans, pair.pages, boxes)
    head = (pair.number, pair.question, pair.answer, pair.start, pair.end)
    own = (pair.company, pair.code, pair.date, pair.short_name)
    tables = dump([(table.start, table.end, table.rows) for table in pair.tables])
    kept = (*head, *(dump(value) for value in lists), pair.session, dump(left_out))
    return (*kept, *own, tables)


def pair_of(row: Sequence[Any]) -> Pair:
    """The pair of a row of ``PAIR_COLUMNS``."""
    number, question, answer, start, end = row[:5]
    asked, answered, pages, boxes = (json.loads(value) for value in row[5:9])
    session, left_out, company, code, date, short_name, tables = row[9:16]
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
        session=session,
        left_out=tuple(LeftOut(*each) for each in json.loads(left_out)),
        company=company,
        code=code,
        date=date,
        short_name=short_name,
        tables=tuple(
            Table(first, last, tuple(map(tuple, cells)))
            for first, last, cells in json.loads(tables)
        ),
    )
