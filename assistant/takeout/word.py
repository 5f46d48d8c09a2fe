"""What was prepared, as a Word document."""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from docx.document import Document as Word
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from assistant.takeout.prepared import Item, Prepared
from assistant.takeout.source import Source, source_of, writable
from index.records import Filters

_LATIN, _HAN, _HAN_HEADING = "Times New Roman", "宋体", "黑体"
_GREY = RGBColor(0x59, 0x59, 0x59)


def word(prepared: Prepared) -> bytes:
    """A DOCX: what was searched, the questions without an answer, then those with one."""
    document = Document()
    _styles(document)
    document.core_properties.title = writable(prepared.title)
    document.core_properties.author = "Yuanda 原答"
    document.core_properties.created = prepared.at.replace(tzinfo=None)
    document.add_heading(writable(prepared.title), 0)
    gaps, answered = prepared.gaps, prepared.answered
    _said(
        document,
        f"共 {len(prepared.items)} 个问题：{len(answered)} 个有官方答复，{len(gaps)} 个没有。"
        f"{prepared.searched.told(Filters())}",
    )
    _said(document, f"生成时间：{prepared.at:%Y-%m-%d %H:%M} UTC。答复均为公告原文，未作改写。")
    document.add_heading("一、无官方答复", 1)
    for number, item in gaps:
        _gap(document, number, item)
    if not gaps:
        _said(document, "没有：每个问题都有官方答复。")
    document.add_heading("二、官方答复", 1)
    for number, item in answered:
        _answered(document, number, item)
    if not answered:
        _said(document, "没有。")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _gap(document: Word, number: int, item: Item) -> None:
    document.add_heading(writable(f"{number}. {item.listed.question}"), 2)
    _text(document, "无官方答复", bold=True)
    searched = item.searched.told(item.listed.filters) if item.searched else ""
    _said(document, item.why + searched)
    if not item.related:
        return
    _said(document, "相关的已披露问题（不是答复）：")
    for citation in item.related:
        source = source_of(citation)
        place = [source.company, source.title, source.activity_day or source.filed_day]
        place += [f"编号 {source.number}", f"第 {source.pages} 页" if source.pages else ""]
        line = f"{citation.pair.question}（{' · '.join(p for p in place if p)}）"
        paragraph = document.add_paragraph(style="List Bullet")
        _run(paragraph, line, grey=True)


def _answered(document: Word, number: int, item: Item) -> None:
    citation = item.citation
    if citation is None:
        raise ValueError("no answer")
    document.add_heading(writable(f"{number}. {item.listed.question}"), 2)
    _said(document, f"公告中的问题：{citation.pair.question}")
    for line in citation.pair.answer.split("\n"):
        _text(document, line)
    _source(document, source_of(citation, item.address))


def _source(document: Word, source: Source) -> None:
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.autofit = False
    widths = (Cm(2.6), Cm(13.0))
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for name, value in source.rows:
        cells = table.add_row().cells
        for cell, text, width in zip(cells, (name, value), widths, strict=True):
            cell.width = width
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            if name == "地址" and text == value:
                _link(paragraph, value)
            else:
                _run(paragraph, text, size=9, grey=True)
    document.add_paragraph()


def _said(document: Word, text: str) -> None:
    _run(document.add_paragraph(), text, size=9, grey=True)


def _text(document: Word, text: str, *, bold: bool = False) -> None:
    _run(document.add_paragraph(), text, bold=bold)


def _run(
    paragraph: Any, text: str, *, size: float = 10.5, bold: bool = False, grey: bool = False
) -> None:
    lines = writable(text).split("\n")
    for place, line in enumerate(lines):
        run = paragraph.add_run(line)
        run.bold, run.font.size = bold, Pt(size)
        if grey:
            run.font.color.rgb = _GREY
        if place + 1 < len(lines):
            run.add_break(WD_BREAK.LINE)


def _link(paragraph: Any, address: str) -> None:
    relation = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), relation)
    run = paragraph.add_run(writable(address))
    run.font.size, run.font.underline = Pt(9), True
    run.font.color.rgb = RGBColor(0x05, 0x63, 0xC1)
    link.append(run._r)
    paragraph._p.append(link)


def _styles(document: Word) -> None:
    """Chinese and Latin fonts for the styles that are used, and a page of A4."""
    for name, han in (
        *(("Normal", _HAN), ("List Bullet", _HAN), ("Title", _HAN_HEADING)),
        *(("Heading 1", _HAN_HEADING), ("Heading 2", _HAN_HEADING)),
    ):
        style: Any = document.styles[name]
        style.font.name = _LATIN
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), han)
        if name != "Normal":
            style.font.color.rgb = RGBColor(0, 0, 0)
    sizes = {"Title": 20, "Heading 1": 15, "Heading 2": 12, "Normal": 10.5}
    for name, size in sizes.items():
        named: Any = document.styles[name]
        named.font.size = Pt(size)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.3)
