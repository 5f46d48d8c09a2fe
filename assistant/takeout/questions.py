"""Lists of questions as people keep them: text, CSV, XLSX or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from assistant.takeout.days import day_of
from index.errors import CallError, ReadError
from index.reading.archive import check_size
from index.reading.decoding import decode
from index.records import Filters

# What columns are called. Each says which filings may answer, but for the question.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "question": (
        "问题", "提问", "投资者问题", "投资者提问", "问题内容", "提问内容", "拟答问题", "预计问题",
        "question", "questions", "q",
    ),
    "company": (
        "公司", "公司名称", "公司简称", "证券简称", "股票简称", "简称", "上市公司", "company",
        "name",
    ),
    "code": ("代码", "证券代码", "股票代码", "公司代码", "code", "ts_code", "symbol"),
    "since": (
        "起", "自", "从", "起始", "开始", "起日", "起始日", "起始日期", "开始日期", "since", "from",
    ),
    "until": (
        "止", "至", "到", "截止", "截至", "结束", "止日", "截止日", "截止日期", "结束日期", "until",
        "to",
    ),
    "as_of": ("披露截至", "截至披露日", "as_of", "asof"),
    "activity": ("活动类别", "活动类型", "类别", "activity"),
}  # fmt: skip
_LARGEST, _MOST = 20 << 20, 5000
_IGNORED = re.compile(r"[\s:：*#\u200b-\u200f\u2060\ufeff]+|\([^()]*\)")
_NUMBERED = re.compile(r"^\s*(?:[(（]?\d{1,3}[)）、．]|\d{1,3}\.(?!\d)|[-•·])\s*")
_CODE = re.compile(r"(?:(?:sh|sz|bj)\.?)?(\d{1,6})(?:\.(?:sh|sz|bj|ss)|\.0)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A question of a list: where it stands there, and which filings may answer it.

    ``error`` says why it can't be asked, ``None`` where it can.
    """

    row: int
    question: str
    filters: Filters
    error: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionList:
    """The questions of a file in order; ``unused`` are columns that say nothing to Yuanda."""

    questions: tuple[Listed, ...]
    unused: tuple[str, ...] = ()


def read_questions(path: Path, default: Filters | None = None) -> QuestionList:
    """Read a list; what a row doesn't say of its filings, ``default`` does.

    A row that can't be asked has an error, and the rest goes on. ``CallError`` where the file
    can't be read, has no questions or too many.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise CallError(f"{path}: {size >> 20} MB, no list of questions; split it")
        found = _read(path)
    except OSError as error:
        raise CallError(f"{path}: {error.strerror or 'can not be read'}") from None
    except ReadError as error:
        raise CallError(str(error)) from None
    if not found.questions:
        raise CallError(f"{path}: no questions in it; put one on each line, or a column 问题")
    if len(found.questions) > _MOST:
        raise CallError(f"{path}: more than {_MOST:,} questions; split it")
    return replace(found, questions=tuple(_with(q, default or Filters()) for q in found.questions))


def _with(listed: Listed, default: Filters) -> Listed:
    own = listed.filters
    told = {name: getattr(own, name) or getattr(default, name) for name in Filters.__slots__}
    if own.company and not own.code:  # another company than the default's
        told["code"] = None
    if own.code and not own.company:
        told["company"] = None
    return replace(listed, filters=Filters(**told))


def _read(path: Path) -> QuestionList:
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        return _of_table(list(_workbook(path)))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise ReadError(str(path), "an old Excel file; save it as .xlsx or CSV")
    text = decode(path, content)
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if lines and lines[0][1].startswith("{"):
        return _of_json(lines)
    for delimiter in ",\t;，|":
        # The whole of it, since a question in quotes may hold line breaks.
        table = _delimited(text, delimiter)
        if table and _columns(table[0][1]) is not None:
            if len(table[0][1]) == 1:  # what stands after a comma is part of the question
                table = [(n, [delimiter.join(row)]) for n, row in table]
            return _of_table(table)
    return QuestionList(tuple(Listed(n, _NUMBERED.sub("", line), Filters()) for n, line in lines))


def _delimited(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


def _workbook(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet that is shown and holds anything."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    check_size(path, "XLSX")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True, data_only=True)
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    continue
                sheet.reset_dimensions()
                rows = enumerate(sheet.iter_rows(values_only=True, max_col=64), start=1)
                shown = ((n, [_shown(value) for value in row]) for n, row in rows if n <= 1 << 17)
                filled = [(n, row) for n, row in shown if any(cell.strip() for cell in row)]
                if filled:
                    yield from filled
                    return
    except (
        *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, ArithmeticError),
        *(EOFError, RuntimeError, AssertionError, zipfile.BadZipFile, InvalidFileException),
    ):
        raise ReadError(str(path), "a damaged XLSX; open and save it in a spreadsheet") from None


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _of_table(table: Sequence[tuple[int, Sequence[str]]]) -> QuestionList:
    """Rows below one that names a column of questions, else the first column's cells."""
    columns = _columns(table[0][1]) if table else None
    if columns is None:
        cells = ((n, next((c for c in row if c.strip()), "")) for n, row in table)
        return QuestionList(
            tuple(Listed(n, _NUMBERED.sub("", cell.strip()), Filters()) for n, cell in cells)
        )
    names = table[0][1]
    unused = tuple(
        name.strip() for i, name in enumerate(names) if name.strip() and i not in columns.values()
    )
    listed = []
    for n, row in table[1:]:
        told = {kind: row[i].strip() for kind, i in columns.items() if i < len(row)}
        one = _listed(n, told)
        if any(cell.strip() for cell in row[len(names) :]):
            one = replace(one, error="more cells than the first row names; put quotes around text")
        listed.append(one)
    return QuestionList(tuple(listed), unused)


