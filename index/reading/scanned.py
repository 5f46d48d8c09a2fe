"""PDF files whose pages are pictures: what a recogniser reads off them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.errors import ReadError
from index.reading.document import Boxes, Document
from index.reading.order import in_order
from index.reading.page_progress import page_read
from index.reading.pdf import draw_page
from index.reading.recogniser import Recogniser, Seen
from index.records import Box, Span

# Dots an inch that pages are drawn with, and the width of an A4 page then.
_DOTS = 200
_WIDTH = 1654
# A page takes seconds.
_PAGES = 300


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a line, where it begins in the document's text, and its place on the page."""

    text: str
    start: int
    box: Box

    @property
    def end(self) -> int:
        """Where it ends in the document's text."""
        return self.start + len(self.text)


def read_scanned(path: Path, recognise: Recogniser) -> Document:
    """Read a scanned PDF; ``ReadError`` where nothing is recognised on its pages.

    Its text is the lines of each page in reading order; the pieces of a line are parted by tabs.
    A group of spans has one box for each piece that is in it.
    """
    lines: list[str] = []
    starts: list[int] = []
    pieces: list[_Piece] = []
    offset = 0
    for number, (width, height, seen) in enumerate(_pages(path, recognise), start=1):
        starts.append(offset)
        for row in in_order(seen):
            for place, piece in enumerate(row):
                start = offset + (place > 0)
                offset = start + len(piece.text)
                edges = (piece.x0 * width, piece.y0 * height, piece.x1 * width, piece.y1 * height)
                pieces.append(_Piece(piece.text, start, Box(number, *edges)))
            lines.append("\t".join(piece.text for piece in row))
            offset += 1
    if not lines:
        raise ReadError(str(path), "a scanned PDF on which no text is recognised")
    return Document(
        "\n".join(lines),
        "pdf",
        tuple(starts),
        boxes_of=partial(_boxes, tuple(pieces)),
        recognised=True,
    )


def _pages(path: Path, recognise: Recogniser) -> Iterator[tuple[float, float, tuple[Seen, ...]]]:
    """Each page's size in points, and what is seen on it."""
    number, pages, pixels = 1, 1, _WIDTH
    while number <= pages:
        page = draw_page(path, number, (), pixels)
        wanted = round(page.width / 72 * _DOTS)
        if wanted != pixels:
            pixels = wanted
            page = draw_page(path, number, (), pixels)
        pages = page.pages
        if pages > _PAGES:
            raise ReadError(
                str(path), f"{pages} scanned pages; Yuanda recognises up to {_PAGES}: split it"
            )
        seen = recognise(page.png)
        page_read(path, number, pages)
        yield page.width, page.height, seen
        number += 1


def _boxes(pieces: Sequence[_Piece], groups: Sequence[Sequence[Span]]) -> Boxes:
    """Of each group of spans, a rectangle for every piece that is in it, in part or whole."""
    return tuple(
        tuple(
            _part(piece, span)
            for span in spans
            for piece in pieces
            if span.start < piece.end and span.end > piece.start
        )
        for spans in groups
    )


def _part(piece: _Piece, span: Span) -> Box:
    """Where the characters of a piece that are in the span stand, by how wide characters are."""
    begin, end = max(span.start - piece.start, 0), span.end - piece.start
    box, whole = piece.box, _columns(piece.text)
    wide = (box.x1 - box.x0) / whole
    x0 = box.x0 + wide * _columns(piece.text[:begin])
    x1 = box.x0 + wide * _columns(piece.text[:end])
    return Box(box.page, *(round(v, 2) for v in (x0, box.y0, x1, box.y1)))


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
