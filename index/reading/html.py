"""HTML to the text that a reader sees: blocks and line breaks are lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lxml import html
from lxml.etree import ParserError, XMLSyntaxError, iterwalk

from index.errors import ReadError
from index.reading.decoding import decode
from index.records import Span

_HIDDEN = {"script", "style", "head", "template", "noscript", "iframe", "object", "svg"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
_KEEPING = {"pre", "textarea", "xmp", "listing"}
_BOLD = {"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"}
_WEIGHT = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_LINE_BREAK = re.compile(r"(\n)")
_SPACES = re.compile(r"[ \t\r\n\f]+")
# Each tag takes some hundred bytes of memory.
_TAGS = 1_000_000
# Attributes of one tag, and what stands in quotes in it.
_ATTRIBUTES = 2000
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.ASCII | re.IGNORECASE)
# GB2312 and GBK name what is in truth GB18030, as browsers know.
_MEANT = {"gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030"}
# The share of characters that may be damaged.
_DAMAGED = 0.005


def html_text(path: Path, content: bytes) -> tuple[str, tuple[Span, ...]]:
    """Visible text of an HTML file, and its lines that are bold throughout.

    ``ReadError`` where there is no text, or no end of markup.
    """
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
    pieces = list(_pieces(root))
    whole = "".join(piece for piece, _ in pieces)
    if not whole.strip():
        raise ReadError(str(path), "no text in the page; fetch it again")
    skipped = len(whole) - len(whole.lstrip("\n"))
    return whole.strip("\n"), tuple(_bold_lines(pieces, skipped))


def _has_crowded_tag(content: bytes) -> bool:
    """Whether a tag has so many attributes that comparing each with each takes minutes."""
    for piece in content.split(b"<"):
        tag = piece if len(piece) > 2 * _ATTRIBUTES else b""
        if tag and len(_QUOTED.sub(b"", tag).partition(b">")[0].split()) > _ATTRIBUTES:
            return True
    return False


def _decoded(path: Path, content: bytes) -> str:
    """By byte order mark, as UTF-8, as the page says, or as GB18030; ``ReadError`` for none."""
    if content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(path, content)
    said = _CHARSET.search(content[:4096].decode("latin-1"))
    name = said[1].lower() if said else "utf-8"
    encodings = ["utf-8", _MEANT.get(name, name), "gb18030"]
    for encoding in encodings:
        with suppress(UnicodeError, LookupError):
            return content.decode(encoding)
    for encoding in (encodings[1], "gb18030"):
        with suppress(UnicodeError, LookupError):
            text = content.decode(encoding, "replace")
            if text.count("\ufffd") <= _DAMAGED * len(text):
                return text
    raise ReadError(str(path), "neither UTF-8 nor GB18030 text; save it as UTF-8")


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


def _pieces(root: html.HtmlElement) -> Iterator[tuple[str, bool]]:
    """Text in document order and whether it is bold, without recursion: markup may nest deep."""
    events = iterwalk(root, events=("start", "end", "comment", "pi"))
    kept = bold = 0  # elements around the place that keep white space, and that are bold
    for event, node in events:
        tag = node.tag if isinstance(node.tag, str) else ""
        hidden = tag in _HIDDEN or "hidden" in node.attrib or _invisible(node)
        if event == "start":
            if hidden:
                events.skip_subtree()  # its end comes all the same
                continue
            if tag in _BLOCKS or tag == "br":
                yield "\n", False
            kept += tag in _KEEPING
            bold += _is_bold(node, tag)
            yield _shown(node.text, kept), bold > 0
            continue
        if event == "end" and not hidden:
            kept -= tag in _KEEPING
            bold -= _is_bold(node, tag)
            if tag in _BLOCKS:
                yield "\n", False
        if node is not root:
            yield _shown(node.tail, kept), bold > 0


def _is_bold(node: html.HtmlElement, tag: str) -> bool:
    return tag in _BOLD or bool(_WEIGHT.search(node.get("style") or ""))


def _invisible(node: html.HtmlElement) -> bool:
    style = (node.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style


def _shown(text: str | None, kept: int) -> str:
    """White space as HTML shows it: a run of it is one space, but for where it is kept."""
    if not text:
        return ""
    return text.replace("\r", "") if kept else _SPACES.sub(" ", text)
