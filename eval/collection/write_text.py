"""Blocks to plain text: as typed, or as an extraction from a PDF leaves it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

from eval.collection.blocks import Block, Document, Gap, Paragraph, Table, TextBox, counted
from eval.collection.look import Look

Flavour = Literal["typed", "wrapped", "extracted"]
FLAVOURS: tuple[Flavour, ...] = ("typed", "wrapped", "extracted")
WIDTH = 76  # columns, a CJK character takes two
LINES = 38  # lines on a page of an extraction
_NO_START = "，。、；：？！）》”’】,.;:?!)%"
_NO_END = "（《“‘【("


def text(document: Document, look: Look, flavour: Flavour) -> str:
    """The whole file. ``extracted`` has hard wraps, blank lines, page headers and footers."""
    lines = list(_lines(document.blocks, look, flavour))
    if flavour == "extracted":
        lines = list(_pages(lines, document))
    return "\n".join(lines) + "\n"


def _lines(blocks: Iterable[Block], look: Look, flavour: Flavour) -> Iterator[str]:
    for block in blocks:
        match block:
            case Gap():
                yield ""
            case TextBox():
                yield from _lines(block.blocks, look, flavour)
            case Table():
                for row in block.rows:
                    for cell in row:
                        yield from _lines(cell, look, flavour)
            case Paragraph():
                yield from _paragraph(block, look, flavour)


def _paragraph(paragraph: Paragraph, look: Look, flavour: Flavour) -> Iterator[str]:
    whole = (counted(paragraph) if paragraph.auto else "") + paragraph.text
    indented = look.indent and paragraph.role in {"body", "question", "answer"}
    if indented and paragraph.align == "left" and flavour != "extracted":
        whole = "\u3000\u3000" + whole
    if flavour == "typed":
        yield whole
    else:
        yield from wrap(whole, WIDTH)


def wrap(line: str, width: int) -> Iterator[str]:
    """Break a line at ``width`` columns the way a word processor does.

    A closing mark doesn't begin a line, an opening one doesn't end it, and a Latin word
    or a number stays whole where it fits on a line at all.
    """
    while _columns(line) > width:
        cut, used = 0, 0
        while used + _columns(line[cut]) <= width:
            used += _columns(line[cut])
            cut += 1
        while cut > 1 and not _may_break(line[cut - 1], line[cut]):
            cut -= 1
        if cut == 1:
            cut = width // 2
        yield line[:cut].rstrip(" ")
        line = line[cut:].lstrip(" ")
    yield line


def _may_break(left: str, right: str) -> bool:
    if right in _NO_START or left in _NO_END:
        return False
    return not (_in_word(left) and _in_word(right))


def _in_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in ".-%,")


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)


def _pages(lines: list[str], document: Document) -> Iterator[str]:
    """Blank lines between the lines, and what stands on every page, as extractions have it."""
    pages = [lines[i : i + LINES] for i in range(0, len(lines), LINES)]
    for number, page in enumerate(pages, 1):
        if document.header:
            yield from (document.header + " ", "")
        for line in page:
            yield from (line + " ", "")
        if document.footer:
            yield from (document.footer.format(page=number, pages=len(pages)) + " ", "")
        if number < len(pages):
            yield from ("", "")
