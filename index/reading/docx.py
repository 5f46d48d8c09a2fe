"""DOCX files: the text that a reader sees, in document order.

Tables come cell by cell, nested ones too; text boxes behind the paragraph that holds them; the
first section's page header before everything else. Numbers that Word makes by itself stand in the
text where Word shows them, since they are part of what was filed. Deleted text is left out.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.errors import ReadError
from index.reading.archive import check_size
from index.reading.document import Document
from index.reading.numbering import Numbering
from index.records import Span

_DEPTH = 40
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
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    try:
        package = docx.Document(str(path))
        walk = _Walk(Numbering.of(package))
        for section in list(package.sections)[:1]:
            walk.blocks(section.header._element)
        walk.blocks(package.element.body)
    except (OpcError, LxmlError, LookupError, ValueError, AttributeError, TypeError, OSError):
        reason = "a damaged DOCX; open and save it in Word, or fetch it again"
        raise ReadError(str(path), reason) from None
    except (zipfile.BadZipFile, RecursionError, NotImplementedError):
        raise ReadError(str(path), "a damaged DOCX; fetch it again") from None
    text = "\n".join(walk.lines)
    if not text.strip():
        raise ReadError(str(path), "a Word document without text; fetch it again")
    return Document(text, "docx", bold=tuple(walk.bold))


class _Walk:
    """Collects lines, and spans of the text that is bold."""

    def __init__(self, numbering: Numbering) -> None:
        self.lines: list[str] = []
        self.bold: list[Span] = []
        self._numbering = numbering
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
        pieces = list(_pieces(paragraph, 0))
        content = "".join(piece for piece, _ in pieces)
        for line in (label + content).split("\n"):
            self._add(line)
        words = [bold for piece, bold in pieces if piece.strip()]
        if words and all(words):
            end = self._offset - 1
            self.bold.append(Span(end - len(content), end))
        for box in paragraph.iter(f"{_W}txbxContent"):
            # What a drawing says is there twice, once for old versions of Word.
            if not any("Fallback" in str(a.tag) for a in box.iterancestors()):
                self.blocks(box, depth + 1)

    def _add(self, line: str) -> None:
        self.lines.append(line)
        self._offset += len(line) + 1


def _pieces(element: Any, depth: int) -> Iterator[tuple[str, bool]]:
    """Text of a paragraph run by run, and whether it is bold."""
    if depth > _DEPTH:
        raise ValueError("nested too deep")
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or not isinstance(tag, str):
            continue
        if tag == f"{_W}r":
            yield "".join(_run(child)), _is_bold(child)
        else:
            yield from _pieces(child, depth + 1)


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


def _is_bold(run: Any) -> bool:
    mark = run.find(f"{_W}rPr/{_W}b")
    return mark is not None and mark.get(f"{_W}val") not in ("0", "false", "off")
