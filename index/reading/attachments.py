"""Files that are attached to a PDF."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from index.errors import ReadError
from index.reading.pdf.pdfium import LOCK, open_pdf
from index.reading.sandbox import run_apart

# Bytes of an attachment; PDFium holds it whole.
_LARGEST = 64 << 20


def attached(path: Path, name: str) -> bytes:
    """The content of a PDF's only attachment of this name.

    ``ReadError`` where there is none, or several, or it can't be read.
    """
    return run_apart("attachment", path, name)


def attachment(path: Path, name: str) -> bytes:
    """``attached``, without limits on time and memory."""
    with LOCK, closing(open_pdf(path)) as pdf:
        every = [pdf.get_attachment(n) for n in range(pdf.count_attachments())]
        found = [one for one in every if one.get_name() == name]
        if len(found) != 1:
            raise ReadError(str(path), f"has {len(found)} attachments called {name}")
        content = bytes(found[0].get_data())
    if len(content) > _LARGEST:
        raise ReadError(str(path), f"its attachment {name} is too large")
    return content
