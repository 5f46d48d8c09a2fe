"""A PDF file to a document: text, pages, lines and boxes; and its pages drawn."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from index.errors import ReadError, ScannedError
from index.reading.document import Aside, Boxes, Document, PlacedLine
from index.reading.page_progress import page_read
from index.reading.pdf.boxes import Rectangle, Sheet, joined, placed, shown
from index.reading.pdf.meaning import meant_by
from index.reading.pdf.pdfium import (
    LOCK,
    Characters,
    Pages,
    fields_of,
    has_image,
    is_bold,
    loaded,
    loose_box,
    open_pdf,
    rectangles,
    refused,
)
from index.reading.pdf.seen import unseen, watermarks
from index.reading.sandbox import allow, reads_here, run_apart, run_standing
from index.records import Box, Span

_PAGES = 5000
_CHARACTERS = 10_000_000
# Pages that stay open between their text and their boxes.
_KEPT = 100

_LINE = re.compile(r"[^\r\n]+")


def read_pdf(path: Path) -> Document:
    """Read a PDF's text layer; ``ReadError`` where it has none, is encrypted or damaged.

    The text is each page's, as PDFium gives it, joined by line breaks. A hyphen that ends a
    line stays one, with its line break, and a character of unknown meaning is U+FFFD.
    """
    kept = None
    if reads_here():
        kept = Pages(path, _KEPT)
        with LOCK, refused(path):
            found = _content(kept)
    else:
        found = json.loads(run_apart("content", path))
    texts: list[str] = found["texts"]
    if found["scanned"] and not "".join(texts).strip():
        raise ScannedError(str(path))
    starts, offset = [], 0
    for text in texts:
        starts.append(offset)
        offset += len(text) + 1
    return Document(
        "\n".join(texts),
        "pdf",
        tuple(starts),
        bold=tuple(Span(starts[page] + a, starts[page] + b) for page, a, b in found["bold"]),
        scanned=tuple(found["scanned"]),
        lines=tuple(
            PlacedLine(starts[page] + a, starts[page] + b, page + 1, *edges)
            for page, a, b, *edges in found["lines"]
        ),
        page_sizes=tuple(tuple(size) for size in found["sizes"]),
        asides=tuple(
            Aside(kind, Span(starts[page] + a, starts[page] + b))
            for page, kind, a, b in found["asides"]
        ),
        warnings=_warnings(found),
        boxes_of=partial(_boxes, kept or path, tuple(starts), tuple(len(t) for t in texts)),
    )


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page as PNG, its size in points, and where on it each group of spans is."""

    pages: int
    width: float
    height: float
    png: bytes
    boxes: Boxes


def draw_page(
    path: Path, page: int, groups: Sequence[Sequence[Span]], pixels: int = 1240
) -> DrawnPage:
    """Draw a page (from 1), some ``pixels`` wide or less for a huge one, and find spans on it.

    ``ReadError`` where there is no such page, or it can't be drawn.
    """
    if pixels < 1:
        raise ValueError(f"pixels is {pixels}")
    found = json.loads(run_standing("drawing", path, str(page), str(pixels), json.dumps(groups)))
    return DrawnPage(
        pages=found["pages"],
        width=found["width"],
        height=found["height"],
        png=base64.b64decode(found["png"]),
        boxes=tuple(tuple(Box(page, *place) for place in places) for places in found["boxes"]),
    )


def drawing(path: Path, page: str, pixels: str, groups: str) -> bytes:
    """``draw_page`` as JSON, without limits on time and memory."""
    from index.reading.pdf.picture import png_of

    number = int(page)
    spans = [[Span(*span) for span in group] for group in json.loads(groups)]
    boxes: list[list[Rectangle]] = [[] for _ in spans]
    start = 0
    with LOCK, refused(path), closing(open_pdf(path)) as pdf, _page(pdf, path, number) as leaf:
        allow(number)
        for before in range(number - 1):
            with closing(pdf[before]) as earlier, closing(earlier.get_textpage()) as text:
                start += len(meant_by(earlier, text).text) + 1
        with closing(leaf.get_textpage()) as textpage:
            places = meant_by(leaf, textpage).places
            inside = _inside(spans, start, len(places) - 1)
            for group, box in _boxes_on(leaf, number, textpage, places, inside):
                boxes[group].append((box.x0, box.y0, box.x1, box.y1))
        width, height = leaf.get_size()
        png = png_of(leaf, int(pixels) / width)
        found = {"pages": len(pdf), "width": width, "height": height, "boxes": boxes}
    return json.dumps(found | {"png": base64.b64encode(png).decode()}).encode()


@contextmanager
def _page(pdf: Any, path: Path, number: int) -> Iterator[Any]:
    if not 1 <= number <= len(pdf):
        raise ReadError(str(path), f"has no page {number}")
    with closing(pdf[number - 1]) as page:
        if min(page.get_size()) <= 0:
            raise ReadError(str(path), f"page {number} shows nothing")
        yield page


def ready(_: Path) -> bytes:
    """Load what drawing needs."""
    from index.reading.pdf import picture

    return f"{loaded()} {picture.__name__}".encode()


def content(path: Path) -> bytes:
    """What ``_content`` finds, as JSON, without limits on time and memory."""
    with LOCK, refused(path), closing(Pages(path)) as pages:
        return json.dumps(_content(pages)).encode()


