"""A list of questions answered as one document."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook

from assistant.records import Answer, Citation
from assistant.takeout.prepared import Item, Prepared, Searched
from assistant.takeout.questions import Listed
from assistant.takeout.sheet import workbook
from assistant.takeout.source import writable
from assistant.takeout.word import word
from index.records import Filing, Filters
from tests.conftest import Call
from tests.fakes import make_pair

ADDRESS = "https://www.example.com/a?id=1&b=2"
FILING = Filing(
    path="a.pdf",
    sha256="ab" * 32,
    format="pdf",
    title="投资者关系活动记录表",
    company="禾木光电",
    code="309001",
    activity_date="2024-05-08",
    filed_date="2024-05-09",
)
TEXTS = [
    "=1+2",
    "+86 10",
    "-5%",
    "@SUM(A1)",
    "\t=1",
    "_x0041_ 原样",
    "第一段\n第二段",
    "有\x0b控制\x00字符",
    "反\u202e转",
    "<b>&amp;</b>",
    "长" * 40_000,
]


def item(question: str, answer: str | None, filing: Filing = FILING) -> Item:
    pair = replace(make_pair("3.2", question, answer or "相关"), pages=(2, 3))
    citation = Citation(1, 1.0, 0.91, filing, pair)
    decision: Any = "abstain" if answer is None else "answer"
    found = Answer(question, decision, 0.91, (citation,), 1.0)
    filters = Filters(company="禾木", since="2024-01-01")
    return Item(Listed(2, question, filters), found, Searched(3, 40, "2024-05-08"), (ADDRESS,))


def prepared(*items: Item) -> Prepared:
    return Prepared(
        "问答准备", items, Searched(9, 99, "2024-06-01"), datetime(2024, 7, 1, tzinfo=UTC)
    )


def texts_of(content: bytes) -> list[str]:
    """Paragraphs and cells of a document in its order."""
    found = []
    for element in Document(io.BytesIO(content)).iter_inner_content():
        if hasattr(element, "rows"):
            found += [cell.text for row in element.rows for cell in row.cells]
        else:
            found.append(element.text)
    return found


def test_word_has_the_gaps_first_and_answers_as_filed() -> None:
    content = word(prepared(item("毛利率？", "31.2%\n主要系产品"), item("减持？", None)))
    texts = texts_of(content)
    assert texts.index("一、无官方答复") < texts.index("2. 减持？") < texts.index("二、官方答复")
    assert texts.index("二、官方答复") < texts.index("1. 毛利率？") < texts.index("31.2%")
    assert texts[texts.index("31.2%") + 1] == "主要系产品"
    for told in (
        "禾木光电（309001）",
        "2024-05-08",
        "2024-05-09",
        "3.2",
        "2、3",
        "ab" * 8,
        ADDRESS,
    ):
        assert told in texts
    assert "无官方答复" in texts
    (why,) = [text for text in texts if "3 份公告" in text and "40 条问答" in text]
    assert "公司：禾木；活动日起：2024-01-01" in why
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert (
            ADDRESS.replace("&", "&amp;") in archive.read("word/_rels/document.xml.rels").decode()
        )


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_documents_hold_any_text_as_it_is(text: str) -> None:
    every = prepared(item(text, text), item(text, None))
    kept = writable(text)
    assert kept == text or "\ufffd" in kept
    texts = texts_of(word(every))
    for line in kept.split("\n"):
        assert line in texts
    book = load_workbook(io.BytesIO(workbook(every)))
    answered = book["官方答复"]
    values = [row[6].value for row in answered.iter_rows(min_row=2)]
    assert "".join(values).replace("_x005F_", "_") == kept
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    acting = [c for c in cells if str(c.value).startswith(("=", "+", "-", "@", "\t"))]
    assert all(cell.quotePrefix for cell in acting)
    assert all(len(str(cell.value)) <= 32_767 for cell in cells)


def test_the_workbook_has_the_gaps_first() -> None:
    failed = Item(Listed(4, "乙？", Filters(), "2024-02-30 is no day"), None, None)
    every = prepared(item("毛利率？", "31.2%"), item("减持？", None), failed)
    book = load_workbook(io.BytesIO(workbook(every)))
    assert book.sheetnames == ["无官方答复", "官方答复", "说明"]
    gaps = list(book["无官方答复"].iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[1], row[6]) for row in gaps] == [
        (2, "减持？", "无官方答复"),
        (3, "乙？", "未能检索"),
    ]
    assert "2024-02-30" in gaps[1][7]
    head, row = book["官方答复"].iter_rows(values_only=True)
    told = dict(zip(head, row, strict=True))
    assert told["官方答复（原文）"] == "31.2%"
    assert (told["活动日期"], told["披露日期"]) == ("2024-05-08", "2024-05-09")
    assert (told["编号"], told["页"], told["SHA-256"]) == ("3.2", "2、3", "ab" * 8)
    assert (told["公司"], told["起"]) == ("禾木", "2024-01-01")
    heights = [
        book["官方答复"].row_dimensions[2].height,
        book["无官方答复"].row_dimensions[2].height,
    ]
    assert min(heights) >= 2 * 15
    assert book["官方答复"].cell(2, told_at(head, "地址")).hyperlink.target == ADDRESS


def told_at(head: tuple[Any, ...], name: str) -> int:
    return head.index(name) + 1


def test_what_was_recognised_says_so() -> None:
    every = prepared(item("毛利率？", "31.2%", replace(FILING, recognised=True)))
    assert any("OCR" in text for text in texts_of(word(every)))


FILED = """证券代码：309001 证券简称：禾木光电
禾木光电股份有限公司投资者关系活动记录表
时间 2024年5月8日
1、公司的产能利用率如何？
答：产能利用率为92%。
"""


@pytest.fixture
def store(call: Call, tmp_path: Path) -> Path:
    folder = tmp_path / "filings"
    folder.mkdir()
    (folder / "a.txt").write_text(FILED, "utf-8")
    later = FILED.replace("2024年5月8日", "2025年5月8日").replace("92%", "95%")
    (folder / "b.txt").write_text(later, "utf-8")
    added = call("add", folder, "--store", tmp_path / "store", "--json").json
    row = {"sha256": added["files"][0]["sha256"], "page": ADDRESS}
    (folder / "provenance.jsonl").write_text(f"bad\n[]\n{json.dumps(row)}\n", "utf-8")
    return tmp_path / "store"


@pytest.mark.model
@pytest.mark.parametrize("suffix", ["docx", "XLSX"])
def test_the_command(call: Call, store: Path, tmp_path: Path, suffix: str) -> None:
    listed = tmp_path / "list.csv"
    rows = (
        "问题,代码,止,备注\n产能利用率如何？,309001,2024/12/31,甲\n帮我写一首诗,,,\n产能？,,昨天,\n"
    )
    listed.write_bytes(rows.encode("gb18030"))
    out = tmp_path / f"out.{suffix}"
    done = call("prepare", listed, "--out", out, "--store", store, "--json")
    assert done.status == 1
    assert done.json == {
        "out": str(out), "questions": 3, "answered": 1, "gaps": 2, "failed": 1
    }  # fmt: skip
    assert "备注" in done.err
    assert "row 4" in done.err
    content = out.read_bytes()
    if suffix == "docx":
        every = texts_of(content)
    else:
        every = [
            str(cell)
            for sheet in load_workbook(io.BytesIO(content))
            for row in sheet.values
            for cell in row
        ]
    assert "产能利用率为92%。" in every
    assert not any("95%" in text for text in every)
    assert ADDRESS in every
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("out", ["out.pdf", "out", "none/out.docx"])
def test_a_name_that_can_not_be_written_is_told_before_the_work(
    call: Call, tmp_path: Path, out: str
) -> None:
    (tmp_path / "q.txt").write_text("甲？", "utf-8")
    done = call("prepare", tmp_path / "q.txt", "--out", tmp_path / out)
    assert done.status == 2
    assert call("prepare", tmp_path / "no.txt", "--out", tmp_path / "out.docx").status == 2
