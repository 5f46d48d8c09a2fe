"""PDF files: text, pages and boxes. The only module that imports pypdfium2."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from index.errors import ReadError
from index.reading.document import Document
from index.records import Box, Span

_PAGES = 5000


def read_pdf(path: Path) -> Document:
    """Read a PDF's text layer; ``ReadError`` where it has none, is encrypted or damaged.

    The text is each page's, as PDFium gives it, joined by line breaks.
    """
    with _opened(path) as pdf:
        if len(pdf) > _PAGES:
            raise ReadError(str(path), f"{len(pdf)} pages; Yuanda reads up to {_PAGES}")
        texts = [_page_text(pdf, number) for number in range(len(pdf))]
    if not "".join(texts).strip():
        raise ReadError(
            str(path), "a scanned PDF without a text layer; recognise its text first (OCR)"
        )
    starts, offset = [], 0
    for text in texts:
        starts.append(offset)
        offset += len(text) + 1
    boxes_of = partial(_boxes, path, tuple(starts), tuple(len(t) for t in texts))
    return Document("\n".join(texts), "pdf", tuple(starts), boxes_of=boxes_of)


def page_image(path: Path, page: int, scale: float = 2.0) -> bytes:
    """A page (from 1) as PNG, ``scale`` times 72 dots per inch."""
    with _opened(path) as pdf, closing(pdf[page - 1]) as leaf:
        picture = leaf.render(scale=scale).to_pil()
        out = io.BytesIO()
        picture.save(out, format="PNG")
        return out.getvalue()


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pypdfium2
    from pypdfium2 import PdfiumError

    try:
        pdf = pypdfium2.PdfDocument(path)
    except PdfiumError as error:
        if "password" in str(error).lower() or getattr(error, "err_code", None) == 4:
            reason = "an encrypted PDF; save a copy without a password"
        else:
            reason = "a damaged PDF; fetch it again"
        raise ReadError(str(path), reason) from None
    try:
        yield pdf
    except PdfiumError:
        raise ReadError(str(path), "a damaged PDF; fetch it again") from None
    finally:
        pdf.close()


def _page_text(pdf: Any, number: int) -> str:
    with closing(pdf[number]) as page, closing(page.get_textpage()) as textpage:
        text: str = textpage.get_text_range()
        return text


def _boxes(
    path: Path, starts: tuple[int, ...], lengths: tuple[int, ...], spans: Sequence[Span]
) -> tuple[Box, ...]:
    found: list[Box] = []
    with _opened(path) as pdf:
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True), start=1):
            inside = [
                (max(s.start, start) - start, min(s.end, start + length) - start)
                for s in spans
                if s.start < start + length and s.end > start
            ]
            if not inside:
                continue
            with closing(pdf[number - 1]) as page, closing(page.get_textpage()) as textpage:
                left, _, _, top = page.get_bbox()
                for first, last in inside:
                    found += _rectangles(textpage, number, first, last, left, top)
    return tuple(found)


def _rectangles(
    textpage: Any, number: int, first: int, last: int, left: float, top: float
) -> Iterator[Box]:
    import pypdfium2.raw as raw

    begin = raw.FPDFText_GetCharIndexFromTextIndex(textpage.raw, first)
    end = raw.FPDFText_GetCharIndexFromTextIndex(textpage.raw, last - 1)
    if begin < 0 or end < begin:
        return
    for index in range(textpage.count_rects(begin, end - begin + 1)):
        x0, y0, x1, y1 = textpage.get_rect(index)
        yield Box(
            number, round(x0 - left, 2), round(top - y1, 2), round(x1 - left, 2), round(top - y0, 2)
        )
