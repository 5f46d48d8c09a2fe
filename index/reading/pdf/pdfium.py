"""PDFium: pages, characters and where they stand. The only module that imports pypdfium2.

PDFium is not thread-safe: each use of it holds ``LOCK``.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import ReadError
from index.reading.pdf.boxes import Rectangle

LOCK = threading.RLock()

_WEIGHT = 600
_FORCED = 1 << 18  # a font descriptor's flag ForceBold
_HEAVY = re.compile(r"bold|black|heavy|hei(?!ght)|黑|粗", re.IGNORECASE)
# PDFium's mark for a hyphen at the end of a line, and for a character without a meaning.
_HYPHEN, _UNKNOWN = 0x2, 0x0


class Pages:
    """An open PDF. Its first ``keep`` pages stay open once they were: opening takes longest."""

    def __init__(self, path: Path, keep: int = 0) -> None:
        self.path = path
        self.pdf = open_pdf(path)
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


def open_pdf(path: Path) -> Any:
    """An open PDF; ``ReadError`` where it is encrypted or damaged."""
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


def loaded() -> str:
    """Load PDFium; its name."""
    import pypdfium2

    return str(pypdfium2.__name__)


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Within, what PDFium fails at is a ``ReadError``."""
    from pypdfium2 import PdfiumError

    try:
        yield
    except PdfiumError:
        raise ReadError(str(path), "a damaged PDF; fetch it again") from None


@dataclass(frozen=True, slots=True)
class Characters:
    """A page's text; ``places[i]`` is where PDFium keeps its i-th character.

    One place more than characters: the last one ends the text.
    """

    text: str
    places: Sequence[int]


def characters_of(textpage: Any) -> Characters:
    """A page's text, as PDFium takes it for. A hyphen that ends a line stays one, with its line
    break; a character without a meaning is U+FFFD."""
    import pypdfium2.raw as raw

    handle, count = textpage.raw, textpage.count_chars()
    if not count:
        return Characters("", range(1))
    found = None
    if (
        raw.FPDFText_GetTextIndexFromCharIndex(handle, 0) == 0
        and raw.FPDFText_GetTextIndexFromCharIndex(handle, count - 1) == count - 1
    ):
        units = (ctypes.c_ushort * (count + 1))()
        raw.FPDFText_GetText(handle, 0, count, units)
        text = bytes(units)[:-2].decode("utf-16-le", "replace")
        if len(text) == count and not any(c in text for c in "\ufffe\ufffd\0"):
            found = Characters(text, range(count + 1))
    return found or _one_by_one(handle, count)


def _one_by_one(handle: Any, count: int) -> Characters:
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
    return Characters("".join(text), [*places, count])


def loose_box(handle: Any, place: int) -> Rectangle:
    """Where a character stands: its advance wide, its font high; left, bottom, right, top."""
    import pypdfium2.raw as raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(handle, place, box)
    return box.left, box.bottom, box.right, box.top


def has_no_meaning(handle: Any, place: int) -> bool:
    """Whether a font doesn't tell what a character is."""
    import pypdfium2.raw as raw

    return bool(raw.FPDFText_HasUnicodeMapError(handle, place) == 1)


def size_of(handle: Any, place: int) -> float:
    """A character's font size, before what the page makes of it."""
    import pypdfium2.raw as raw

    return float(raw.FPDFText_GetFontSize(handle, place))


def baseline_of(handle: Any, place: int) -> float:
    """How high a character stands, from the page's own origin."""
    import pypdfium2.raw as raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(handle, place, x, y)
    return y.value


def angle_of(handle: Any, place: int) -> float:
    """How far a character is turned, in radians, 0 to 2π."""
    import pypdfium2.raw as raw

    return float(raw.FPDFText_GetCharAngle(handle, place))


def has_image(page: Any) -> bool:
    """Whether a page shows a picture."""
    import pypdfium2.raw as raw

    images = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4)
    return next(images, None) is not None


def is_bold(handle: Any, place: int) -> bool:
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


def rectangles(textpage: Any, begin: int, end: int) -> Iterator[Rectangle]:
    """Rectangles of a range of PDFium's characters, from the page's own origin."""
    import pypdfium2.raw as raw

    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    # The characters that stand for a hyphen at a line's end are all in one place.
    for index in range(textpage.count_rects(begin, max(end - begin, 1))):
        raw.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        yield left.value, bottom.value, right.value, top.value


@dataclass(slots=True)
class Drawn:
    """What a page's objects tell of its text: by object, its kind of doubt; and what covers it.

    ``doubts`` has ``invisible`` (drawn in no way, or too small), ``white`` or ``pale`` for the
    address of a text object; ``covers`` the rectangles of what hides what was drawn before it,
    with how many objects that were.
    """

    doubts: dict[int, str]
    covers: list[tuple[int, Rectangle]]


# Flags of annotations: invisible, hidden, not to be viewed.
_NOT_SHOWN = 1 | 2 | 32
# A colour as light as this is white, or pale; an opaque shape this large (points) may cover text.
_WHITE, _PALE = 245, 150
_WIDE, _HIGH = 6.0, 4.0
# Points: type as small as this isn't read by anybody.
TINY = 2.0
_DEEP = 4


