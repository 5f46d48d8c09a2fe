"""The strips of page pictures where a recognised pair stands, to be shown above its text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from assistant.answering.cite import unharmed
from assistant.records import Citation
from index.errors import ReadError
from index.reading.pdf import draw_page
from index.records import Box

# Points around a pair's boxes that are shown as well.
_MARGIN = 4.0
_PIXELS = 1000


@dataclass(frozen=True, slots=True)
class Crop:
    """What stands on a page (from 1) around a pair, as PNG, over the page's whole width."""

    page: int
    png: bytes


def crops(copy: Path, citation: Citation) -> tuple[Crop, ...]:
    """A strip of each page that a recognised pair stands on; none where its text is the filing's.

    ``copy`` is the store's. None as well where it is harmed, or can't be drawn.
    """
    if not citation.filing.recognised or not unharmed(copy, citation.filing):
        return ()
    return _crops(copy, citation.pair.boxes)


@lru_cache(maxsize=32)
def _crops(copy: Path, boxes: tuple[Box, ...]) -> tuple[Crop, ...]:
    pages = sorted({box.page for box in boxes})
    try:
        return tuple(_crop(copy, page, [b for b in boxes if b.page == page]) for page in pages)
    except (ReadError, OSError):
        return ()


def _crop(copy: Path, page: int, boxes: Sequence[Box]) -> Crop:
    drawn = draw_page(copy, page, (), _PIXELS)
    top = max(min(box.y0 for box in boxes) - _MARGIN, 0)
    bottom = min(max(box.y1 for box in boxes) + _MARGIN, drawn.height)
    with Image.open(io.BytesIO(drawn.png)) as picture:
        scale = picture.height / drawn.height
        # A grey scan of text is told from its paper by sixteen tones.
        strip = picture.crop((0, round(top * scale), picture.width, round(bottom * scale)))
        out = io.BytesIO()
        strip.convert("L").quantize(16).save(out, format="PNG", optimize=True)
    return Crop(page, out.getvalue())
