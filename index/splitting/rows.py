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
from index.splitting.pairs import SplitText, split

_LONGEST_TITLE = 80
_SHEETS = ("xlsx", "csv")
# Columns that tell a row's day, the better one first.
_TIMES = ("answered", "asked")
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
    """Pairs and head of a sheet, or of a document whose questions stand in tables."""
    text, rows = document.text, document.rows
    pairs: list[Pair] = []
    unanswered = unasked = 0
    companies = _companies(rows)
    for row in rows:
        question, answer = (spans_of(text, cells) for cells in (row.questions, row.answers))
        if _NO_ANSWER.fullmatch(assemble(text, answer)):
            unanswered += 1
        elif not question:
            unasked += 1
        else:
            pair = _pair(text, row, question, answer, str(len(pairs) + 1))
            pairs.append(_with_own(pair, row, several=len(companies) > 1))
    warnings = list(_warnings(pairs, unanswered, unasked))
    is_sheet = document.format in _SHEETS
    head, head_end = _head(text, rows, companies, "" if is_sheet else text[rows[-1].end :])
    parts = account(text, pairs, (), rows[0].start if is_sheet else head_end)
    if is_sheet:
        # It has nobody's talk before the questions: that is a question without an answer.
        parts = tuple(replace(p, kind="rest") if p.kind == "context" else p for p in parts)
    if pairs and not unanswered and (large := large_rest(parts)):
        warnings.append(large)
    return SplitText(head, tuple(pairs), tuple(warnings), parts)


def with_others(document: Document, result: SplitText) -> SplitText:
    """With the questions that stand outside of a document's tables, where they are marked."""
    if document.format in _SHEETS:
        return result
    text = document.text
    hidden = list(text)
    for row in document.rows:
        hidden[row.table : row.end] = "\n" * (row.end - row.table)
    outside = split(replace(document, text="".join(hidden), rows=()))
    marked = [pair for pair in outside.pairs if pair.start < pair.question_spans[0].start]
    if not marked:
        return result
    every = tuple(sorted((*result.pairs, *marked), key=lambda pair: pair.start))
    head, end = read_head(text[: every[0].start], text[every[-1].end :])
    return replace(
        result, head=result.head | head, pairs=every, parts=account(text, every, (), end)
    )


def spans_of(text: str, cells: Sequence[Span]) -> tuple[Span, ...]:
    """A span for each line of cells, and one for a line break between two."""
    spans: list[Span] = []
    for cell in cells:
        start = cell.start
        for line in text[cell.start : cell.end].split("\n"):
            first = start + len(line) - len(line.lstrip())
            last = first + len(line.strip())
            if first < last:
                at = text.rfind("\n", spans[-1].end, first) if spans else -1
                if at >= 0:
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


def _companies(rows: Sequence[Row]) -> list[str]:
    """The companies that the rows tell apart: each by its code, or by its name where no row of
    that name has one."""
    told = [(code_of(row.cells.get("code", "")), _name(row)) for row in rows]
    codes = {name: code for code, name in told if code and name}
    keys = (code or codes.get(name, name) for code, name in told)
    return list(dict.fromkeys(key for key in keys if key))


def _name(row: Row) -> str:
    return next(
        (n for k in ("company", "short") if (n := " ".join(row.cells.get(k, "").split()))), ""
    )


def _with_own(pair: Pair, row: Row, *, several: bool) -> Pair:
    """With what a row says of itself: its day, and where there are ``several`` its company."""
    pair = replace(pair, date=next((day for kind in _TIMES for day in _days([row], kind)), None))
    if not several:
        return pair
    name, short = (" ".join(row.cells.get(kind, "").split()) for kind in ("company", "short"))
    return replace(
        pair,
        company=name or short or None,
        code=code_of(row.cells.get("code", "")),
        short_name=short or None,
    )


def _head(
    text: str, rows: Sequence[Row], companies: Sequence[str], behind: str
) -> tuple[dict[str, Any], int]:
    """Fields of ``Filing`` from what stands around the rows and from the columns, and where the
    head ends. Where the rows are of several companies, none of them is the filing's."""
    titles = text[: rows[0].table].rstrip()
    head, end = read_head(titles, behind)
    title = " ".join(titles.split("\n")[0].split())
    if title and len(title) <= _LONGEST_TITLE:
        head.setdefault("title", title)
    if days := _days(rows, "answered") or _days(rows, "asked"):
        head["activity_date"] = max(days)
    codes = {code for row in rows if (code := code_of(row.cells.get("code", "")))}
    if len(companies) > 1:
        for field in ("company", "code", "exchange", "short_name"):
            head.pop(field, None)
    else:
        names, shorts = _held(rows, "company"), _held(rows, "short")
        if company := next(iter(names), None) or head.get("company") or next(iter(shorts), None):
            head["company"] = company
        if codes:
            head["code"] = next(iter(codes))
    exchanges = {exchange_of(code) for code in codes}
    if len(exchanges) == 1 and (exchange := exchanges.pop()):
        head["exchange"] = exchange
    return head, end


def _held(rows: Sequence[Row], kind: str) -> list[str]:
    """Different values of a column, in order."""
    values = (" ".join(row.cells.get(kind, "").split()) for row in rows)
    return list(dict.fromkeys(value for value in values if value))


def _days(rows: Sequence[Row], kind: str) -> set[str]:
    """Days in a column, as YYYY-MM-DD."""
    cells = (_DAY.sub(r"\1-\2-\3 ", row.cells.get(kind, "")) for row in rows)
    return {day for cell in cells for day in dates_in(cell)[:1]}
