"""A proof as one PDF/A-3 that shows it and has its JSON attached."""

from __future__ import annotations

import base64
import io
import json
import logging
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import DocumentCompliance, WrapMode, XPos, YPos
from PIL import Image, ImageDraw, ImageFont

from assistant.proof.check import ATTACHED
from assistant.proof.fonts import Font
from assistant.proof.pages import sections
from index.errors import CallError

_FAMILY, _MARGIN, _WIDTH = "han", 20.0, 170.0
_MISSING = "〓"


def dumps(proof: dict[str, Any]) -> bytes:
    """The JSON of a proof."""
    return (json.dumps(proof, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def pdf_of(proof: dict[str, Any], font: Font | None) -> bytes:
    """The PDF of a proof. Without a font it shows the pictures alone, and Chinese text stands in
    the attachment; ``CallError`` where there are none either."""
    if font is None and not proof["crops"]:
        raise CallError(
            "no font with Chinese characters is on this machine, and the filing has no pages to "
            "show: name one with --font, or write the proof as .json"
        )
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    pdf = FPDF(enforce_compliance=DocumentCompliance.PDFA_3B)
    pdf.set_lang("zh-CN")
    pdf.set_title(f"原文证明：{proof['filing']['sha256'][:16]}")
    pdf.set_creator("Yuanda 原答")
    pdf.creation_date = datetime.fromisoformat(proof["made"]["at"])
    pdf.set_margins(_MARGIN, _MARGIN)
    pdf.set_auto_page_break(True, _MARGIN)
    pdf.add_page()
    if font:
        pdf.add_font(_FAMILY, fname=font.path, collection_font_number=font.face)
        _write(pdf, proof, font)
    else:
        _stamp(pdf, proof)
    for crop in proof["crops"]:
        _place(pdf, base64.b64decode(crop["png"]))
    pdf.embed_file(
        bytes=dumps(proof),
        basename=ATTACHED,
        mime_type="application/json",
        associated_file_relationship="DATA",
    )
    return bytes(pdf.output())


def _write(pdf: FPDF, proof: dict[str, Any], font: Font) -> None:
    for place, (heading, lines) in enumerate(sections(proof)):
        pdf.set_font(_FAMILY, size=18 if place == 0 else 12)
        _line(pdf, heading, font, 10 if place == 0 else 8, grey=False)
        is_quote = "原文）" in heading
        pdf.set_font(_FAMILY, size=11 if is_quote else 9)
        for line in lines:
            for piece in line.split("\n"):
                _line(pdf, piece, font, 6 if is_quote else 5, grey=not is_quote)
        pdf.ln(2)


def _line(pdf: FPDF, text: str, font: Font, height: float, *, grey: bool) -> None:
    pdf.set_text_color(70 if grey else 0)
    there = "".join(ch if ord(ch) in font.characters or ch.isspace() else _MISSING for ch in text)
    pdf.multi_cell(
        _WIDTH,
        height,
        there.replace("\t", " "),
        align="L",
        wrapmode=WrapMode.CHAR,
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )


def _place(pdf: FPDF, png: bytes) -> None:
    """A picture as wide as the text, cut into pieces that fit on a page."""
    with Image.open(io.BytesIO(png)) as picture:
        whole = picture.convert("RGB")
    tallest = int(whole.width * (297 - 2 * _MARGIN) / _WIDTH)
    for top in range(0, whole.height, tallest):
        piece = whole.crop((0, top, whole.width, min(top + tallest, whole.height)))
        height = _WIDTH * piece.height / piece.width
        if pdf.get_y() + height > 297 - _MARGIN:
            pdf.add_page()
        pdf.image(piece, x=_MARGIN, y=pdf.get_y(), w=_WIDTH, h=height)
        pdf.set_y(min(pdf.get_y() + height + 3, 297 - _MARGIN))


def _stamp(pdf: FPDF, proof: dict[str, Any]) -> None:
    """What can be said in Latin letters, as a picture: no font need be embedded for it."""
    told, filing = proof["quotation"], proof["filing"]
    lines = [
        "Yuanda: proof of a filed answer (its text: proof.json, attached to this file)",
        f"security code {filing.get('code') or '-'}   activity {filing.get('activity_date') or '-'}"
        f"   filed {filing.get('filed_date') or '-'}",
        f"page {', '.join(map(str, told['pages']))}   characters {told['start']} to {told['end']}",
        f"SHA-256 of the filing  {filing['sha256']}",
        f"SHA-256 of its text    {proof['text']['sha256']}",
        f"made {proof['made']['at']}",
    ]
    picture = Image.new("RGB", (1360, 40 * len(lines) + 20), "white")
    brush = ImageDraw.Draw(picture)
    letters = ImageFont.load_default(26)
    for place, line in enumerate(lines):
        plain = line.encode("ascii", "replace").decode()
        brush.text((4, 40 * place + 6), plain, fill="black", font=letters)
    _place_picture(pdf, picture)


def _place_picture(pdf: FPDF, picture: Image.Image) -> None:
    out = io.BytesIO()
    picture.save(out, format="PNG")
    _place(pdf, out.getvalue())
