"""The walk over a page's elements, without recursion: markup may nest deep."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from lxml.etree import iterwalk

from index.reading.document import Cell, Grid, Omitted
from index.reading.web.styles import Sheet
from index.reading.word.symbols import lowered, raised
from index.records import LeftOutKind

_HIDDEN = {
    "script", "style", "head", "template", "noscript", "iframe", "object", "svg", "rt", "rp",
    "annotation", "annotation-xml",
}  # fmt: skip
_BLOCKS = {
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
_KEEPING = {"pre", "textarea", "xmp", "listing"}
_BOLD = {"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"}
_STRUCK = {"s", "strike", "del"}
_SHIFTED: dict[str, Literal["raised", "lowered"]] = {"sup": "raised", "sub": "lowered"}
_SCRIPTS: dict[str, Literal["raised", "lowered"]] = {"msup": "raised", "msub": "lowered"}
_SPACES = re.compile(r"[ \t\r\n\f]+")
# Labels of the exchanges' form, whose cells are lines of their own.
_FORM = re.compile(
    r"活动(?:类别|类型)|(?:参与|参会|来访)(?:单位|人员)|接待人员|主要内容|^(?:活动)?(?:时间|地点)"
    r"|(?:证券|股票)(?:代码|简称)|附件清单"
)
_SHORT, _SPAN = 120, 63
# Cells that a row may have: no more are counted that only reach across or down.
_MOST = 256


class _State(NamedTuple):
    """What holds for the text at a place."""

    kept: bool = False
    bold: bool = False
    white: bool = False
    ground: bool = False
    struck: bool = False
    shift: Literal["raised", "lowered"] | None = None


@dataclass(slots=True)
class _Open:
    """A table that is being walked through; ``below`` counts, by column, the rows that a cell
    reaches further down."""

    start: int
    tabbed: bool
    rows: list[list[Cell]] = field(default_factory=list)
    below: dict[int, int] = field(default_factory=dict)
    cell: int = 0


class Page:
    """A page's text in ``pieces``, each with whether it is bold, and what stands where in it."""

    def __init__(self, root: Any) -> None:
        self.pieces: list[tuple[str, bool]] = []
        self.omitted: list[Omitted] = []
        self.grids: list[Grid] = []
        self._offset = 0
        self._sheet = Sheet(root)
        self._states = [_State()]
        self._tables: list[_Open] = []
        self._cell = 0  # the first piece of the last cell
        events = iterwalk(root, events=("start", "end", "comment", "pi"))
        skipped = None
        for event, node in events:
            if event == "start":
                if not self._begin(node):
                    skipped = node
                    events.skip_subtree()  # its end comes all the same
                continue
            if event == "end" and node is not skipped:
                self._end(node)
            if node is not root:
                self._text(node.tail)

    def _begin(self, node: Any) -> bool:
        """An element begins; whether what is in it is shown."""
        tag = node.tag if isinstance(node.tag, str) else ""
        looks = self._sheet.looks(node)
        if tag in _HIDDEN:
            return False
        if looks.gone:
            self._omit("invisible", node.text_content())
            return False
        now = self._states[-1]
        self._states.append(
            _State(
                kept=now.kept or tag in _KEEPING,
                bold=now.bold or tag in _BOLD if looks.bold is None else looks.bold,
                white=now.white if looks.white is None else looks.white,
                ground=now.ground or looks.ground,
                struck=now.struck or looks.struck or tag in _STRUCK,
                shift=_SHIFTED.get(tag) or _script(node) or now.shift,
            )
        )
        if tag in ("select", "input", "img"):
            self._control(tag, node)
            if tag == "select":
                self._states.pop()
                return False
        self._lay(tag, node)
        self._text(node.text)
        return True

    def _lay(self, tag: str, node: Any) -> None:
        """What parts an element from what stands before it."""
        if tag in ("td", "th") and self._tables and self._tables[-1].rows:
            self._begin_cell(self._tables[-1])
        elif tag == "tr" and self._tables:
            self._put("\n")
            self._tables[-1].rows.append([])
        elif tag == "br" or (tag in _BLOCKS and not self._is_tabbed()):
            self._put("\n")
        elif _is_below(node):
            self._put(" ")
        if tag == "table":
            self._tables.append(_Open(self._offset, _is_grid(node)))

    def _end(self, node: Any) -> None:
        self._states.pop()
        tag = node.tag if isinstance(node.tag, str) else ""
        if tag in ("td", "th") and self._tables and self._tables[-1].rows:
            self._end_cell(self._tables[-1], node)
        elif tag == "table" and self._tables:
            table = self._tables.pop()
            rows = tuple(tuple(row) for row in table.rows)
            self.grids.append(Grid(table.start, self._offset, rows))
            self._put("\n")
        elif tag in _BLOCKS and not self._is_tabbed():
            self._put("\n")

    def _begin_cell(self, table: _Open) -> None:
        self._reach_down(table)
        if not table.tabbed:
            self._put("\n")
        elif table.rows[-1]:
            self._put("\t")
        table.cell = self._offset
        self._cell = len(self.pieces)

    def _strip_cell(self) -> None:
        """Take the space off around a cell that shares its line with others."""
        said = "".join(text for text, _ in self.pieces[self._cell :])
        if said != said.strip():
            is_bold = all(bold for text, bold in self.pieces[self._cell :] if text.strip())
            self._offset -= len(said) - len(said.strip())
            self.pieces[self._cell :] = [(said.strip(), is_bold)]

    def _end_cell(self, table: _Open, node: Any) -> None:
        if table.tabbed:
            self._strip_cell()
        row, wide = table.rows[-1], _count(node, "colspan")
        deep = _count(node, "rowspan")
        for place in range(len(row), min(len(row) + wide, _MOST)):
            if deep > 1:
                table.below[place] = deep - 1
        row.append(Cell(table.cell, self._offset))
        row += [Cell(self._offset, self._offset)] * min(wide - 1, max(_MOST - len(row), 0))
        if not table.tabbed:
            self._put("\n")

    def _reach_down(self, table: _Open) -> None:
        """The cells from above that stand before the next one."""
        row = table.rows[-1]
        while len(row) < _MOST and table.below.get(len(row), 0) > 0:
            table.below[len(row)] -= 1
            if table.tabbed and row:
                self._put("\t")
            row.append(Cell(self._offset, self._offset, merged=True))

    def _is_tabbed(self) -> bool:
        return bool(self._tables) and self._tables[-1].tabbed

    def _control(self, tag: str, node: Any) -> None:
        """What a form's field or a picture shows."""
        if tag == "img":
            self._omit("picture", node.get("alt") or "")
            return
        if tag == "select":
            options = list(node.iter("option"))
            chosen = [option for option in options if "selected" in option.attrib] or options[:1]
            self._text("、".join(option.text_content() for option in chosen))
            return
        kind = (node.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            self._text("☑" if "checked" in node.attrib else "☐")
        elif kind in ("text", "number", "date", "tel", "email"):
            self._text(node.get("value"))

    def _text(self, text: str | None) -> None:
        """White space as HTML shows it: a run of it is one space, but for where it is kept."""
        if not text:
            return
        now = self._states[-1]
        shown = text.replace("\r", "") if now.kept else _SPACES.sub(" ", text)
        if self._is_tabbed() and not shown.strip():
            return
        if now.white and not now.ground:
            self._omit("invisible", shown)
        elif now.struck:
            self._omit("struck out", shown)
        elif now.shift and shown.strip():
            self._put((raised if now.shift == "raised" else lowered)(shown))
        else:
            self._put(shown)

    def _put(self, text: str) -> None:
        self.pieces.append((text, self._states[-1].bold))
        self._offset += len(text)

    def _omit(self, kind: LeftOutKind, text: str) -> None:
        text = " ".join(text.split())
        if text or kind == "picture":
            self.omitted.append(Omitted(kind, self._offset, text))


def _script(node: Any) -> Literal["raised", "lowered"] | None:
    """Whether an element of a formula stands above or below its line."""
    parent = node.getparent()
    if parent is None or parent.tag not in _SCRIPTS or node.getprevious() is None:
        return None
    return _SCRIPTS[parent.tag]


def _is_below(node: Any) -> bool:
    """Whether an element is the lower part of a fraction: 1 over 2 isn't 12."""
    parent = node.getparent()
    return parent is not None and parent.tag == "mfrac" and node.getprevious() is not None


def _count(node: Any, name: str) -> int:
    value = (node.get(name) or "1").strip()
    return max(1, min(int(value), _SPAN)) if value.isdecimal() and len(value) < 6 else 1


def _is_grid(table: Any) -> bool:
    """Whether a table has a line in each cell, so that its rows are lines; not one that sets a
    page, such as the exchanges' form."""
    if next(table.iterdescendants("table"), None) is not None:
        return False
    most = 0
    for row in table.iter("tr"):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        most = max(most, len(cells))
        for place, cell in enumerate(cells):
            said = "".join(cell.text_content().split())
            if len(said) > _SHORT or (not place and _FORM.search(said)):
                return False
            blocks = sum(1 for part in cell.iterdescendants() if part.tag in _BLOCKS)
            if blocks > 1 or next(cell.iter("br", "pre"), None) is not None:
                return False
    return most > 1
