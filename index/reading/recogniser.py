"""Text off pictures, by RapidOCR where it is installed. The only module that imports it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from index.quiet import without_telemetry

# Of a picture's longer side, in pixels; a page at 200 dots an inch has 2340.
_SIDE = 2400


@dataclass(frozen=True, slots=True)
class Seen:
    """A piece of a line of text; its edges as shares of the picture's width and height."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


# From a picture, as PNG, to the pieces of text that are seen on it, in any order.
Recogniser = Callable[[bytes], tuple[Seen, ...]]


def available() -> bool:
    """Whether the extra ``ocr`` is installed."""
    return all(find_spec(name) for name in ("rapidocr", "onnxruntime"))


@cache
def recogniser() -> Recogniser:
    """The recogniser, with the models that come in its package."""
    without_telemetry()
    from rapidocr import RapidOCR

    engine: Any = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": _SIDE,
            # Lines that stand on their head: a page that does has them in the wrong order anyway.
            "Global.use_cls": False,
        }
    )

    def recognise(png: bytes) -> tuple[Seen, ...]:
        found = engine(png)
        if found.boxes is None or found.txts is None:
            return ()
        high, wide = found.img.shape[:2]
        seen = []
        for corners, text in zip(found.boxes, found.txts, strict=True):
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            seen.append(
                Seen(
                    " ".join(text.split()),
                    float(x0 / wide),
                    float(y0 / high),
                    float(x1 / wide),
                    float(y1 / high),
                )
            )
        return tuple(seen)

    return recognise
