"""PDF files: text, pages and boxes. The only module that imports pypdfium2.

PDFium is not thread-safe: each use of it holds the lock.
"""

from __future__ import annotations

import base64
import ctypes
import json
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from index.errors import ReadError, ScannedError
from index.reading.boxes import Rectangle, Sheet, joined, shown
from index.reading.document import Boxes, Document
from index.reading.page_progress import page_read
from index.reading.sandbox import allow, reads_here, run_apart, run_standing
from index.records import Box, Span

_PAGES = 5000
_CHARACTERS = 10_000_000
# Pages that stay open between their text and their boxes.
_KEPT = 100
_LOCK = threading.RLock()

_LINE = re.compile(r"[^\r\n]+")
_WEIGHT = 600
_FORCED = 1 << 18  # a font descriptor's flag ForceBold
_HEAVY = re.compile(r"bold|black|heavy|hei(?!ght)|黑|粗", re.IGNORECASE)
# PDFium's mark for a hyphen at the end of a line, and for a character without a meaning.
_HYPHEN, _UNKNOWN = 0x2, 0x0


def read_pdf(path: Path) -> Document:
    """Read a PDF's text layer; ``ReadError`` where it has none, is encrypted or damaged.

    The text is each page's, as PDFium gives it, joined by line breaks. A hyphen that ends a
    line stays one, with its line break, and a character of unknown meaning is U+FFFD.
    """
    kept = None
    if reads_here():
        kept = _Pages(path, _KEPT)
        with _LOCK, _refused(path):
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
    from index.reading.picture import png_of

    number = int(page)
    spans = [[Span(*span) for span in group] for group in json.loads(groups)]
    boxes: list[list[Rectangle]] = [[] for _ in spans]
    start = 0
    with _LOCK, _refused(path), closing(_open(path)) as pdf, _page(pdf, path, number) as leaf:
        allow(number)
        for before in range(number - 1):
            with closing(pdf[before]) as page_before, closing(page_before.get_textpage()) as text:
                start += len(_characters(text).text) + 1
        with closing(leaf.get_textpage()) as textpage:
            places = _characters(textpage).places
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
    import pypdfium2

    from index.reading import picture

    return f"{pypdfium2.__name__} {picture.__name__}".encode()


def content(path: Path) -> bytes:
    """Texts of the pages, bold lines as (page from 0, start, end), scanned pages; as JSON.

    Without limits on time and memory.
    """
    with _LOCK, _refused(path), closing(_Pages(path)) as pages:
        return json.dumps(_content(pages)).encode()


def _content(pages: _Pages) -> dict[str, Any]:
    path, count = pages.path, len(pages.pdf)
    texts: list[str] = []
    lines: list[tuple[int, int, int, bool]] = []
    scanned, size = [], 0
    if count > _PAGES:
        raise ReadError(str(path), f"{count} pages; Yuanda reads up to {_PAGES}")
    allow(count)
    for number in range(count):
        with pages.opened(number) as (page, textpage):
            characters = _characters(textpage)
            texts.append(characters.text)
            lines += [(number, *line) for line in _lines(textpage, characters)]
            if not characters.text.strip() and _has_image(page):
                scanned.append(number + 1)
        size += len(texts[-1])
        if size > _CHARACTERS:
            raise ReadError(str(path), f"more than {_CHARACTERS:,} characters; split it")
        page_read(path, number + 1, count)
    if not scanned and not "".join(texts).strip():
        raise ReadError(
            str(path), "a PDF without text; recognise its text first (OCR), or fetch it again"
        )
    return {"texts": texts, "bold": _standing_out(lines), "scanned": scanned}


class _Pages:
    """An open PDF. Its first ``keep`` pages stay open once they were: opening takes longest."""

    def __init__(self, path: Path, keep: int = 0) -> None:
        self.path = path
        self.pdf = _open(path)
        self._keep = keep
        self._kept: dict[int, tuple[Any, Any]] = {}

    @contextmanager
    def opened(self, number: int) -> Iterator[tuple[Any, Any]]:
        """Page (from 0) and its text."""
        if number in self._kept:
            yield self._kept[number]
        elif len(self._kept) < self._keep:
            page = self.pdf[number]
            self._kept[number] = page, page.get_textpage()
            yield self._kept[number]
        else:
            with closing(self.pdf[number]) as page, closing(page.get_textpage()) as textpage:
                yield page, textpage

    def close(self) -> None:
        """Close it, with what is open of it."""
        self._kept.clear()
        self.pdf.close()


def _open(path: Path) -> Any:
    import pypdfium2
    from pypdfium2 import PdfiumError

    try:
        try:
            return pypdfium2.PdfDocument(path)
        except UnicodeEncodeError:  # a name in no encoding that Python knows of
            return pypdfium2.PdfDocument(path.read_bytes())
    except PdfiumError as error:
        if "password" in str(error).lower() or getattr(error, "err_code", None) in (4, 5):
            reason = "an encrypted PDF; save a copy without a password"
        else:
            reason = "a damaged PDF; fetch it again"
        raise ReadError(str(path), reason) from None
    except OSError as error:
        raise ReadError(str(path), error.strerror or "can't be read") from None


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    from pypdfium2 import PdfiumError

    try:
        yield
    except PdfiumError:
        raise ReadError(str(path), "a damaged PDF; fetch it again") from None


