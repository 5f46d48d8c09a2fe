"""The collection's files hold what expected.jsonl says, in every layout, mark and format."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from lxml import html as lxml_html

from eval.collection.assign import LEAST, Assignment, assign, read_assignments, write_assignments
from eval.collection.content import Content, read_all, read_content
from eval.collection.layouts import LAYOUTS
from eval.collection.look import han, look_for
from eval.collection.marks import MARKS, as_request, mark_pairs
from eval.collection.render import render, render_all
from eval.collection.write_text import wrap
from eval.measuring.parsing import squeeze
from tests.paths import ROOT

FILINGS = ROOT / "tests" / "filings"
PAGED = tuple(layout for layout in LAYOUTS if layout != "sheet")


@pytest.fixture(scope="module")
def lanzhou() -> Content:
    return read_content(FILINGS / "lanzhou-2024-04-18.json")


@pytest.fixture(scope="module")
def yunqi() -> Content:
    return read_content(FILINGS / "yunqi-2024-09-05.json")


def _no_browser() -> None:
    raise AssertionError("this format needs no browser")


def _in_order(text: str, pieces: list[str]) -> bool:
    """Whether the pieces stand in ``text`` one after another, whatever is between them."""
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("layout", PAGED)
def test_text_holds_every_pair_in_order(yunqi: Content, layout: str, mark: str) -> None:
    rendered = render(yunqi, Assignment(yunqi.id, "txt", layout, mark, ("typed",)), _no_browser)
    text = squeeze(rendered.data.decode())
    pieces = [squeeze(look_for(f"{yunqi.id}.txt").typeset(p.answer[0])) for p in yunqi.pairs]
    assert _in_order(text, pieces)
    if MARKS[mark].numbering != "grouped":
        whole = [squeeze(part) for pair in rendered.pairs for part in (pair.question, pair.answer)]
        assert _in_order(text, whole)


def test_html_and_docx_hold_the_same_pairs_as_text(lanzhou: Content) -> None:
    for traits in (("text-box",), ("nested-table",), ()):
        a = Assignment(lanzhou.id, "docx", "szse-table", "q1-a1", traits)
        rendered = render(lanzhou, a, _no_browser)
        with zipfile.ZipFile(io.BytesIO(rendered.data)) as archive:
            body = lxml_html.fromstring(archive.read("word/document.xml")).text_content()
        assert _in_order(squeeze(body), [squeeze(p.question) for p in rendered.pairs])
        docx.Document(io.BytesIO(rendered.data))
    a = Assignment(lanzhou.id, "html", "szse-table", "q1-a1", ("portal", "gb18030"))
    rendered = render(lanzhou, a, _no_browser)
    page = lxml_html.fromstring(rendered.data.decode("gb18030")).text_content()
    assert _in_order(squeeze(page), [squeeze(p.answer) for p in rendered.pairs])


def test_word_counts_and_the_text_holds_no_number(lanzhou: Content) -> None:
    a = Assignment(lanzhou.id, "docx", "sse-run", "auto-number")
    rendered = render(lanzhou, a, _no_browser)
    word = docx.Document(io.BytesIO(rendered.data))
    question = next(p for p in word.paragraphs if lanzhou.pairs[0].question in p.text)
    assert question.text == rendered.pairs[0].question
    own = question._p.xpath("./w:pPr/w:numPr/w:numId/@w:val")
    assert own == ["90"] or question.style.element.xpath("./w:pPr/w:numPr/w:numId/@w:val") == ["90"]


def test_the_same_filing_gives_the_same_bytes(lanzhou: Content) -> None:
    for suffix, layout in (("docx", "szse-table"), ("html", "briefing"), ("xlsx", "sheet")):
        a = Assignment(lanzhou.id, suffix, layout, "wen-da")
        assert render(lanzhou, a, _no_browser).data == render(lanzhou, a, _no_browser).data


def test_numbers_are_as_typed(lanzhou: Content) -> None:
    look = replace(look_for("any"), pick=0, follow_up_mark=False)

    def numbers(mark: str) -> list[str]:
        return [pair.number for pair in mark_pairs(lanzhou.pairs, mark, look).expected]

    assert numbers("wenti-huida") == ["1", "2", "3", "4"]
    assert numbers("wenti-han-da") == ["一", "二", "三", "四"]
    assert numbers("brackets") == ["1", "2", "3", "4"]
    assert numbers("follow-up") == ["1", "1.1", "2", "3"]


def test_questions_answered_together_are_one_pair(lanzhou: Content) -> None:
    look = replace(look_for("any"), pick=0, half_punctuation=False, cjk_gaps=False)
    marked = mark_pairs(lanzhou.pairs, "grouped", replace(look, full_digits=False))
    pair = next(p for p in marked.expected if lanzhou.pairs[1].question in p.question)
    assert pair.number == "2"
    assert pair.question == lanzhou.pairs[1].question + lanzhou.pairs[2].question
    assert pair.answer == "".join(lanzhou.pairs[1].answer + lanzhou.pairs[2].answer)


def test_questions_become_requests_where_they_can() -> None:
    look = look_for("any")
    assert as_request("会分红吗？", look) == "会分红吗？"
    assert as_request("请介绍分红安排", look) == "请介绍分红安排"
    request = as_request("请问新厂区何时投产？产能多大？", look)
    assert "新厂区何时投产，以及产能多大" in request
    assert "？" not in request


def test_a_name_marks_its_answer(yunqi: Content) -> None:
    marked = mark_pairs(yunqi.pairs, "by-name", replace(look_for("any"), next_line=False))
    assert [lines[1].text[:4] for lines in marked.pairs] == ["苏闻笛：", "苏闻笛：", "梁拾：关"]


def test_sheet_has_a_row_for_each_pair(lanzhou: Content) -> None:
    from openpyxl import load_workbook

    a = Assignment(lanzhou.id, "xlsx", "sheet", "sheet")
    rendered = render(lanzhou, a, _no_browser)
    rows = list(load_workbook(io.BytesIO(rendered.data)).active.values)
    assert len(rows) == 1 + len(lanzhou.pairs)
    assert rows[1][0] == "309811"
    assert [squeeze(row[2]) for row in rows[1:]] == [squeeze(p.question) for p in rendered.pairs]


def test_expected_rows_stand_beside_the_files(tmp_path: Path) -> None:
    filings = read_all(FILINGS)
    dealt = [Assignment(f.id, "txt", "minutes", "wen-da", ("wrapped", "bom")) for f in filings]
    paths = list(render_all(filings, dealt, tmp_path))
    assert {p.parent.name for p in paths} == {"train", "dev", "test"}
    row = json.loads((tmp_path / "dev" / "expected.jsonl").read_text(encoding="utf-8"))
    assert row["file"] == "yunqi-2024-09-05.txt"
    assert row["filing"]["activity_date"] == "2024-09-05"
    assert row["pairs"][2]["number"] == "3"


def test_assignment_deals_every_layout_and_mark(tmp_path: Path) -> None:
    base = read_all(FILINGS)
    many = tuple(
        replace(f, id=f"{f.id}-{i:02}", split=split)
        for i in range(12)
        for f, split in zip(base, ("train", "dev", "test"), strict=True)
    )
    dealt = assign(many)
    assert dealt == assign(many)
    assert dealt == assign(many, dealt)
    assert set(assign(many, kept := assign(many[:20]))) > set(kept)
    assert len({a.name for a in dealt}) == len(dealt)
    assert min(sum(a.mark == mark for a in dealt) for mark in MARKS) >= LEAST
    test = {f.id for f in many if f.split == "test"}
    assert {a.mark for a in dealt if a.filing in test} >= set(MARKS)
    write_assignments(dealt, tmp_path / "table.json")
    assert read_assignments(tmp_path / "table.json") == dealt


def test_lines_break_where_a_typesetter_breaks_them() -> None:
    assert list(wrap("产能利用率，约为ABCDE。", 10)) == ["产能利用", "率，约为", "ABCDE。"]


@pytest.mark.parametrize(
    ("number", "written"), [(1, "一"), (10, "十"), (12, "十二"), (21, "二十一")]
)
def test_chinese_numerals(number: int, written: str) -> None:
    assert han(number) == written
