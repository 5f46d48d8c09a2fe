"""Blocks to DOCX: tables, nested tables, text boxes and the numbering that Word counts."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph as WordParagraph
from lxml import etree

from eval.collection.blocks import Block, Document, Gap, Paragraph, Table, TextBox
from eval.collection.look import Look

_ALIGN = {"center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}
_NUMBERING_ID = 90
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:(?:modified|created)[^>]*>)[^<]*")


def docx_bytes(document: Document, look: Look) -> bytes:
    """The whole file; the same document gives the same bytes."""
    word = docx.Document()
    _prune(word)
    normal = word.styles["Normal"]
    normal.font.name = "Times New Roman"
    normal.font.size = Pt(12 if look.serif else 10.5)
    fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), "宋体" if look.serif else "仿宋")
    section = word.sections[0]
    section.left_margin = section.right_margin = Cm(2.8)
    if document.header:
        section.header.paragraphs[0].text = document.header
    if document.footer:
        _footer(section.footer.paragraphs[0], document.footer)
    writer = _Writer(word, look)
    writer.put(word, document.blocks)
    out = io.BytesIO()
    word.save(out)
    return repacked(out.getvalue())


def _prune(word: WordDocument) -> None:
    """Take out three quarters of the library's template: table styles that nothing uses."""
    for style in list(word.styles.element.findall(qn("w:style"))):
        if style.get(qn("w:type")) == "table" and style.get(qn("w:styleId")) not in _TABLE_STYLES:
            word.styles.element.remove(style)
    for relations in (word.part.rels, word.part.package.rels):
        for key in [k for k, r in relations.items() if r.reltype.endswith(_UNUSED_PARTS)]:
            del relations[key]


_TABLE_STYLES = ("TableNormal", "TableGrid")
_UNUSED_PARTS = ("/stylesWithEffects", "/thumbnail")


def repacked(archive: bytes) -> bytes:
    """A ZIP archive with its dates fixed, so that the same content is the same bytes."""
    out = io.BytesIO()
    old = zipfile.ZipFile(io.BytesIO(archive))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            data = _MODIFIED.sub(rb"\g<1>2024-01-01T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


class _Writer:
    def __init__(self, word: WordDocument, look: Look) -> None:
        self._word = word
        self._look = look
        self._styled: set[str] = set()

    def put(self, parent: WordDocument | _Cell, blocks: tuple[Block, ...]) -> None:
        """Append blocks to the body or to a cell."""
        for block in blocks:
            match block:
                case Gap():
                    parent.add_paragraph()
                case TextBox():
                    anchor = parent.add_paragraph()
                    anchor._p.append(_text_box("".join(self._boxed(p) for p in block.blocks)))
                case Table():
                    self._table(parent, block)
                case Paragraph():
                    self._paragraph(parent.add_paragraph(), block)

    def _table(self, parent: WordDocument | _Cell, table: Table) -> None:
        grid = parent.add_table(rows=len(table.rows), cols=len(table.widths))
        grid.style = self._word.styles["Table Grid"]
        for cells, row in zip(table.rows, grid.rows, strict=True):
            for blocks, cell, share in zip(cells, row.cells, table.widths, strict=True):
                cell.width = Cm(15.4 * share)
                empty = cell.paragraphs[0]._p
                self.put(cell, blocks)
                if not isinstance(blocks[0], Table):
                    cell._tc.remove(empty)

    def _paragraph(self, target: WordParagraph, paragraph: Paragraph) -> None:
        for run in paragraph.runs:
            target.add_run(run.text).bold = run.bold or None
        if paragraph.align in _ALIGN:
            target.alignment = _ALIGN[paragraph.align]
        elif self._look.indent and paragraph.role in {"body", "question", "answer"}:
            target.paragraph_format.first_line_indent = Pt(24)
        if paragraph.auto:
            self._number(target, paragraph.auto)

    def _number(self, target: WordParagraph, pattern: str) -> None:
        """Let Word count: by the paragraph's own property, or by its style's."""
        if not self._styled:
            self._styled.add(pattern)
            self._define(pattern)
        if self._look.pick % 2:
            target.style = self._word.styles["List Number"]
        else:
            _count_in(target._p.get_or_add_pPr())

    def _define(self, pattern: str) -> None:
        chinese = "{h}" in pattern
        level = re.sub(r"\{[nh]\}", "%1", pattern)
        abstract = parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{_NUMBERING_ID}">'
            '<w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/>'
            f'<w:numFmt w:val="{"chineseCounting" if chinese else "decimal"}"/>'
            f'<w:suff w:val="nothing"/><w:lvlText w:val="{level}"/><w:lvlJc w:val="left"/>'
            "</w:lvl></w:abstractNum>"
        )
        concrete = parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{_NUMBERING_ID}">'
            f'<w:abstractNumId w:val="{_NUMBERING_ID}"/></w:num>'
        )
        numbering = self._word.part.numbering_part.element
        numbering.insert(0, abstract)
        numbering.append(concrete)
        _count_in(self._word.styles["List Number"].element.get_or_add_pPr())

    def _boxed(self, paragraph: Paragraph) -> str:
        scratch = self._word.add_paragraph()
        self._paragraph(scratch, paragraph)
        self._word.element.body.remove(scratch._p)
        return etree.tostring(scratch._p, encoding="unicode")


def _count_in(properties: Any) -> None:
    """Give a paragraph's or a style's properties the numbering."""
    numbered = properties.get_or_add_numPr()
    numbered.get_or_add_ilvl().val = 0
    numbered.get_or_add_numId().val = _NUMBERING_ID


def _footer(paragraph: WordParagraph, form: str) -> None:
    """A footer whose page numbers Word fills in."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for piece in re.split(r"(\{pages?\})", form):
        if piece in {"{page}", "{pages}"}:
            field: Any = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), "PAGE" if piece == "{page}" else "NUMPAGES")
            paragraph._p.append(field)
        elif piece:
            paragraph.add_run(piece)


def _text_box(inner: str) -> Any:
    """A text box as Word saves it: a drawing, and the same text again in VML for old readers."""
    return parse_xml(
        f"<w:r {nsdecls('w', 'wp', 'a')}"
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
        ' xmlns:v="urn:schemas-microsoft-com:vml">'
        '<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>'
        '<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="5400000" cy="900000"/>'
        '<wp:docPr id="1" name="Text Box 1"/><a:graphic>'
        '<a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
        '<wps:wsp><wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/>'
        '<a:ext cx="5400000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
        f"</a:prstGeom></wps:spPr><wps:txbx><w:txbxContent>{inner}</w:txbxContent></wps:txbx>"
        "<wps:bodyPr><a:spAutoFit/></wps:bodyPr></wps:wsp></a:graphicData></a:graphic></wp:inline>"
        "</w:drawing></mc:Choice><mc:Fallback><w:pict>"
        '<v:shape type="#_x0000_t202" style="width:425pt;height:71pt"><v:textbox>'
        f"<w:txbxContent>{inner}</w:txbxContent></v:textbox></v:shape></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r>"
    )
