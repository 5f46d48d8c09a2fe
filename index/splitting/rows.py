"""A sheet's rows to pairs: a row with a question and an answer is a pair."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from index.reading.document import Document, Row
from index.records import Pair, Span, assemble
from index.splitting.accounting import account, large_rest
from index.splitting.head import dates_in, exchange_of, read_head
from index.splitting.pairs import SplitText

_LONGEST_TITLE = 80
# What platforms and programs put where nothing was answered.
_NO_ANSWER = re.compile(
    r"[\s\-—–/]*|nan|none|null|n/a|#n/a|[（(]?(?:暂无|暂未|尚未|未|待|等待)(?:回复|答复|回答)[)）]?。?",
    re.IGNORECASE,
)
# Also `SZ002415`, `002415.SZ`, `'002415`, `="002415"` and the `2415.0` of a column of numbers.
_CODE = re.compile(
    r"""=?["']?(?:(?:SZ|SH|BJ)[.:]?)?(\d{1,6})(?:\.0|\.(?:SZ|SH|BJ|SS|XSHE|XSHG))?["']?""",
    re.IGNORECASE,
)
_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")


def split_rows(document: Document) -> SplitText:
    """Pairs and head of a sheet."""
    text, rows = document.text, document.rows
    pairs: list[Pair] = []
    unanswered = unasked = 0
    for row in rows:
        question, answer = spans_of(text, row.question), spans_of(text, row.answer)
        if _NO_ANSWER.fullmatch(text[row.answer.start : row.answer.end].strip()):
            unanswered += 1
        elif not question:
            unasked += 1
        else:
            pairs.append(_pair(text, row, question, answer, str(len(pairs) + 1)))
    warnings = list(_warnings(pairs, unanswered, unasked))
    head, several = _head(text, rows)
    if several:
        warnings.append(several)
    parts = account(text, pairs, (), rows[0].start)
    # A sheet has nobody's talk before the questions: that is a question without an answer.
    parts = tuple(replace(p, kind="rest") if p.kind == "context" else p for p in parts)
    if pairs and not unanswered and (large := large_rest(parts)):
        warnings.append(large)
    return SplitText(head, tuple(pairs), tuple(warnings), parts)


def spans_of(text: str, cell: Span) -> tuple[Span, ...]:
    """A span for each line of a cell, and one for a line break between two."""
    spans: list[Span] = []
    start = cell.start
    for line in text[cell.start : cell.end].split("\n"):
        first = start + len(line) - len(line.lstrip())
        last = first + len(line.strip())
        if first < last:
            if spans:
                at = text.rfind("\n", spans[-1].end, first)
                spans.append(Span(at, at + 1))
            spans.append(Span(first, last))
        start += len(line) + 1
    return tuple(spans)


def code_of(cell: str) -> str | None:
    """A security code of mainland China, with the zeros that a spreadsheet took for nothing."""
    match = _CODE.fullmatch("".join(cell.split()))
    if not match:
        return None
    digits = match.group(1)
    # A shorter one that kept its zeros is one of Hong Kong.
    return None if digits[0] == "0" and len(digits) < 6 else digits.zfill(6)


def _pair(
    text: str, row: Row, question: tuple[Span, ...], answer: tuple[Span, ...], running: str
) -> Pair:
    return Pair(
        number=row.cells.get("number") or running,
        question=assemble(text, question),
        answer=assemble(text, answer),
        start=row.start,
        end=row.end,
        question_spans=question,
        answer_spans=answer,
    )


def _warnings(pairs: Sequence[Pair], unanswered: int, unasked: int) -> Iterator[str]:
    if not pairs:
        yield "no question with an answer found"
    if unanswered:
        yield f"{unanswered} question{'s' * (unanswered > 1)} without an answer left out"
    if unasked:
        yield f"{unasked} answer{'s' * (unasked > 1)} without a question left out"


def _head(text: str, rows: Sequence[Row]) -> tuple[dict[str, Any], str | None]:
    """Fields of ``Filing`` from the title rows and the columns, and a warning where the rows
    are of several companies: then none of them is the filing's."""
    titles = text[: rows[0].start].rstrip().rpartition("\n")[0]
    head, _ = read_head(titles, "")
    title = " ".join(titles.split("\n")[0].split())
    if title and len(title) <= _LONGEST_TITLE:
        head.setdefault("title", title)
    if days := _days(rows, "answered") or _days(rows, "asked"):
        head["activity_date"] = max(days)
    codes = {code for row in rows if (code := code_of(row.cells.get("code", "")))}
    names = _held(rows, "company")
    shorts = _held(rows, "short")
    count = len(codes) or len(names) or len(shorts)
    if count > 1:
        for field in ("company", "code", "exchange"):
            head.pop(field, None)
    else:
        if company := next(iter(names), None) or head.get("company") or next(iter(shorts), None):
            head["company"] = company
        if codes:
            head["code"] = next(iter(codes))
    exchanges = {exchange_of(code) for code in codes}
    if len(exchanges) == 1 and (exchange := exchanges.pop()):
        head["exchange"] = exchange
    if count <= 1:
        return head, None
    return head, f"questions to {count} companies: give each a file, so that filters find it"


def _held(rows: Sequence[Row], kind: str) -> list[str]:
    """Different values of a column, in order."""
    values = (" ".join(row.cells.get(kind, "").split()) for row in rows)
    return list(dict.fromkeys(value for value in values if value))


def _days(rows: Sequence[Row], kind: str) -> set[str]:
    """Days in a column, as YYYY-MM-DD."""
    cells = (_DAY.sub(r"\1-\2-\3 ", row.cells.get(kind, "")) for row in rows)
    return {day for cell in cells for day in dates_in(cell)[:1]}
