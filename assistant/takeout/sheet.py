"""What was prepared, as an Excel workbook."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

from assistant.takeout.prepared import Item, Prepared
from assistant.takeout.source import source_of, writable
from index.records import Filters

# What Excel takes in a cell, and in an address.
_LONGEST, _LONGEST_ADDRESS = 32_767, 2000
# Points of a line, and of the tallest row that Excel knows.
_LINE_HEIGHT, _TALLEST = 15, 409
# What would be read as a character's number, and what would be read as a formula in a CSV.
_ESCAPE, _ACTS = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)"), ("=", "+", "-", "@", "\t", "\r")

_ASKED = (("序号", 6), ("问题", 40), ("公司", 14), ("代码", 9), ("起", 11), ("止", 11))
_GAPS = (*_ASKED, ("结论", 12), ("原因与检索范围", 48), ("相关的已披露问题（不是答复）", 60))
_ANSWERED = (
    *_ASKED,
    *(("官方答复（原文）", 70), ("公告中的问题（原文）", 40), ("披露公司", 24), ("披露代码", 9)),
    *(("公告", 40), ("活动日期", 11), ("披露日期", 11), ("编号", 7), ("页", 7)),
    *(("SHA-256", 18), ("地址", 30), ("置信度", 8), ("注意", 16)),
)


def workbook(prepared: Prepared) -> bytes:
    """An XLSX: the questions without an answer first, those with one, what was searched."""
    book = Workbook()
    book.properties.creator, book.properties.title = "Yuanda 原答", writable(prepared.title)
    book.properties.created = prepared.at.replace(tzinfo=None)
    first: Any = book.active
    first.title = "无官方答复"
    _fill(first, _GAPS, (row for n, item in prepared.gaps for row in _gap(n, item)))
    _fill(
        book.create_sheet("官方答复"),
        _ANSWERED,
        (row for n, item in prepared.answered for row in _answer(n, item)),
    )
    told = (
        ("标题", prepared.title),
        ("问题", str(len(prepared.items))),
        ("有官方答复", str(len(prepared.answered))),
        ("无官方答复", str(len(prepared.gaps))),
        ("检索范围", prepared.searched.told(Filters())),
        ("生成时间", f"{prepared.at:%Y-%m-%d %H:%M} UTC"),
        ("说明", "答复均为公告原文，未作改写。SHA-256 为公告文件的摘要。"),
    )
    _fill(book.create_sheet("说明"), (("项目", 14), ("内容", 90)), told)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _asked(number: int, item: Item) -> tuple[Any, ...]:
    listed = item.listed
    f = listed.filters
    told = (listed.question, f.company or "", f.code or "", f.since or "", f.until or "")
    return (number, *told)


def _gap(number: int, item: Item) -> Iterator[Sequence[Any]]:
    related = "\n".join(
        f"{c.pair.question}（{c.filing.company} · {c.filing.title} · 编号 {c.pair.number}）"
        for c in item.related
    )
    searched = item.searched.told(item.listed.filters) if item.searched else ""
    verdict = "未能检索" if item.listed.error else "无官方答复"
    yield (*_asked(number, item), verdict, item.why + searched, related)


def _answer(number: int, item: Item) -> Iterator[Sequence[Any]]:
    citation = item.citation
    if citation is None:
        raise ValueError("no answer")
    source = source_of(citation, item.address)
    pieces = list(_pieces(citation.pair.answer))
    yield (
        *_asked(number, item),
        *(pieces[0], citation.pair.question, source.company, source.code, source.title),
        *(source.activity_day, source.filed_day, source.number, source.pages),
        *(source.sha256[:16], source.address, round(citation.confidence, 2), source.note),
    )
    for piece in pieces[1:]:  # an answer longer than a cell goes on below
        yield (f"{number}（续）", "", "", "", "", "", piece)


def _pieces(text: str) -> Iterable[str]:
    # Escapes make a text longer.
    step = _LONGEST // 2
    return [text[i : i + step] for i in range(0, max(len(text), 1), step)]


def _fill(sheet: Any, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[Any]]) -> None:
    wrapped = Alignment(wrap_text=True, vertical="top")
    for place, (name, width) in enumerate(columns, start=1):
        head = sheet.cell(1, place, name)
        head.font, head.alignment = Font(bold=True), wrapped
        head.fill = PatternFill("solid", start_color="FFE8EEF7")
        sheet.column_dimensions[head.column_letter].width = width
    for number, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            _write(sheet.cell(number, place), value)
            sheet.cell(number, place).alignment = wrapped
        widths = (width for _, width in columns)
        lines = max(_lines(value, width) for value, width in zip(row, widths, strict=False))
        sheet.row_dimensions[number].height = min(_TALLEST, _LINE_HEIGHT * lines)
    sheet.freeze_panes = "C2" if len(columns) > 2 else "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _lines(value: Any, width: int) -> int:
    """How many lines a value takes in a column of so many Latin characters; Chinese are twice
    as wide. Not every program works it out itself."""
    return sum(
        1 + sum(2 if ch > "\u2e7f" else 1 for ch in line) // max(width - 1, 1)
        for line in str(value).split("\n")
    )


def _write(cell: Any, value: Any) -> None:
    """Write a number, or text that is text, whatever it begins with."""
    if not isinstance(value, str):
        cell.value = value
        return
    text = _ESCAPE.sub("_x005F_", writable(value)[:_LONGEST])
    cell.value = text
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(_ACTS)
    if value.startswith(("https://", "http://")) and len(value) < _LONGEST_ADDRESS:
        cell.hyperlink, cell.style = value, "Hyperlink"
