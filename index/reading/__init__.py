"""Files to text. What a file is, is told by its content, not by its name."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from pathlib import Path

from index.errors import ReadError, ScannedError
from index.reading.document import Document
from index.reading.office import converted, kind_of
from index.reading.sandbox import reads_here

__all__ = ["SUFFIXES", "Document", "can_recognise", "read", "recognised"]

# Files in a folder that are taken for filings; the last are read through LibreOffice.
SUFFIXES = frozenset(
    {
        *(".pdf", ".docx", ".xlsx", ".csv", ".tsv", ".html", ".htm", ".txt", ".text"),
        *(".doc", ".wps", ".rtf", ".xls"),
    }
)

_REFUSED = (
    (b"\x89PNG", "a PNG picture, not a filing; recognise its text first and add that"),
    (b"\xff\xd8\xff", "a JPEG picture, not a filing; recognise its text first and add that"),
    (b"GIF8", "a GIF picture, not a filing; recognise its text first and add that"),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Office file; save it as .docx, .xlsx or PDF"),
    (b"Rar!", "a RAR archive; unpack it and add what is inside"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and add what is inside"),
    (b"\x1f\x8b", "a gzip archive; unpack it and add what is inside"),
)

# The longest text, and the longest line, that a filing may have. Real ones have a hundredth.
_CHARACTERS = 10_000_000
_LINE = 1_000_000


def read(path: Path) -> Document:
    """Read a file.

    ``ReadError`` names the file and the cure where it is empty, damaged, encrypted, without
    text, or of a kind that Yuanda doesn't read.
    """
    try:
        document = _read(path)
    except OSError as error:
        raise ReadError(str(path), error.strerror or "can't be read") from None
    except MemoryError:
        raise ReadError(str(path), "takes more memory than there is; split it") from None
    if len(document.text) > _CHARACTERS:
        raise ReadError(str(path), f"more than {_CHARACTERS:,} characters; split it")
    if (longest := max(map(len, document.text.splitlines()), default=0)) > _LINE:
        raise ReadError(str(path), f"a line of {longest:,} characters; not a filing")
    return document


def _read(path: Path) -> Document:
    if path.exists() and not path.is_file():
        raise ReadError(str(path), "not a file")
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise ReadError(str(path), "empty file; fetch it again")
    if b"%PDF-" in head:
        return _read_pdf(path)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    if (kind := kind_of(path, head)) is not None:
        return _read_converted(path, kind)
    for magic, reason in _REFUSED:
        if head.startswith(magic):
            raise ReadError(str(path), reason)
    from index.reading.plain import read_plain

    return read_plain(path)


def _read_converted(path: Path, kind: str) -> Document:
    """A file that LibreOffice makes a document or a sheet of."""
    with converted(path, kind) as made:
        try:
            document = _read_zip(made)
        except ReadError as error:
            raise ReadError(str(path), f"through LibreOffice: {error.reason}") from None
    told = f"read through LibreOffice as .{kind}"
    return replace(document, warnings=(told, *document.warnings))


def _read_pdf(path: Path) -> Document:
    from index.reading.pdf import read_pdf

    try:
        return read_pdf(path)
    except ScannedError:
        # A process of a pool has neither the memory nor the time: the caller's does it.
        if reads_here() or not can_recognise():
            raise
        return recognised(path)


def can_recognise() -> bool:
    """Whether this process can read a scanned PDF."""
    from index.reading.recogniser import available

    return available()


def recognised(path: Path) -> Document:
    """What is recognised on the pages of a scanned PDF."""
    from index.reading.recogniser import recogniser
    from index.reading.scanned import read_scanned

    return read_scanned(path, recogniser())


def _read_zip(path: Path) -> Document:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
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
