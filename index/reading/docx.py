"""DOCX files: the text that a reader sees, in document order.

Tables come row by row, or cell by cell where they set a page; text boxes behind the paragraph that
holds them; the first section's page header before everything else, notes behind. Numbers that Word
makes by itself stand in the text where Word shows them, since they are part of what was filed.
Deleted, hidden and struck-out text is left out and remembered.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.errors import ReadError
from index.reading.archive import check_parts, check_size, plain_parts
from index.reading.document import Document
from index.reading.tables import read_grids
from index.reading.word.notes import Notes
from index.reading.word.numbering import Numbering
from index.reading.word.styles import Styles
from index.reading.word.walk import Walk
from index.reading.word.written import Written
from index.records import LeftOutKind

_EMBEDDED = "/aFChunk"
_TOLD: dict[LeftOutKind, str] = {
    "deleted": "deleted",
    "invisible": "hidden or invisible",
    "struck out": "struck-out",
}


def read_docx(path: Path) -> Document:
    """Read a DOCX; ``ReadError`` where it is damaged, blown up or without text."""
    check_size(path, "DOCX")
    check_parts(path, "DOCX")
    file, lost = plain_parts(path)
    try:
        package = _package(file)
        notes = Notes.of(package)
        walk = Walk(Numbering.of(package), Styles(package.styles.element), notes)
        for section in list(package.sections)[:1]:
            walk.blocks(section.header._element)
        walk.blocks(package.element.body)
        embedded = any(r.reltype.endswith(_EMBEDDED) for r in package.part.rels.values())
    except MemoryError:
        raise
    except Exception as error:
        # python-docx expects a sound file: a damaged one brings up errors of every kind.
        reason = "a damaged DOCX; open and save it in Word, or fetch it again"
        raise ReadError(str(path), reason) from error
    written = walk.written
    text = written.text
    if not text.strip():
        raise ReadError(str(path), "a Word document without text; fetch it again")
    rows, tables = read_grids(text, written.grids)
    return Document(
        "\n".join([text, *notes.lines()]),
        "docx",
        bold=tuple(written.bold),
        rows=rows,
        warnings=tuple(_warnings(written, lost, embedded)),
        omitted=tuple(sorted(written.omitted, key=lambda one: one.at)),
        tables=tables,
        notes=len(text) if notes.lines() else None,
    )


def _warnings(written: Written, lost: int, embedded: bool) -> Iterator[str]:
    counts = Counter(one.kind for one in written.omitted)
    for kind, said in _TOLD.items():
        if count := counts[kind]:
            yield f"{said} text left out in {count} place{'s' * (count > 1)}"
    if lost:
        yield f"{lost} character{'s' * (lost > 1)} that no document may hold, read as U+FFFD"
    if embedded:
        yield "another document is embedded and not read: save it as a file of its own and add that"


def _package(file: Path | io.BytesIO) -> Any:
    import docx

    try:
        return docx.Document(str(file) if isinstance(file, Path) else file)
    except KeyError:
        return docx.Document(_mended(file))


def _mended(file: Path | io.BytesIO) -> io.BytesIO:
    """The file without its references to parts that it lacks, which some programs leave."""
    from docx.opc.packuri import PackURI
    from lxml import etree

    out = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(out, "w") as copy:
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
