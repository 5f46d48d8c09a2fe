"""What stands behind the last answer and is no part of it.

Behind it come, in any order and each or none: remarks on the meeting, the next section, rows of
the exchanges' tables, the signature, a portal's footer. The first sure sign ends the answer; then
remarks are taken off backwards, so that an answer that mentions the meeting is not cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from index.splitting.lines import Line

_HAN = "一二三四五六七八九十"
# Rows of the exchanges' tables below the questions, white space out: a narrow column wraps a label
# anywhere, and draws its letters apart.
_ROW = re.compile(
    r"(?:关于)?本次(?:投资者关系)?(?:活动|调研|会议|说明会)\S{0,4}是否涉及应?(?:当)?披露"
    r"|关于本次\S{0,6}(?:是否涉及|应披露)|活动过程中所使用?|(?:是否)?涉及应披露重大信息的?说明"
    r"|(?:无|否)?附件清单|附件[：:（(]|(?:无|否)?日期[：:]?(?:20\d\d|二[〇○零Ｏ0]|$)|(?:无|否)?附件[（(]?如有"
    r"|备注(?:[：:]|$)|是否涉及应(?:当)?披露|特此公告|备查文件|记录人[：:]"
)
# How many characters of a label are looked at, and over how many lines.
_LABEL, _LABEL_LINES = 30, 6
# A row that PDFium gives on the line of the cell above, behind its sentence.
_ROW_BEHIND = re.compile(
    r"(?<=[。！；）)”])\s+(?=附\s*件\s*清\s*单\s*(?:[（(]\s*如\s*有\s*[)）])?\s*无?\s*$)"
)
_SECTION = re.compile(
    rf"(?:[【\[]|[（(]?[{_HAN}]{{1,2}}[)）]?、?|\d{{1,2}}[、.．])?\s*"
    r"(?:(?:其他|其它|风险|特别|重要|免责|后续|会议|活动)(?:事项|说明|情况|提示|提醒|声明|内容|总结|结束语?)"
    r"|备注|附件|附录|附表|附)\s*[】\]]?\s*[：:]?$"
    r"|(?:风险提示|免责声明|重要声明)\s*[】\]]?\s*[：:]"
    rf"|(?:[{_HAN}]{{1,2}}、\s*)?(?:公司)?(?:高管|管理层|董事长|总经理|董秘|主持人|领导)"
    r"(?:总结|结束语|致辞|致谢|结束致辞|总结发言)\s*(?:[：:]|$)"
)
_NUMBERED = re.compile(rf"([{_HAN}]{{1,2}})、\s*(\S.{{0,24}})$")
_PORTAL = re.compile(
    r"(?:网站地图|联系我们|关于我们|版权所有|打印本页|关闭窗口|返回顶部|上一[篇条]|下一[篇条]|责任编辑"
    r"|分享到|本页内容|本文链接|相关阅读|相关公告|公众号|扫一扫|Copyright|©)"
    r"|.{0,30}ICP\s*备",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r".{0,40}(?:有限公司|集团公司)\s*(?:董\s*事\s*会)?|董\s*事\s*会|.{0,4}董事会办公室"
    r"|(?:日\s*期\s*[：:])?\s*(?:20\d{2}|二[〇○零Ｏ0]..)\s*[年./\-]\s*.{1,3}\s*[月./\-]\s*.{1,3}\s*日?"
)
# A remark says one of these, or two of those below.
_REMARK = re.compile(
    r"^在?(?:本次)?(?:公司)?(?:与投资者(?:的)?)?(?:接待|交流|调研|活动|会议|沟通|会谈|说明会|互动|路演){1,3}(?:的)?过程中"
    r"|^[^。]{0,24}内容(?:可|请|详见|已)[^。]{0,30}(?:查阅|查看|观看|回放|浏览)"
    r"|^以上(?:为|是|就是|内容为)[^。]{0,24}(?:内容|情况|记录)"
    r"|^(?:以上|上述|记录中|本记录|本次活动中|文中|本文)[^。]{0,40}(?:涉及|不构成|前瞻|预测|承诺|整理|为准)"
    r"|^如涉及(?:对)?行业|^(?:敬请|请)(?:广大)?投资者(?:注意|理性)|^风险提示"
    r"|^本次(?:投资者关系)?(?:业绩)?(?:活动|交流|调研|接待|说明会)(?:会)?(?:过程)?(?:中)?(?:公司)?(?:未|没有|不)"
    r"|^[^。？]{0,16}(?:说明会|调研|活动|交流会?|会议)[^。？]{0,8}(?:到此|至此|圆满|结束)"
    r"|(?:感谢|再次感谢|衷心感谢)(?:[^。您]{0,14})(?:参与|参加|莅临|各位投资者|广大投资者|各位股东|光临)"
    r"|^公司感谢|^公司对(?:各位|广大)"
    r"|对(?:各位|广大)投资者[^。]{0,16}(?:感谢|谢意)"
    r"|^公司(?:指定)?信息披露(?:媒体|网站|平台)"
    r"|^(?:会后|随后|交流结束后|会议结束后|问答结束后|最后)[，,]"
    r"|^(?:因|由于)(?:会议)?时间(?:关系|有限)|未能(?:逐一|一一|现场)?(?:回复|回答|答复)的"
    r"|(?:主持人|董事会秘书|董秘)(?:提醒|宣布|总结)|^公司与参会(?:人员|投资者)"
)
_WORDS = (
    r"承诺书",
    r"未公开(?:的)?重大信息|应披露(?:的)?重大信息",
    r"信息披露(?:管理)?(?:制度|办法|规定)",
    r"指定信息披露|以公(?:司)?公告为准|以公告为准",
    r"前瞻性",
    r"参会(?:人员|者|机构)|与会(?:人员|者)|机构代表",
    r"(?:参观|合影)",
    r"本次(?:业绩)?(?:活动|调研|会议|说明会|交流|接待)",
    r"不构成(?:任何)?(?:实质)?(?:的)?(?:投资建议|承诺|盈利预测)",
    r"注意投资风险",
)
_OTHERS = tuple(re.compile(word) for word in _WORDS)


def answer_lines(
    text: str, lines: Sequence[Line], *, last: bool, section: int = 0
) -> Sequence[Line]:
    """The lines of an answer without what stands behind it, where it is the last one.

    ``section`` is the number of the section that the questions stand in, as 一、 二、 count
    (0: the filing has none, or counts its questions so): the next one ends the answer.
    """
    if not last:
        return lines
    end = _hard_end(text, lines, section)
    kept = list(lines[: _without_remarks(text, lines, end)])
    if kept and (behind := _ROW_BEHIND.search(text, kept[-1].start, kept[-1].end)):
        kept[-1] = replace(kept[-1], end=behind.start())
    return kept


def is_row(text: str, lines: Sequence[Line], place: int) -> bool:
    """Whether a label of the exchanges' tables below the questions begins at a line."""
    return begins_row([text[line.start : line.end] for line in lines[place : place + _LABEL_LINES]])


