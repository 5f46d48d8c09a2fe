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
from dataclasses import replace
from pathlib import Path
from typing import Literal

from index.errors import ReadError
from index.reading.archive import check_size
from index.reading.columns import columns_of
from index.reading.document import Cell, Document
from index.reading.sheets.workbook import SheetRow, read_workbook
from index.reading.tables import Questions

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
            book = read_workbook(path)
    except (
        *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, ArithmeticError),
        *(OSError, EOFError, RuntimeError, AssertionError, MemoryError),
        *(zipfile.BadZipFile, zlib.error, InvalidFileException),
    ):
        reason = "a damaged XLSX; open and save it in a spreadsheet, or fetch it again"
        raise ReadError(str(path), reason) from None
    document = _document(path, book.tables, "xlsx")
    told = []
    if book.lost:
        plural = "s" * (book.lost > 1)
        told.append(f"{book.lost} character{plural} that no sheet may hold, read as U+FFFD")
    if book.unread:
        told.append(f"{book.unread} cells in a format that isn't known: as they are stored")
    return replace(document, warnings=tuple(told))


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
    rows: list[SheetRow] = []
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
        rows.append(SheetRow(_filled(cells)))
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


def _lines(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def _filled(cells: Sequence[str]) -> list[str]:
    """Cells without the empty ones at the end."""
    last = max((i for i, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return list(cells[:last])


def _document(
    path: Path, tables: Iterable[Iterable[SheetRow]], format_: Literal["xlsx", "csv"]
) -> Document:
    lines: list[str] = []
    questions = Questions()
    offset = 0
    for table in tables:
        questions.begin()
        labelled: list[tuple[Sequence[str], Sequence[Cell]]] = []
        for texts, merged, days in table:
            if not texts:
                continue
            cells = list(_places(texts, offset, merged))
            if not questions.add(texts, cells, days):
                labelled.append((texts, cells))
            line = "\t".join(texts)
            lines.append(line)
            offset += len(line) + 1
        questions.end(labelled)
    if not questions.rows:
        raise ReadError(str(path), _NO_ROWS if questions.has_header else _NO_COLUMNS)
    return Document("\n".join(lines), format_, rows=tuple(questions.rows))


def _places(texts: Sequence[str], offset: int, merged: frozenset[int]) -> Iterator[Cell]:
    """Where a row's cells stand in the text."""
    for column, text in enumerate(texts):
        yield Cell(offset, offset + len(text), column in merged)
        offset += len(text) + 1