@dataclass(frozen=True, slots=True)
class _Characters:
    """A page's text; ``places[i]`` is where PDFium keeps its i-th character.

    One place more than characters: the last one ends the text.
    """

    text: str
    places: Sequence[int]


def _characters(textpage: Any) -> _Characters:
    import pypdfium2.raw as raw

    handle, count = textpage.raw, textpage.count_chars()
    if not count:
        return _Characters("", range(1))
    if (
        raw.FPDFText_GetTextIndexFromCharIndex(handle, 0) == 0
        and raw.FPDFText_GetTextIndexFromCharIndex(handle, count - 1) == count - 1
    ):
        units = (ctypes.c_ushort * (count + 1))()
        raw.FPDFText_GetText(handle, 0, count, units)
        text = bytes(units)[:-2].decode("utf-16-le", "replace")
        if len(text) == count and not any(c in text for c in "\ufffe\ufffd\0"):
            return _Characters(text, range(count + 1))
    return _one_by_one(handle, count)


def _one_by_one(handle: Any, count: int) -> _Characters:
    """Text whose characters are not PDFium's, one for one.

    PDFium counts UTF-16 units, leaves control characters out of the text, marks unknown
    characters, and has one mark for a hyphen and the line's end behind it.
    """
    import pypdfium2.raw as raw

    text: list[str] = []
    places: list[int] = []
    high = 0
    for place in range(count):
        code = raw.FPDFText_GetUnicode(handle, place)
        if high and 0xDC00 <= code < 0xE000:
            text[-1] = chr(0x10000 + (high - 0xD800 << 10) + code - 0xDC00)
            high = 0
            continue
        high = code if 0xD800 <= code < 0xDC00 else 0
        if code == _HYPHEN and raw.FPDFText_IsHyphen(handle, place) == 1:
            piece = "-\r\n"
        elif raw.FPDFText_GetTextIndexFromCharIndex(handle, place) < 0:
            continue
        else:
            known = code != _UNKNOWN and not 0xD800 <= code < 0xE000 and code < 0x110000
            piece = chr(code) if known else "\ufffd"
        text += piece
        places += [place] * len(piece)
    return _Characters("".join(text), [*places, count])


def _has_image(page: Any) -> bool:
    import pypdfium2.raw as raw

    images = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4)
    return next(images, None) is not None


def _lines(textpage: Any, characters: _Characters) -> Iterator[tuple[int, int, bool]]:
    """Lines without the white space around them, and whether they are bold throughout."""
    for line in _LINE.finditer(characters.text):
        said = line.group()
        start = line.start() + len(said) - len(said.lstrip())
        end = line.start() + len(said.rstrip())
        if start >= end:
            continue
        inked = [i for i in range(start, end) if not said[i - line.start()].isspace()]
        places = {characters.places[inked[i]] for i in (0, -1, len(inked) // 2)}
        yield start, end, all(_is_bold(textpage.raw, place) for place in places)


def _standing_out(lines: Sequence[tuple[int, int, int, bool]]) -> list[tuple[int, int, int]]:
    """Bold lines; none where most of the text is bold, since that is then its plain face."""
    found = [(page, start, end) for page, start, end, bold in lines if bold]
    total = sum(end - start for _, start, end, _ in lines)
    return found if 2 * sum(end - start for _, start, end in found) <= total else []


def _is_bold(handle: Any, place: int) -> bool:
    """By weight, by the font's name or flags, or because its outline is drawn too."""
    import pypdfium2.raw as raw

    if raw.FPDFText_GetFontWeight(handle, place) >= _WEIGHT:
        return True
    flags, name = ctypes.c_int(0), ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(handle, place, name, len(name), flags)
    if flags.value & _FORCED or _HEAVY.search(_font_name(name.value)):
        return True
    drawn = raw.FPDFText_GetTextObject(handle, place)
    mode = raw.FPDFTextObj_GetTextRenderMode(drawn) if drawn else raw.FPDF_TEXTRENDERMODE_FILL
    return bool(mode == raw.FPDF_TEXTRENDERMODE_FILL_STROKE)


def _font_name(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("gb18030", "replace")


def _boxes(
    pdf: _Pages | Path,
    starts: tuple[int, ...],
    lengths: tuple[int, ...],
    groups: Sequence[Sequence[Span]],
) -> Boxes:
    """Rectangles of each group of spans; each page is opened once for all of them."""
    found: list[list[Box]] = [[] for _ in groups]
    path = pdf if isinstance(pdf, Path) else pdf.path
    with _LOCK, _refused(path), closing(_Pages(pdf) if isinstance(pdf, Path) else pdf) as pages:
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
            if not (inside := _inside(groups, start, length)):
                continue
            with pages.opened(number) as (page, textpage):
                places = _characters(textpage).places
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
    sheet = Sheet(number, page.get_bbox(), page.get_rotation(), *page.get_size())
    for group, first, last in inside:
        rectangles = _rectangles(textpage, places[first], places[last])
        for box in shown(sheet, joined(rectangles)):
            yield group, box


def _rectangles(textpage: Any, begin: int, end: int) -> Iterator[Rectangle]:
    import pypdfium2.raw as raw

    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    # The characters that stand for a hyphen at a line's end are all in one place.
    for index in range(textpage.count_rects(begin, max(end - begin, 1))):
        raw.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        yield left.value, bottom.value, right.value, top.value