def begins_row(lines: Sequence[str]) -> bool:
    """Whether lines begin with a label of the exchanges' tables below the questions."""
    squeezed = ""
    for line in lines[:_LABEL_LINES]:
        squeezed += "".join(line.split())
        # 日期, alone on its line, is a label whatever comes next.
        if len(squeezed) >= _LABEL or _ROW.match(squeezed):
            break
    return bool(_ROW.match(squeezed))


def han_number(section: str) -> int:
    """一 to 九十九 as a number; 0 for anything else."""
    tens, ten, ones = section.rpartition("十")
    digits = {c: i for i, c in enumerate(_HAN[:9], start=1)}
    if not ten:
        return digits.get(section, 0)
    return digits.get(tens, 1) * 10 + digits.get(ones, 0)


def _hard_end(text: str, lines: Sequence[Line], section: int) -> int:
    for place in range(1, len(lines)):
        said = text[lines[place].start : lines[place].end]
        if is_row(text, lines, place) or _PORTAL.match(said) or _signed(text, lines, place):
            return place
        if _SECTION.match(said):
            return place
        if not lines[place - 1].ends_paragraph:
            continue
        numbered = _NUMBERED.match(said)
        if section and numbered and han_number(numbered.group(1)) == section + 1:
            return place
    return len(lines)


def _signed(text: str, lines: Sequence[Line], place: int) -> bool:
    """Whether a company's name begins a signature: the board or a date comes next."""
    following = [text[line.start : line.end] for line in lines[place : place + 3]]
    if not _SIGNATURE.fullmatch(following[0]):
        return False
    return len(following) == 1 or bool(_SIGNATURE.fullmatch(following[1]))


def _without_remarks(text: str, lines: Sequence[Line], end: int) -> int:
    while end > 1:
        start = end - 1
        while start > 0 and not _begins(text, lines, start):
            start -= 1
        said = "".join(text[line.start : line.end] for line in lines[start:end])
        if start == 0 or not (_SIGNATURE.fullmatch(said) or _is_remark(said)):
            break
        end = start
    return end


def _begins(text: str, lines: Sequence[Line], place: int) -> bool:
    """Whether a paragraph begins at a line, also behind a sentence that fills its line."""
    if lines[place - 1].ends_paragraph:
        return True
    said = text[lines[place].start : lines[place].end]
    return text[lines[place - 1].end - 1] == "。" and _is_remark(said)


def _is_remark(said: str) -> bool:
    return bool(_REMARK.search(said)) or sum(bool(w.search(said)) for w in _OTHERS) >= 2
