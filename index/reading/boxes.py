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
    left, bottom, right, top = sheet.seen

    def turned(x: float, y: float) -> tuple[float, float]:
        if sheet.rotation == 90:
            return y - bottom, x - left
        if sheet.rotation == 180:
            return right - x, y - bottom
        if sheet.rotation == 270:
            return top - y, right - x
        return x - left, top - y

    for x0, y0, x1, y1 in rectangles:
        (a, b), (c, d) = turned(x0, y0), turned(x1, y1)
        left_edge, right_edge = sorted(min(max(v, 0.0), sheet.width) for v in (a, c))
        upper, lower = sorted(min(max(v, 0.0), sheet.height) for v in (b, d))
        if left_edge < right_edge and upper < lower:
            edges = (round(v, 2) for v in (left_edge, upper, right_edge, lower))
            yield Box(sheet.number, *edges)


def joined(rectangles: Iterator[Rectangle]) -> Iterator[Rectangle]:
    """Rectangles that stand side by side on one line, as one: some PDFs place each character."""
    last: Rectangle | None = None
    for own in rectangles:
        if last is None:
            last = own
        elif _side_by_side(last, own):
            last = (
                min(last[0], own[0]),
                min(last[1], own[1]),
                max(last[2], own[2]),
                max(last[3], own[3]),
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
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if 2 * high >= min(a[3] - a[1], b[3] - b[1]):
        return -wide <= max(a[3] - a[1], b[3] - b[1])
    if 2 * wide >= min(a[2] - a[0], b[2] - b[0]):
        return -high <= max(a[2] - a[0], b[2] - b[0]) and a[3] - a[1] > a[2] - a[0]
    return False
