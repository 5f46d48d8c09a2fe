"""Where a quote stands: its filing's own page as a picture, or the text around it.

What is drawn comes from the store's copy of the filing, once that is shown to be unharmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from assistant.answering.cite import unharmed
from assistant.records import Citation
from index.errors import ReadError
from index.reading.pdf import DrawnPage, draw_page
from index.records import Box, Filing, Pair, ParsedFiling, Span, slice_spans

Kind = Literal["question", "answer"]
KindBoxes = tuple[tuple[Kind, tuple[Box, ...]], ...]

# What ``index.reading.scanned`` has one box for.
_PIECE = re.compile(r"[^\t\n]+")

# Characters of the filing's text that are shown on each side of a pair.
AROUND = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """What of the pair stands where on a page, in percent of its width and height."""

    kind: Kind
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PageView:
    """A page (from 1, of ``pages``) as PNG, its size in points, and the pair's marks on it.

    ``best`` is where the emphasised sentence of the answer stands.
    """

    page: int
    pages: int
    width: float
    height: float
    png: bytes
    marks: tuple[Mark, ...]
    best: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a filing's text; ``kind`` is ``None`` outside of question and answer.

    ``best`` says that it is of the answer's emphasised sentence.
    """

    kind: Kind | None
    text: str
    best: bool = False


@dataclass(frozen=True, slots=True)
class PassageView:
    """A pair in the extracted text around it, and whether the text goes on on either side."""

    runs: tuple[Run, ...]
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class PairMarks:
    """Where a pair, by its place in the filing from 0, stands on a page."""

    pair: int
    number: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class SplitPage:
    """A page (from 1, of ``pages``) as PNG, its size in points, and the pairs on it."""

    page: int
    pages: int
    width: float
    height: float
    png: bytes
    pairs: tuple[PairMarks, ...]


def view(
    copy: Path,
    text: str,
    citation: Citation,
    page: int | None = None,
    emphasised: Span | None = None,
) -> PageView | PassageView:
    """A page of a PDF, by default the pair's first; the passage where there is none to draw.

    ``copy`` is the store's, ``text`` what was extracted from it, ``emphasised`` a slice of the
    answer. ``KeyError`` where the copy is harmed or gone.
    """
    if not unharmed(copy, citation.filing):
        raise KeyError(citation.filing.sha256)
    pair = citation.pair
    best = slice_spans(text, pair.answer_spans, emphasised) if emphasised else ()
    if citation.filing.format == "pdf" and pair.pages:
        try:
            filed = recognised_boxes(text, pair) if citation.filing.recognised else None
            return page_view(copy, pair, page or pair.pages[0], filed, best)
        except (ReadError, OSError):
            pass
    return passage_view(text, pair, best=best)


def picture(copy: Path, filing: Filing, page: int) -> bytes:
    """A page of a PDF as PNG, without marks.

    ``KeyError`` where there is no such page or the copy is harmed or gone, ``ReadError`` where
    it can't be drawn.
    """
    if not (filing.format == "pdf" and 1 <= page <= (filing.pages or 0)):
        raise KeyError(page)
    if not unharmed(copy, filing):
        raise KeyError(filing.sha256)
    return _drawn(copy, page, ()).png


def page_view(
    copy: Path,
    pair: Pair,
    page: int,
    filed: KindBoxes | None = None,
    best: tuple[Span, ...] = (),
) -> PageView:
    """A page with the pair's marks; ``ReadError`` where it can't be drawn.

    ``filed`` are the marks' boxes where the page has no text to find them by; then nothing is
    emphasised on it.
    """
    kinds, spans = zip(*_spans(pair), strict=True)
    drawn = _drawn(copy, page, () if filed else (*spans, best))
    boxes = filed or tuple(zip(kinds, drawn.boxes[: len(kinds)], strict=True))
    emphasised = [box for own in drawn.boxes[len(kinds) :] for box in own]
    marks = [mark for kind, own in boxes for mark in _marks(kind, own, drawn, page)]
    return PageView(
        page=page,
        pages=drawn.pages,
        width=drawn.width,
        height=drawn.height,
        png=drawn.png,
        marks=tuple(marks),
        best=tuple(_marks("answer", emphasised, drawn, page)),
    )


