"""Numbers of a text, comparable whatever unit they are written with."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)\s*(万亿|千万|百万|亿|万)?")
_AMOUNT = re.compile(_NUMBER.pattern + r"\s*(?=[元股%倍]|人民币|美元|港元|欧元)")
_ABOUT = Decimal("0.03")
_UNITS = {"万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "万亿": 10**12}


def numbers_in(plain: str) -> frozenset[str]:
    """Numbers of a normalised text, those with a large unit as what they come to: 1.2亿 is
    12000万."""
    return frozenset(map(_value, _NUMBER.finditer(plain)))


def amounts_in(plain: str) -> frozenset[str]:
    """Those of money, shares and percentages."""
    return frozenset(map(_value, _AMOUNT.finditer(plain)))


def says(plain: str, amounts: frozenset[str]) -> bool:
    """Whether a normalised text says all of these amounts, at least about."""
    said = [Decimal(number) for number in numbers_in(plain)]
    return all(
        any(abs(Decimal(amount) - number) <= abs(number) * _ABOUT for number in said)
        for amount in amounts
    )


def _value(match: re.Match[str]) -> str:
    value = Decimal(match[1].replace(",", "")) * _UNITS.get(match[2] or "", 1)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# What sort of figure is asked for, and what one looks like; the first that fits holds.
_SORTS = (
    (
        r"多少钱|金额|多少(?:亿|万|千)?美?元|多少[亿万]|(?:花|投入?|值|赚|亏|卖)了?多少"
        r"|(?:收入|营收|利润|费用|成本|现金流?|薪酬|年薪|负债|订单)(?:是|有|为)?多少|单价|均价|售价",
        r"\d[\d,.]*\s*(?:[亿万千]|美?元|人民币|港元|欧元)",
    ),
    (
        r"(?:占比|比例|[利增占速]率|增速|份额|率)(?:大概|分别)?(?:是|为|有|达到?)?(?:多少|几|多大|[?？。!！\s]*$)"
        r"|百分之?几|几个点|多少个点|增长多少",
        r"\d\s*[%％]|百分|个点|[一二三四五六七八九]成",
    ),
    (
        r"多少|几[个家条台名人款种套项倍天年月次]|数量|人数|户数|哪一?[年天月]|何时|什么时候",
        r"\d|[一二三四五六七八九十两]+[个家条台名人款种套项倍]",
    ),
)
_ASKED_FOR = [(re.compile(asked), re.compile(said)) for asked, said in _SORTS]


def figure_said(asked: str, said: str) -> bool | None:
    """Whether a text has a figure of the sort that a question asks for; ``None`` where it asks for
    none. Both are normalised."""
    for question, figure in _ASKED_FOR:
        if question.search(asked):
            return bool(figure.search(said))
    return None
