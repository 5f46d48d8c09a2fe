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
# Letters that PDFium takes a glyph's number for, where a font doesn't tell what it means.
_GUESSED = re.compile(r"[\x80-\xa0\xad\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f]")
_LATIN = re.compile(r"[A-Za-z\xc0-\u024f]")
# Digits and signs behind what they may stand above or below of, and how they look there.
_SCRIPT = re.compile(r"(?<=[0-9A-Za-z)）\u4e00-\u9fff])[-+−－]?\d{1,3}(?![.,]?\d)")
_RAISED = str.maketrans("0123456789+-−－", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_LOWERED = str.maketrans("0123456789+-−－", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋")
# How much smaller, and how far up or down in its neighbour's height, such a digit is.
_SMALLER, _OFF = 0.82, 0.08


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
    """A page's text. A hyphen that ends a line stays one, with its line break; a character
    without a meaning is U+FFFD, a raised or lowered digit the character that is one."""
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
    return _with_scripts(handle, _without_guesses(handle, found or _one_by_one(handle, count)))


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


def _without_guesses(handle: Any, characters: Characters) -> Characters:
    """U+FFFD for the letters that stand where a font tells nothing.

    PDFium says so of some of them only; the others stand amid Chinese, in no Latin word.
    """
    import pypdfium2.raw as raw

    text, places = characters.text, characters.places
    odd = [match.start() for match in _GUESSED.finditer(text)]
    unmapped = {i for i in odd if raw.FPDFText_HasUnicodeMapError(handle, places[i]) == 1}
    if not unmapped:
        return characters
    out = list(text)
    for i in odd:
        beside = text[max(i - 1, 0) : i] + text[i + 1 : i + 2]
        in_word = any(_LATIN.match(c) and not _GUESSED.match(c) for c in beside)
        if i in unmapped or not in_word:
            out[i] = "\ufffd"
    return Characters("".join(out), places)


def _with_scripts(handle: Any, characters: Characters) -> Characters:
    """Raised and lowered digits as the characters that are: 10⁵ is not 105."""
    out: list[str] | None = None
    text, places = characters.text, characters.places
    for match in _SCRIPT.finditer(text):
        for start in range(match.start(), match.end()):
            # Of 105, the 5 alone may be raised.
            shift = _shift(handle, places[start - 1], places[start])
            if shift:
                out = out or list(text)
                table = _RAISED if shift > 0 else _LOWERED
                out[start : match.end()] = text[start : match.end()].translate(table)
                break
    return Characters("".join(out), places) if out else characters


def _shift(handle: Any, before: int, own: int) -> int:
    """1 where a character is smaller than the one before it and stands higher, -1 where lower."""
    import pypdfium2.raw as raw

    # Sizes first: they hardly ever differ. Some fonts have size 1 and a matrix.
    if raw.FPDFText_GetFontSize(handle, own) == raw.FPDFText_GetFontSize(handle, before) > 1:
        return 0
    a, b = loose_box(handle, before), loose_box(handle, own)
    high, small = a[3] - a[1], b[3] - b[1]
    if not 0 < small <= _SMALLER * high:
        return 0
    x, y, z = (ctypes.c_double() for _ in range(3))
    raw.FPDFText_GetCharOrigin(handle, before, x, y)
    raw.FPDFText_GetCharOrigin(handle, own, x, z)
    off = z.value - y.value
    return 0 if abs(off) < _OFF * high else 1 if off > 0 else -1


def loose_box(handle: Any, place: int) -> Rectangle:
    """Where a character stands: its advance wide, its font high; left, bottom, right, top."""
    import pypdfium2.raw as raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(handle, place, box)
    return box.left, box.bottom, box.right, box.top


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
    address of a text object; ``covers`` the rectangles of what is drawn later than some text.
    """

    doubts: dict[int, str]
    covers: list[Rectangle]


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
    numbers = [ctypes.c_uint() for _ in range(4)]
    edges = [ctypes.c_float() for _ in range(5)]
    _look(raw, page.raw, 0, found, numbers, edges)
    return found


def _look(raw: Any, parent: Any, depth: int, found: Drawn, numbers: Any, edges: Any) -> bool:
    """Whether there was text; its doubts and what covers it go to ``found``."""
    count = raw.FPDFFormObj_CountObjects if depth else raw.FPDFPage_CountObjects
    get = raw.FPDFFormObj_GetObject if depth else raw.FPDFPage_GetObject
    mode_of, colour_of = raw.FPDFTextObj_GetTextRenderMode, raw.FPDFPageObj_GetFillColor
    bounds_of, (r, g, b, a) = raw.FPDFPageObj_GetBounds, numbers
    size_of, (left, bottom, right, top, size) = raw.FPDFTextObj_GetFontSize, edges
    texts = False
    for index in range(count(parent)):
        drawn = get(parent, index)
        mode = mode_of(drawn)
        if mode >= 0:
            texts = True
            if mode in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP):
                found.doubts[_address(drawn)] = "invisible"
            elif colour_of(drawn, r, g, b, a) and (
                min(r.value, g.value, b.value) >= _PALE or a.value < 255
            ):
                lightness = 255 - (255 - min(r.value, g.value, b.value)) * a.value / 255
                if lightness >= _PALE:
                    found.doubts[_address(drawn)] = "white" if lightness >= _WHITE else "pale"
            elif size_of(drawn, size) and size.value <= TINY and _scaled(drawn, size.value) <= TINY:
                found.doubts[_address(drawn)] = "invisible"
        elif not bounds_of(drawn, left, bottom, right, top):
            continue
        elif right.value - left.value >= _WIDE and top.value - bottom.value >= _HIGH:
            kind = raw.FPDFPageObj_GetType(drawn)
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEEP:
                texts = _look(raw, drawn, depth + 1, found, numbers, edges) or texts
            elif texts and depth == 0 and kind in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE):
                found.covers.append((left.value, bottom.value, right.value, top.value))
    return texts


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


def has_fields(page: Any) -> bool:
    """Whether a page has form fields."""
    import pypdfium2.raw as raw

    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        raw.FPDFPage_CloseAnnot(annotation)
        if kind == raw.FPDF_ANNOT_WIDGET:
            return True
    return False
