"""What stands behind the last answer and is no part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.splitting.lines import Line

# Rows of the exchanges' tables below the questions. A narrow column wraps the label anywhere.
_ROW = re.compile(
    r"关于本次活动(?:是否|$)|活动过程中所使|附件清单|附件\s*[：:（(]|日\s*期\s*[：:]?\s*(?:20\d\d|$)"
    r"|(?:无|否)?\s*附件\s*[（(]?如有|备\s*注\s*[：:]|特此公告|备查文件|[【\[]?免责声明|风险提示\s*[：:]"
    r"|是否涉及应披露"
)
_CLOSING = re.compile(
    r"(?:本次)?(?:接待|交流|调研|活动|会议|沟通|会谈)过程中"
    r"|在?(?:本次)?(?:接待|交流|调研|活动)过程中"
    r"|(?:以上|上述|记录中|本记录|本次活动中|文中)[^。]{0,24}(?:如|若)?[^。]{0,12}"
    r"(?:涉及|不构成|前瞻|预测|规划|战略|承诺)"
    r"|如涉及(?:对)?行业|(?:敬请|请)(?:广大)?投资者(?:注意|理性)"
    r"|本次(?:投资者关系)?(?:活动|交流|调研|接待|说明会)?(?:未|没有|不)(?:涉及|存在|提供|使用)"
    r"|(?:本次|至此|最后)?[^。？]{0,16}(?:说明会|调研|活动|交流会?|会议)[^。？]{0,8}(?:结束|圆满)"
    r"|(?:感谢|再次感谢|衷心感谢)[^。]{0,14}(?:参与|参加|莅临|各位投资者|广大投资者)"
    r"|公司(?:指定)?信息披露(?:媒体|网站|平台)"
    r"|(?:会后|随后|交流结束后|问答结束后|最后)[，,]"
)
_SIGNATURE = re.compile(
    r".{0,40}(?:有限公司|集团公司)\s*(?:董\s*事\s*会)?|董\s*事\s*会|.{0,4}董事会办公室"
    r"|(?:日\s*期\s*[：:])?\s*(?:20\d{2}|二[〇○零]..)\s*[年./\-]\s*.{1,3}\s*[月./\-]\s*.{1,3}\s*日?"
)


def answer_lines(text: str, lines: Sequence[Line], *, last: bool) -> Sequence[Line]:
    """The lines of an answer without what stands behind it, where it is the last one."""
    if not last:
        return lines
    for place, line in enumerate(lines):
        said = text[line.start : line.end]
        new = place > 0 and lines[place - 1].ends_paragraph
        if place and (_ROW.match(said) or (new and _CLOSING.match(said))):
            lines = lines[:place]
            break
    while len(lines) > 1 and _SIGNATURE.fullmatch(text[lines[-1].start : lines[-1].end]):
        lines = lines[:-1]
    return lines