def _content(pages: Pages) -> dict[str, Any]:
    """Of all pages: ``texts``, ``sizes``; ``lines`` and bold ones with page from 0, start, end and
    edges; ``asides`` with page, kind, start, end; pages that are ``scanned`` or have ``fields``.
    """
    path, count = pages.path, len(pages.pdf)
    found: dict[str, Any] = {"texts": [], "sizes": [], "scanned": [], "fields": []}
    lines: list[_Looks] = []
    asides: list[tuple[int, str, int, int]] = []
    size = 0
    if count > _PAGES:
        raise ReadError(str(path), f"{count} pages; Yuanda reads up to {_PAGES}")
    allow(count)
    for number in range(count):
        with pages.opened(number) as (page, textpage):
            characters = meant_by(page, textpage)
            found["texts"].append(characters.text)
            found["sizes"].append(page.get_size())
            sheet = _sheet(page, number)
            own = list(_lines(textpage, characters, sheet))
            edges = [(line.start, line.end, line.edges) for line in own]
            asides += [(number, *a) for a in unseen(page, textpage, characters, sheet, edges)]
            lines += own
            if any(value is None for value, _ in fields_of(page)):
                found["fields"].append(number + 1)
            if not characters.text.strip() and has_image(page):
                found["scanned"].append(number + 1)
        size += len(characters.text)
        if size > _CHARACTERS:
            raise ReadError(str(path), f"more than {_CHARACTERS:,} characters; split it")
        page_read(path, number + 1, count)
    if not found["scanned"] and not "".join(found["texts"]).strip():
        raise ReadError(
            str(path), "a PDF without text; recognise its text first (OCR), or fetch it again"
        )
    placed_lines = [(line.page, line.start, line.end, *line.edges) for line in lines]
    return {
        **found,
        "bold": _standing_out(lines),
        "lines": placed_lines,
        "asides": watermarks(found["texts"], placed_lines, asides),
    }


def _warnings(found: dict[str, Any]) -> tuple[str, ...]:
    told = []
    if found["fields"]:
        pages = ", ".join(map(str, found["fields"]))
        told.append(f"form fields on page {pages}: what is filled in there is not read")
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _Looks:
    """A line of a page (from 0) without the white space around it, and how it looks."""

    page: int
    start: int
    end: int
    edges: Rectangle
    bold: bool


def _lines(textpage: Any, characters: Characters, sheet: Sheet) -> Iterator[_Looks]:
    for line in _LINE.finditer(characters.text):
        said = line.group()
        start = line.start() + len(said) - len(said.lstrip())
        end = line.start() + len(said.rstrip())
        if start >= end:
            continue
        middle = (start + end) // 2
        while said[middle - line.start()].isspace():
            middle += 1
        first, middle, last = (characters.places[i] for i in (start, middle, end - 1))
        bold = all(is_bold(textpage.raw, place) for place in {first, middle, last})
        boxes = (loose_box(textpage.raw, place) for place in (first, middle, last))
        yield _Looks(sheet.number, start, end, placed(sheet, boxes), bold)


def _standing_out(lines: Sequence[_Looks]) -> list[tuple[int, int, int]]:
    """Bold lines; none where most of the text is bold, since that is then its plain face."""
    found = [(line.page, line.start, line.end) for line in lines if line.bold]
    total = sum(line.end - line.start for line in lines)
    return found if 2 * sum(end - start for _, start, end in found) <= total else []


def _boxes(
    pdf: Pages | Path,
    starts: tuple[int, ...],
    lengths: tuple[int, ...],
    groups: Sequence[Sequence[Span]],
) -> Boxes:
    """Rectangles of each group of spans; each page is opened once for all of them."""
    found: list[list[Box]] = [[] for _ in groups]
    path = pdf if isinstance(pdf, Path) else pdf.path
    with LOCK, refused(path), closing(Pages(pdf) if isinstance(pdf, Path) else pdf) as pages:
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
            if not (inside := _inside(groups, start, length)):
                continue
            with pages.opened(number) as (page, textpage):
                places = meant_by(page, textpage).places
                if len(places) != length + 1:
                    raise ReadError(str(path), "changed while it was read; try again")
                for group, box in _boxes_on(page, number + 1, textpage, places, inside):
                    found[group].append(box)
    return tuple(map(tuple, found))


def _inside(
    groups: Sequence[Sequence[Span]], start: int, length: int
) -> list[tuple[int, int, int]]:
    """Of the spans, what is on the page at ``start``: its group, first and last character."""
    return [
        (group, max(s.start, start) - start, min(s.end, start + length) - start)
        for group, spans in enumerate(groups)
        for s in spans
        if s.start < start + length and s.end > start
    ]


def _boxes_on(
    page: Any,
    number: int,
    textpage: Any,
    places: Sequence[int],
    inside: Iterable[tuple[int, int, int]],
) -> Iterator[tuple[int, Box]]:
    sheet = _sheet(page, number)
    for group, first, last in inside:
        for box in shown(sheet, joined(rectangles(textpage, places[first], _behind(places, last)))):
            yield group, box


def _sheet(page: Any, number: int) -> Sheet:
    return Sheet(number, page.get_bbox(), page.get_rotation(), *page.get_size())


def _behind(places: Sequence[int], last: int) -> int:
    """PDFium's place behind a span that ends at ``last``: the text may have another order."""
    before = places[last - 1] if last else 0
    return max(places[last], before) if places[last] - before in (0, 1, 2) else before + 1
