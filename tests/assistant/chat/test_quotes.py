"""Tables of an answer are drawn as tables, and what goes with it is told below."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from assistant.chat.cards import answer_card
from assistant.chat.quotes import verbatim
from assistant.records import Answer, Citation
from index.records import Filing, LeftOut, Span, Table
from tests.fakes import make_pair

LINES = "地区\t2024\n<b>欧洲</b>\t1.4亿元"
ANSWER = f"如下：\n{LINES}\n以上未经审计。"
TABLE = Table(4, 4 + len(LINES), (("地区", "2024"), ("<b>欧洲</b>", "1.4亿元")))


@pytest.mark.parametrize("emphasised", [None, Span(0, 3), Span(2, 12), Span(len(ANSWER) - 7, 99)])
def test_a_table_is_drawn_and_nothing_is_lost(emphasised: Span | None) -> None:
    shown = html.fromstring(f"<div>{verbatim(ANSWER, emphasised, (TABLE,))}</div>")
    cells = [[cell.text_content() for cell in row] for row in shown.iter("tr")]
    assert cells == [["地区", "2024"], ["<b>欧洲</b>", "1.4亿元"]]
    assert "".join(shown.text_content().split()) == "".join(ANSWER.split())
    assert shown.find(".//b") is None
    for table in shown.iter("table"):
        table.drop_tree()
    assert shown.text_content() == "如下：以上未经审计。"


def test_two_tables_and_none() -> None:
    second = Table(len(ANSWER) + 1, len(ANSWER) + 4, (("甲", "乙"),))
    both = verbatim(ANSWER + "\n甲\t乙", None, (TABLE, second))
    shown = html.fromstring(f"<div>{both}</div>")
    assert [len(table.findall(".//tr")) for table in shown.iter("table")] == [2, 1]
    assert str(verbatim("a<b", None)) == "a&lt;b"


def test_notes_and_what_is_left_out_are_told() -> None:
    pair = replace(
        make_pair("1", "海外收入？", ANSWER),
        tables=(TABLE,),
        left_out=(LeftOut("footnote", "1 不含<i>越南</i>子公司。"), LeftOut("struck out", "作废")),
    )
    filing = Filing("/a.docx", "0" * 64, "docx", company="甲公司")
    answer = Answer("海外收入？", "answer", 0.9, (Citation(1, 1.0, 0.9, filing, pair),), 1.0)
    card = html.fromstring(str(answer_card(answer, "zh")))
    (note,) = card.find_class("beside")
    assert note.text_content() == "附注 1 不含<i>越南</i>子公司。"
    (rest,) = card.find_class("left-out")
    assert "删除线 作废" in rest.text_content()
    assert len(card.find_class("filed")) == 1
