"""Sheets of the exchanges' question platforms, one row a question: XLSX and CSV.

The text is all cells in reading order, parted by tabs, and rows by line breaks. Rows above the
header row are titles; where a header row comes again, the columns are told anew.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal

from index.errors import ReadError
from index.reading.archive import check_size
from index.reading.columns import columns_of
from index.reading.document import Document, Row
from index.records import Span

_NO_COLUMNS = (
    "no columns with questions and answers; name them in a header row, for example 问题 and 回复"
)
_NO_ROWS = "no question below the header row; fetch it again"
_MISMATCH = (
    "line {line} has {cells} cells and the header row {width}; put quotes around cells that "
    "hold commas, tabs or line breaks, or save it as .xlsx"
)
_QUOTES = "quotes that don't match near line {line}; save it again from a spreadsheet, or as .xlsx"
_DELIMITERS = (",", "\t", ";")
_SAMPLE = 1 << 14  # characters that titles and header row stand in
_SEPARATOR = re.compile(r"sep=.\r?\n")  # for Excel alone
# What a cell of an XLSX can't hold plainly.
_ESCAPE = re.compile("_x(0009|000[Aa]|000[Dd]|005[Ff])_")
# Empty ones too, which a file can name without holding them.
_MOST_ROWS, _MOST_CELLS = 1 << 20, 8_000_000
# Rows of a CSV, none of which costs nothing: a platform gives out some thousand.
_MOST_LINES = 200_000


def read_sheet_xlsx(path: Path) -> Document:
    """Read an XLSX; ``ReadError`` where it is damaged, blown up, or has no questions."""
    check_size(path, "XLSX")
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            # About what a reader of cells doesn't need, such as a missing default style.
            warnings.simplefilter("ignore")
            tables = list(_sheets(path))
    except (
        *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, ArithmeticError),
        *(OSError, EOFError, RuntimeError, AssertionError, MemoryError),
        *(zipfile.BadZipFile, zlib.error, InvalidFileException),
    ):
        reason = "a damaged XLSX; open and save it in a spreadsheet, or fetch it again"
        raise ReadError(str(path), reason) from None
    return _document(path, tables, "xlsx")


def read_sheet_csv(path: Path, text: str) -> Document:
    """Read comma-, semicolon- or tab-separated text.

    ``ReadError`` where it has no questions, or where a row has not as many cells as the header
    row: then a delimiter or a line break stands in a cell without quotes, and an answer may be
    cut there.
    """
    text = _SEPARATOR.sub("", text, count=1) if _SEPARATOR.match(text) else text
    delimiter = _delimiter(text)
    if delimiter is None:
        raise ReadError(str(path), _NO_COLUMNS)
    rows: list[list[str]] = []
    width = 0
    for line, cells in _records(path, text, delimiter):
        if len(rows) == _MOST_LINES:
            raise ReadError(str(path), "too many rows for a filing; split it")
        filled = _filled(cells)
        if columns_of(cells):
            width = len(filled)
        elif filled and width and (len(cells) < width or len(filled) > width):
            reason = _MISMATCH.format(line=line, cells=len(cells), width=width)
            raise ReadError(str(path), reason)
        rows.append(cells)
    return _document(path, [rows], "csv")


def looks_like_sheet(text: str) -> bool:
    """Whether a header row that names questions and answers begins the text."""
    return _delimiter(text) is not None


def _delimiter(text: str) -> str | None:
    """The delimiter that parts a header row; told by it, since answers are full of commas."""
    for delimiter in _DELIMITERS:
        sample = io.StringIO(text[:_SAMPLE], newline="")
        if any(columns_of(cells) for cells in csv.reader(sample, delimiter=delimiter)):
            return delimiter
    return None


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [_lines(cell) for cell in cells]
    except csv.Error:
        raise ReadError(str(path), _QUOTES.format(line=reader.line_num)) from None


def _sheets(path: Path) -> Iterator[list[list[str]]]:
    """The cells of each sheet that is shown."""
    from openpyxl import load_workbook

    count = cells = 0
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True)
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            sheet.reset_dimensions()  # some programs state wrong ones
            rows = []
            for values in sheet.iter_rows(values_only=True):
                count, cells = count + 1, cells + len(values)
                if count > _MOST_ROWS or cells > _MOST_CELLS:
                    raise ReadError(str(path), "too many rows for a filing; split it")
                if row := _filled([_shown(value) for value in values]):
                    rows.append(row)
            yield rows
        book.close()


def _shown(value: Any) -> str:
    """A cell's value as text. Days and times come in ISO form, for their format is not read."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _lines(_ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), value))
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else str(value)
    return str(value)


def _lines(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def _filled(cells: Sequence[str]) -> list[str]:
    """Cells without the empty ones at the end."""
    last = max((i for i, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return list(cells[:last])


def _document(
    path: Path, tables: Iterable[Iterable[Sequence[str]]], format_: Literal["xlsx", "csv"]
) -> Document:
    lines: list[str] = []
    rows: list[Row] = []
    offset, header = 0, False
    for table in tables:
        columns: dict[str, int] | None = None
        for cells in table:
            line = "\t".join(_filled(cells))
            if not line:
                continue
            if named := columns_of(cells):
                columns, header = named, True
            elif columns and (row := _row(cells, columns, offset, len(line))):
                rows.append(row)
            lines.append(line)
            offset += len(line) + 1
    if not rows:
        raise ReadError(str(path), _NO_ROWS if header else _NO_COLUMNS)
    return Document("\n".join(lines), format_, rows=tuple(rows))


def _row(cells: Sequence[str], columns: dict[str, int], offset: int, length: int) -> Row | None:
    """A row with a question or an answer; of one that is missing the span is empty."""
    spans: list[Span] = []
    at = offset
    for cell in cells:
        # An empty cell at the end is left out of the text.
        start = min(at, offset + length)
        spans.append(Span(start, min(start + len(cell), offset + length)))
        at += len(cell) + 1
    spans += [Span(offset + length, offset + length)] * (max(columns.values()) + 1 - len(cells))
    held = {kind: cells[i].strip() for kind, i in columns.items() if i < len(cells)}
    question, answer = held.pop("question", ""), held.pop("answer", "")
    if not question and not answer:
        return None
    return Row(
        question=spans[columns["question"]],
        answer=spans[columns["answer"]],
        start=offset,
        end=offset + length,
        cells={kind: cell for kind, cell in held.items() if cell},
    )
