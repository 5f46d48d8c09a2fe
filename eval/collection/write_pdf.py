"""Blocks to PDF by two producers: a browser that prints HTML, and ReportLab."""

from __future__ import annotations

import io
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any
from zlib import crc32

from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer
from reportlab.platypus import Paragraph as Flowed
from reportlab.platypus import Table as FlowedTable

from eval.collection.blocks import Block, Document, Gap, Paragraph, Table, TextBox, counted
from eval.collection.fonts import HEI, KAI, SONG, faces, lacking, letters_of
from eval.collection.look import Look
from eval.collection.write_html import html

_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}")
_ALIGN = {"left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT}
_MARGIN = 72.0


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium; ``CHROMIUM`` names it where it isn't on the path."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


def printed_pdf(document: Document, look: Look, chromium: Any) -> bytes:
    """A PDF as a browser prints it, with the header and footer on each page."""
    face = "<style>"
    for data, weight in zip(faces(document, _font(look)), ("normal", "bold"), strict=True):
        source = f"url(data:font/ttf;base64,{b64encode(data).decode()})"
        face += f"@font-face{{font-family:own;font-weight:{weight};src:{source}}}"
    face += "</style>"
    frame = "font-family:own;font-size:9pt;width:100%;text-align:center;color:#000"
    footer = document.footer.format(
        page='<span class="pageNumber"></span>', pages='<span class="totalPages"></span>'
    )
    margin = f"{20 + look.pick % 8}mm"
    page = chromium.new_page()
    page.set_content(html(document, look, "print").replace("</head>", face + "</head>"))
    data = page.pdf(
        format="A4",
        display_header_footer=True,
        header_template=f'{face}<div style="{frame}">{escape(document.header)}</div>',
        footer_template=f'{face}<div style="{frame}">{footer}</div>',
        margin={"top": "24mm", "bottom": "22mm", "left": margin, "right": margin},
    )
    page.close()
    return _DATES.sub(rb"/\1 (D:20240101000000", data)


def composed_pdf(document: Document, look: Look) -> bytes:
    """A PDF by ReportLab, from a TrueType font; long cells run over the pages."""
    name = _font(look)
    if lacking(name, letters_of(document)[0]):  # a rare character in a name
        name = HEI
    regular, bold = (_register(data) for data in faces(document, name))
    writer = _Composer(look, regular, bold, A4[0] - 2 * _MARGIN)
    pages, data = _compose(writer, document, total=0)
    if "{pages}" in document.footer:
        _, data = _compose(writer, document, pages)
    return data


def _compose(writer: _Composer, document: Document, total: int) -> tuple[int, bytes]:
    """Pages and bytes. The number of all pages is known only after a first time."""
    count = 0

    def furniture(canvas: Any, template: Any) -> None:
        nonlocal count
        count = template.page
        canvas.setFont(writer.font, 9)
        canvas.drawCentredString(A4[0] / 2, A4[1] - 45, document.header)
        footer = document.footer.format(page=count, pages=total)
        canvas.drawCentredString(A4[0] / 2, 40, footer)

    out = io.BytesIO()
    template = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, invariant=1, title=document.title
    )
    template.build(writer.flow(document.blocks), onFirstPage=furniture, onLaterPages=furniture)
    return count, out.getvalue()


def _font(look: Look) -> str:
    """Song or Hei; now and then Kai, whose outlines take twice the room of Hei's."""
    return SONG if look.serif else KAI if look.pick % 8 == 0 else HEI


def _register(font: bytes) -> str:
    """Make a font known to ReportLab; gives its name there."""
    name = f"own-{crc32(font):08x}"
    pdfmetrics.registerFont(TTFont(name, io.BytesIO(font)))
    return name


class _Composer:
    def __init__(self, look: Look, regular: str, bold: str, width: float) -> None:
        self._look = look
        self.font = regular
        self._bold = bold
        self._width = width

    def flow(self, blocks: tuple[Block, ...], width: float | None = None) -> list[Flowable]:
        """Flowables for the blocks, ``width`` points wide."""
        room = self._width if width is None else width
        return [piece for block in blocks for piece in self._block(block, room)]

    def _block(self, block: Block, width: float) -> Iterator[Flowable]:
        match block:
            case Gap():
                yield Spacer(1, 12)
            case TextBox():
                yield self._grid([[self.flow(block.blocks, width - 12)]], [width])
            case Table():
                widths = [width * share for share in block.widths]
                rows = [
                    [self.flow(cell, w - 12) for cell, w in zip(row, widths, strict=True)]
                    for row in block.rows
                ]
                yield self._grid(rows, widths)
            case Paragraph():
                yield self._paragraph(block)

    def _grid(self, rows: list[list[list[Flowable]]], widths: list[float]) -> FlowedTable:
        style = [("GRID", (0, 0), (-1, -1), 0.5, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        return FlowedTable(rows, colWidths=widths, style=style, splitInRow=1)

    def _paragraph(self, paragraph: Paragraph) -> Flowed:
        look = self._look
        size = 16.0 if paragraph.role == "title" else 10.5 + look.pick % 2 * 1.5
        indented = look.indent and paragraph.role in {"body", "question", "answer"}
        style = ParagraphStyle(
            paragraph.role,
            fontName=self.font,
            fontSize=size,
            leading=size * 1.6,
            wordWrap="CJK",
            alignment=_ALIGN[paragraph.align],
            firstLineIndent=2 * size if indented and paragraph.align == "left" else 0,
        )
        text = counted(paragraph) if paragraph.auto else ""
        for run in paragraph.runs:
            piece = escape(run.text, quote=False).replace("  ", "\u00a0\u00a0")
            text += f'<font name="{self._bold}">{piece}</font>' if run.bold else piece
        return Flowed(text, style)
