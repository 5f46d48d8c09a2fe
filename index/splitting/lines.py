"""Text to lines: where each stands, what of the text is left out of them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.reading.document import Aside, Document, PlacedLine
from index.records import Span
from index.splitting.furniture import furniture_of


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
    return list(_lines(document, asides)), asides


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


def columns(said: str) -> int:
    """How wide a text is: a Chinese character has two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in said)
