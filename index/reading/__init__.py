"""Files to text. What a file is, is told by its content, not by its name."""

from __future__ import annotations

import zipfile
from pathlib import Path

from index.errors import ReadError
from index.reading.document import Document

__all__ = ["SUFFIXES", "Document", "read"]

# Files in a folder that are taken for filings.
SUFFIXES = frozenset({".pdf", ".docx", ".xlsx", ".csv", ".tsv", ".html", ".htm", ".txt", ".text"})

_REFUSED = (
    (b"\x89PNG", "a PNG picture, not a filing; recognise its text first and add that"),
    (b"\xff\xd8\xff", "a JPEG picture, not a filing; recognise its text first and add that"),
    (b"GIF8", "a GIF picture, not a filing; recognise its text first and add that"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Word, Excel or encrypted Office file; save it as .docx, .xlsx or PDF",
    ),
    (b"{\\rtf", "a rich text file; save it as .docx or PDF"),
    (b"Rar!", "a RAR archive; unpack it and add what is inside"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and add what is inside"),
    (b"\x1f\x8b", "a gzip archive; unpack it and add what is inside"),
)


def read(path: Path) -> Document:
    """Read a file.

    ``ReadError`` names the file and the cure where it is empty, damaged, encrypted, without
    text, or of a kind that Yuanda doesn't read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise ReadError(str(path), error.strerror or "can't be read") from None
    if not head:
        raise ReadError(str(path), "empty file; fetch it again")
    if b"%PDF-" in head:
        from index.reading.pdf import read_pdf

        return read_pdf(path)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    for magic, reason in _REFUSED:
        if head.startswith(magic):
            raise ReadError(str(path), reason)
    from index.reading.plain import read_plain

    return read_plain(path)


def _read_zip(path: Path) -> Document:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ReadError(str(path), "a damaged DOCX, XLSX or archive; fetch it again") from None
    if "word/document.xml" in names:
        from index.reading.docx import read_docx

        return read_docx(path)
    if "xl/workbook.xml" in names:
        from index.reading.sheet import read_sheet_xlsx

        return read_sheet_xlsx(path)
    if "xl/workbook.bin" in names:
        raise ReadError(str(path), "a binary Excel file; save it as .xlsx")
    raise ReadError(str(path), "an archive without a Word document or a sheet; unpack it first")
