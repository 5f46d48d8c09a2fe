"""HTML to the text that a reader sees: blocks and line breaks are lines, a table's rows too."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lxml import html
from lxml.etree import ParserError, XMLSyntaxError

from index.errors import ReadError
from index.reading.decoding import DAMAGED, UNKNOWN, decode, decoded
from index.reading.document import Cell, Document, Grid, Omitted
from index.reading.tables import read_grids
from index.reading.web.page import Page
from index.records import Span

_LINE_BREAK = re.compile(r"(\n)")
# Each tag takes some hundred bytes of memory.
_TAGS = 1_000_000
# Attributes of one tag, and what stands in quotes in it.
_ATTRIBUTES = 2000
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.ASCII | re.IGNORECASE)
# GB2312 and GBK name what is in truth GB18030, as browsers know.
_MEANT = {"gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030"}
_MEANT |= {"big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs"}
_TOLD = {"invisible": "hidden or invisible", "struck out": "struck-out"}


def read_html(path: Path, content: bytes) -> Document:
    """Read an HTML file; ``ReadError`` where there is no text, or no end of markup."""
    if content.count(b"<") > _TAGS:
        raise ReadError(str(path), f"more than {_TAGS:,} tags; not a filing")
    if _has_crowded_tag(content):
        raise ReadError(str(path), f"a tag of more than {_ATTRIBUTES:,} attributes; not a filing")
    # libxml2 takes a NUL for the end; browsers leave it out.
    markup = _decoded(path, content).replace("\0", "").encode("utf-8", "replace")
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        root = html.document_fromstring(markup, parser=parser)
    except (ParserError, XMLSyntaxError, ValueError, AssertionError):
        raise ReadError(str(path), "damaged HTML; fetch it again") from None
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        # What is behind it would be missing.
        raise ReadError(str(path), "markup nested beyond all measure; save it as text")
    page = Page(root)
    whole = "".join(piece for piece, _ in page.pieces)
    if not whole.strip():
        raise ReadError(str(path), "no text in the page; fetch it again")
    skipped, text = len(whole) - len(whole.lstrip("\n")), whole.strip("\n")
    grids = [_moved(grid, skipped, len(text)) for grid in page.grids]
    rows, tables = read_grids(text, grids)
    return Document(
        text,
        "html",
        bold=tuple(_bold_lines(page.pieces, skipped)),
        rows=rows,
        warnings=tuple(_warnings(text, page.omitted)),
        omitted=tuple(Omitted(o.kind, max(o.at - skipped, 0), o.text) for o in page.omitted),
        tables=tables,
    )


def _moved(grid: Grid, skipped: int, end: int) -> Grid:
    """A table in the text without the line breaks before and behind all."""

    def place(at: int) -> int:
        return min(max(at - skipped, 0), end)

    rows = tuple(
        tuple(Cell(place(cell.start), place(cell.end), cell.merged) for cell in cells)
        for cells in grid.rows
    )
    return Grid(place(grid.start), place(grid.end), rows)


def _warnings(text: str, omitted: Iterable[Omitted]) -> Iterator[str]:
    counts = Counter(one.kind for one in omitted)
    for kind, said in _TOLD.items():
        if count := next((counts[k] for k in counts if k == kind), 0):
            yield f"{said} text left out in {count} place{'s' * (count > 1)}"
    if lost := text.count(UNKNOWN):
        yield f"{lost} character{'s' * (lost > 1)} that can't be read (U+FFFD)"


def _has_crowded_tag(content: bytes) -> bool:
    """Whether a tag has so many attributes that comparing each with each takes minutes."""
    for piece in content.split(b"<"):
        tag = piece if len(piece) > 2 * _ATTRIBUTES else b""
        if tag and len(_QUOTED.sub(b"", tag).partition(b">")[0].split()) > _ATTRIBUTES:
            return True
    return False


def _decoded(path: Path, content: bytes) -> str:
    """By byte order mark, as UTF-8, as the page says, or by its characters; ``ReadError`` for
    none."""
    if content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(path, content)
    said = _CHARSET.search(content[:4096].decode("latin-1"))
    name = said[1].lower() if said else "utf-8"
    for encoding in ("utf-8", _MEANT.get(name, name)):
        with suppress(UnicodeError, LookupError):
            return content.decode(encoding)
    if (text := decoded(content)) is not None:
        return text
    for encoding in (_MEANT.get(name, name), "gb18030"):
        with suppress(UnicodeError, LookupError):
            text = content.decode(encoding, "replace")
            if text.count(UNKNOWN) <= DAMAGED * len(text):
                return text
    raise ReadError(str(path), "neither UTF-8 nor GB18030 text, nor Big5; save it as UTF-8")


def _bold_lines(pieces: Iterable[tuple[str, bool]], skipped: int) -> Iterator[Span]:
    """Lines whose every character is bold; ``skipped`` characters stand before the text."""
    start = place = 0
    bold = plain = False
    for piece, is_bold in [*pieces, ("\n", False)]:
        for part in _LINE_BREAK.split(piece):
            if part == "\n":
                if bold and not plain:
                    yield Span(max(start - skipped, 0), place - skipped)
                start, bold, plain = place + 1, False, False
            elif part.strip():
                bold, plain = bold or is_bold, plain or not is_bold
            place += len(part)
