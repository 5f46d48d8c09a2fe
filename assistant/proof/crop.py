"""The strips of a filing's pages where a pair stands, marked, as pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from assistant.answering.pages import recognised_boxes
from index.errors import ReadError
from index.reading.pdf import draw_page
from index.records import Box, Filing, Pair

# Width of a page in pixels, points around a pair that are shown, colours that are kept.
_PIXELS, _MARGIN, _COLOURS = 1000, 12.0, 64
_QUESTION, _ANSWER = (30, 90, 200, 50), (255, 200, 0, 80)


@dataclass(frozen=True, slots=True)
class Crop:
    """A strip of a page (from 1) as PNG, over the page's whole width; places in points from its
    top, ``scale`` is pixels for a point."""

    page: int
    top: float
    bottom: float
    scale: float
    png: bytes


def crops_of(copy: Path, text: str, filing: Filing, pair: Pair) -> tuple[Crop, ...]:
    """A strip of each page of a PDF that the pair stands on; none of what has no pages."""
    if filing.format != "pdf":
        return ()
    try:
        return tuple(crop for page in pair.pages if (crop := _crop(copy, text, filing, pair, page)))
    except (ReadError, OSError):
        return ()


def _crop(copy: Path, text: str, filing: Filing, pair: Pair, page: int) -> Crop | None:
    spans = () if filing.recognised else (pair.question_spans, pair.answer_spans)
    drawn = draw_page(copy, page, spans, _PIXELS)
    kinds = [own for _, own in recognised_boxes(text, pair)] if filing.recognised else drawn.boxes
    here = [[box for box in own if box.page == page] for own in kinds]
    every = [box for own in here for box in own]
    if not every:
        return None
    top = max(min(box.y0 for box in every) - _MARGIN, 0)
    bottom = min(max(box.y1 for box in every) + _MARGIN, drawn.height)
    with Image.open(io.BytesIO(drawn.png)) as picture:
        marked = _marked(picture.convert("RGB"), here, picture.width / drawn.width)
        scale = marked.height / drawn.height
        strip = marked.crop((0, round(top * scale), marked.width, round(bottom * scale)))
    out = io.BytesIO()
    strip.quantize(_COLOURS).save(out, format="PNG", optimize=True)
    return Crop(page, round(top, 2), round(bottom, 2), round(scale, 4), out.getvalue())


def _marked(picture: Image.Image, kinds: Sequence[Sequence[Box]], scale: float) -> Image.Image:
    """The page with the question's characters in blue and the answer's in yellow."""
    veil = Image.new("RGBA", picture.size)
    brush = ImageDraw.Draw(veil)
    for colour, boxes in zip((_QUESTION, _ANSWER), kinds, strict=True):
        for box in boxes:
            place = (box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale)
            brush.rectangle(place, fill=colour)
    return Image.alpha_composite(picture.convert("RGBA"), veil).convert("RGB")