def split_page(parsed: ParsedFiling, page: int | None = None) -> SplitPage | None:
    """A page of a filing read from the store's copy, all its pairs marked: by default the first
    with a pair, and the nearest where there is none of the number.

    ``None`` where there is none to draw, or the copy is harmed or gone.
    """
    filing, copy = parsed.filing, Path(parsed.filing.path)
    if filing.format != "pdf" or not unharmed(copy, filing):
        return None
    first = next((pair.pages[0] for pair in parsed.pairs if pair.pages), 1)
    page = min(max(first if page is None else page, 1), filing.pages or 1)
    here = [(place, pair) for place, pair in enumerate(parsed.pairs) if page in pair.pages]
    spans = () if filing.recognised else tuple(own for _, p in here for _, own in _spans(p))
    try:
        drawn = _drawn(copy, page, spans)
    except (ReadError, OSError):
        return None
    found = iter(drawn.boxes)
    pairs = []
    for place, pair in here:
        boxes: KindBoxes = (
            recognised_boxes(parsed.text, pair)
            if filing.recognised
            else (("question", next(found)), ("answer", next(found)))
        )
        marks = tuple(mark for kind, own in boxes for mark in _marks(kind, own, drawn, page))
        pairs.append(PairMarks(place, pair.number, marks))
    return SplitPage(page, drawn.pages, drawn.width, drawn.height, drawn.png, tuple(pairs))


def _marks(kind: Kind, boxes: Iterable[Box], drawn: DrawnPage, page: int) -> Iterator[Mark]:
    for box in _lines(box for box in boxes if box.page == page):
        yield _mark(kind, box, drawn)


def recognised_boxes(text: str, pair: Pair) -> KindBoxes:
    """The boxes of a recognised pair's question, and of its answer: one for each piece of text."""
    asked = sum(len(_PIECE.findall(text[s.start : s.end])) for s in pair.question_spans)
    return ("question", pair.boxes[:asked]), ("answer", pair.boxes[asked:])


@lru_cache(maxsize=32)
def _drawn(copy: Path, page: int, spans: tuple[tuple[Span, ...], ...]) -> DrawnPage:
    return draw_page(copy, page, spans)


def _lines(boxes: Iterable[Box]) -> Iterator[Box]:
    """Boxes that follow each other on one line as one: low punctuation has boxes of its own."""
    last: Box | None = None
    for box in boxes:
        if last and _follows(last, box):
            y0, y1 = min(last.y0, box.y0), max(last.y1, box.y1)
            last = Box(box.page, last.x0, y0, max(last.x1, box.x1), y1)
        else:
            if last:
                yield last
            last = box
    if last:
        yield last


def _follows(a: Box, b: Box) -> bool:
    larger = max(a, b, key=lambda box: (box.x1 - box.x0) * (box.y1 - box.y0))
    if larger.y1 - larger.y0 > 2 * (larger.x1 - larger.x0):
        return False  # on a page that is turned the next line, not the same
    height = max(a.y1 - a.y0, b.y1 - b.y0)
    return min(a.y1, b.y1) >= max(a.y0, b.y0) and -height / 2 <= b.x0 - a.x1 <= height


def _mark(kind: Kind, box: Box, page: DrawnPage) -> Mark:
    return Mark(
        kind,
        left=100 * box.x0 / page.width,
        top=100 * box.y0 / page.height,
        width=100 * (box.x1 - box.x0) / page.width,
        height=100 * (box.y1 - box.y0) / page.height,
    )


def passage_view(
    text: str, pair: Pair, around: int = AROUND, best: tuple[Span, ...] = ()
) -> PassageView:
    """The pair in the text, with ``around`` characters on either side."""
    start, end = max(pair.start - around, 0), min(pair.end + around, len(text))
    return PassageView(
        tuple(_runs(text, start, end, pair, best)), before=start > 0, after=end < len(text)
    )


def _runs(text: str, start: int, end: int, pair: Pair, best: tuple[Span, ...]) -> Iterator[Run]:
    """The text from start to end, cut where question, answer and emphasis begin and end."""
    kinds = [(span, kind) for kind, spans in _spans(pair) for span in spans]
    place = start
    for span, kind in sorted(kinds):
        if place < span.start:
            yield Run(None, text[place : span.start])
            place = span.start
        cuts = {edge for one in best for edge in (one.start, one.end)}
        for cut in sorted({edge for edge in cuts if place < edge < span.end} | {span.end}):
            if place < cut:
                within = kind == "answer" and any(b.start <= place < b.end for b in best)
                yield Run(kind, text[place:cut], within)
                place = cut
    if place < end:
        yield Run(None, text[place:end])


def _spans(pair: Pair) -> tuple[tuple[Kind, tuple[Span, ...]], ...]:
    return ("question", pair.question_spans), ("answer", pair.answer_spans)
