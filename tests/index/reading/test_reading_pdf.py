"""PDFs: text, bold lines, boxes that fit the pixels of the page, and what is refused."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from PIL import Image
from reportlab.lib import pdfencrypt
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from eval.robustness.hostile import many_pages, page_pdf, stream
from index.errors import ReadError
from index.reading import Document, read
from index.reading.pdf import draw_page
from index.records import Box, Span

Write = Callable[..., Path]
PIXELS = 1200
TWO_BYTES = {"A": "𠮷", "B": "\u00ad", "C": "\0", "D": "\ufffe", "E": "\ud842", "F": "ffi"}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(content: bytes, name: str = "filing.pdf") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return file


def drawn(*pages: list[tuple[str, str]], **options: object) -> bytes:
    """A PDF with (font, text) lines on each page, from 700 points up, 20 points apart."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(600, 800), **options)  # type: ignore[arg-type]
    for page in pages:
        for line, (font, text) in enumerate(page):
            canvas.setFont(font, 12)
            canvas.drawString(72, 700 - 20 * line, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def mapped(content: bytes, meaning: dict[str, str]) -> bytes:
    """A PDF in whose font each key stands for what it is mapped to."""
    letters = {chr(n): chr(n) for n in range(32, 127)} | meaning
    lines = b"".join(
        b"<%02X> <%b>\n" % (ord(k), v.encode("utf-16-be", "surrogatepass").hex().encode())
        for k, v in letters.items()
    )
    cmap = b"1 begincodespacerange <00> <FF> endcodespacerange %d beginbfchar\n%bendbfchar\n"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    return page_pdf(content, stream(cmap % (len(letters), lines)), font=font)


def dark(path: Path, page: int = 1, within: Box | None = None) -> tuple[float, ...]:
    """Where a page is dark, in points from its top left corner."""
    drawn = draw_page(path, page, (), PIXELS)
    picture = Image.open(io.BytesIO(drawn.png)).convert("L")
    scale = picture.width / drawn.width
    if within:
        place = tuple(round(v * scale) for v in (0, within.y0 - 1, 9999, within.y1 + 1))
        blank = Image.new("L", picture.size, 255)
        place = (0, place[1], picture.width, place[3])
        blank.paste(picture.crop(place), place)
        picture = blank
    found = picture.point([255] * 128 + [0] * 128).getbbox()
    assert found
    return tuple(v / scale for v in found)


def box_of(document: Document, said: str) -> Box:
    start = document.text.index(said)
    ((box,),) = document.boxes_of([[Span(start, start + len(said))]])
    return box


def test_pages_and_offsets(write: Write) -> None:
    helvetica = "Helvetica"
    document = read(write(drawn([(helvetica, "One"), (helvetica, "two")], [(helvetica, "three")])))
    assert document.text == "One\r\ntwo\nthree"
    assert document.page_starts == (0, 9)
    assert document.format == "pdf"
    assert document.scanned == ()
    assert [box.page for box in document.boxes_of([[Span(5, 14)]])[0]] == [1, 2]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize(
    "page",
    [
        b"/MediaBox[0 0 300 400]",
        b"/MediaBox[-20 10 290 380]/CropBox[30 50 280 360]",
        b"/MediaBox[0 0 300 400]/CropBox[-99 90 250 999]",
    ],
    ids=["whole", "cropped", "crop-beyond"],
)
def test_boxes_fit_the_page_as_shown(write: Write, turn: int, page: bytes) -> None:
    content = b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj ET"
    path = write(page_pdf(content, page=page + b"/Rotate %d" % turn))
    box = box_of(read(path), "Hamburg")
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx(dark(path), abs=1.5)


@pytest.mark.parametrize(
    "content",
    [
        page_pdf(
            b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj ET", page=b"/MediaBox[300 400 0 0]/Rotate 450"
        ),
        page_pdf(b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj ET", page=b"/UserUnit 2"),
        page_pdf(b"BT /F1 24 Tf 0 1 -1 0 100 100 Tm (Hamburg) Tj ET"),
        page_pdf(b"BT /F1 24 Tf 0.7 0.7 -0.7 0.7 100 100 Tm (Hamburg) Tj ET"),
        page_pdf(
            b"1 0 0 1 30 -50 cm /X Do",
            stream(
                b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj ET",
                b"/Type/XObject/Subtype/Form/BBox[0 0 300 400]/Matrix[1 0 0 1 10 0]"
                b"/Resources<</Font<</F1 5 0 R>>>>",
            ),
            page=b"/Resources<</XObject<</X 6 0 R>>>>",
        ),
    ],
    ids=["box from its far corner", "unit", "upwards", "aslant", "drawing"],
)
def test_boxes_fit_odd_pages(write: Write, content: bytes) -> None:
    path = write(content)
    box = box_of(read(path), "Hamburg")
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx(dark(path), abs=2.5)


def test_page_cropped_to_nothing(write: Write) -> None:
    path = write(page_pdf(b"BT /F1 24 Tf (x) Tj ET", page=b"/CropBox[999 999 1099 1099]"))
    assert read(path).boxes_of([[Span(0, 1)]]) == ((),)
    with pytest.raises(ReadError, match="shows nothing"):
        draw_page(path, 1, ())


def test_text_outside_the_crop_box_has_no_box(write: Write) -> None:
    content = b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj 0 -100 Td (Bremen) Tj ET"
    document = read(write(page_pdf(content, page=b"/CropBox[0 250 300 400]")))
    assert document.text == "Hamburg\r\nBremen"
    assert len(document.boxes_of([[Span(0, len(document.text))]])[0]) == 1


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (b"(xxAAAyy) Tj 0 -40 Td (Hamburg)", "xx𠮷𠮷𠮷yy\r\nHamburg"),
        (b"(long-) Tj 0 -40 Td (Hamburg)", "long-\r\nHamburg"),
        (b"(longB) Tj 0 -40 Td (Hamburg)", "long-\r\nHamburg"),
        (b"(wordD) Tj 0 -40 Td (Hamburg)", "word\r\nHamburg"),
        (b"(xCx) Tj 0 -40 Td (Hamburg)", "x\ufffdx\r\nHamburg"),
        (b"(xEx) Tj 0 -40 Td (Hamburg)", "x\ufffdx\r\nHamburg"),
        (b"(xFx) Tj 0 -40 Td (Hamburg)", "xffix\r\nHamburg"),
        (b"(" + b"D" * 3000 + b"x) Tj 0 -40 Td (Hamburg)", "x\r\nHamburg"),
    ],
    ids=["astral", "hyphen", "soft", "control", "nul", "surrogate", "ligature", "controls"],
)
def test_offsets_behind_odd_characters(write: Write, shown: bytes, text: str) -> None:
    path = write(mapped(b"BT /F1 24 Tf 60 300 Td %b Tj ET" % shown, TWO_BYTES))
    document = read(path)
    assert document.text == text
    box = box_of(document, "Hamburg")
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx(dark(path, within=box), abs=1.5)
    part = box_of(document, "burg")
    assert box.x0 + 20 < part.x0 < part.x1 == pytest.approx(box.x1, abs=0.1)


