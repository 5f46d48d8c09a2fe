"""The order in which the pieces of text on a picture are read: by line, and in a form by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from index.reading.recogniser import Seen

Row = list[Seen]

# Of a form, as shares of the page's width: how far its column of labels may reach, how exactly
# lines beside it begin at one place, how far an indent reaches, and how near the middle of the
# page the middle of a title is.
_LABELS, _EXACT, _INDENT, _CENTRED = 0.4, 0.01, 0.05, 0.02
# How full, of the longest, a line is that is wrapped.
_FULL = 0.8
# Lines of one label are no further apart, in heights of a line.
_NEAR = 0.9


def in_order(seen: Iterable[Seen]) -> list[Row]:
    """Lines from top to bottom, each one's pieces from left to right.

    In a form with a column of labels, a label comes before what stands beside it, though it be
    wrapped, or stand halfway down its cell.
    """
    rows = _rows(seen)
    edge = _edge(rows)
    if edge is None:
        return rows
    found: list[Row] = []
    block: list[Row] = []
    for row in rows:
        if _breaks(row, edge):
            found += [*_form(block, edge), row]
            block = []
        else:
            block.append(row)
    return [*found, *_form(block, edge)]


def _rows(seen: Iterable[Seen]) -> list[Row]:
    rows: list[Row] = []
    for piece in sorted((s for s in seen if s.text.strip()), key=lambda s: s.y0 + s.y1):
        if rows and _on_one_line(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda s: s.x0) for row in rows]


def _on_one_line(a: Seen, b: Seen) -> bool:
    shared = min(a.y1, b.y1) - max(a.y0, b.y0)
    return 2 * shared >= min(a.y1 - a.y0, b.y1 - b.y0)


def _edge(rows: Sequence[Row]) -> float | None:
    """Where the labels end; ``None`` where no two lines have something beside one alike."""
    forms = [row for row in rows if len(row) == 2 and row[0].x1 <= _LABELS]
    lefts = [row[1].x0 for row in forms]
    alike = max(
        ([x for x in lefts if abs(x - left) <= _EXACT] for left in lefts), key=len, default=[]
    )
    if len(alike) < 2:
        return None
    ends = sorted(row[0].x1 for row in rows if row[0].x1 <= min(alike))
    return min(ends, key=lambda e: sum(_reaches_over(row, e) for row in rows), default=None)


def _reaches_over(row: Row, edge: float) -> bool:
    return any(piece.x0 < edge < piece.x1 for piece in row)


def _breaks(row: Row, edge: float) -> bool:
    """Whether a row is none of a form's: over both columns, in many, or in the page's middle."""
    middle = (row[0].x0 + row[0].x1) / 2
    centred = row[0].x0 >= edge and abs(middle - 0.5) <= _CENTRED
    return _reaches_over(row, edge) or len(row) > 2 or centred


def _form(rows: Sequence[Row], edge: float) -> Iterator[Row]:
    """Rows of a form, of which no piece reaches over the edge, cell by cell."""
    labels = _wrapped([piece for row in rows for piece in row if piece.x0 < edge])
    beside = [own for row in rows if (own := [piece for piece in row if piece.x0 >= edge])]
    if not labels or not beside:
        yield from rows
        return
    column = min(row[0].x0 for row in beside)
    while rows[0][0].x0 > column + _INDENT:  # what stands above the form, to the right
        yield rows[0]
        rows, beside = rows[1:], beside[1:]
    starts = [0, *(_boundary(beside, a, b) for a, b in pairwise(labels)), len(beside)]
    for label, (start, end) in zip(labels, pairwise(starts), strict=True):
        yield from _cell(label, beside[start:end])


def _wrapped(pieces: Sequence[Seen]) -> list[Row]:
    """Labels, each with the lines that it is wrapped to."""
    widest = max((piece.x1 - piece.x0 for piece in pieces), default=0.0)
    labels: list[Row] = []
    for piece in pieces:
        before = labels[-1][-1] if labels else None
        if (
            before
            and before.x1 - before.x0 >= _FULL * widest
            and piece.y0 - before.y1 <= _NEAR * (before.y1 - before.y0)
        ):
            labels[-1].append(piece)
        else:
            labels.append([piece])
    return labels


def _boundary(beside: Sequence[Row], a: Row, b: Row) -> int:
    """Which of the lines beside two labels begins the second one's cell: below the widest gap."""
    upper, lower = ((label[0].y0 + label[-1].y1) / 2 for label in (a, b))
    places = [
        place
        for place in range(1, len(beside))
        if beside[place][0].y0 >= upper and beside[place - 1][0].y1 <= lower
    ]
    gap = {place: beside[place][0].y0 - beside[place - 1][0].y1 for place in places}
    if gap:
        return max(places, key=gap.__getitem__)
    return sum(row[0].y1 <= upper for row in beside)


def _cell(label: Row, beside: Sequence[Row]) -> Iterator[Row]:
    """A label, then what stands beside it; first what goes on there from the page before."""
    before = 0
    if beside:
        above, below = label[0].y0 - beside[0][0].y0, beside[-1][0].y1 - label[-1].y1
        if above > below + 2 * (label[0].y1 - label[0].y0):
            before = sum(row[0].y1 <= label[0].y0 for row in beside)
    yield from beside[:before]
    yield [*label, *(beside[before] if before < len(beside) else ())]
    yield from beside[before + 1 :]
