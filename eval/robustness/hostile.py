"""Small files made to hang, crash or outgrow a reader, and PDFs written object by object."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

Made = tuple[str, bytes]
"""A suffix, and a file's content."""

_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    out, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R%b>>\n"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
            trailer,
        )
        + b"startxref\n%d\n%%%%EOF\n" % len(out)
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object with more entries in its dictionary."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(content), content)


def page_pdf(content: bytes, *more: bytes, page: bytes = b"", font: bytes = _FONT) -> bytes:
    """One page with ``content``, 300 by 400 points but where ``page`` says other; font F1.

    ``more`` are objects from number 6 on.
    """
    box = b"" if b"/MediaBox" in page else b"/MediaBox[0 0 300 400]"
    resources = b"" if b"/Resources" in page else b"/Resources<</Font<</F1 5 0 R>>>>"
    leaf = b"<</Type/Page/Parent 2 0 R%b%b/Contents 4 0 R%b>>" % (box, resources, page)
    tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", tree, leaf, stream(content), font, *more])


def docx(body: str, **parts: str) -> bytes:
    """A DOCX with this inside ``w:body``; ``parts`` are more files under ``word/``, as XML."""
    types = f'<Override PartName="/word/document.xml" ContentType="{_WORD}"/>'
    start = f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        "_rels/.rels": f'{start}Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>',
        **{f"word/{name}.xml": content for name, content in parts.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def paragraph(text: str) -> str:
    """A paragraph of a DOCX."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def many_pages(random: Random) -> Made:
    """Thousands of pages, more or fewer than are read."""
    count = random.choice([1_000, 4_000, 10_000, 100_000])
    kids = b" ".join(b"4 0 R" if random.random() < 0.1 else b"3 0 R" for _ in range(count))
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</Font<</F1 6 0 R>>>>"
    return ".pdf", pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, count),
            leaf + b"/Contents 5 0 R>>",
            leaf + b">>",
            stream(b"BT /F1 2 Tf (a page) Tj ET"),
            _FONT,
        ]
    )


def cyclic_pages(random: Random) -> Made:
    """A page tree that holds itself."""
    kids = random.choice([b"2 0 R", b"2 0 R 2 0 R", b"3 0 R", b"3 0 R 3 0 R 2 0 R", b"1 0 R"])
    count = random.choice([1, 2, 100, 2**31 - 1, -1])
    tree = b"<</Type/Pages/Parent %d 0 R/Kids[%b]/Count %d>>"
    first, second = tree % (3, kids, count), tree % (2, b"2 0 R", count)
    return ".pdf", pdf([b"<</Type/Catalog/Pages 2 0 R>>", first, second])


def nested_forms(random: Random) -> Made:
    """Drawings that draw the next one several times, up to a billion times in all."""
    depth, width = random.choice([(3, 5), (7, 2), (30, 1), (9, 10), (30, 2), (60, 1)])
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 300 400]/Resources"
    cyclic = random.random() < 0.2
    forms = [
        stream(b"/X Do\n" * width, head + b"<</XObject<</X %d 0 R>>>>" % (7 + level))
        for level in range(depth)
    ]
    last = 6 if cyclic else 7 + depth
    resources = head + b"<</Font<</F1 5 0 R>>/XObject<</X %d 0 R>>>>" % last
    forms.append(stream(b"BT /F1 9 Tf (text) Tj ET" + b" /X Do" * cyclic, resources))
    page = b"/Resources<</XObject<</X 6 0 R>>>>"
    return ".pdf", page_pdf(b"/X Do", *forms, page=page)


def cyclic_objects(random: Random) -> Made:
    """Objects, lengths, tables and filters that need themselves."""
    font = random.choice([b"5 0 R", b"[5 0 R]", b"<</Type/Font/Subtype/Type0/ToUnicode 5 0 R>>"])
    length = random.choice([b"/Length 4 0 R", b"/Length 99 0 R", b"/Length -1", b""])
    text = b"BT /F1 9 Tf 9 9 Td (text) Tj ET"
    streamed = b"<<%b>>\nstream\n%b\nendstream" % (length, text)
    tree = b"<</Type/Pages/Kids[3 0 R]/Count 1/Resources 2 0 R>>"
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox 3 0 R/Resources<</Font<</F1 5 0 R>>>>"
    trailer = random.choice([b"", b"/Prev 9", b"/Prev 0", b"/XRefStm 9", b"/Encrypt 3 0 R"])
    made = pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            tree,
            leaf + b"/Contents[4 0 R 4 0 R]>>",
            streamed,
            font,
        ],
        trailer,
    )
    # A table whose predecessor is itself.
    place = made.rfind(b"\nxref") + 1
    return ".pdf", made.replace(b"/Prev 9", b"/Prev %d" % place)


def deep_pdf(random: Random) -> Made:
    """Arrays, dictionaries, strings or graphics states, one in another."""
    depth = random.choice([100, 10_000, 300_000])
    opening = random.choice([b"[", b"<<", b"<</A", b"(", b"q "])
    inside = opening * depth
    if random.random() < 0.5:
        return ".pdf", page_pdf(inside + b" BT /F1 9 Tf (text) Tj ET")
    return ".pdf", page_pdf(b"BT /F1 9 Tf (text) Tj ET", page=b"/X " + inside)


def pdf_bomb(random: Random) -> Made:
    """A stream that unpacks to a hundred megabytes, packed once or twice."""
    piece = random.choice([b" ", b"0 ", b"q Q ", b"BT (text) Tj ET ", b"(\n"])
    packed = zlib.compress(piece * (random.choice([1, 30, 100]) * 1_000_000 // len(piece)), 9)
    filters = b"/FlateDecode"
    if random.random() < 0.5:
        packed, filters = zlib.compress(packed, 9), filters * 2
    entries = b"/Filter[%b]" % filters
    made = page_pdf(b"@@")
    return ".pdf", made.replace(stream(b"@@"), stream(packed, entries))


def huge_page(random: Random) -> Made:
    """A page of an odd size, turned, cropped or empty."""
    corner = random.choice([b"1e9", b"99999999999999999999", b"-5", b"0", b"0.0001", b"nan"])
    turn = random.choice([b"90", b"45", b"-90", b"99999999999", b"/X"])
    page = b"/MediaBox[0 0 %b %b]/CropBox[5 5 %b 9]/Rotate %b" % (corner, corner, corner, turn)
    return ".pdf", page_pdf(b"BT /F1 9 Tf 9 9 Td (text) Tj ET", page=page)


def zip_bomb(random: Random) -> Made:
    """A DOCX that unpacks to much more than it is."""
    size = random.choice([1, 20, 200]) * 1_000_000
    unit = random.choice([" ", "a", "<w:p/>", paragraph("问：有何计划？"), "<w:tab/>"])
    body = unit * (size // len(unit.encode()))
    return ".docx", docx(body if unit[0] == "<" else paragraph(body))


def nested_docx(random: Random) -> Made:
    """Tables, text boxes, fields or runs, one in another."""
    depth = random.choice([5, 30, 70, 200, 2_000, 100_000])
    around = random.choice(
        [
            ("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"),
            ("<w:p><w:r><w:txbxContent>", "</w:txbxContent></w:r></w:p>"),
            ("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>"),
            ("<w:p><w:ins>", "</w:ins></w:p>"),
        ]
    )
    return ".docx", docx(around[0] * depth + paragraph("text") + around[1] * depth)


def entities(random: Random) -> Made:
    """A DOCX or HTML with entities of entities."""
    kinds = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE x [<!ENTITY a0 "text">{kinds}]>'
    if random.random() < 0.3:
        return ".html", (head + "<html><body><p>&a9;</p></body></html>").encode()
    name = "word/document.xml"
    made = io.BytesIO(docx(paragraph("&a9;")))
    with zipfile.ZipFile(made) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    files[name] = head.encode() + files[name]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in files.items():
            archive.writestr(entry, content)
    return ".docx", out.getvalue()


def nested_html(random: Random) -> Made:
    """Tables, lists or fonts, one in another; closed or not."""
    depth = random.choice([10, 250, 1_000, 50_000, 400_000])
    tag = random.choice(
        ["<table><tr><td>", "<div>", "<b><i><p>", "<ul><li>", "<span hidden>", "<a"]
    )
    return ".html", f"<html><body>问：有何计划？<br>{tag * depth}答：没有。".encode()


def huge_line(random: Random) -> Made:
    """Megabytes on one line, as text or HTML."""
    size = random.choice([1, 5, 50]) * 1_000_000
    piece = random.choice(
        ["a", "字", "1、", "问：有何计划？答：没有。", " ", "？", "(", "&lt;", "\u200b"]
    )
    text = piece * (size // len(piece.encode()))
    if random.random() < 0.5:
        return ".txt", ("问：有何计划？\n答：没有。\n" + text).encode()
    return ".html", f"<html><body><p>问：有何计划？</p><p>{text}</p></body></html>".encode()


def many_lines(random: Random) -> Made:
    """Very many short lines, most of which could open a question."""
    count = random.choice([1_000, 20_000])
    line = random.choice(
        ["{}、有何计划？", "问题{}：", "问：", "答：", "Q{}:", "（{}）", "{}", "投资者：？"]
    )
    text = "\n".join(line.format(n) for n in range(count))
    return ".txt", ("公司投资者关系活动记录表\n" + text).encode()


HOSTILE: tuple[Callable[[Random], Made], ...] = (
    many_pages, cyclic_pages, nested_forms, cyclic_objects, deep_pdf, pdf_bomb, huge_page,
    zip_bomb, nested_docx, entities, nested_html, huge_line, many_lines,
)  # fmt: skip