def test_hyphen_has_its_box(write: Write) -> None:
    document = read(write(mapped(b"BT /F1 24 Tf 60 300 Td (to-) Tj 0 -40 Td (day) Tj ET", {})))
    for said in ("-", "-\r\n", "\n"):
        assert box_of(document, said).x0 > box_of(document, "to").x1 - 1


def test_characters_placed_one_by_one_have_one_box(write: Write) -> None:
    shown = b"".join(
        b"1 0 0 1 %d 300 Tm (%c) Tj " % (60 + 15 * i, c) for i, c in enumerate(b"abcdef")
    )
    document = read(write(page_pdf(b"BT /F1 24 Tf %b ET" % shown)))
    assert len(document.boxes_of([[Span(0, len(document.text))]])[0]) == 1


def test_bold_lines(write: Write) -> None:
    lines = [
        ("Helvetica-Bold", "What is the plan?"),
        ("Helvetica", "There is no plan, and there was none."),
        ("Times-BoldItalic", "And then?"),
        ("Helvetica", "Nothing then."),
    ]
    document = read(write(drawn(lines, [("Helvetica", "x"), ("Courier-Bold", "Who?")])))
    assert [document.text[s.start : s.end] for s in document.bold] == [
        "What is the plan?",
        "And then?",
        "Who?",
    ]


def test_line_that_is_bold_in_part_is_not(write: Write) -> None:
    bold = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>"
    content = (
        b"BT /F1 12 Tf 20 300 Td (This is plain text.) Tj /F2 12 Tf 0 -20 Td (Bold ) Tj"
        b" /F1 12 Tf (plain) Tj /F2 12 Tf ( bold) Tj 0 -20 Td (Bold) Tj ET"
    )
    fonts = b"/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>"
    document = read(write(page_pdf(content, bold, page=fonts)))
    assert [document.text[s.start : s.end] for s in document.bold] == ["Bold"]


def test_outlined_text_is_bold(write: Write) -> None:
    content = b"BT /F1 12 Tf 20 300 Td (A plain line) Tj 2 Tr 0 -20 Td (A bold one) Tj ET"
    document = read(write(page_pdf(content)))
    assert [document.text[s.start : s.end] for s in document.bold] == ["A bold one"]


def test_nothing_stands_out_where_all_is_bold(write: Write) -> None:
    lines = [("Helvetica-Bold", "What is the plan?"), ("Helvetica-Bold", "There is none.")]
    assert read(write(drawn(lines))).bold == ()


