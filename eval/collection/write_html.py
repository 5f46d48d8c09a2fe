"""Blocks to HTML: as a word processor saves it, as a portal publishes it, or for printing."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

from eval.collection.blocks import Block, Document, Gap, Paragraph, Table, TextBox, counted
from eval.collection.look import Look

Flavour = Literal["word", "portal", "print"]


def html(document: Document, look: Look, flavour: Flavour, charset: str = "utf-8") -> str:
    """A whole page. ``print`` has the style of a filed PDF, for a browser to print."""
    body = _blocks(document.blocks, look, flavour)
    head = f'<meta charset="{charset}"><title>{escape(document.title)}</title>'
    if flavour == "portal":
        return _PORTAL.format(head=head, title=escape(document.title), body=body)
    style = _print_style(look) if flavour == "print" else _WORD_STYLE
    head += f"<style>{style}</style>"
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{body}</body></html>\n"


def _blocks(blocks: Iterable[Block], look: Look, flavour: Flavour) -> str:
    return "".join(_block(block, look, flavour) for block in blocks)


def _block(block: Block, look: Look, flavour: Flavour) -> str:
    match block:
        case Gap():
            return "<p>&nbsp;</p>\n" if flavour != "portal" else "<br/>\n"
        case TextBox():
            return f'<div class="box">{_blocks(block.blocks, look, flavour)}</div>\n'
        case Table():
            return _table(block, look, flavour)
        case Paragraph():
            return _paragraph(block, look, flavour)


def _paragraph(paragraph: Paragraph, look: Look, flavour: Flavour) -> str:
    text = "".join(
        f"<b>{_spaces(run.text)}</b>" if run.bold else _spaces(run.text) for run in paragraph.runs
    )
    if paragraph.auto:
        text = escape(counted(paragraph)) + text
    indented = look.indent and paragraph.role in {"body", "question", "answer"}
    indented = indented and paragraph.align == "left"
    if flavour == "portal":
        space = "&nbsp;&nbsp;&nbsp;&nbsp;" if indented else ""
        align = f' style="text-align:{paragraph.align}"' if paragraph.align != "left" else ""
        if look.pick % 2 and paragraph.align == "left":
            return f"{space}{text}<br/>\n"
        return f"<p{align}>{space}<span>{text}</span></p>\n"
    classes = f"{paragraph.role} {paragraph.align}" + (" indent" if indented else "")
    name = "MsoNormal " if flavour == "word" else ""
    return f'<p class="{name}{classes}"><span lang="ZH-CN">{text}</span></p>\n'


def _table(table: Table, look: Look, flavour: Flavour) -> str:
    rows = []
    for row in table.rows:
        cells = "".join(
            f'<td style="width:{share:.0%}">{_blocks(cell, look, flavour)}</td>'
            for cell, share in zip(row, table.widths, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>\n")
    return f'<table border="1" cellspacing="0">\n{"".join(rows)}</table>\n'


def _spaces(text: str) -> str:
    """Runs of spaces survive HTML only as no-break spaces."""
    return escape(text).replace("  ", "&nbsp;&nbsp;")


_WORD_STYLE = (
    "p.MsoNormal{margin:0;font-family:宋体} .center{text-align:center}"
    " .right{text-align:right} .indent{text-indent:2em}"
)

_PORTAL = """<!DOCTYPE html>
<html lang="zh-CN"><head>{head}
<script>var page = {{"kind": "notice", "question": "问：这不是正文？"}};</script>
<style>.nav li{{display:inline}}</style></head>
<body>
<!-- 问：注释里的提问不是正文？ 答：不是。 -->
<div class="nav"><ul>
<li><a href="/">首页</a></li><li><a href="/notice">公告</a></li>
<li><a href="/qa">投资者问答</a></li>
</ul></div>
<h1>{title}</h1>
<div class="content">
{body}</div>
<div class="footer"><p>网站地图 | 联系我们</p><p>本页内容由上市公司提供</p></div>
</body></html>
"""


def _print_style(look: Look) -> str:
    size = 11 + look.pick % 3 * 0.5
    leading = 1.5 + look.pick % 4 * 0.1
    justify = "justify" if look.pick % 2 else "left"
    # `anywhere` in the cells: a long label breaks in the middle, as it does in real forms.
    return (
        "body{font-family:own;font-synthesis:none;margin:0 1px}"
        f"body{{font-size:{size}pt;line-height:{leading}}}"
        f"p{{margin:0;text-align:{justify}}}"
        ".title{font-size:16pt;margin:6pt 0}"
        "p.center{text-align:center} p.right{text-align:right} .indent{text-indent:2em}"
        "table{border-collapse:collapse;width:100%;table-layout:fixed}"
        "td{border:1px solid #000;padding:3pt 5pt;vertical-align:top;overflow-wrap:anywhere}"
        "td>p.field{text-align:left} .box{border:1px solid #000;padding:4pt;margin:4pt 0}"
    )
