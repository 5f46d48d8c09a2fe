"""What of a page's text a reader of the page doesn't see, or sees as no part of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from index.reading.pdf.boxes import Rectangle, Sheet, placed
from index.reading.pdf.pdfium import (
    TINY,
    Characters,
    angle_of,
    drawn_on,
    loose_box,
    object_of,
    order_of,
)

# Start and end in the page's text, and edges.
Line = tuple[int, int, Rectangle]
Aside = tuple[str, int, int]

# Radians from the nearest way that lines run.
_SLANTED = 0.02
# Dots a point of a page that is looked at; how far tones have to differ for something to be seen.
_SCALE, _TONES = 1.5, 24
# How much higher than most lines pale letters of a watermark are.
_LARGE = 1.4
_PALE = "pale"


def unseen(
    page: Any, textpage: Any, characters: Characters, sheet: Sheet, lines: Sequence[Line]
) -> list[Aside]:
    """What is invisible or slanted on a page, and what is ``pale``: whether that is a watermark
    only shows beside the other pages (``watermarks``)."""
    handle, places = textpage.raw, characters.places
    found: list[Aside] = []
    for start, end, edges in lines:
        if _outside(sheet, edges) or (edges[3] - edges[1] <= TINY and edges[2] - edges[0] > TINY):
            found.append(("invisible", start, end))
        elif any(_slanted(angle_of(handle, places[i])) for i in (start, end - 1)):
            found += _runs(i for i in range(start, end) if _slanted(angle_of(handle, places[i])))
    told = {i for _, start, end in found for i in range(start, end)}
    doubtful = _doubtful(page, handle, characters, sheet, lines)
    found += _decided(characters.text, page, sheet, [d for d in doubtful if d[0] not in told])
    return found


def _runs(slanted: Iterable[int]) -> Iterator[Aside]:
    start = stop = -1
    for i in slanted:
        if i != stop and stop > 0:
            yield "watermark", start, stop
        start = i if i != stop else start
        stop = i + 1
    if stop > 0:
        yield "watermark", start, stop


def _outside(sheet: Sheet, edges: Rectangle) -> bool:
    x0, y0, x1, y1 = edges
    return x1 <= 0 or y1 <= 0 or x0 >= sheet.width or y0 >= sheet.height


def _slanted(angle: float) -> bool:
    off = angle % (math.pi / 2)
    return min(off, math.pi / 2 - off) > _SLANTED


def _doubtful(
    page: Any, handle: Any, characters: Characters, sheet: Sheet, lines: Sequence[Line]
) -> Iterator[tuple[int, str, Rectangle]]:
    """Characters that may not be seen: which, why, and where."""
    drawn = drawn_on(page)
    covers = [(before, placed(sheet, [cover])) for before, cover in drawn.covers]
    under = [max((b for b, c in covers if _inside(edges, c)), default=0) for *_, edges in lines]
    order = order_of(page) if any(under) else {}
    for (start, end, _), cover in zip(lines, under, strict=True):
        if not drawn.doubts and not cover:
            continue
        for i in range(start, end):
            if characters.text[i].isspace():
                continue
            place = characters.places[i]
            own = object_of(handle, place)
            covered = order.get(own, cover) < cover
            if doubt := drawn.doubts.get(own) or ("white" if covered else None):
                yield i, doubt, placed(sheet, [loose_box(handle, place)])
            elif not drawn.doubts and i == start and order.get(own, 0) > cover:
                break  # what is drawn first of a line is drawn above


def _inside(edges: Rectangle, cover: Rectangle) -> bool:
    """Whether the middle of a line lies in a rectangle."""
    middle = (edges[1] + edges[3]) / 2
    return cover[1] < middle < cover[3] and edges[0] < cover[2] and edges[2] > cover[0]


def _decided(
    text: str, page: Any, sheet: Sheet, doubtful: Iterable[tuple[int, str, Rectangle]]
) -> Iterator[Aside]:
    """Runs of characters of one kind; those that may be white are looked at where they stand."""
    picture = None
    run: Aside | None = None
    for i, doubt, edges in doubtful:
        kind = doubt
        if doubt == "white":
            picture = picture or page.render(scale=_SCALE).to_pil().convert("L")
            kind = "" if _shows(picture, sheet, edges) else "invisible"
        if run and run[0] == kind and not text[run[2] : i].strip():
            run = kind, run[1], i + 1
        else:
            if run and run[0]:
                yield run
            run = kind, i, i + 1
    if run and run[0]:
        yield run


def _shows(picture: Any, sheet: Sheet, edges: Rectangle) -> bool:
    """Whether something is drawn where a character stands."""
    across, down = picture.width / sheet.width, picture.height / sheet.height
    x0, y0, x1, y1 = edges
    box = (
        max(int(x0 * across), 0),
        max(int(y0 * down), 0),
        min(math.ceil(x1 * across), picture.width),
        min(math.ceil(y1 * down), picture.height),
    )
    if box[0] >= box[2] or box[1] >= box[3]:
        return False
    darkest, lightest = picture.crop(box).getextrema()
    return bool(lightest - darkest >= _TONES)


def watermarks(
    texts: Sequence[str],
    lines: Sequence[tuple[Any, ...]],
    asides: Sequence[tuple[int, str, int, int]],
) -> list[tuple[int, str, int, int]]:
    """The asides of all pages: what is pale is a watermark where it is large, or on two pages.

    Other pale text is text.
    """
    pale = Counter(texts[page][a:b].strip() for page, kind, a, b in asides if kind == _PALE)
    if not pale:
        return list(asides)
    heights = sorted(line[6] - line[4] for line in lines)
    usual = heights[len(heights) // 2] if heights else 0.0
    found = []
    for page, kind, start, end in asides:
        if kind == _PALE:
            own = (x[6] - x[4] for x in lines if x[0] == page and x[1] <= start < x[2])
            large = next(own, 0.0) >= _LARGE * usual
            if not large and pale[texts[page][start:end].strip()] < 2:
                continue
            kind = "watermark"
        found.append((page, kind, start, end))
    return found
