"""A PDF's text by another library, to hold the first reading against: slow, and for that alone."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from index.errors import ReadError
from index.reading.sandbox import allow, run_apart

# Pages that are read twice; the text of a page takes some 50 ms.
_PAGES = 300


def read_again(path: Path) -> list[str]:
    """The text of each page as pypdf gives it; none for a file that it can't read."""
    try:
        texts: list[str] = json.loads(run_apart("again", path))
    except ReadError:
        return []
    return texts


def again(path: Path) -> bytes:
    """``read_again`` as JSON, without limits on time and memory."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with path.open("rb") as file:
            pages = PdfReader(file).pages
            if len(pages) > _PAGES:
                return b"[]"
            allow(10 * len(pages))
            texts = [page.extract_text() or "" for page in pages]
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReadError(str(path), f"pypdf can't read it: {error}") from None
    return json.dumps([text.encode("utf-8", "replace").decode() for text in texts]).encode()
