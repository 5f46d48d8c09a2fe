"""Text to lines: where each stands, what of the text is left out of them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from index.reading.document import Aside, Document, PlacedLine
from index.records import Span
from index.splitting.furniture import furniture_of

# The label of the cell that the questions stand in, a piece of it at a line's beginning, and how
# wide the lines are that tell where the cell's text begins.
_MAIN_CONTENT = "投资者关系活动主要内容介绍"
_LABEL = re.compile(rf"(?:[{_MAIN_CONTENT}]\s*){{1,8}}(?=\s|$)")
_WIDE = 30
_INK = re.compile(r"\S")


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it; ``indent`` counts what stood before it.

    ``place`` is where it stands on its page, where that is known. A line that something is left
    out of is several, and all but the last one are ``cut``.
    """

    start: int
    end: int
    page: int
    indent: int
    width: int
    ends_paragraph: bool = True
    place: PlacedLine | None = None
    cut: bool = False

    @property
    def span(self) -> Span:
        """The characters of the line."""
        return Span(self.start, self.end)


def body_lines(document: Document) -> tuple[list[Line], list[Aside]]:
    """Lines with text, in order, without page furniture and asides; and these, in order.

    Each is taken for the end of a paragraph (``paragraphs.with_paragraphs``).
    """
    furniture = furniture_of(document)
    asides = [*document.asides, *(Aside("furniture", span) for span in furniture)]
    asides.sort(key=lambda aside: aside.span)
    lines = list(_lines(document, asides))
    labels = form_labels(document.text, [line for line in lines if line.place])
    if labels:
        asides = sorted([*asides, *labels], key=lambda aside: aside.span)
        lines = list(_lines(document, asides))
    return lines, asides


def is_form_label(text: str, aside: Aside) -> bool:
    """Whether what is left out is of the label that the form has beside its questions."""
    return "".join(text[aside.span.start : aside.span.end].split()) in _MAIN_CONTENT


def form_labels(text: str, lines: Sequence[Line]) -> list[Aside]:
    """The rest of the label beside the questions, wrapped in its narrow column, where it stands
    amid their text or on a line of it."""
    inside = [line for line in lines if line.place]
    lefts = Counter(round(line.place.x0) for line in inside if line.place and line.width >= _WIDE)
    if not lefts:
        return []
    column = lefts.most_common(1)[0][0]
    found = []
    for before, line in pairwise(inside):
        place = line.place
        match = _LABEL.match(text, line.start, line.end)
        if not match or place is None or place.x0 > column - 2 * (place.y1 - place.y0):
            continue
        squeezed = "".join(match.group().split())
        alone = match.end() == line.end
        if squeezed not in _MAIN_CONTENT or (alone and squeezed[:3] == _MAIN_CONTENT[:3]):
            continue
        # Alone, it is where the label goes on from the line before; or it stands amid text.
        if not alone or (before.place and before.place.x0 >= column - 4):
            found.append(Aside("furniture", Span(line.start, match.end())))
    return found


def _lines(document: Document, asides: Sequence[Aside]) -> Iterator[Line]:
    placed = {line.start: line for line in document.lines}
    left_out = iter(asides)
    aside = next(left_out, None)
    offset = 0
    for raw in re.split(r"(?<=[\n\f\v\u2028\u2029])|(?<=\r)(?!\n)", document.text):
        at, end = offset, offset + len(raw)
        indent = len(raw) - len(raw.lstrip())
        place = placed.get(offset + indent)
        pieces: list[Line] = []
        while at < end:
            while aside is not None and aside.span.end <= at:
                aside = next(left_out, None)
            stop = end if aside is None else min(max(aside.span.start, at), end)
            piece = document.text[at:stop]
            if content := piece.strip():
                start = at + piece.index(content[0])
                page = bisect_right(document.page_starts, start)
                width = columns(content)
                pieces.append(
                    Line(start, start + len(content), page, start - offset, width, place=place)
                )
            at = end if aside is None else max(stop, min(aside.span.end, end))
        yield from (replace(piece, cut=True) for piece in pieces[:-1])
        yield from pieces[-1:]
        offset = end


def without(text: str, asides: Sequence[Aside]) -> str:
    """The text with white space for what is left out of it."""
    pieces, at = [], 0
    for aside in asides:
        start, end = max(aside.span.start, at), aside.span.end
        pieces += [text[at:start], _INK.sub(" ", text[start:end])]
        at = max(end, at)
    return "".join((*pieces, text[at:]))


def columns(said: str) -> int:
    """How wide a text is: a Chinese character has two columns."""
    return len(said) if said.isascii() else sum(map(_columns, said))


@cache
def _columns(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
