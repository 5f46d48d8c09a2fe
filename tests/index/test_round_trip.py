"""What is rendered is read back: every mark and layout, in text, DOCX and PDF, made-up content."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from eval.collection.content import Asked, Content, read_content
from eval.collection.layouts import LAYOUTS, Page, lay_out
from eval.collection.look import Look, look_for
from eval.collection.marks import MARKS, Expected
from eval.collection.write_docx import docx_bytes
from eval.collection.write_text import text
from eval.measuring.parsing import squeeze
from index.intake.parse import parse
from index.records import ParsedFiling, assemble
from tests.paths import ROOT

HEAD = read_content(ROOT / "tests" / "filings" / "yunqi-2024-09-05.json")
PAGED = [layout for layout in LAYOUTS if layout != "sheet"]
# Requests are told from statements by their words, not by a mark: the collection measures them.
STYLES = [style for style in MARKS if style != "request"]
# Where nothing but bold type marks a question, plain text holds nothing to tell it by.
PLAIN = [style for style in STYLES if style != "bold-bare"]

_TOPICS = ("产能", "毛利率", "海外订单", "研发投入", "员工持股", "分红方案", "库存水平", "新工厂")
_ASKED = (
    "{}目前是什么情况？",
    "公司怎么看{}？",
    "请问{}有没有变化？",
    "{}方面，明年的目标是多少？",
)
_SAID = (
    "{}总体平稳，同比增长12.5%。",
    "关于{}，公司按年度计划推进，二季度完成了主要节点，没有发生重大变化。",
    "{}受多种因素影响，公司已采取措施应对，具体数据请以定期报告为准。",
    "公司在{}上的投入为1.2亿元，占营业收入的8%，预计2025年保持在这个水平。",
)
_ITEMS = ("（1）{}的第一项安排；", "（2）{}的第二项安排；", "（3）{}的第三项安排。")

sentences = st.builds(lambda form, topic: form.format(topic), st.sampled_from(_SAID),
                      st.sampled_from(_TOPICS))  # fmt: skip
questions = st.builds(lambda form, topic: form.format(topic), st.sampled_from(_ASKED),
                      st.sampled_from(_TOPICS))  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, ...]:
    paragraphs = ["".join(draw(st.lists(sentences, min_size=1, max_size=4)))]
    if draw(st.booleans()):
        topic = draw(st.sampled_from(_TOPICS))
        paragraphs += [item.format(topic) for item in _ITEMS]
        paragraphs.append(draw(sentences))
    return tuple(paragraphs)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    asked = draw(st.lists(questions, min_size=3, max_size=6, unique=True))
    names = ["闻人澈", "钟离越"]
    pairs = tuple(Asked(q, draw(answers()), draw(st.sampled_from(names))) for q in asked)
    hosts = "董事长 闻人澈；董事会秘书 钟离越"
    return replace(HEAD, pairs=pairs, hosts=hosts)


looks = st.integers(0, 9999).map(lambda n: look_for(f"round-trip-{n}"))
layouts = st.sampled_from(PAGED)


def _agrees(parsed: ParsedFiling, expected: tuple[Expected, ...]) -> None:
    found = [(squeeze(p.question), squeeze(p.answer)) for p in parsed.pairs]
    assert found == [(squeeze(e.question), squeeze(e.answer)) for e in expected]
    for pair in parsed.pairs:
        assert assemble(parsed.text, pair.question_spans) == pair.question
        assert assemble(parsed.text, pair.answer_spans) == pair.answer
    edges = [0, *(part.end for part in parsed.parts)]
    assert edges[:-1] == [part.start for part in parsed.parts]
    assert edges[-1] == len(parsed.text)


def _some(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.parametrize("style", PLAIN)
@_some(8)
@given(
    content=contents(), look=looks, layout=layouts, flavour=st.sampled_from(["typed", "wrapped"])
)
def test_text(
    tmp_path: Path, style: str, content: Content, look: Look, layout: str, flavour: str
) -> None:
    laid = lay_out(Page(content, style, look), layout)
    path = tmp_path / "filing.txt"
    path.write_text(text(laid.document, look, flavour), "utf-8")  # type: ignore[arg-type]
    _agrees(parse(path), laid.pairs)


@pytest.mark.parametrize("style", STYLES)
@_some(3)
@given(content=contents(), look=looks, layout=layouts)
def test_docx(tmp_path: Path, style: str, content: Content, look: Look, layout: str) -> None:
    laid = lay_out(Page(content, style, look), layout)
    path = tmp_path / "filing.docx"
    path.write_bytes(docx_bytes(laid.document, look))
    _agrees(parse(path), laid.pairs)


@pytest.mark.parametrize("style", PLAIN)
@_some(3)
@given(content=contents(), look=looks, layout=layouts)
def test_pdf(tmp_path: Path, style: str, content: Content, look: Look, layout: str) -> None:
    laid = lay_out(Page(content, style, look), layout)
    path = tmp_path / "filing.pdf"
    path.write_bytes(_pdf(text(laid.document, look, "wrapped")))
    _agrees(parse(path), laid.pairs)


def _pdf(typed: str) -> bytes:
    """Lines on pages, in a font that every PDF reader has."""
    font = "STSong-Light"
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    out = io.BytesIO()
    canvas = Canvas(out)
    for number, page in enumerate(_pages(typed.split("\n"), 40), start=1):
        canvas.setFont(font, 10)
        for row, line in enumerate(page):
            canvas.drawString(60, 800 - 18 * row, line)
        canvas.drawString(290, 30, str(number))
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _pages(lines: list[str], size: int) -> list[list[str]]:
    return [lines[at : at + size] for at in range(0, len(lines), size)]