def drawn_on(page: Any) -> Drawn:
    """Look through a page's objects, those in forms too."""
    import pypdfium2.raw as raw

    found = Drawn({}, [])
    _Look(raw, found).at(page.raw, 0)
    return found


class _Look:
    """Goes through objects: thousands of calls, so that what they fill is made once."""

    def __init__(self, raw: Any, found: Drawn) -> None:
        self.raw = raw
        self.found = found
        self.colour = [ctypes.c_uint() for _ in range(4)]
        self.edges = [ctypes.c_float() for _ in range(4)]
        self.size = ctypes.c_float()

    def at(self, parent: Any, depth: int) -> None:
        """The objects of a page, or of a form on it."""
        raw = self.raw
        count = raw.FPDFFormObj_CountObjects if depth else raw.FPDFPage_CountObjects
        get = raw.FPDFFormObj_GetObject if depth else raw.FPDFPage_GetObject
        mode_of, bounds_of = raw.FPDFTextObj_GetTextRenderMode, raw.FPDFPageObj_GetBounds
        left, bottom, right, top = self.edges
        for index in range(count(parent)):
            drawn = get(parent, index)
            mode = mode_of(drawn)
            if mode >= 0:
                if doubt := self._doubt(drawn, mode):
                    self.found.doubts[_address(drawn)] = doubt
            elif (
                bounds_of(drawn, left, bottom, right, top)
                and right.value - left.value >= _WIDE
                and top.value - bottom.value >= _HIGH
            ):
                kind = raw.FPDFPageObj_GetType(drawn)
                if kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEEP:
                    self.at(drawn, depth + 1)
                elif not depth and index and self._hides(drawn, kind):
                    edges = (left.value, bottom.value, right.value, top.value)
                    self.found.covers.append((index, edges))

    def _doubt(self, drawn: Any, mode: int) -> str | None:
        raw, (r, g, b, a) = self.raw, self.colour
        if mode in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP):
            return "invisible"
        if raw.FPDFPageObj_GetFillColor(drawn, r, g, b, a):
            darkness = (255 - min(r.value, g.value, b.value)) * a.value / 255
            if darkness <= 255 - _PALE:
                return "white" if darkness <= 255 - _WHITE else "pale"
        small = raw.FPDFTextObj_GetFontSize(drawn, self.size) and self.size.value <= TINY
        return "invisible" if small and _scaled(drawn, self.size.value) <= TINY else None

    def _hides(self, drawn: Any, kind: int) -> bool:
        """Whether an object hides what is below: a picture, or a shape that is filled."""
        raw, (r, g, b, a) = self.raw, self.colour
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            return True
        if kind != raw.FPDF_PAGEOBJ_PATH:
            return False
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        raw.FPDFPath_GetDrawMode(drawn, fill, stroke)
        return bool(
            fill.value and raw.FPDFPageObj_GetFillColor(drawn, r, g, b, a) and a.value >= _WHITE
        )


def order_of(page: Any) -> dict[int, int]:
    """How many objects of a page were drawn before each, by its address."""
    import pypdfium2.raw as raw

    count, get = raw.FPDFPage_CountObjects(page.raw), raw.FPDFPage_GetObject
    return {_address(get(page.raw, index)): index for index in range(count)}


def _scaled(drawn: Any, size: float) -> float:
    """How high type of a size is on the page."""
    import pypdfium2.raw as raw

    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(drawn, matrix)
    return size * float(max(abs(matrix.b), abs(matrix.d)))


def _address(drawn: Any) -> int:
    return ctypes.cast(drawn, ctypes.c_void_p).value or 0


def object_of(handle: Any, place: int) -> int:
    """The address of the text object that a character belongs to; 0 for none."""
    import pypdfium2.raw as raw

    drawn = raw.FPDFText_GetTextObject(handle, place)
    return _address(drawn) if drawn else 0


def fields_of(page: Any) -> list[tuple[str | None, Rectangle]]:
    """The form fields of a page that are shown: what is filled in as text, ``None`` where that
    isn't told, and where; those left empty, and boxes to tick, are not among them."""
    import pypdfium2.raw as raw

    found: list[tuple[str | None, Rectangle]] = []
    for index in range(raw.FPDFPage_GetAnnotCount(page.raw)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        try:
            hidden = raw.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN
            if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET or hidden:
                continue
            kind = raw.FPDFAnnot_GetValueType(annotation, b"V")
            box = raw.FS_RECTF()
            raw.FPDFAnnot_GetRect(annotation, box)
            where = (box.left, box.bottom, box.right, box.top)
            if kind == raw.FPDF_OBJECT_STRING:
                if value := _string_of(raw, annotation, b"V").strip():
                    found.append((value, where))
            elif kind == raw.FPDF_OBJECT_UNKNOWN and raw.FPDFAnnot_HasKey(annotation, b"Parent"):
                found.append((None, where))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return found


def _string_of(raw: Any, annotation: Any, key: bytes) -> str:
    size = raw.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    units = (ctypes.c_ushort * (size // 2 + 1))()
    raw.FPDFAnnot_GetStringValue(annotation, key, units, size)
    return bytes(units)[: max(size - 2, 0)].decode("utf-16-le", "replace")
