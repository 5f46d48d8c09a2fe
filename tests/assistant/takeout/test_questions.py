"""Lists of questions as people keep them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from assistant.takeout.days import day_of
from assistant.takeout.questions import Listed, read_questions
from index.errors import CallError
from index.records import Filters


def read(path: Path, content: str | bytes, default: Filters | None = None) -> tuple[Listed, ...]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_questions(path, default).questions


def test_lines_of_text_lose_their_numbers(tmp_path: Path) -> None:
    text = "1、毛利率如何？\n\n（2）订单如何，是否饱满？\n 3. 分红,回购呢？\n"
    text += "2024年营收多少？\n1.5亿元投向？\n"
    found = read(tmp_path / "q.txt", text)
    assert [(q.row, q.question) for q in found] == [
        (1, "毛利率如何？"),
        (3, "订单如何，是否饱满？"),
        (4, "分红,回购呢？"),
        (5, "2024年营收多少？"),
        (6, "1.5亿元投向？"),
    ]
    assert read(tmp_path / "gb.txt", text.encode("gb18030")) == found
    assert all(q.filters == Filters() and q.error is None for q in found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(
    "names",
    [("公司", "问题", "代码", "起", "止"), ("company", "Question", "code", "since", "until")],
)
def test_columns_are_used(
    tmp_path: Path, encoding: str, delimiter: str, names: tuple[str, ...]
) -> None:
    rows = [
        names,
        ("禾木", '"毛利率\n如何？"', "002415", "2024/1/1", "2024年6月"),
        ("", "甲？", "", "", ""),
    ]
    text = "\n".join(delimiter.join(row) for row in rows)
    first, second = read(tmp_path / "q.csv", text.encode(encoding))
    assert first.question == "毛利率\n如何？"
    assert first.filters == Filters("禾木", "002415", "2024-01-01", "2024-06-30")
    assert second.filters == Filters()


def test_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    hidden = book.create_sheet("hidden", 0)
    hidden.append(["问题"])
    hidden.append(["不看"])
    hidden.sheet_state = "hidden"
    sheet = book.worksheets[1]
    for row in (
        ["编号", "问题", "代码", "起"],
        [1, "毛利率？", 2415, datetime(2024, 1, 5)],
        [2, "", 1, None],
    ):
        sheet.append(row)
    book.save(tmp_path / "q.xlsx")
    found = read_questions(tmp_path / "q.xlsx")
    assert found.unused == ("编号",)
    first, second = found.questions
    assert first == Listed(2, "毛利率？", Filters(code="002415", since="2024-01-05"))
    assert second.error == "the question is empty"


def test_without_names_the_first_column_is_asked(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["毛利率如何？"])
    book.worksheets[0].append([None, "订单如何？"])
    book.save(tmp_path / "q.xlsx")
    assert [q.question for q in read_questions(tmp_path / "q.xlsx").questions] == [
        "毛利率如何？",
        "订单如何？",
    ]


def test_a_comma_in_a_list_of_one_column_is_part_of_the_question(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "q.csv", "问题\n毛利率,净利率如何？\n")
    assert found.question == "毛利率,净利率如何？"


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"question": "毛利率？", "code": "2415", "since": "2024", "as_of": "2024-12-31"},
        {"question": "甲？", "colour": "red"},
        {"q": 1},
    ]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n{bad\n"
    good, unknown, missing, bad = read(tmp_path / "q.jsonl", text)
    assert good.filters == Filters(code="002415", since="2024-01-01", as_of="2024-12-31")
    assert unknown.error
    assert '"colour"' in unknown.error
    assert missing.error
    assert bad.error


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("甲？,2024-02-30,,", "2024-02-30"),
        ("甲？,上个月,,", "上个月"),
        ("甲？,2024-05-01,2024-04-01,", "after"),
        ("甲？,,,茅台", "茅台"),
        ("甲？,,,600519,多", "more cells"),
        (",2024,,", "empty"),
    ],
)
def test_a_row_that_can_not_be_asked_says_why(tmp_path: Path, row: str, word: str) -> None:
    bad, good = read(tmp_path / "q.csv", f"问题,起,止,代码\n{row}\n乙？,,,sh.600519\n")
    assert bad.error
    assert word in bad.error
    assert good == Listed(3, "乙？", Filters(code="600519"))


def test_what_a_row_does_not_say_the_call_does(tmp_path: Path) -> None:
    default = Filters(company="禾木", code="309001", since="2023-01-01")
    one, two = read(tmp_path / "q.csv", "问题,公司\n甲？,青石\n乙？,\n", default)
    assert one.filters == Filters(company="青石", since="2023-01-01")
    assert two.filters == default


@pytest.mark.parametrize(
    "content",
    [
        "",
        "问题,公司\n",
        b"\xd0\xcf\x11\xe0old",
        b"PK\x03\x04none",
        b"\x00\x01\x02",
        "甲？\n" * 5001,
    ],
    ids=["empty", "header", "xls", "zip", "bytes", "many"],
)
def test_a_list_that_is_none_says_so(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(CallError, match=r"q\.csv"):
        read(tmp_path / "q.csv", content)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-1-5", "2024-01-05", "2024-01-05"),
        ("2024/01/05", "2024-01-05", "2024-01-05"),
        ("2024.1.5", "2024-01-05", "2024-01-05"),
        ("2024年1月5日", "2024-01-05", "2024-01-05"),
        ("20240105", "2024-01-05", "2024-01-05"),
        ("2024-01-05 00:00:00", "2024-01-05", "2024-01-05"),
        ("2024年2月", "2024-02-01", "2024-02-29"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2024年", "2024-01-01", "2024-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_days(text: str, first: str, last: str) -> None:
    assert (day_of(text), day_of(text, last=True)) == (first, last)


@pytest.mark.parametrize("text", ["", "24-1-5", "2024-13", "2024-2-30", "5/1/2024", "1824-01-01"])
def test_no_days(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        day_of(text)
