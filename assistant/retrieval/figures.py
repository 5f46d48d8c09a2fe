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
