"""HTML: what a reader of the page can't see isn't quoted, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.intake.parse import parse
from index.reading import read
from index.records import LeftOut, ParsedFiling, assemble


def page(tmp_path: Path, answer: str, style: str = "", around: str = "{}") -> ParsedFiling:
    path = tmp_path / "a.html"
    body = around.format(
        f"<p>1、公司负债率是多少？</p><div>答：约35%。{answer}</div>"
        "<p>2、何时分红？</p><p>答：请以公告为准。</p>"
    )
    path.write_text(f"<html><head><style>{style}</style></head><body>{body}</body></html>", "utf-8")
    found = parse(path)
    for pair in found.pairs:
        assert pair.answer == assemble(found.text, pair.answer_spans)
    assert [pair.number for pair in found.pairs] == ["1", "2"]
    assert found.pairs[1].answer == "请以公告为准。"
    return found


HIDDEN = [
    '<span style="display:none">{}</span>',
    '<span style="DISPLAY : none !important">{}</span>',
    '<span style="visibility:hidden">{}</span>',
    '<span style="font-size:0">{}</span>',
    '<span style="font-size:1px">{}</span>',
    '<span style="opacity:0.0">{}</span>',
    '<span style="color:#FFF">{}</span>',
    '<span style="color: rgb(255, 255, 255)">{}</span>',
    '<span style="color:transparent">{}</span>',
    '<font color="white">{}</font>',
    '<span style="position:absolute;left:-9999px">{}</span>',
    '<div style="text-indent:-999em">{}</div>',
    '<div style="height:0;overflow:hidden">{}</div>',
    "<span hidden>{}</span>",
    '<span class="x gone">{}</span>',
    '<b id="gone">{}</b>',
    '<i class="white"><b>{}</b></i>',
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_cant_be_seen_isnt_quoted(tmp_path: Path, hidden: str) -> None:
    style = "/* a */ .gone, b#gone { display: none } i.white {color:white}"
    found = page(tmp_path, hidden.format("更正：99%。"), style)
    pair = found.pairs[0]
    assert pair.answer == "约35%。"
    assert pair.left_out == (LeftOut("invisible", "更正：99%。"),)
    assert found.warnings == ("hidden or invisible text left out in 1 place",)
    assert "99" not in found.text


SHOWN = [
    '<span style="display:inline;color:#333">{}</span>',
    '<span style="background:#004;color:white">{}</span>',
    '<table><tr><td bgcolor="#002060"><font color="#ffffff">{}</font></td></tr></table>',
    '<div class="dark"><span style="color:#fff">{}</span></div>',
    '<div style="color:white"><span style="color:black">{}</span></div>',
    '<span style="font-size:0.9em;opacity:0.5">{}</span>',
    '<span class="printed">{}</span>',
    '<span class="inner">{}</span>',
    '<div style="overflow:hidden;height:2em">{}</div>',
]


@pytest.mark.parametrize("shown", SHOWN)
def test_what_can_be_seen_is(tmp_path: Path, shown: str) -> None:
    style = "@media print { .printed { display: none } } .outer .inner {display:none}"
    found = page(tmp_path, shown.format("其中长期12%。"), style + ".dark{background-color:navy}")
    assert "".join(found.pairs[0].answer.split()) == "约35%。其中长期12%。"
    assert found.pairs[0].left_out == ()


@pytest.mark.parametrize(
    "struck",
    ["<s>{}</s>", "<del>{}</del>", "<strike>{}</strike>",
     '<span style="text-decoration: line-through red">{}</span>'],
)  # fmt: skip
def test_struck_out_text_is_no_part_of_the_answer(tmp_path: Path, struck: str) -> None:
    found = page(tmp_path, struck.format("（原为99%）"))
    assert found.pairs[0].answer == "约35%。"
    assert found.pairs[0].left_out == (LeftOut("struck out", "（原为99%）"),)


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("减排3×10<sup>5</sup>吨", "减排3×10⁵吨"),
        ("CO<sub>2</sub>排放", "CO₂排放"),
        ("<math><msup><mn>10</mn><mn>5</mn></msup></math>吨", "10⁵吨"),
        ("<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "1 2"),
        ("<ruby>字<rp>(</rp><rt>zi</rt><rp>)</rp></ruby>", "字"),
        ('<input type="checkbox" checked>是<input type="radio">否', "☑是☐否"),
        ('<input value="12%">', "12%"),
        ('<input type="hidden" value="x">无', "无"),
        ("<select><option>甲<option selected>乙</select>", "乙"),
    ],
)  # fmt: skip
def test_characters_in_their_own_way(tmp_path: Path, inside: str, text: str) -> None:
    assert page(tmp_path, inside).pairs[0].answer == f"约35%。{text}"


def test_a_picture_is_named(tmp_path: Path) -> None:
    found = page(tmp_path, '<img src="a.png" alt="收入 构成">')
    assert found.pairs[0].left_out == (LeftOut("picture", "收入 构成"),)
    assert "question 1 has a picture, which isn't read" in found.warnings


def test_rows_that_reach_down_and_across(tmp_path: Path) -> None:
    rows = (
        '<tr><th rowspan="2">地区<th colspan="2">收入</tr><tr><td>2023<td>2024</tr>'
        '<tr><td>欧洲<td>1<td>2</tr><tr><td rowspan="9">其他<td>3<td>4</tr>'
    )
    found = page(tmp_path, f"<table>{rows}</table>")
    assert found.pairs[0].tables[0].rows == (
        *(("地区", "收入", ""), ("", "2023", "2024"), ("欧洲", "1", "2"), ("其他", "3", "4")),
    )


def test_hostile_spans_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    cell = '<td rowspan="65534" colspan="65534">问：毛利率？</td>'
    path.write_text(f"<html><table>{f'<tr>{cell}</tr>' * 2000}</table></html>", "utf-8")
    assert "毛利率" in read(path).text
