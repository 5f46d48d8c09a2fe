"""What Word says in its own way: each is quoted as Word shows it, or left out and told."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest

from eval.robustness.hostile import docx
from index.intake.parse import parse
from index.records import LeftOut, Pair, ParsedFiling, assemble

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def asked(answer: str, after: str = "") -> str:
    """A document with a question, an answer made of these runs, and another question."""
    return (
        f'<w:p xmlns:m="{_M}">{run("1、公司产能利用率是多少？")}</w:p>'
        f'<w:p xmlns:m="{_M}">{run("答：")}{answer}</w:p>{after}'
        f"<w:p>{run('2、公司有分红计划吗？')}</w:p><w:p>{run('答：请以公告为准。')}</w:p>"
    )


def parsed(tmp_path: Path, body: str, **notes: str) -> ParsedFiling:
    path = tmp_path / "a.docx"
    path.write_bytes(_with_notes(docx(body), notes) if notes else docx(body))
    found = parse(path)
    for pair in found.pairs:
        assert pair.question == assemble(found.text, pair.question_spans)
        assert pair.answer == assemble(found.text, pair.answer_spans)
    ends = [0, *(part.end for part in found.parts)]
    assert [part.start for part in found.parts] == ends[:-1]
    assert ends[-1] == len(found.text)
    assert len(found.pairs) == 2
    assert found.pairs[1].answer == "请以公告为准。"
    return found


def first(tmp_path: Path, body: str, **notes: str) -> Pair:
    return parsed(tmp_path, body, **notes).pairs[0]


def _with_notes(content: bytes, notes: dict[str, str]) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        types = archive.read("[Content_Types].xml").decode()
        relations = ""
        for kind, inside in notes.items():
            root = f'<w:{kind} xmlns:w="{_W}" xmlns:m="{_M}">{inside}</w:{kind}>'
            archive.writestr(f"word/{kind}.xml", root)
            types = types.replace(
                "</Types>",
                f'<Override PartName="/word/{kind}.xml" ContentType="{_WORD}.{kind}+xml"/></Types>',
            )
            relations += f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{kind}.xml"/>'
        archive.writestr(
            "word/_rels/document.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{relations}</Relationships>",
        )
    return _replaced(out.getvalue(), {"[Content_Types].xml": types.encode()})


def _replaced(content: bytes, changed: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed[name] if name in changed else old.read(name))
    return out.getvalue()


def symbol(font: str, code: str) -> str:
    return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (run("占比45") + symbol("Symbol", "F0B1") + run("2%。"), "占比45±2%。"),
        (run("不低于") + symbol("Symbol", "F0B3") + run("5%。"), "不低于≥5%。"),
        (run("系数") + symbol("Symbol", "F062") + run("为1。"), "系数β为1。"),
        (run("系数") + symbol("Symbol", "0062") + run("为1。"), "系数β为1。"),
        (run("系数") + run("b", '<w:rFonts w:ascii="Symbol"/>') + run("为1。"), "系数β为1。"),
        (run("约") + run("\uf0a3", '<w:rFonts w:ascii="Symbol"/>') + run("5%。"), "约≤5%。"),
        (symbol("Wingdings", "F081") + run("新品，") + symbol("Wingdings", "F082") + run("海外。"),
         "①新品，②海外。"),
        (symbol("Wingdings 2", "F052") + run("已投产。"), "☑已投产。"),
        (run("不明") + symbol("Wingdings", "F03C") + run("。"), "不明\ufffd。"),
        (run("不明") + symbol("Some Font", "F0F1") + run("。"), "不明⇧。"),
    ],
)  # fmt: skip
def test_symbols(tmp_path: Path, answer: str, text: str) -> None:
    assert first(tmp_path, asked(answer)).answer == text


def test_what_no_font_says_is_told(tmp_path: Path) -> None:
    found = parsed(tmp_path, asked(run("约") + symbol("Symbol", "F0F0") + run("5%。")))
    assert found.pairs[0].answer == "约\ufffd5%。"
    assert "question 1 has 1 character that isn't known (U+FFFD)" in found.warnings


def m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("inside", "shown", "linear"),
    [
        (f"{m('利用率=')}<m:f><m:num>{m('产量')}</m:num><m:den>{m('产能')}</m:den></m:f>",
         "利用率=产量 产能", "利用率=产量/产能"),
        (f"<m:f><m:num>{m('1')}</m:num><m:den>{m('2')}</m:den></m:f>", "1 2", "1/2"),
        (f"<m:sSup><m:e>{m('10')}</m:e><m:sup>{m('5')}</m:sup></m:sSup>", "10⁵", "10^5"),
        (f"<m:sSub><m:e>{m('x')}</m:e><m:sub>{m('2')}</m:sub></m:sSub>", "x₂", "x_2"),
        (f"<m:sSup><m:e>{m('a')}</m:e><m:sup>{m('甲')}</m:sup></m:sSup>", "a 甲", "a^甲"),
        (f"<m:rad><m:deg/><m:e>{m('a+b')}</m:e></m:rad>", "√a+b", "√(a+b)"),
        (f"<m:d><m:e>{m('a')}</m:e><m:e>{m('b')}</m:e></m:d>", "(a|b)", None),
        (f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{m("i")}</m:sub>'
         f"<m:sup>{m('n')}</m:sup><m:e>{m('x')}</m:e></m:nary>", "∑ i n x", "∑_i^n x"),
        (f"{m('86.4%')}", "86.4%", None),
    ],
)  # fmt: skip
def test_equations(tmp_path: Path, inside: str, shown: str, linear: str | None) -> None:
    pair = first(tmp_path, asked(run("为") + f"<m:oMath>{inside}</m:oMath>" + run("。")))
    assert pair.answer == f"为{shown}。"
    assert pair.left_out == ((LeftOut("equation", linear),) if linear else ())


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ('<w:vertAlign w:val="superscript"/>', "约3×10⁵吨。"),
        ('<w:vertAlign w:val="subscript"/>', "约3×10₅吨。"),
        ('<w:position w:val="8"/>', "约3×10⁵吨。"),
        ('<w:vertAlign w:val="baseline"/>', "约3×105吨。"),
    ],
)
def test_raised_and_lowered_digits(tmp_path: Path, properties: str, text: str) -> None:
    answer = run("约3×10") + run("5", properties) + run("吨。")
    assert first(tmp_path, asked(answer)).answer == text


def test_notes_go_with_the_answer_that_refers_to_them(tmp_path: Path) -> None:
    mark = '<w:r><w:footnoteReference w:id="7"/></w:r>'
    end = '<w:r><w:endnoteReference w:id="1"/></w:r>'
    inside = f"<w:p>{run(' 不含越南')}</w:p><w:p>{run('子公司。')}</w:p>"
    note = f'<w:footnote w:id="7">{inside}</w:footnote>'
    other = f'<w:footnote w:id="8"><w:p>{run("没有引用。")}</w:p></w:footnote>'
    found = parsed(
        tmp_path,
        asked(run("约86%") + mark + run("，持平。") + end),
        footnotes=other + note,
        endnotes=f'<w:endnote w:id="1"><w:p>{run("未经审计。")}</w:p></w:endnote>',
    )
    pair = found.pairs[0]
    assert pair.answer == "约86%，持平。"
    notes = ("1 不含越南 子公司。", "1 未经审计。")
    assert pair.left_out == tuple(LeftOut("footnote", note) for note in notes)
    assert found.text.endswith("\n".join(("请以公告为准。", *notes)))
    assert "没有引用" not in found.text
    assert found.pairs[1].left_out == ()


DELETED = '<w:del w:id="1" w:author="a"/>'


@pytest.mark.parametrize(
    "answer",
    [
        f"<w:del><w:r><w:delText>下降</w:delText></w:r></w:del><w:ins>{run('提升')}</w:ins>",
        f"<w:moveFrom>{run('下降')}</w:moveFrom>{run('提升')}",
        f"{run('提升')}<w:del>{run('x')}</w:del>",
    ],
)
def test_changes_are_accepted(tmp_path: Path, answer: str) -> None:
    pair = first(tmp_path, asked(answer))
    assert pair.answer == "提升"
    assert [left.kind for left in pair.left_out] == ["deleted"]


def test_a_deleted_end_joins_paragraphs(tmp_path: Path) -> None:
    mark = f"<w:pPr><w:rPr>{DELETED}</w:rPr></w:pPr>"
    after = f"<w:p>{mark}{run('其中汽车')}</w:p><w:p>{mark}</w:p><w:p>{run('占六成。')}</w:p>"
    found = parsed(tmp_path, asked(run("两成，"), after))
    assert found.pairs[0].answer == "两成，\n其中汽车占六成。"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p>{run(text)}</w:p></w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def test_rows_and_cells_that_are_gone(tmp_path: Path) -> None:
    after = table(
        row(cell("汽车"), cell("60%")),
        row(cell("电子"), cell("40%"), properties=DELETED),
        row(cell("家电"), cell("1%"), properties="<w:hidden/>"),
        row(cell("其他"), cell("9%", "<w:cellDel/>")),
    )
    pair = first(tmp_path, asked(run("如下："), after))
    assert pair.answer == "如下：\n汽车\t60%\n其他"
    assert pair.left_out == (
        *(LeftOut("deleted", "电子40%"), LeftOut("invisible", "家电1%"), LeftOut("deleted", "9%")),
    )


def field(instruction: str, shown: str) -> str:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    return (
        mark.format("begin")
        + f"<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        + mark.format("separate")
        + run(shown)
        + mark.format("end")
    )


def test_fields_show_what_they_come_to(tmp_path: Path) -> None:
    begin, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "end"))
    # A field within another's making: its result is never shown.
    nested = begin + run("IF ") + field("REF a", "12") + run(" > 5") + end
    assert first(tmp_path, asked(field("=30*2", "60") + run("%。"))).answer == "60%。"
    assert first(tmp_path, asked(run("约") + nested + run("6成。"))).answer == "约6成。"


def test_a_field_that_never_ends_hides_no_other_paragraph(tmp_path: Path) -> None:
    begin = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    assert first(tmp_path, asked(run("六成。") + begin)).answer == "六成。"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("<w:checkBox><w:checked/></w:checkBox>", "☑"),
        ('<w:checkBox><w:default w:val="0"/></w:checkBox>', "☐"),
        ('<w:ddList><w:result w:val="1"/><w:listEntry w:val="是"/><w:listEntry w:val="否"/>'
         "</w:ddList>", "否"),
    ],
)  # fmt: skip
def test_form_fields(tmp_path: Path, data: str, shown: str) -> None:
    begin = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>'
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    assert first(tmp_path, asked(run("选") + begin + end + run("。"))).answer == f"选{shown}。"


WHITE = '<w:color w:val="FFFFFF"/>'


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ("<w:strike/>", "struck out"),
        ("<w:dstrike/>", "struck out"),
        ('<w:strike w:val="0"/>', None),
        ("<w:vanish/>", "invisible"),
        (WHITE, "invisible"),
        (WHITE + '<w:highlight w:val="darkBlue"/>', None),
        (WHITE + '<w:shd w:val="clear" w:fill="1F4E79"/>', None),
        ('<w:sz w:val="2"/>', "invisible"),
        ('<w:sz w:val="1pt"/>', "invisible"),
        ('<w:sz w:val="21"/><w:color w:val="auto"/>', None),
    ],
)
def test_what_isnt_seen_or_valid_isnt_quoted(
    tmp_path: Path, properties: str, kind: str | None
) -> None:
    found = parsed(
        tmp_path, asked(run("六成。") + run("作废", properties) + run("（附）", properties))
    )
    pair = found.pairs[0]
    assert pair.answer == ("六成。" if kind else "六成。作废（附）")
    assert [(left.kind, left.text) for left in pair.left_out] == (
        [(kind, "作废（附）")] if kind else []
    )
    assert any("left out in 1 place" in warning for warning in found.warnings) == bool(kind)


def test_white_text_on_a_dark_cell_is_seen(tmp_path: Path) -> None:
    dark = '<w:shd w:val="clear" w:fill="002060"/>'
    white = f"<w:tc><w:tcPr>{dark}</w:tcPr><w:p>{run('地区', WHITE)}</w:p></w:tc>"
    after = table(f"<w:tr>{white}{cell('2024')}</w:tr>", row(cell("欧洲"), cell("1.4亿元")))
    assert (
        first(tmp_path, asked(run("如下："), after)).answer == "如下：\n地区\t2024\n欧洲\t1.4亿元"
    )


def test_a_picture_and_an_old_equation_are_named(tmp_path: Path) -> None:
    drawing = (
        '<w:r><w:drawing xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:wp='
        '"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"><wp:docPr id="1" '
        'name="图" descr="收入构成"/><a:blip/></w:drawing></w:r>'
    )
    found = parsed(tmp_path, asked(run("见图") + drawing + run("，为") + "<w:r><w:object/></w:r>"))
    assert found.pairs[0].answer == "见图，为\ufffd"
    assert found.pairs[0].left_out == (LeftOut("picture", "收入构成"), LeftOut("object", ""))
    assert "question 1 has a picture, which isn't read" in found.warnings


def strict(content: bytes) -> bytes:
    """The same document as Strict Open XML."""
    usual = re.compile(rb"http://schemas\.openxmlformats\.org/(\w+)/2006/(main|relationships)")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        changed = {
            name: usual.sub(
                lambda m: (
                    m[0] if m[1] == b"package" else b"http://purl.oclc.org/ooxml/%b/%b" % m.groups()
                ),
                archive.read(name),
            )
            for name in archive.namelist()
        }
    return _replaced(content, changed)


def test_strict_open_xml(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(strict(docx(asked(run("六成。") + run("作废", '<w:strike w:val="true"/>')))))
    assert b"purl.oclc.org" in zipfile.ZipFile(path).read("word/document.xml")
    assert [pair.answer for pair in parse(path).pairs] == ["六成。", "请以公告为准。"]


@pytest.mark.parametrize("control", ["\x00", "&#0;", "&#x1F;", "\x0b"])
def test_a_control_character_costs_itself(tmp_path: Path, control: str) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(docx(asked(run(f"六{control}成。"))))
    found = parse(path)
    assert found.pairs[0].answer == "六\ufffd成。"
    assert "1 character that no document may hold, read as U+FFFD" in found.warnings
