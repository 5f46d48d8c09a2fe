"""DOCX, HTML and text: what a reader of the file sees, in order, and what is refused."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import docx as python_docx
import pytest

from eval.robustness.hostile import docx, nested_html, paragraph, zip_bomb
from index.errors import ReadError
from index.reading import read

Write = Callable[..., Path]
TEXT = "问：𠮷野家的毛利率？\n答：12.5％，见附件①。\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(content: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return file


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def lines(path: Path) -> list[str]:
    return [line.strip() for line in read(path).text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", ["filing.txt", "filing.pdf", "filing"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_in_any_encoding(write: Write, encoding: str, name: str) -> None:
    document = read(write(TEXT.encode(encoding), name))
    assert (document.text, document.format) == (TEXT, "text")


def test_big_endian_text(write: Write) -> None:
    content = b"\xfe\xff" + TEXT.encode("utf-16-be")
    assert read(write(content, "filing.txt")).text == TEXT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b" \n\t\r\n", "no text in it"),
        ("　\n".encode(), "no text in it"),
        (b"\xff\xfe\x00", "damaged text"),
        (b"\xff\xfe\x00\xd8\x01\x00", "damaged text"),
        (b"text\0text", "not a text file"),
        (b"\x80\x81\xff\xff", "neither UTF-8 nor GB18030"),
        (b"Rar!\x1a\x07", "RAR archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or encrypted Office file"),
        (b"\x1f\x8b\x08\0", "gzip archive"),
        (b"a" * 1_000_001, "a line of 1,000,001 characters"),
        (b"abcdefghi\n" * 1_000_001, "more than 10,000,000 characters"),
        (b"a\n" * (17 << 20), "larger than 32 MB"),
        (b"PK\x03\x04", "damaged DOCX, XLSX or archive"),
    ],
)
def test_refused_as_text(write: Write, content: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read(write(content, "filing.txt"))


def test_only_files_are_read(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="not a file"):
        read(tmp_path)
    with pytest.raises(ReadError, match="No such file"):
        read(tmp_path / "missing.txt")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match="not a file"):
        read(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("said", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("gb2312", "gb18030"),  # 镕 is not in GB2312
        ("gbk", "gb18030"),
        ("gb2312", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("rot13", "utf-8"),
        ("big5", "big5"),
        ("utf-8", "utf-16"),
        ("utf-16", "utf-8"),
    ],
)
def test_html_in_the_encoding_that_is_meant(write: Write, said: str, encoding: str) -> None:
    text = "問：毛利率？" if encoding == "big5" else "问：朱镕先生？"
    page = f'<html><head><meta charset="{said}"><title>x</title></head><body><p>{text}</p></body>'
    document = read(write(page.encode(encoding), "filing.html"))
    assert (document.text.strip(), document.format) == (text, "html")


def test_html_without_a_word_on_its_encoding(write: Write) -> None:
    for encoding in ("utf-8", "gb18030", "utf-8-sig"):
        page = "<html><body><script>charset</script>问：毛利率？</body></html>"
        assert lines(write(page.encode(encoding), "filing.html")) == ["问：毛利率？"]


def test_one_bad_byte_in_html_is_marked(write: Write) -> None:
    content = ("<html><body>" + "问：毛利率？" * 200).encode("gb18030") + b"\xff</body></html>"
    assert read(write(content, "filing.html")).text.count("\ufffd") == 1


def test_html_as_it_is_shown(write: Write) -> None:
    page = """<html><head><style>p {}</style></head><body>
      <p>问：毛 \n\t 利率<b>如</b>何？<!-- x -->是吗</p>答<br/>复&nbsp;一&lt;二&#x20BB7;
      <div hidden>hidden<pre>x</pre></div><span style="display: none">none</span>后
      <table><tr><td>一<table><tr><td>内一<td>内二</table></td><td>二</td></tr></table>
      <script>var x = "<p>x</p>"</script><pre>a  b
  c</pre><ul><li>甲<li>乙</ul></body></html>"""
    assert lines(write(page.encode(), "filing.html")) == [
        *("问：毛 利率如何？是吗", "答", "复\xa0一<二𠮷 后", "一", "内一\t内二", "二"),
        *("a  b", "c", "甲", "乙"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html></html>", "no text in the page"),
        (b"<html><body><script>x</script></body></html>", "no text in the page"),
        (b"<html>" + b"<p>a" * 1_000_001, "more than 1,000,000 tags"),
        (b"<html><body>" + b"<div>" * 5000 + b"text", "nested beyond all measure"),
        (b"<html><body>" + b"\x80\x81\xff\xff" * 99, "neither UTF-8 nor GB18030"),
    ],
)
def test_refused_as_html(write: Write, content: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read(write(content, "filing.html"))


@pytest.mark.parametrize("depth", [300, 900])
def test_no_text_is_lost_in_deep_html(write: Write, depth: int) -> None:
    page = "<html><body>" + "<div>" * depth + "text" + "</div>" * depth + "end"
    assert lines(write(page.encode(), "filing.html")) == ["text", "end"]


def test_hostile_html_is_read_or_refused(write: Write) -> None:
    for number in range(12):
        suffix, content = nested_html(Random(number))
        try:
            assert "问" in read(write(content, "filing" + suffix)).text
        except ReadError as error:
            assert "nested" in error.reason or "tags" in error.reason  # noqa: PT017


def test_docx_in_order(write: Write) -> None:
    document = python_docx.Document()
    document.sections[0].header.paragraphs[0].text = "页眉"
    document.add_paragraph("首段")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "左"
    inner = table.cell(0, 1).add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "内一", "内二"
    document.add_paragraph("末段").add_run("\t制表\n换行")
    path = write(saved(document), "filing.docx")
    assert lines(path) == ["页眉", "首段", "左", "内一\t内二", "末段\t制表", "换行"]
    assert read(path).format == "docx"


def test_docx_bold_paragraphs(write: Write) -> None:
    document = python_docx.Document()
    document.add_paragraph().add_run("粗体问题？").bold = True
    mixed = document.add_paragraph()
    mixed.add_run("粗").bold = True
    mixed.add_run("细")
    document.add_paragraph().add_run("不粗").bold = False
    found = read(write(saved(document), "filing.docx"))
    assert [found.text[s.start : s.end] for s in found.bold] == ["粗体问题？"]


def test_docx_bold_and_hidden_by_style(write: Write) -> None:
    document = python_docx.Document()
    document.styles["Heading 2"].font.bold = None
    child = document.styles.add_style("Question", 1)
    child.base_style = document.styles["Heading 1"]
    hidden = document.styles.add_style("Hidden", 2)
    hidden.font.hidden = True
    document.add_paragraph("有何计划？", style="Question")
    plain = document.add_paragraph("没有。")
    plain.add_run("强调", style="Strong")
    plain.add_run("看不见", style="Hidden")
    document.add_paragraph(style="Question").add_run("不粗").bold = False
    found = read(write(saved(document), "filing.docx"))
    assert found.text.split() == ["有何计划？", "没有。强调", "不粗"]
    assert [found.text[s.start : s.end] for s in found.bold] == ["有何计划？"]


def test_docx_numbers_that_word_makes(write: Write) -> None:
    document = python_docx.Document()
    for text in ("甲", "乙"):
        document.add_paragraph(text, style="List Number")
    document.add_paragraph("丙", style="List Bullet")
    assert lines(write(saved(document), "filing.docx")) == ["1.\t甲", "2.\t乙", "•\t丙"]


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (run("前") + run("隐", "<w:vanish/>") + run("后"), "前后"),
        (run("前") + run("显", '<w:vanish w:val="0"/>') + run("后"), "前显后"),
        (run("前") + f"<w:del>{run('删')}</w:del><w:ins>{run('增')}</w:ins>", "前增"),
        (run("前") + f"<w:hyperlink>{run('链')}</w:hyperlink>" + run("后"), "前链后"),
        ('<w:r><w:t>选</w:t><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', "选☑"),
        ("<w:r><w:instrText>PAGE</w:instrText><w:t>页</w:t><w:noBreakHyphen/></w:r>", "页-"),
        (
            "<w:r><w:ruby><w:rt><w:r><w:t>zi</w:t></w:r></w:rt>"
            "<w:rubyBase><w:r><w:t>字</w:t></w:r></w:rubyBase></w:ruby></w:r>",
            "字",
        ),
        (f"<w:sdt><w:sdtContent>{run('控件')}</w:sdtContent></w:sdt>", "控件"),
    ],
)
def test_docx_runs(write: Write, inside: str, text: str) -> None:
    assert lines(write(docx(f"<w:p>{inside}</w:p>"), "filing.docx")) == [text]


def test_docx_text_boxes_are_read_once(write: Write) -> None:
    def box(inside: str) -> str:
        content = f"<w:txbxContent>{inside}</w:txbxContent>"
        return (
            "<w:r><mc:AlternateContent xmlns:mc="
            '"http://schemas.openxmlformats.org/markup-compatibility/2006">'
            f"<mc:Choice>{content}</mc:Choice><mc:Fallback>{content}</mc:Fallback>"
            "</mc:AlternateContent></w:r>"
        )

    inner = f"<w:p>{box(paragraph('三'))}</w:p>"
    middle = f"<w:p>{run('二')}{box(inner + paragraph('四'))}</w:p>"
    body = f"<w:p>{run('一')}{box(middle)}</w:p>{paragraph('五')}"
    assert lines(write(docx(body), "filing.docx")) == ["一", "二", "三", "四", "五"]


def test_docx_that_lacks_a_part_is_read(write: Write, tmp_path: Path) -> None:
    document = python_docx.Document()
    document.add_paragraph("正文")
    document.add_paragraph("一", style="List Number")
    whole, part = write(saved(document), "whole.docx"), tmp_path / "part.docx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(part, "w") as new:
        for name in old.namelist():
            if name not in ("docProps/core.xml", "word/settings.xml", "word/theme/theme1.xml"):
                new.writestr(name, old.read(name))
    assert lines(part) == ["正文", "1.\t一"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (docx(""), "without text"),
        (docx(paragraph(" ")), "without text"),
        (docx("<w:p>"), "damaged DOCX"),
        (docx(paragraph("text"))[:-99], "damaged DOCX, XLSX or archive"),
        (docx("<w:tbl><w:tr><w:tc>" * 70 + "</w:tc></w:tr></w:tbl>" * 70), "damaged DOCX"),
        (docx("<w:p/>" * 2_000_001), "tags; not a filing|unpacks to"),
        (zip_bomb(Random(1))[1], "not a filing|without text"),
    ],
    ids=["no text", "blank", "broken", "cut", "deep", "tags", "bomb"],
)
def test_refused_as_docx(write: Write, content: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read(write(content, "filing.docx"))


def test_other_archives_are_refused(write: Write) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("filing.txt", TEXT)
    with pytest.raises(ReadError, match="unpack it first"):
        read(write(out.getvalue(), "filing.docx"))


def test_bold_lines_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text(
        "<html><body>\n\n<p>开头</p><p><b>产能</b>如何</p><p><strong> 分红 吗</strong></p>"
        "<p><span style='font-weight: bold'>毛利率</span></p><h3>计划</h3><p>没有</p></body>",
        "utf-8",
    )
    document = read(page)
    bold = [document.text[span.start : span.end].strip() for span in document.bold]
    assert bold == ["分红 吗", "毛利率", "计划"]
