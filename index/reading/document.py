"""What reading a file yields: its text, and where the text stands on pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from index.records import Box, Format, LeftOutKind, Span

Boxes = tuple[tuple[Box, ...], ...]


def _no_boxes(groups: Sequence[Sequence[Span]]) -> Boxes:
    return ((),) * len(groups)


class PlacedLine(NamedTuple):
    """A line of a page without the white space around it, and its edges in points from the page's
    top left corner; it may stand beyond the page."""

    start: int
    end: int
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Aside:
    """What the text holds and no reader of the filing takes for a part of it."""

    kind: LeftOutKind
    span: Span


@dataclass(frozen=True, slots=True)
class Omitted:
    """What the file holds and the text doesn't, and before which character it would stand."""

    kind: LeftOutKind
    at: int
    text: str


class Cell(NamedTuple):
    """Where a table's cell stands in the text; ``merged``: it goes on from the one above."""

    start: int
    end: int
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table in the text: its cells row by row."""

    start: int
    end: int
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A question and its answer from a table, with other cells by what their column holds.

    Either stands in several cells where one is merged beside others. ``table`` is where the
    table begins.
    """

    questions: tuple[Span, ...]
    answers: tuple[Span, ...]
    start: int
    end: int
    cells: Mapping[str, str]
    table: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A file's extracted text.

    ``page_starts`` holds the offset at which each page begins, and is empty where the format
    has no pages; ``bold`` holds paragraphs or lines that are bold throughout, where the format
    tells; ``rows`` holds the questions of a sheet or table, which need no splitting; ``boxes_of``
    gives the rectangles that each group of spans of the text covers; ``scanned`` holds the numbers
    of pages with pictures and no text; ``recognised`` says that the text was read off pictures;
    ``asides`` holds, in order, what is in no question and no answer whatever surrounds it;
    ``warnings`` what reading found worth knowing. ``omitted`` is, in order, what the file holds
    and the text doesn't; ``tables`` are those that are no list of questions; ``notes`` is where
    footnotes begin, behind all other text. ``lines`` is where each line stands, and ``page_sizes``
    (width, height) are the pages' in points, where the format has pages.
    """

    text: str
    format: Format
    page_starts: tuple[int, ...] = ()
    bold: tuple[Span, ...] = ()
    rows: tuple[Row, ...] = ()
    boxes_of: Callable[[Sequence[Sequence[Span]]], Boxes] = _no_boxes
    scanned: tuple[int, ...] = ()
    recognised: bool = False
    asides: tuple[Aside, ...] = ()
    warnings: tuple[str, ...] = ()
    omitted: tuple[Omitted, ...] = ()
    tables: tuple[Grid, ...] = ()
    notes: int | None = None
    lines: tuple[PlacedLine, ...] = ()
    page_sizes: tuple[tuple[float, float], ...] = ()
