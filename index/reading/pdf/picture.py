"""A page drawn: its picture as PNG."""

from __future__ import annotations

import io
import math
from typing import Any

from PIL import ImageChops
from PIL.Image import Image

# Of a page that is drawn.
_PIXELS = 6_000_000
_SIDE = 30_000


def png_of(page: Any, scale: float) -> bytes:
    """A page of PDFium's, ``scale`` pixels a point or fewer for a huge one."""
    width, height = page.get_size()
    most = min(math.sqrt(_PIXELS / (width * height)), _SIDE / max(width, height))
    picture = _plainest(page.render(scale=min(scale, most)).to_pil())
    out = io.BytesIO()
    # Someone waits: a higher level takes twice as long, for hardly less.
    picture.save(out, format="PNG", compress_level=3)
    return out.getvalue()


def _plainest(picture: Image) -> Image:
    """The same picture, in tones of grey where it has no colour: half as large."""
    grey = picture.convert("L")
    is_grey = ImageChops.difference(picture, grey.convert(picture.mode)).getbbox() is None
    return grey if is_grey else picture
