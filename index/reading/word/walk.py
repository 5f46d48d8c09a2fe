"""The walk over a Word document: what a reader of its pages sees, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from index.reading.document import Cell, Grid
from index.reading.word.equations import M, equation
from index.reading.word.notes import Notes
from index.reading.word.numbering import Numbering
from index.reading.word.styles import Look, Styles, W, is_shaded
from index.reading.word.symbols import UNKNOWN, lowered, raised, shown_in, symbol
from index.reading.word.written import Written
from index.records import Span

_DEPTH = 100
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_OLD_PICTURE = "{urn:schemas-microsoft-com:vml}imagedata"
_DESCRIBED = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MOVED = (f"{W}del", f"{W}moveFrom")
_SKIPPED = {*_MOVED, f"{W}instrText", f"{W}txbxContent", _FALLBACK}
_PLAIN = {
    f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-",
}  # fmt: skip
# Labels of the exchanges' form, whose cells are lines of their own.
_FORM = re.compile(
    r"活动(?:类别|类型)|(?:参与|参会|来访)(?:单位|人员)|接待人员|主要内容|^(?:活动)?(?:时间|地点)"
    r"|(?:证券|股票)(?:代码|简称)|附件清单"
)
# Characters in a cell that a row of a table still is one line with.
_SHORT = 120


class Walk:
    """Writes a document's text, element by element."""

    def __init__(self, numbering: Numbering, styles: Styles, notes: Notes) -> None:
        self.written = Written()
        self._numbering = numbering
        self._styles = styles
        self._notes = notes
        # Fields that are open: whether what comes is shown, or what the field is made by.
        self._fields: list[bool] = []

    def blocks(self, container: Any, depth: int = 0, *, shaded: bool = False) -> None:
        """Paragraphs and tables below an element, in order."""
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        joined: list[Any] = []
        for child in container:
            if child.tag == f"{W}p":
                joined.append(child)
                if not _ends_deleted(child):
                    self._paragraph(joined, depth, shaded)
                    joined = []
            elif child.tag not in _SKIPPED and isinstance(child.tag, str):
                self._paragraph(joined, depth, shaded)
                joined = []
                if child.tag == f"{W}tbl":
                    self._table(child, depth + 1, shaded)
                elif child.tag == f"{M}oMathPara":
                    self.written.part()
                    self._equation(child)
                else:
                    self.blocks(child, depth + 1, shaded=shaded)
            elif child.tag in _MOVED:
                self._omit_deleted(child)
        self._paragraph(joined, depth, shaded)

    def _paragraph(self, joined: Sequence[Any], depth: int, shaded: bool) -> None:
        """A paragraph, and those before it whose end was deleted."""
        if not joined:
            return
        written = self.written
        written.part()
        written.put(self._numbering.label(joined[-1]))
        start, bold = written.offset, []
        for paragraph in joined:
            style = self._styles.of(paragraph, "p")
            on_shade = shaded or is_shaded(paragraph.find(f"{W}pPr"))
            bold += list(self._runs(paragraph, style, on_shade, 0))
        if bold and all(bold):
            written.bold.append(Span(start, written.offset))
        # A field that isn't closed hides nothing further on.
        self._fields = [shows for shows in self._fields if shows]
        for paragraph in joined:
            for box in _text_boxes(paragraph):
                self.blocks(box, depth + 1, shaded=True)

    def _runs(self, element: Any, style: str | None, shaded: bool, depth: int) -> Iterator[bool]:
        """Write a paragraph's text run by run; whether each that has any is bold."""
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        for child in element:
            tag = child.tag
            if tag in _MOVED:
                self._omit_deleted(child)
            elif tag in _SKIPPED or not isinstance(tag, str):
                continue
            elif tag == f"{W}r":
                look = self._styles.look(child, style, shaded=shaded)
                if self._run(child, look):
                    yield look.bold
            elif tag in (f"{M}oMath", f"{M}oMathPara"):
                self._equation(child)
            else:
                yield from self._runs(child, style, shaded, depth + 1)

    def _run(self, run: Any, look: Look) -> bool:
        """Write a run as it looks; whether it shows any characters."""
        text = "".join(self._shown(run, look))
        if not text:
            return False
        if look.hidden:
            self.written.omit(look.hidden, text)
            return False
        if look.shift:
            text = (raised if look.shift == "raised" else lowered)(text)
        self.written.put(text)
        return bool(text.strip())

    def _shown(self, run: Any, look: Look) -> Iterator[str]:
        """The characters of a run; those of a field's making aren't shown."""
        for child in run:
            tag = child.tag
            if tag == f"{W}fldChar":
                yield from self._field(child)
            elif not all(self._fields):
                continue
            elif tag == f"{W}t":
                yield shown_in(look.font, child.text or "")
            elif tag in _PLAIN:
                yield _PLAIN[tag]
            elif tag == f"{W}sym":
                yield _symbol(child)
            elif tag == f"{W}ruby":
                for base in child.iterfind(f"{W}rubyBase/{W}r"):
                    yield from self._shown(base, look)
            elif tag == f"{W}object":
                # An equation of old, most often: characters that only its program draws.
                self.written.omit("object", "")
                yield UNKNOWN
            else:
                self._aside(child, look)

    def _aside(self, child: Any, look: Look) -> None:
        """Remember what of a run is no text of its line."""
        if child.tag == f"{W}delText":
            self.written.omit("deleted", child.text or "")
        elif child.tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
            if not look.hidden and (note := self._notes.refer(child)):
                self.written.omit("footnote", note)
        elif isinstance(child.tag, str):
            self._picture(child)

    def _field(self, mark: Any) -> Iterator[str]:
        kind = mark.get(f"{W}fldCharType")
        if kind == "begin":
            if all(self._fields):
                yield from _form_field(mark)
            self._fields.append(False)
        elif self._fields and kind == "separate":
            self._fields[-1] = True
        elif self._fields and kind == "end":
            self._fields.pop()

    def _equation(self, element: Any) -> None:
        if not all(self._fields):
            return
        found = equation(element)
        if "".join(found.linear.split()) != "".join(found.shown.split()):
            self.written.omit("equation", found.linear)
        self.written.put(found.shown)

    def _picture(self, element: Any) -> None:
        for part in element.iter(_PICTURE, _OLD_PICTURE):
            if not any(above.tag == _FALLBACK for above in part.iterancestors()):
                described = next(element.iter(_DESCRIBED), None)
                said = "" if described is None else described.get("descr") or ""
                self.written.omit("picture", said)
                return

    def _omit_deleted(self, element: Any) -> None:
        if text := _text(element):
            self.written.omit("deleted", text)

    def _table(self, table: Any, depth: int, shaded: bool) -> None:
        written = self.written
        properties = table.find(f"{W}tblPr")
        shaded |= is_shaded(properties) or self._styles.shades(self._styles.of(table, "tbl"))
        lines = [(row, list(_inside(row, f"{W}tc"))) for row in _inside(table, f"{W}tr")]
        gap = "\t" if _is_grid([cells for _, cells in lines]) else "\n"
        start, rows = written.offset + len(written.gap), []
        for row, cells in lines:
            if _is_gone(row.find(f"{W}trPr"), "del"):
                self._omit_deleted(row)
                continue
            if _is_gone(row.find(f"{W}trPr"), "hidden"):
                written.omit("invisible", _text(row))
                continue
            rows.append(tuple(self._cells(cells, gap, depth, shaded)))
            written.gap = "\n"
        written.grids.append(Grid(start, written.offset, tuple(rows)))

    def _cells(self, cells: Iterable[Any], gap: str, depth: int, shaded: bool) -> Iterator[Cell]:
        for cell in cells:
            properties = cell.find(f"{W}tcPr")
            if _is_gone(properties, "cellDel"):
                self._omit_deleted(cell)
                continue
            start = self.written.offset + len(self.written.gap)
            self.blocks(cell, depth + 2, shaded=shaded or is_shaded(properties))
            end = self.written.offset
            self.written.gap = gap
            merge = None if properties is None else properties.find(f"{W}vMerge")
            merged = merge is not None and merge.get(f"{W}val") != "restart"
            yield Cell(min(start, end), end, merged)
            for _ in range(_span(properties) - 1):
                yield Cell(end, end)


