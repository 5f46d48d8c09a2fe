"""XLSX workbooks: the cells of each sheet that is shown, as they are shown."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from index.errors import ReadError
from index.reading.archive import plain_parts
from index.reading.sheets.number_format import is_day, shown_day, shown_number, shown_text

# What a cell of an XLSX can't hold plainly.
_ESCAPE = re.compile("_x(0[0-9A-Fa-f]{3})_")
# Empty ones too, which a file can name without holding them.
_MOST_ROWS, _MOST_CELLS = 1 << 20, 8_000_000
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)")
_PIECE, _OVERLAP = 1 << 20, 200
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNKNOWN = "\ufffd"
# Formats that a file only numbers, as a Chinese spreadsheet has them.
_NUMBERED = {
    14: "yyyy/m/d", 22: "yyyy/m/d h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"',
    30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"',
    34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"',
    50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'm"月"d"日"',
    55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"',
    58: 'm"月"d"日"',
}  # fmt: skip


class SheetRow(NamedTuple):
    """A row's cells as they are shown.

    ``merged`` are the columns of cells that go on from above, ``days`` the days (YYYY-MM-DD) that
    cells hold, whatever of them they show.
    """

    texts: list[str]
    merged: frozenset[int] = frozenset()
    days: Mapping[int, str] = {}


@dataclass(slots=True)
class Workbook:
    """Sheets, row by row; ``lost`` counts characters that no file may hold, ``unread`` cells
    whose format isn't known."""

    tables: list[list[SheetRow]] = field(default_factory=list)
    lost: int = 0
    unread: int = 0


def read_workbook(path: Path) -> Workbook:
    """All sheets that are shown. Raises whatever openpyxl does where the file is damaged."""
    if not _is_strict(path):
        try:
            # A file that is open goes by its content, not by its name.
            with path.open("rb") as plain:
                return _read(plain, Workbook())
        except ReadError:
            raise
        except Exception as error:
            try:
                return _changed(path)
            except ValueError:
                raise error from None
    return _changed(path)


def _changed(path: Path) -> Workbook:
    """Read with the usual names and without what XML can't hold."""
    file, lost = plain_parts(path)
    if isinstance(file, Path):
        raise ValueError("nothing to mend")
    return _read(file, Workbook(lost=lost))


def _is_strict(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return b"purl.oclc.org" in archive.read("xl/workbook.xml")


def _read(file: BinaryIO, found: Workbook) -> Workbook:
    from openpyxl import load_workbook

    count = cells = 0
    book = load_workbook(file, read_only=True, data_only=True)
    shown = _Shown(book, found)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        merged = _merged(sheet)
        sheet.reset_dimensions()  # some programs state wrong ones
        rows = []
        for number, values in enumerate(sheet.iter_rows(), start=1):
            count, cells = count + 1, cells + len(values)
            if count > _MOST_ROWS or cells > _MOST_CELLS:
                raise ReadError(
                    file.name if hasattr(file, "name") else "sheet",
                    "too many rows for a filing; split it",
                )
            row = shown.row(values, merged.get(number, frozenset()))
            if any(text.strip() for text in row.texts):
                rows.append(row)
        found.tables.append(rows)
    book.close()
    return found


def _merged(sheet: Any) -> dict[int, frozenset[int]]:
    """By row, the columns (from 0) of cells that are merged with the one above."""
    from openpyxl.utils import column_index_from_string

    found: dict[int, frozenset[int]] = {}
    with sheet._get_source() as source:
        for left, top, right, bottom in _references(source):
            columns = range(
                column_index_from_string(left.decode()) - 1,
                column_index_from_string(right.decode()),
            )
            first, last = int(top), int(bottom)
            if last - first > _MOST_ROWS or len(columns) * (last - first) > _MOST_CELLS:
                continue
            for row in range(first + 1, last + 1):
                found[row] = found.get(row, frozenset()) | frozenset(columns)
    return found


def _references(source: Any) -> Iterator[tuple[bytes, ...]]:
    """The ranges of merged cells, which stand behind all cells in a sheet's part."""
    kept, reached = b"", 0
    while piece := source.read(_PIECE):
        kept += piece
        for match in _MERGED.finditer(kept):
            if match.start() >= reached:
                yield match.groups()
                reached = match.end()
        cut = max(len(kept) - _OVERLAP, 0)
        kept, reached = kept[cut:], max(reached - cut, 0)


class _Shown:
    """Shows cells by their formats, each looked up once."""

    def __init__(self, book: Any, found: Workbook) -> None:
        self._book, self._found = book, found
        self._codes: dict[int, str] = {}

    def row(self, cells: Any, merged: frozenset[int]) -> SheetRow:
        texts, days = [], {}
        for column, cell in enumerate(cells):
            text, day = self._cell(cell)
            texts.append(text)
            if day:
                days[column] = day
        last = max((i for i, text in enumerate(texts, start=1) if text.strip()), default=0)
        last = max(last, *(column + 1 for column in merged)) if last and merged else last
        texts += [""] * (last - len(texts))
        return SheetRow(texts[:last], merged, days)

    def _cell(self, cell: Any) -> tuple[str, str]:
        """What a cell shows, and the day that it holds."""
        value = cell.value
        if value is None:
            return "", ""
        if isinstance(value, str):
            code = self._code(cell)
            text = self._text(value)
            return (shown_text(text, code) if "@" in code and code != "@" else text), ""
        if isinstance(value, bool):
            return str(value).upper(), ""
        code = self._code(cell)
        if isinstance(value, int | float):
            if not is_day(code):
                return self._try(lambda: shown_number(float(value), code), str(value)), ""
            value = self._day_of(value)
        return self._day(value, code)

    def _day(self, value: Any, code: str) -> tuple[str, str]:
        if isinstance(value, timedelta):
            serial = value / timedelta(days=1)
            moment = datetime(1899, 12, 30) + value
            return self._try(lambda: shown_day(moment, code, serial), str(value)), ""
        if isinstance(value, time):
            moment = datetime.combine(date(1900, 1, 1), value)
            return self._try(lambda: shown_day(moment, code), str(value)), ""
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if not isinstance(value, datetime):
            return str(value), ""
        moment = value
        plain = value.date().isoformat() if value.time() == time() else str(value)
        return self._try(lambda: shown_day(moment, code), plain), value.date().isoformat()

    def _day_of(self, value: float) -> Any:
        from openpyxl.utils.datetime import from_excel

        try:
            return from_excel(value, self._book.epoch)
        except (ValueError, OverflowError):
            return value

    def _code(self, cell: Any) -> str:
        style = getattr(cell, "_style_id", 0)
        if style not in self._codes:
            number = cell.style_array.numFmtId if style else 0
            self._codes[style] = _NUMBERED.get(number) or cell.number_format or "General"
        return self._codes[style]

    def _try(self, show: Callable[[], str], plain: str) -> str:
        try:
            return show()
        except (ArithmeticError, ValueError, LookupError):
            self._found.unread += 1
            return plain

    def _text(self, value: str) -> str:
        """A text without the file's escapes; what it can't hold is U+FFFD."""
        if "_x0" in value:
            value = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)
        value, lost = _CONTROL.subn(_UNKNOWN, value)
        self._found.lost += lost
        return value.replace("\r\n", "\n").replace("\r", "\n")
