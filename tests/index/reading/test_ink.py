"""The marks are where the ink is: by pixels, on pages that are turned, cropped or scaled."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assistant.answering import pages
from eval.robustness.hostile import page_pdf
from index.reading import read
from index.records import Pair, Span, slice_spans

PAGES = {
    "plain": b"",
    "landscape": b"/MediaBox[0 0 400 300]",
    "quarter": b"/Rotate 90",
    "half": b"/Rotate 180",
    "three quarters": b"/Rotate 270",
    "cropped": b"/CropBox[30 120 280 390]",
    "cropped and turned": b"/CropBox[30 120 280 390]/Rotate 90",
    "from elsewhere": b"/MediaBox[-50 -40 250 360]/CropBox[-20 100 240 350]/Rotate 270",
    "large unit": b"/UserUnit 2",
}
ONE_PAIR = b"""0.7 g BT /F1 14 Tf 50 250 Td (asked) Tj ET
0 g BT /F1 14 Tf 110 250 Td (Hamburg) Tj ET
0.7 g BT /F1 14 Tf 50 210 Td (answered) Tj ET
0 g BT /F1 14 Tf 120 210 Td (Bremen and) Tj 0 -24 Td (Rostock) Tj ET"""


def one_pair(folder: Path, page: bytes) -> tuple[Path, str, Pair]:
    """A PDF on whose page a pair's own characters are black, and all else is light."""
    path = folder / "one.pdf"
    path.write_bytes(page_pdf(ONE_PAIR, page=page))
    text = read(path).text
    spans = [
        Span(at, at + len(w))
        for w in ("Hamburg", "Bremen and", "Rostock")
        for at in [text.index(w)]
    ]
    pair = Pair(
        "1",
        "Hamburg",
        "Bremen and Rostock",
        spans[0].start,
        spans[2].end,
        tuple(spans[:1]),
        tuple(spans[1:]),
        (1,),
    )
    return path, text, pair


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_the_marks_are_where_the_ink_is(tmp_path: Path, page: bytes) -> None:
    path, text, pair = one_pair(tmp_path, page)
    shown = pages.page_view(path, pair, 1, best=slice_spans(text, pair.answer_spans, Span(0, 6)))
    picture = np.asarray(Image.open(io.BytesIO(shown.png)).convert("L"))
    high, wide = picture.shape
    assert wide / high == pytest.approx(shown.width / shown.height, rel=0.01)

    def inside(mark: pages.Mark, margin: float = 2.0) -> tuple[slice, slice]:
        scale = wide / shown.width
        top, left = mark.top / 100 * high, mark.left / 100 * wide
        bottom, right = top + mark.height / 100 * high, left + mark.width / 100 * wide
        extra = margin * scale
        rows = slice(max(int(top - extra), 0), int(bottom + extra))
        return rows, slice(max(int(left - extra), 0), int(right + extra))

    dark = picture < 100
    assert dark.any()
    rest = dark.copy()
    for mark in shown.marks:
        assert dark[inside(mark, 0)].mean() > 0.05
        rest[inside(mark)] = False
    assert not rest.any()
    # The question's mark and the emphasis hold their own words, and no more than that.
    assert [mark.kind for mark in shown.marks] == ["question", "answer", "answer"]
    (best,) = shown.best
    first = shown.marks[1]
    assert best.width * best.height < 0.75 * first.width * first.height
    assert dark[inside(best, 0)].mean() > 0.05