def _symbol(mark: Any) -> str:
    try:
        return symbol(mark.get(f"{W}font"), int(mark.get(f"{W}char") or "", 16))
    except ValueError:
        return UNKNOWN


def _form_field(mark: Any) -> Iterator[str]:
    """What a form's box or list shows; what was typed into a form stands in the text."""
    data = mark.find(f"{W}ffData")
    if data is None:
        return
    if (box := data.find(f"{W}checkBox")) is not None:
        state = box.find(f"{W}checked")
        state = box.find(f"{W}default") if state is None else state
        ticked = state is not None and state.get(f"{W}val") not in ("0", "false", "off")
        yield "☑" if ticked else "☐"
    if (listed := data.find(f"{W}ddList")) is not None:
        entries = [entry.get(f"{W}val") or "" for entry in listed.findall(f"{W}listEntry")]
        chosen = listed.find(f"{W}result")
        place = 0 if chosen is None else int(chosen.get(f"{W}val") or 0)
        yield entries[place] if 0 <= place < len(entries) else ""


def _text_boxes(element: Any) -> Iterator[Any]:
    """A paragraph's text boxes, without those inside them.

    What a drawing says is there twice, once for old versions of Word.
    """
    for child in element:
        if child.tag == f"{W}txbxContent":
            yield child
        elif child.tag not in _SKIPPED and len(child):
            yield from _text_boxes(child)