def _columns(cells: Sequence[str]) -> dict[str, int] | None:
    """Where each kind of column stands, if a row names one of questions."""
    names = [_plain(cell) for cell in cells]
    found: dict[str, int] = {}
    for kind, known in COLUMNS.items():
        name = next((name for name in known if name in names), None)
        if name is not None:
            found[kind] = names.index(name)
    return found if "question" in found else None


def _plain(cell: str) -> str:
    if len(cell) > 40:
        return ""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", cell).lower())


def _of_json(lines: Iterable[tuple[int, str]]) -> QuestionList:
    listed = []
    for n, line in lines:
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            listed.append(Listed(n, line[:200], Filters(), "no JSON object on this line"))
            continue
        if not isinstance(row, dict) or not isinstance(row.get("question"), str):
            listed.append(Listed(n, line[:200], Filters(), 'needs "question", a string'))
            continue
        told = {key: str(value).strip() for key, value in row.items() if value is not None}
        one = _listed(n, {key: value for key, value in told.items() if key in COLUMNS})
        if unknown := sorted(told.keys() - COLUMNS.keys()):
            one = replace(one, error=f'"{unknown[0]}" is not known; known are {", ".join(COLUMNS)}')
        listed.append(one)
    return QuestionList(tuple(listed))


def _listed(row: int, told: Mapping[str, str]) -> Listed:
    question = told.get("question", "")
    values: dict[str, str] = {kind: cell for kind, cell in told.items() if cell}
    values.pop("question", None)
    try:
        for kind in ("since", "until", "as_of"):
            if kind in values:
                values[kind] = _day(kind, values[kind])
        if "code" in values:
            values["code"] = _code(values["code"])
        if not question:
            raise ValueError("the question is empty")
        if values.get("since", "") > values.get("until", "9"):
            raise ValueError(f"{values['since']} is after {values['until']}")
    except ValueError as error:
        return Listed(row, question, Filters(), str(error))
    return Listed(row, question, Filters(**values))


def _day(kind: str, text: str) -> str:
    try:
        return day_of(text, last=kind != "since")
    except ValueError:
        raise ValueError(
            f"{COLUMNS[kind][0]}（{kind}）: {text!r} is no day like 2024-09-12"
        ) from None


def _code(text: str) -> str:
    found = _CODE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"代码（code）: {text!r} is no security code of 6 digits")
    return found[1].zfill(6)  # spreadsheets lose the zeros it begins with
