"""Questions in tables, and tables in answers: DOCX, HTML and sheets alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import pytest
from openpyxl import Workbook

from eval.robustness.hostile import docx, paragraph
from index.intake.parse import parse
from index.records import ParsedFiling, Table, assemble

HEAD = ["证券代码：301999 证券简称：星河精密", "江南星河精密股份有限公司", "投资者关系活动记录表",
        "时间：2025年5月12日", "投资者关系活动主要内容介绍："]  # fmt: skip
Rows = Sequence[Sequence[str]]
Write = Callable[[Path, Sequence[str | Rows]], ParsedFiling]


def as_docx(folder: Path, blocks: Sequence[str | Rows]) -> ParsedFiling:
    """A document of paragraphs and tables; a cell ``^`` is merged with the one above."""

    def one(text: str) -> str:
        merged = '<w:vMerge w:val="restart"/>' if text.startswith("|") else ""
        merged = "<w:vMerge/>" if text == "^" else merged
        inside = "".join(map(paragraph, text.strip("|^").split("\n")))
        return f"<w:tc><w:tcPr>{merged}</w:tcPr>{inside}</w:tc>"

    body = ""
    for block in blocks:
        if isinstance(block, str):
            body += paragraph(block)
        else:
            rows = ("".join(map(one, row)) for row in block)
            body += "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    path = folder / "a.docx"
    path.write_bytes(docx(body))
    return parse(path)


def as_html(folder: Path, blocks: Sequence[str | Rows]) -> ParsedFiling:
    def rows_of(rows: Rows) -> str:
        out = ""
        for place, row in enumerate(rows):
            cells = ""
            for column, text in enumerate(row):
                if text == "^":
                    continue
                deep = 1
                while place + deep < len(rows) and rows[place + deep][column] == "^":
                    deep += 1
                inside = "<br>".join(map(escape, text.strip("|").split("\n")))
                cells += f'<td rowspan="{deep}">\n  {inside} </td>\n'
            out += f"<tr>\n{cells}</tr>\n"
        return f"<table>\n<tbody>{out}</tbody></table>"

    body = "".join(f"<p>{b}</p>" if isinstance(b, str) else rows_of(b) for b in blocks)
    path = folder / "a.html"
    path.write_text(f"<html><body>{body}</body></html>", "utf-8")
    return parse(path)


def told(parsed: ParsedFiling) -> list[tuple[str, str, str]]:
    """The pairs, proved against the text; the parts must cover it."""
    for pair in parsed.pairs:
        assert pair.question == assemble(parsed.text, pair.question_spans)
        assert pair.answer == assemble(parsed.text, pair.answer_spans)
        for table in pair.tables:
            flat = "".join("".join(row) for row in table.rows)
            assert "".join(pair.answer[table.start : table.end].split()) == "".join(flat.split())
    ends = [0, *(part.end for part in parsed.parts)]
    assert [part.start for part in parsed.parts] == ends[:-1]
    assert ends[-1] == len(parsed.text)
    return [(pair.number, pair.question, pair.answer) for pair in parsed.pairs]


both = pytest.mark.parametrize("write", [as_docx, as_html])
EXPECTED = [("1", "何时投产", "四季度投产。\n谢谢！"), ("2", "在手订单情况", "约6.3亿元。")]


@both
@pytest.mark.parametrize(
    "header",
    [
        ("序号", "投资者提问", "公司回复"),
        ("公司答复", "序号", "问题"),
        ("问题：", "回复：", "编号"),
        ("提 问 内 容", "回 复 内 容", "序 号"),
        ("問題", "回覆", "序號"),
    ],
)
def test_columns_in_any_order(tmp_path: Path, write: Write, header: tuple[str, ...]) -> None:
    kinds = {"序": 0, "编": 0, "提": 1, "投": 1, "问": 1, "問": 1, "公": 2, "回": 2}
    own = [("1", "何时投产", "四季度投产。\n谢谢！"), ("2", "在手订单情况", "约6.3亿元。")]
    rows = [[row[kinds[name[0]]] for name in header] for row in own]
    parsed = write(tmp_path, [*HEAD, [header, *rows], "附件清单：无", "日期：2025年5月13日"])
    assert told(parsed) == EXPECTED
    filing = parsed.filing
    assert (filing.company, filing.code) == ("江南星河精密股份有限公司", "301999")
    assert (filing.activity_date, filing.filed_date) == ("2025-05-12", "2025-05-13")
    assert all(pair.tables == () for pair in parsed.pairs)


@both
@pytest.mark.parametrize(
    "rows",
    [
        [("问题", "何时投产"), ("回复", "四季度投产。\n谢谢！"), ("问题", "在手订单情况"),
         ("回复", "约6.3亿元。")],
        [("问题1：", "何时投产"), ("答复1：", "四季度投产。\n谢谢！"), ("问题2：", "在手订单情况"),
         ("答复2：", "约6.3亿元。")],
        [("问", "何时投产", "答", "四季度投产。\n谢谢！"),
         ("问", "在手订单情况", "答", "约6.3亿元。")],
        [("Q1", "何时投产"), ("A1", "四季度投产。\n谢谢！"), ("Q2", "在手订单情况"),
         ("A2", "约6.3亿元。")],
        [("1", "提问", "何时投产"), ("", "回复", "四季度投产。\n谢谢！"),
         ("2", "提问", "在手订单情况"), ("", "回复", "约6.3亿元。"), ("附件清单", "无", "")],
    ],
)  # fmt: skip
def test_labels_as_cells_of_their_own(tmp_path: Path, write: Write, rows: Rows) -> None:
    assert told(write(tmp_path, [*HEAD, rows])) == EXPECTED


@both
def test_a_merged_question_covers_its_rows(tmp_path: Path, write: Write) -> None:
    rows = [
        ("序号", "问题", "回复"),
        ("|1", "|海外布局及产能？", "泰国已投产。"),
        ("^", "^", "今年20万套。"),
        ("2", "商誉风险大吗？", "可控。"),
    ]
    assert told(write(tmp_path, [*HEAD, rows])) == [
        ("1", "海外布局及产能？", "泰国已投产。\n今年20万套。"),
        ("2", "商誉风险大吗？", "可控。"),
    ]


@both
def test_marked_questions_outside_of_the_table_stay(tmp_path: Path, write: Write) -> None:
    rows = [("问题", "回复"), ("何时投产", "四季度投产。")]
    blocks = [*HEAD, "问：公司有多少员工？", "答：1,850人。", rows, "问：何时分红？", "答：六月。"]
    assert [pair[1:] for pair in told(write(tmp_path, blocks))] == [
        *(
            ("公司有多少员工？", "1,850人。"),
            ("何时投产", "四季度投产。"),
            ("何时分红？", "六月。"),
        ),
    ]


DATA = [("地区", "2022", "2023", "2024"), ("欧洲", "0.9亿元", "", "1.4亿元"),
        ("东南亚", "0.3亿元", "0.5亿元", "0.8亿元")]  # fmt: skip


@both
def test_a_table_in_an_answer_keeps_rows_and_columns(tmp_path: Path, write: Write) -> None:
    blocks = [
        *HEAD,
        "1、近三年海外收入？",
        "答：如下：",
        DATA,
        "以上未经审计。",
        "2、员工人数？",
        "答：1,850人。",
    ]
    parsed = write(tmp_path, blocks)
    lines = "地区\t2022\t2023\t2024\n欧洲\t0.9亿元\t\t1.4亿元\n东南亚\t0.3亿元\t0.5亿元\t0.8亿元"
    assert told(parsed) == [
        ("1", "近三年海外收入？", f"如下：\n{lines}\n以上未经审计。"),
        ("2", "员工人数？", "1,850人。"),
    ]
    (table,) = parsed.pairs[0].tables
    assert table == Table(4, 4 + len(lines), tuple(DATA))
    assert parsed.pairs[0].answer[table.start : table.end] == lines
    assert parsed.pairs[1].tables == ()


@both
def test_lines_in_cells_stay_and_the_table_is_told(tmp_path: Path, write: Write) -> None:
    rows = [("业务", "占比"), ("汽车\n（含底盘）", "60%"), ("家电", "40%")]
    parsed = write(
        tmp_path, [*HEAD, "1、收入构成？", "答：如下：", rows, "2、员工人数？", "答：1,850人。"]
    )
    told(parsed)
    assert parsed.pairs[0].answer.split() == [
        "如下：",
        "业务",
        "占比",
        "汽车",
        "（含底盘）",
        "60%",
        "家电",
        "40%",
    ]
    assert parsed.pairs[0].tables[0].rows[1] == ("汽车 （含底盘）", "60%")


@both
def test_the_exchanges_form_is_no_table_of_an_answer(tmp_path: Path, write: Write) -> None:
    form = [
        ("投资者关系活动类别", "☑特定对象调研 □分析师会议"),
        ("时间", "2025年5月12日"),
        ("地点", "公司会议室"),
        ("上市公司接待人员", "董事会秘书"),
        (
            "投资者关系活动主要内容介绍",
            "1、何时投产？\n答：四季度投产。\n2、何时分红？\n答：六月。",
        ),
        ("附件清单", "无"),
    ]
    parsed = write(tmp_path, [*HEAD[:3], form])
    assert [pair[2] for pair in told(parsed)] == ["四季度投产。", "六月。"]
    filing = parsed.filing
    assert filing.activity_types == ("特定对象调研",)
    assert (filing.place, filing.hosts) == ("公司会议室", "董事会秘书")
    assert all(pair.tables == () for pair in parsed.pairs)


def test_labels_in_a_sheet(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (
        ("问题", "何时投产"),
        ("回复", "四季度投产。"),
        ("问题", "何时分红？"),
        ("回复", "六月。"),
    ):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert told(parse(tmp_path / "a.xlsx")) == [
        *(("1", "何时投产", "四季度投产。"), ("2", "何时分红？", "六月。")),
    ]
