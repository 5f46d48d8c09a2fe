"""DOCX files: the text that a reader sees, in document order.

Tables come cell by cell, nested ones too; text boxes behind the paragraph that holds them; the
first section's page header before everything else. Numbers that Word makes by itself stand in the
text where Word shows them, since they are part of what was filed. Deleted and hidden text is left
out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.errors import ReadError
from index.reading.archive import check_parts, check_size
from index.reading.document import Document
from index.reading.numbering import Numbering
from index.records import Span

_DEPTH = 100
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SKIPPED = {
    f"{_W}del",
    f"{_W}moveFrom",
    f"{_W}instrText",
    f"{_W}txbxContent",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
_SYMBOLS = {"F0FE": "☑", "F0FD": "☒", "F0A8": "□", "F06F": "□", "F0FC": "✓", "F052": "☑"}


def read_docx(path: Path) -> Document:
    """Read a DOCX; ``ReadError`` where it is damaged, blown up or without text."""
    check_size(path, "DOCX")
    check_parts(path, "DOCX")
    try:
        package = _package(path)
        walk = _Walk(Numbering.of(package), _Styles(package.styles.element))
        for section in list(package.sections)[:1]:
            walk.blocks(section.header._element)
        walk.blocks(package.element.body)
    except MemoryError:
        raise
    except Exception as error:
        # python-docx expects a sound file: a damaged one brings up errors of every kind.
        reason = "a damaged DOCX; open and save it in Word, or fetch it again"
        raise ReadError(str(path), reason) from error
    text = "\n".join(walk.lines)
    if not text.strip():
        raise ReadError(str(path), "a Word document without text; fetch it again")
    return Document(text, "docx", bold=tuple(walk.bold))


def _package(path: Path) -> Any:
    import docx

    try:
        return docx.Document(str(path))
    except KeyError:
        return docx.Document(_mended(path))


def _mended(path: Path) -> io.BytesIO:
    """The file without its references to parts that it lacks, which some programs leave."""
    from docx.opc.packuri import PackURI
    from lxml import etree

    out = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(out, "w") as copy:
        names = set(archive.namelist())
        for name in names:
            content = archive.read(name)
            folder, _, relations = name.rpartition("_rels/")
            if relations.endswith(".rels"):
                root = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
                for relation in list(root):
                    target = PackURI.from_rel_ref(f"/{folder}", relation.get("Target", ""))
                    if relation.get("TargetMode") != "External" and target.membername not in names:
                        root.remove(relation)
                content = etree.tostring(root)
            copy.writestr(name, content)
    return out


class _Walk:
    """Collects lines, and spans of the text that is bold."""

    def __init__(self, numbering: Numbering, styles: _Styles) -> None:
        self.lines: list[str] = []
        self.bold: list[Span] = []
        self._numbering = numbering
        self._styles = styles
        self._offset = 0

    def blocks(self, container: Any, depth: int = 0) -> None:
        """Paragraphs and tables below an element, in order."""
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        for child in container:
            if child.tag == f"{_W}p":
                self._paragraph(child, depth)
            elif child.tag not in _SKIPPED and isinstance(child.tag, str):
                self.blocks(child, depth + 1)

    def _paragraph(self, paragraph: Any, depth: int) -> None:
        label = self._numbering.label(paragraph)
        pieces = list(self._pieces(paragraph, self._styles.of(paragraph, "p"), 0))
        content = "".join(piece for piece, _ in pieces)
        for line in (label + content).split("\n"):
            self._add(line)
        words = [bold for piece, bold in pieces if piece.strip()]
        if words and all(words):
            end = self._offset - 1
            self.bold.append(Span(end - len(content), end))
        for box in _text_boxes(paragraph):
            self.blocks(box, depth + 1)

    def _add(self, line: str) -> None:
        self.lines.append(line)
        self._offset += len(line) + 1

    def _pieces(self, element: Any, style: str | None, depth: int) -> Iterator[tuple[str, bool]]:
        """Text of a paragraph run by run, and whether it is bold."""
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        for child in element:
            tag = child.tag
            if tag in _SKIPPED or not isinstance(tag, str):
                continue
            if tag == f"{_W}r":
                if not self._styles.has(child, style, "vanish"):
                    yield "".join(_run(child)), self._styles.has(child, style, "b")
            else:
                yield from self._pieces(child, style, depth + 1)


def _text_boxes(element: Any) -> Iterator[Any]:
    """A paragraph's text boxes, without those inside them.

    What a drawing says is there twice, once for old versions of Word.
    """
    for child in element:
        if child.tag == f"{_W}txbxContent":
            yield child
        elif child.tag not in _SKIPPED and len(child):
            yield from _text_boxes(child)


def _run(run: Any) -> Iterator[str]:
    for child in run:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in (f"{_W}tab", f"{_W}ptab"):
            yield "\t"
        elif child.tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif child.tag == f"{_W}noBreakHyphen":
            yield "-"
        elif child.tag == f"{_W}sym":
            yield _SYMBOLS.get((child.get(f"{_W}char") or "").upper(), "")
        elif child.tag == f"{_W}ruby":
            for base in child.iterfind(f"{_W}rubyBase/{_W}r"):
                yield from _run(base)


class _Styles:
    """Which styles make text bold or hide it."""

    def __init__(self, root: Any) -> None:
        self._styles = {s.get(f"{_W}styleId"): s for s in root.iterfind(f"{_W}style")}
        self._known: dict[tuple[str, str], bool] = {}

    @staticmethod
    def of(element: Any, kind: str) -> str | None:
        """The style of a paragraph (``p``) or run (``r``); ``None`` for the default one."""
        mark = element.find(f"{_W}{kind}Pr/{_W}{kind}Style")
        return None if mark is None else mark.get(f"{_W}val")

    def has(self, run: Any, style: str | None, name: str) -> bool:
        """Whether a run has a property by itself, by its style or by its paragraph's."""
        own = _switch(run, name)
        if own is not None:
            return own
        return any(self._has(s, name) for s in (self.of(run, "r"), style) if s)

    def _has(self, style: str, name: str) -> bool:
        if (style, name) not in self._known:
            seen: set[str | None] = {style}
            base, found = self._styles.get(style), None
            while base is not None and (found := _switch(base, name)) is None:
                mark = base.find(f"{_W}basedOn")
                parent = None if mark is None else mark.get(f"{_W}val")
                base = None if parent in seen else self._styles.get(parent)
                seen.add(parent)
            self._known[style, name] = bool(found)
        return self._known[style, name]


def _switch(element: Any, name: str) -> bool | None:
    """Whether a property that a run or style has itself is on."""
    mark = element.find(f"{_W}rPr/{_W}{name}")
    return None if mark is None else mark.get(f"{_W}val") not in ("0", "false", "off")
