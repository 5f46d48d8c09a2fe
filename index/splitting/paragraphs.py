"""Which lines end a paragraph, and which are wrapped."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from index.reading.document import Document, PlacedLine
from index.splitting.lines import Line, columns

_ITEM = re.compile(
    r"[（(][一二三四五六七八九十\d]{1,3}[)）]|[①-⑳]|\d{1,2}、|[一二三四五六七八九十]{1,3}、"
)
# In columns (a Chinese character has two): a first line's indent and hanging punctuation
# make a full line this much narrower than the widest.
_SLACK = 9
_INDENT = 4
_WORD = re.compile(r"[A-Za-z0-9.,%]+")
# What can't be parted at a line's end: a word, or a character with the mark behind it.
_UNBROKEN = re.compile(r"(?:[A-Za-z0-9.,%/+\-]+|[（(《“‘【「]*.)[，。、；：？！）)》”’】」]*")
# Lines of one column begin this near to each other; a first line is this much further in. In
# heights of a line.
_BESIDE, _FIRST = 3.2, 1.3
# Of a column's lines, how many reach its right edge at least, where lines are wrapped.
_REACHING = 0.12
_TOLERANCE = 0.35


def with_paragraphs(document: Document, lines: Sequence[Line]) -> list[Line]:
    """Tell hard-wrapped lines from the ends of paragraphs: by where they end on the page, or by
    their width."""
    if document.lines:
        return _by_place(document.text, lines)
    widths = sorted(line.width for line in lines)
    if document.format not in ("text", "pdf") or len(widths) < 4:
        return list(lines)
    full = widths[int(len(widths) * 0.98)]
    wrapped = sum(w >= full - _SLACK for w in widths) >= 0.2 * len(widths)
    if not wrapped or full > 200:
        return list(lines)
    indent = min((line.indent for line in lines), default=0)
    following = [*lines[1:], None]
    told = [
        replace(
            line,
            ends_paragraph=after is None
            or line.width < full - _slack(document.text, line, after)
            or after.indent >= indent + 2 > line.indent + 2
            or _new_item(document.text, line, after),
        )
        for line, after in zip(lines, following, strict=True)
    ]
    return _with_questions(document.text, told)


def _with_questions(text: str, told: Sequence[Line]) -> list[Line]:
    """A sentence's end before a question ends a paragraph, though its line be full."""
    return [
        line
        if line.cut or line.ends_paragraph or not _question_next(text, told, place)
        else replace(line, ends_paragraph=True)
        for place, line in enumerate(told)
    ]


def _question_next(text: str, lines: Sequence[Line], place: int) -> bool:
    """Whether a sentence ends with the line, by chance a full one, and a question follows."""
    if text[lines[place].end - 1] not in "。！":
        return False
    end = place + 1
    while end < len(lines) - 1 and not lines[end].ends_paragraph and end - place < 4:
        end += 1
    said = text[lines[place + 1].start : lines[end].end]
    return lines[end].ends_paragraph and said[-1] in "？?" and "。" not in said


def _slack(text: str, line: Line, after: Line) -> int:
    """How much narrower than the widest a full line may be."""
    said = text[line.start : line.end]
    latin = sum(c.isascii() for c in said)
    if said[-1] not in "。？！?!" or latin * 5 >= len(said):
        return _SLACK
    # A sentence's end behind which the next word had room, an indent counted.
    word = _WORD.match(text, after.start)
    return _INDENT - 1 + (len(word.group()) if word else 2)


def _new_item(text: str, line: Line, after: Line) -> bool:
    """Whether a sentence ends with the line and a numbered item begins with the next."""
    return text[line.end - 1] in "。；！？：" and bool(_ITEM.match(text, after.start))


def _by_place(text: str, lines: Sequence[Line]) -> list[Line]:
    """A line ends a paragraph where the next word had room behind it, or the next is set in."""
    edges = _right_edges(lines)
    told: list[Line] = []
    for line, after in zip_longest(lines, lines[1:]):
        if line.cut:
            told.append(replace(line, ends_paragraph=False))
            continue
        ends = (
            after is None
            or line.place is None
            or after.place is None
            or _has_room(text, line.place, after, edges.get(line.place))
            or _set_in(line.place, after.place)
            or _new_item(text, line, after)
        )
        told.append(line if ends else replace(line, ends_paragraph=False))
    return _with_questions(text, told)


def _right_edges(lines: Sequence[Line]) -> dict[PlacedLine, float]:
    """How far to the right the lines reach that begin about where each begins; none where hardly
    any of them does, since they are not wrapped then."""
    places = [line.place for line in lines if line.place is not None]
    heights = sorted(place.y1 - place.y0 for place in places)
    if not heights:
        return {}
    step = max(heights[len(heights) // 2], 1.0)
    steps: dict[int, list[float]] = defaultdict(list)
    for place in places:
        steps[round(place.x0 / step)].append(place.x1)
    reach = int(_BESIDE)
    found: dict[int, float | None] = {}
    for own in list(steps):
        rights = sorted(
            x for near in range(own - reach, own + reach + 1) for x in steps.get(near, ())
        )
        edge = rights[int(len(rights) * 0.98)]
        reaching = sum(edge - x < 2 * step for x in rights)
        found[own] = edge if reaching >= max(2, _REACHING * len(rights)) else None
    edges = {place: found[round(place.x0 / step)] for place in places}
    return {place: edge for place, edge in edges.items() if edge is not None}


def _has_room(text: str, place: PlacedLine, after: Line, edge: float | None) -> bool:
    """Whether what the next line begins with would have stood in this one."""
    if edge is None:
        return True
    unbroken = _UNBROKEN.match(text, after.start, after.end)
    wide = columns(unbroken.group()) / 2 if unbroken else 1.0
    return edge - place.x1 > (wide + _TOLERANCE) * (place.y1 - place.y0)


def _set_in(place: PlacedLine, after: PlacedLine) -> bool:
    """Whether the next line begins further in, as a paragraph's first one does."""
    high = place.y1 - place.y0
    return place.page == after.page and _FIRST * high < after.x0 - place.x0 < _BESIDE * high
