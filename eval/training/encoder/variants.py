"""Questions changed so that their own answer no longer answers: another year, another subject."""

from __future__ import annotations

import random
import re

_YEAR = re.compile(r"20[012]\d(?=年|[^\d]|$)|(?<!\d)[012]\d(?=年)")
_QUARTER = re.compile(r"(?:第?[一二三四1-4](?=季))|(?:上半年|下半年|前三季度|全年)")
_PARTS = ("一", "二", "三", "四")
_SPANS = ("上半年", "下半年", "前三季度", "全年")
# What is told apart by a reader although it is talked of in the same words.
_SUBJECTS = (
    ("毛利率", "净利率", "费用率", "资产负债率"),
    ("营业收入", "净利润", "经营性现金流", "研发投入", "管理费用", "销售费用"),
    ("营收", "利润", "现金流", "存货", "应收账款", "商誉"),
    ("国内", "海外"),
    ("境内", "境外"),
    ("线上", "线下"),
    ("产能", "产量", "订单", "库存"),
    ("分红", "增持", "回购", "股权激励", "减持"),
    ("并购", "定增", "发行债券", "配股"),
    ("控股股东", "董事长", "独立董事", "财务总监", "大股东"),
    ("供应商", "客户", "竞争对手"),
    ("一季度", "二季度", "三季度", "四季度"),
    ("研发", "生产", "销售", "采购"),
    ("上游", "下游"),
    ("原材料", "人工", "物流"),
    ("子公司", "母公司"),
    ("美国", "欧洲", "日本", "印度", "东南亚"),
    ("新能源", "军工", "医疗", "汽车电子"),
    ("上升", "下降"),
    ("增长", "下滑"),
    ("北京", "上海", "深圳", "雄安"),
)
_OF_TERM = {term: [o for o in group if o != term] for group in _SUBJECTS for term in group}
_SUBJECT = re.compile("|".join(sorted(_OF_TERM, key=len, reverse=True)))


def other_time(question: str, answer: str, rng: random.Random) -> str | None:
    """``question`` asked of another year or part of it, or ``None`` where it names none.

    What it is changed to doesn't occur in ``answer``.
    """
    year = _YEAR.search(question)
    if year:
        number = int(year.group())
        other = f"{number + rng.choice((-3, -2, -1, 1, 2, 3)):0{len(year.group())}d}"
        return _replaced(question, year, other, answer)
    quarter = _QUARTER.search(question)
    if quarter:
        found = quarter.group()
        choices = [p for p in (_PARTS if "季" not in found and len(found) < 3 else _SPANS)]
        choices = [c for c in choices if c not in found]
        other = rng.choice(choices)
        return _replaced(question, quarter, ("第" if found[0] == "第" else "") + other, answer)
    return None


def other_subject(question: str, answer: str, rng: random.Random) -> str | None:
    """``question`` with one of its subjects exchanged, or ``None`` where it has none known."""
    found = list(_SUBJECT.finditer(question))
    if not found:
        return None
    chosen = rng.choice(found)
    return _replaced(question, chosen, rng.choice(_OF_TERM[chosen.group()]), answer)


def _replaced(question: str, found: re.Match[str], other: str, answer: str) -> str | None:
    if other in answer or other in question:
        return None
    return question[: found.start()] + other + question[found.end() :]
