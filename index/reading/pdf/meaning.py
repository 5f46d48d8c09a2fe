"""What the characters of a page mean where PDFium only guesses, or doesn't tell."""

from __future__ import annotations

import re
from typing import Any

from index.reading.pdf.boxes import Rectangle
from index.reading.pdf.pdfium import (
    Characters,
    baseline_of,
    characters_of,
    fields_of,
    has_no_meaning,
    loose_box,
    size_of,
)
from index.reading.pdf.side_by_side import by_columns

# Letters that PDFium takes a glyph's number for, where a font doesn't tell what it means.
_GUESSED = re.compile(r"[\x80-\xa0\xad\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f]")
_LATIN = re.compile(r"[A-Za-z\xc0-\u024f]")
# Digits and signs behind what they may stand above or below of, and how they look there.
_SCRIPT = re.compile(r"(?<=[0-9A-Za-z)）\u4e00-\u9fff])[-+−－]?\d{1,3}(?![.,]?\d)")
_LINE = re.compile(r"\S[^\r\n]*")
_RAISED = str.maketrans("0123456789+-−－", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_LOWERED = str.maketrans("0123456789+-−－", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋")
# How much smaller, and how far up or down in its neighbour's height, such a digit is.
_SMALLER, _OFF = 0.82, 0.08


def meant_by(page: Any, textpage: Any) -> Characters:
    """A page's text: a character without a meaning is U+FFFD, a raised or lowered digit the
    character that is one; columns of questions come one after the other, and what is filled in in
    a form stands behind the line before it."""
    handle = textpage.raw
    known = _without_guesses(handle, characters_of(textpage))
    ordered = by_columns(handle, _with_scripts(handle, known))
    for value, where in fields_of(page):
        if value:
            ordered = _filled_in(handle, ordered, value, where)
    return ordered


def _filled_in(handle: Any, characters: Characters, value: str, where: Rectangle) -> Characters:
    """With a line for what is filled in: behind the last line that begins above its middle, or
    left of it on the same height."""
    left, bottom, _, top = where
    behind = None
    for line in _LINE.finditer(characters.text):
        x, low, _, high = loose_box(handle, characters.places[line.start()])
        middle = (low + high) / 2
        if middle >= top or (middle > bottom and x <= left):
            behind = line.end()
    if behind is None:
        return characters
    text = f"{characters.text[:behind]}\r\n{value}{characters.text[behind:]}"
    at = [characters.places[behind - 1]] * (len(value) + 2)
    places = [*characters.places[:behind], *at, *characters.places[behind:]]
    return Characters(text, places)


def _without_guesses(handle: Any, characters: Characters) -> Characters:
    """U+FFFD for the letters that stand where a font tells nothing.

    PDFium says so of some of them only; the others stand amid Chinese, in no Latin word.
    """
    text, places = characters.text, characters.places
    odd = [match.start() for match in _GUESSED.finditer(text)]
    unmapped = {i for i in odd if has_no_meaning(handle, places[i])}
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
    # Sizes first: they hardly ever differ. Some fonts have size 1 and a matrix.
    if size_of(handle, own) == size_of(handle, before) > 1:
        return 0
    a, b = loose_box(handle, before), loose_box(handle, own)
    high, small = a[3] - a[1], b[3] - b[1]
    if not 0 < small <= _SMALLER * high:
        return 0
    off = baseline_of(handle, own) - baseline_of(handle, before)
    return 0 if abs(off) < _OFF * high else 1 if off > 0 else -1