def _inside(element: Any, tag: str) -> Iterator[Any]:
    """A table's rows, or a row's cells, also those that a control or an insertion holds."""
    for child in element:
        if child.tag == tag:
            yield child
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED and child.tag != f"{W}tc":
            yield from _inside(child, tag)


def _is_grid(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a table has a line in each cell, so that its rows are lines; not one that sets a
    page, such as the exchanges' form."""
    if max(map(len, rows), default=0) < 2:
        return False
    for cells in rows:
        for place, cell in enumerate(cells):
            paragraphs = [_text(p) for p in cell.iterchildren(f"{W}p")]
            said = "".join("".join(paragraphs).split())
            if cell.find(f"{W}tbl") is not None or sum(bool(p.strip()) for p in paragraphs) > 1:
                return False
            if len(said) > _SHORT or (not place and _FORM.search(said)):
                return False
            if (
                len(paragraphs) > 1
                or next(cell.iter(f"{W}br", f"{W}txbxContent"), None) is not None
            ):
                return False
    return True


def _span(properties: Any) -> int:
    mark = None if properties is None else properties.find(f"{W}gridSpan")
    try:
        return min(int(mark.get(f"{W}val") or 1), 63) if mark is not None else 1
    except ValueError:
        return 1


def _is_gone(properties: Any, mark: str) -> bool:
    found = None if properties is None else properties.find(f"{W}{mark}")
    return found is not None and found.get(f"{W}val") not in ("0", "false", "off")


def _ends_deleted(paragraph: Any) -> bool:
    """Whether the paragraph's end was deleted, or moved elsewhere: it goes on in the next one."""
    marks = paragraph.find(f"{W}pPr/{W}rPr")
    return marks is not None and any(mark.tag in _MOVED for mark in marks)


def _text(element: Any) -> str:
    return "".join(t.text or "" for t in element.iter(f"{W}t", f"{W}delText", f"{M}t"))
