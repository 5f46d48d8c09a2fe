"""Pairs to a sheet of an exchange's question platform: XLSX or CSV, one row a pair."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from random import Random

from openpyxl import Workbook

from eval.collection import wording as w
from eval.collection.content import Content
from eval.collection.layouts import Head
from eval.collection.look import Look
from eval.collection.marks import Expected
from eval.collection.write_docx import repacked

_EPOCH = datetime(2024, 1, 1)


def sheet(content: Content, look: Look) -> tuple[list[list[str]], Head, tuple[Expected, ...]]:
    """The rows with their header row, what the head says, and the pairs."""
    company = content.company
    columns = w.SHEET_COLUMNS[look.pick % len(w.SHEET_COLUMNS)]
    rng = Random(look.pick)
    rows, expected = [list(columns)], []
    for i, pair in enumerate(content.pairs):
        asked = date.fromisoformat(content.activity_date) - timedelta(days=rng.randrange(3))
        question = look.typeset(pair.question)
        answer = "\n".join(look.typeset(paragraph) for paragraph in pair.answer)
        name = company.name if columns[1] == "公司名称" else company.short
        rows.append(
            [company.code, name, question, asked.isoformat(), answer, content.activity_date]
        )
        expected.append(Expected(str(i + 1), question, "".join(answer.splitlines())))
    head: Head = {"code": company.code, "exchange": company.exchange}
    if columns[1] == "公司名称":
        head["company"] = company.name
    return rows, head, tuple(expected)


def xlsx_bytes(rows: list[list[str]]) -> bytes:
    """A workbook of one sheet; the same rows give the same bytes."""
    book = Workbook()
    del book["Sheet"]
    page = book.create_sheet("问答")
    for row in rows:
        page.append(row)
    book.properties.created = book.properties.modified = _EPOCH
    out = io.BytesIO()
    book.save(out)
    return repacked(out.getvalue())


def csv_text(rows: list[list[str]]) -> str:
    """Comma-separated values as a spreadsheet saves them."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
