"""HTML to the text that a reader sees: blocks and line breaks are lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import html
from lxml.etree import ParserError, XMLSyntaxError

from index.errors import ReadError

_HIDDEN = {"script", "style", "head", "template", "noscript", "iframe", "object", "svg"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip


def html_text(path: Path, content: bytes) -> str:
    """Visible text of an HTML file; ``ReadError`` where there is none."""
    try:
        root = html.document_fromstring(content, parser=_parser(path, content))
    except (ParserError, XMLSyntaxError, ValueError):
        raise ReadError(str(path), "damaged HTML; fetch it again") from None
    text = "".join(_pieces(root)).strip("\n")
    if not text.strip():
        raise ReadError(str(path), "no text in the page; fetch it again")
    return text


def _parser(path: Path, content: bytes) -> html.HTMLParser:
    head = content[:2048].lower()
    if b"charset" in head:
        return html.HTMLParser(huge_tree=False)
    from index.reading.plain import decode

    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        decode(path, content)
        return html.HTMLParser(encoding="gb18030")
    return html.HTMLParser(encoding="utf-8")


def _pieces(root: html.HtmlElement) -> Iterator[str]:
    """Text in document order, without recursion: markup may nest without end."""
    from lxml.etree import iterwalk

    events = iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, node in events:
        if event in ("comment", "pi"):
            yield _spaces(node.tail)
            continue
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            if tag in _HIDDEN or "hidden" in node.attrib or _invisible(node):
                events.skip_subtree()
                continue
            if tag in _BLOCKS or tag == "br":
                yield "\n"
            yield _spaces(node.text)
        else:
            if tag in _BLOCKS:
                yield "\n"
            if node is not root:
                yield _spaces(node.tail)


def _invisible(node: html.HtmlElement) -> bool:
    style = (node.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style


def _spaces(text: str | None) -> str:
    """White space as HTML shows it: a run of it is one space."""
    if not text:
        return ""
    runs = text.replace("\r", " ").replace("\n", " ").replace("\t", " ").split(" ")
    return " ".join(runs) if "  " not in text else " ".join(_squeeze(runs))


def _squeeze(runs: list[str]) -> list[str]:
    kept = [r for i, r in enumerate(runs) if r or i in (0, len(runs) - 1)]
    return kept or [""]
