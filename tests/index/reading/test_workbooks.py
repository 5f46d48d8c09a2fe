"""XLSX as the platforms have them: what cells show, merged cells, bad characters, own rows."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from index.intake.parse import parse
from index.records import ParsedFiling, assemble


def xlsx(
    path: Path, rows: Sequence[Sequence[Any]], merge: Sequence[str] = (), **formats: str
) -> Path:
    """A workbook of one sheet; ``formats`` by cell."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    for cell, code in formats.items():
        sheet[cell].number_format = code
    for one in merge:
        sheet.merge_cells(one)
    book.save(path)
    return path


def told(parsed: ParsedFiling) -> list[tuple[str, str, str]]:
    for pair in parsed.pairs:
        assert pair.question == assemble(parsed.text, pair.question_spans)
        assert pair.answer == assemble(parsed.text, pair.answer_spans)
        spans = (*pair.question_spans, *pair.answer_spans)
        assert all(pair.start <= span.start < span.end <= pair.end for span in spans)
    ends = [0, *(part.end for part in parsed.parts)]
    assert [part.start for part in parsed.parts] == ends[:-1]
    return [(pair.number, pair.question, pair.answer) for pair in parsed.pairs]


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.2345, "0.00%", "23.45%"),
        (123456789, "#,##0", "123,456,789"),
        (-0.05, "0.0%;[Red]-0.0%", "-5.0%"),
        (date(2025, 6, 20), 'yyyy"年"m"月"d"日"', "2025年6月20日"),
        (datetime(2025, 6, 20, 15, 0), "yyyy/m/d h:mm", "2025/6/20 15:00"),
        (45828, "General", "45828"),
        (12.5, '0.0"亿元"', "12.5亿元"),
        ("12.50%", "General", "12.50%"),
        (1.0, "0.00", "1.00"),
        (True, "General", "TRUE"),
    ],
)
def test_an_answer_is_what_its_cell_shows(
    tmp_path: Path, value: Any, code: str, shown: str
) -> None:
    path = xlsx(tmp_path / "a.xlsx", [["问题", "回复"], ["多少？", value]], B2=code)
    assert told(parse(path)) == [("1", "多少？", shown)]
    assert parse(path).warnings == ()


@pytest.mark.parametrize(
    ("number", "shown"), [(14, "2025/6/20"), (31, "2025年6月20日"), (57, "2025年6月")]
)
def test_formats_that_are_only_numbered(tmp_path: Path, number: int, shown: str) -> None:
    path = xlsx(tmp_path / "a.xlsx", [["问题", "回复"], ["哪天？", 45828]], B2="0.000")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    styles = members["xl/styles.xml"]
    (own,) = re.findall(rb'numFmtId="(164)"[^>]*formatCode="0.000"', styles)
    members["xl/styles.xml"] = styles.replace(
        b'xf numFmtId="%b"' % own, b'xf numFmtId="%d"' % number
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert told(parse(path)) == [("1", "哪天？", shown)]


QUESTION = "海外布局及产能？"


@pytest.mark.parametrize(
    ("rows", "merge", "expected"),
    [
        ([["序号", "问题", "回复"], [1, QUESTION, "已投产。"], [None, None, "20万套。"],
          [2, "分红？", "同上"]], ["A2:A3", "B2:B3"],
         [("1", QUESTION, "已投产。\n20万套。"), ("2", "分红？", "同上")]),
        ([["回复", "问题"], ["已投产。", QUESTION], ["20万套。", None], ["30亿元。", None]],
         ["B2:B4"], [("1", QUESTION, "已投产。\n20万套。\n30亿元。")]),
        ([["问题", "回复"], ["产能？", "见公告。"], ["分红？", None], ["回购？", "无。"]],
         ["B2:B3"], [("1", "产能？\n分红？", "见公告。"), ("2", "回购？", "无。")]),
        ([["互动问答", None], ["问题", "回复"], ["产能？", "满。"]], ["A1:B1"],
         [("1", "产能？", "满。")]),
    ],
)  # fmt: skip
def test_merged_cells(tmp_path: Path, rows: Any, merge: list[str], expected: Any) -> None:
    parsed = parse(xlsx(tmp_path / "a.xlsx", rows, merge))
    assert told(parsed) == expected
    assert parsed.warnings == ()


@pytest.mark.parametrize("bad", [b"\x00", b"&#0;", b"\x0b", b"_x0000_", b"_x0008_"])
def test_a_control_character_costs_itself_and_a_warning(tmp_path: Path, bad: bytes) -> None:
    rows = [["问题", "回复"], ["甲？", "约3@0%。"], ["乙？", "否。"]]
    path = xlsx(tmp_path / "a.xlsx", rows)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(b"3@0", b"3" + bad + b"0"))
    parsed = parse(path)
    assert told(parsed) == [("1", "甲？", "约3\ufffd0%。"), ("2", "乙？", "否。")]
    assert parsed.warnings[0] == "1 character that no sheet may hold, read as U+FFFD"


def test_strict_open_xml(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [["问题", "回复"], ["多少？", 0.5]], B2="0%")
    usual = re.compile(rb"http://schemas\.openxmlformats\.org/(spreadsheetml|officeDocument)/2006/")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, usual.sub(rb"http://purl.oclc.org/ooxml/\1/", content))
    assert told(parse(path)) == [("1", "多少？", "50%")]


HEADER = ["股票代码", "公司简称", "问题", "回复", "回复时间"]


def test_each_row_has_its_own_company_code_and_day(tmp_path: Path) -> None:
    rows = [
        HEADER,
        [2999, "星河精密", "一？", "是。", datetime(2024, 5, 16, 9, 30)],
        ["601888.SH", "云岫科技", "二？", "否。", "2023-03-01 10:00"],
        [2999, "星河精密", "三？", "有。", None],
    ]
    parsed = parse(xlsx(tmp_path / "a.xlsx", rows, E2='m"月"d"日"'))
    assert [(p.company, p.code, p.date) for p in parsed.pairs] == [
        ("星河精密", "002999", "2024-05-16"),
        ("云岫科技", "601888", "2023-03-01"),
        ("星河精密", "002999", None),
    ]
    assert "5月16日" in parsed.text
    assert (parsed.filing.company, parsed.filing.code) == ("", None)
    assert parsed.warnings == ()


def test_rows_of_one_company_leave_it_to_the_filing(tmp_path: Path) -> None:
    rows = [HEADER, [2999, "星河精密", "一？", "是。", "2024-05-16"],
            [2999, "星河精密", "二？", "否。", "2023-03-01"]]  # fmt: skip
    parsed = parse(xlsx(tmp_path / "a.xlsx", rows))
    assert [(p.company, p.code, p.date) for p in parsed.pairs] == [
        *((None, None, "2024-05-16"), (None, None, "2023-03-01")),
    ]
    assert (parsed.filing.company, parsed.filing.code) == ("星河精密", "002999")
