"""Columns of questions that stand side by side: read one after the other, not line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from index.reading.pdf.pdfium import Characters, loose_box

# What begins a question or an answer, amid a line: where none does, columns are none of these.
_MARK = r"(?:\d{1,3}\s*[、.．](?!\d)|(?:问题?|Q|A|答|回复|提问)\s*\d{0,3}\s*[：:、])"
_AMID = re.compile(rf"(?<=\S)[ \t\u3000]+(?={_MARK})")
_BEGINS = re.compile(_MARK)
_WHITE = re.compile(r"[ \t\u3000]+")
_LINE = re.compile(r"[^\r\n]+(?:\r\n|\r|\n|$)")
# In heights of a line: how wide the gap between columns is, and how exactly they begin at one
# place. A column is this wide at least, of all that is written beside each other.
_GAP, _EXACT, _WIDE = 1.0, 0.6, 0.25
_LINES = 3
# Of the text, from where to where, and whether a line's end is put behind it.
_Piece = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line from ``start`` to ``end``, its break included. ``gaps``: where a wide gap begins and
    ends, and where on the page what stands behind it begins."""

    start: int
    end: int
    left: float
    right: float
    height: float
    gaps: tuple[tuple[int, int, float], ...]

    def at(self, x: float) -> tuple[int, int] | None:
        """The gap before what begins at a place."""
        near = ((a, b) for a, b, left in self.gaps if abs(left - x) <= _EXACT * self.height)
        return next(near, None)


def by_columns(handle: Any, characters: Characters) -> Characters:
    """The characters in the order of columns, where questions stand in columns."""
    if not _AMID.search(characters.text):
        return characters
    lines = [_placed(handle, characters, match) for match in _LINE.finditer(characters.text)]
    pieces: list[_Piece] = []
    at = 0
    while at < len(lines):
        end, x = _columns(characters.text, lines, at)
        if end - at < _LINES:
            pieces.append((lines[at].start, lines[at].end, False))
            at += 1
        else:
            pieces += _in_order(lines[at:end], x)
            at = end
    text, places = "", list[int]()
    for start, stop, broken in pieces:
        text += characters.text[start:stop] + "\r\n" * broken
        places += [*characters.places[start:stop], *[characters.places[stop]] * 2 * broken]
    return Characters(text, [*places, characters.places[-1]])


def _in_order(lines: Sequence[_Line], x: float) -> Iterator[_Piece]:
    """What stands before a place on the page, line by line, then what stands behind it."""
    for line in lines:
        if gap := line.at(x):
            yield line.start, gap[0], True
        elif line.left < x:
            yield line.start, line.end, False
    for line in lines:
        if gap := line.at(x):
            yield gap[1], line.end, False
        elif line.left >= x:
            yield line.start, line.end, False


def _placed(handle: Any, characters: Characters, match: re.Match[str]) -> _Line:
    said, start = match.group(), match.start()
    inked = said.rstrip()
    if not inked.strip():
        return _Line(start, match.end(), 0.0, 0.0, 0.0, ())
    first = start + len(inked) - len(inked.lstrip())
    left, bottom, _, top = loose_box(handle, characters.places[first])
    right = loose_box(handle, characters.places[start + len(inked) - 1])[2]
    gaps = []
    for white in _WHITE.finditer(inked):
        before, after = start + white.start() - 1, start + white.end()
        if before < first:
            continue
        edge = loose_box(handle, characters.places[before])[2]
        begins = loose_box(handle, characters.places[after])[0]
        if begins - edge >= _GAP * (top - bottom):
            gaps.append((start + white.start(), after, begins))
    return _Line(start, match.end(), left, right, top - bottom, tuple(gaps))


def _columns(text: str, lines: Sequence[_Line], at: int) -> tuple[int, float]:
    """Where the lines end that stand in two columns from a line on, and where the second one
    begins; the line itself where they don't."""
    for _, _, x in lines[at].gaps:
        end, both = at, 0
        while end < len(lines):
            line = lines[end]
            across = line.height and line.left < x - line.height and line.right > x
            if across and not line.at(x):
                break
            both += bool(line.at(x))
            end += 1
        run = lines[at:end]
        rights = [line.right for line in run if line.at(x) or line.left >= x]
        gaps = [gap for line in run if (gap := line.at(x))]
        marked = any(_BEGINS.match(text, behind) for _, behind in gaps)
        whole = max(rights, default=x) - min(line.left for line in run)
        wide = min(x - lines[at].left, max(rights, default=x) - x) >= _WIDE * whole
        if both >= _LINES and marked and wide and _BEGINS.match(text, lines[at].start):
            return end, x
    return at, 0.0
