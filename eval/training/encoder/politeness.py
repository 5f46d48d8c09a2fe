"""Where greeting and thanks end and begin: what is said of nothing but courtesy."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"[^，。！？：；,.!?:;\s]*[，。！？：；,.!?:;\s]*")
_PERSON = (
    "投资者|投资人|股东|网友|领导|董秘|董事会秘书|董事长|总经理|总裁|财务总监|独立董事|独董|主持人|"
    "叔叔|先生|女士|小姐|朋友|高管|管理层|贵公司|公司|各位|[\u4e00-\u9fff]总"
)
_GREETING = rf"(?:尊敬的|亲爱的|敬爱的)?(?:{_PERSON})*们?(?:[您你]们?好|大家好|[上下]午好|好)?"
_THANKS = (
    r"(?:非常|十分|很|衷心|再次|也|真诚)*(?:感谢|谢谢|多谢|致谢)"
    r"(?:您|你|各位|投资者|大家|对|公司|本公司|我们|我司|我公司|的|关注|支持|提问|建议|意见|宝贵|关心|"
    r"参与|信任|理解|鼓励|问题|肯定|厚爱|认可|持续|长期|一直以来|朋友|和|与|及|、|了|提出)*"
)
_WISH = r"祝(?:您|你|愿|各位|公司|大家|投资).{0,8}"
_POLITE = re.compile(rf"(?:答|回复|问)?(?:{_GREETING}|{_THANKS}|{_WISH})")


def plain_part(text: str) -> tuple[int, int]:
    """Start and end of ``text`` without its greetings and thanks; an empty range if it is that."""
    clauses = [match.span() for match in _CLAUSE.finditer(text) if match.group()]
    first, last = 0, len(clauses)
    while first < last and _is_polite(text[slice(*clauses[first])]):
        first += 1
    while last > first and _is_polite(text[slice(*clauses[last - 1])]):
        last -= 1
    if first == last:
        return len(text), len(text)
    return clauses[first][0], clauses[last - 1][1]


def _is_polite(clause: str) -> bool:
    return bool(_POLITE.fullmatch(clause.strip(" \t\r\n　，。！？：；,.!?:;~～")))
