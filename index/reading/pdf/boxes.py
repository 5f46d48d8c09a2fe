"""Rectangles of text on a PDF's page: joined to lines, and placed on the page as it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from index.records import Box

# Left, bottom, right and top in points, from the page's own origin.
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as it is shown: what is seen of it, how far it is turned, and its size then."""

    number: int
    seen: Rectangle
    rotation: int
    width: float
    height: float


def shown(sheet: Sheet, rectangles: Iterable[Rectangle]) -> Iterator[Box]:
    """Rectangles on the page as it is shown: turned, cropped, from its top left corner."""
    for x0, y0, x1, y1 in rectangles:
        (a, b), (c, d) = _turned(sheet, x0, y0), _turned(sheet, x1, y1)
        left_edge, right_edge = sorted(min(max(v, 0.0), sheet.width) for v in (a, c))
        upper, lower = sorted(min(max(v, 0.0), sheet.height) for v in (b, d))
        if left_edge < right_edge and upper < lower:
            edges = (round(v, 2) for v in (left_edge, upper, right_edge, lower))
            yield Box(sheet.number, *edges)


def placed(sheet: Sheet, rectangles: Iterable[Rectangle]) -> Rectangle:
    """What rectangles cover together: left, upper, right and lower edge from the page's top left
    corner as it is shown, beyond the page too."""
    lefts, bottoms, rights, tops = zip(*rectangles, strict=True)
    x0, y0 = _turned(sheet, min(lefts), min(bottoms))
    x1, y1 = _turned(sheet, max(rights), max(tops))
    return (
        round(min(x0, x1), 1),
        round(min(y0, y1), 1),
        round(max(x0, x1), 1),
        round(max(y0, y1), 1),
    )


def _turned(sheet: Sheet, x: float, y: float) -> tuple[float, float]:
    left, bottom, right, top = sheet.seen
    if sheet.rotation == 90:
        return y - bottom, x - left
    if sheet.rotation == 180:
        return right - x, y - bottom
    if sheet.rotation == 270:
        return top - y, right - x
    return x - left, top - y


def joined(rectangles: Iterable[Rectangle]) -> Iterator[Rectangle]:
    """Rectangles that stand side by side on one line, as one: some PDFs place each character."""
    last: Rectangle | None = None
    for own in rectangles:
        if last is None:
            last = own
        elif _side_by_side(last, own):
            x0, y0, x1, y1 = last
            a0, b0, a1, b1 = own
            last = (
                x0 if x0 < a0 else a0,
                y0 if y0 < b0 else b0,
                x1 if x1 > a1 else a1,
                y1 if y1 > b1 else b1,
            )
        else:
            yield last
            last = own
    if last is not None:
        yield last


def _side_by_side(a: Rectangle, b: Rectangle) -> bool:
    """Whether two rectangles overlap along one axis and are near along the other.

    A page that is turned has lines that run down.
    """
    # Spelt out: this is asked for each rectangle of a filing.
    ax0, ay0, ax1, ay1 = a
    bx0, by0, bx1, by1 = b
    a_high, b_high = ay1 - ay0, by1 - by0
    wide = (ax1 if ax1 < bx1 else bx1) - (ax0 if ax0 > bx0 else bx0)
    high = (ay1 if ay1 < by1 else by1) - (ay0 if ay0 > by0 else by0)
    if 2 * high >= (a_high if a_high < b_high else b_high):
        return -wide <= (a_high if a_high > b_high else b_high)
    a_wide, b_wide = ax1 - ax0, bx1 - bx0
    if 2 * wide >= min(a_wide, b_wide):
        return -high <= max(a_wide, b_wide) and a_high > a_wide
    return False