def scan() -> ImageReader:
    return ImageReader(Image.effect_noise((60, 80), 50))


def test_scanned_pages_among_others_are_known(write: Write) -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    for page in range(4):
        if page in (1, 3):
            canvas.drawImage(scan(), 0, 0, 600, 800)
        elif page == 0:
            canvas.drawString(72, 700, "Text")
        canvas.showPage()  # the third page stays empty
    canvas.save()
    assert read(write(out.getvalue())).scanned == (2, 4)
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawImage(scan(), 0, 0, 600, 800)
    canvas.save()
    with pytest.raises(ReadError, match="scanned PDF"):
        read(write(out.getvalue()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (drawn([("Helvetica", "x")], encrypt=pdfencrypt.StandardEncryption("secret")), "encrypted"),
        (drawn([]), "PDF without text"),
        (drawn([("Helvetica", "x")])[:300], "damaged PDF"),
        (b"%PDF-1.7\n", "damaged PDF"),
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n....", "PNG picture"),
        (b"\xff\xd8\xff\xe0....", "JPEG picture"),
        (many_pages(Random(0))[1], "pages; Yuanda reads up to 5000"),
    ],
    ids=["encrypted", "blank", "cut", "head", "empty", "png", "jpeg", "pages"],
)
def test_refused(write: Write, content: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read(write(content))


def test_pdf_without_password_to_read_is_read(write: Write) -> None:
    locked = pdfencrypt.StandardEncryption("", ownerPassword="secret", canPrint=0)
    assert read(write(drawn([("Helvetica", "x")], encrypt=locked))).text == "x"


def test_drawings_that_multiply_are_refused(write: Write) -> None:
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>"
    forms = [stream(b"/X Do\n" * 10, head % (7 + n)) for n in range(12)]
    page = b"/Resources<</XObject<</X 6 0 R>>>>"
    with pytest.raises(ReadError, match="print it to a new PDF"):
        read(write(page_pdf(b"/X Do", *forms, page=page)))


def test_names_in_no_encoding(write: Write) -> None:
    name = os.fsdecode("纪要.pdf".encode("gb18030"))
    document = read(write(drawn([("Helvetica", "text")]), name))
    assert document.text == "text"
    assert document.boxes_of([[Span(0, 4)]])[0]


def test_many_threads(write: Write) -> None:
    path = write(drawn(*[[("Helvetica", f"page {n}")] for n in range(20)]))
    document = read(path)
    spans = [Span(start, start + 6) for start in document.page_starts]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: document.boxes_of([spans])[0], range(40)))
    assert all(boxes == found[0] for boxes in found)
    assert [box.page for box in found[0]] == list(range(1, 21))


def test_pages_are_drawn(write: Write) -> None:
    path = write(drawn([("Helvetica", "One"), ("Helvetica", "two")], [("Helvetica", "three")]))
    document = read(path)
    groups = [[Span(0, 3)], [Span(5, 14)], []]
    for page in (1, 2):
        found = draw_page(path, page, groups, 300)
        assert (found.pages, found.width, found.height) == (2, 600, 800)
        assert Image.open(io.BytesIO(found.png)).size == (300, 400)
        whole = document.boxes_of(groups)
        assert found.boxes == tuple(tuple(b for b in own if b.page == page) for own in whole)


def test_no_page_is_drawn_that_is_not_there(write: Write) -> None:
    path = write(page_pdf(b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj ET"))
    for page in (0, 2, -1):
        with pytest.raises(ReadError, match="no page"):
            draw_page(path, page, ())
    with pytest.raises(ValueError, match="pixels"):
        draw_page(path, 1, (), 0)


def test_boxes_behind_odd_characters(write: Write) -> None:
    """The text before a page is counted as it was read, whatever PDFium counts."""
    odd = b"BT /F1 24 Tf 60 300 Td (xAxBCx-) Tj 0 -40 Td (DxEFx) Tj ET"
    once, twice = b"/Kids[3 0 R]/Count 1", b"/Kids[3 0 R 3 0 R]/Count 2"
    path = write(mapped(odd, TWO_BYTES).replace(once, twice))
    document = read(path)
    for start in range(document.page_starts[1], len(document.text)):
        spans = [[Span(start, start + 1)]]
        assert draw_page(path, 2, spans, 100).boxes == document.boxes_of(spans)


@pytest.mark.parametrize("box", [b"[0 0 14400 14400]", b"[0 0 9 1000000]"])
def test_huge_pages_are_scaled_down(write: Write, box: bytes) -> None:
    path = write(page_pdf(b"BT /F1 24 Tf 60 300 Td (Hamburg) Tj ET", page=b"/MediaBox" + box))
    picture = Image.open(io.BytesIO(draw_page(path, 1, (), 100_000).png))
    assert picture.width * picture.height <= 6_100_000
