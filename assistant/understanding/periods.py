"""Years and periods that a question asks of, and whether a filed pair is of them.

Times are said in few ways here, and most of them are years, halves and quarters of fiscal years
that general readers of Chinese dates don't know (FY2024, 2025Q2, 半年报; jionlp loads for half a
second and reads 2025Q2 as 2025): so they are read by patterns, here and in ``spelled``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_YEAR = re.compile(
    r"(?<![\d.])((?:19|20)\d{2})(?!\d)(?!\s*(?:万|亿|元|吨|台|只|家|套|人|股|[.,]\d))"
)
_SHORT_YEAR = re.compile(r"(?<![\d.])([012]\d)年")
# What a filing may call a part of the year.
_PERIODS = {
    "第一季度": ("一季度", "一季报", "q1", "1-3月", "1至3月", "3月末"),
    "半年": ("上半年", "半年度", "中期", "中报", "半年报", "1-6月", "1至6月", "6月末", "h1"),
    "二季度": ("二季度", "q2"),
    "三季度": ("三季度", "三季报", "q3", "1-9月", "1至9月", "9月末"),
    "下半年": ("下半年", "h2"),
    "四季度": ("四季度", "q4"),
}
_MONTH = re.compile(r"(?<!\d)(1[0-2]|[1-9])月")
_WHEN = re.compile(
    r"(?:(?:19|20)\d\d|(?<![\d.])[012]\d(?=年))(?:年度?)?(?:报告?)?|fy\d+|\d\d?月(?:份|末|底)?|\d\d?[日号]"
    r"|(?:第?[一二三四1-4]|前三|上|下|本|上个|这个)季(?:度|报)|[上下]?半年(?:度|报)?|[1234]?q[1-4]?|[12]?h[12]?|[今去前明本上当]年度?"
    r"|年度报告|年度|年报|中报|报告期内?|全年|近期|最近|目前|现在|当前|截至"
)


@dataclass(frozen=True, slots=True)
class Periods:
    """Years (YYYY), parts of a year (keys of one table) and months that a text names."""

    years: frozenset[str]
    parts: frozenset[str]
    months: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.years or self.parts or self.months)


@lru_cache(maxsize=1 << 13)
def periods_in(plain: str) -> Periods:
    """What a normalised text names."""
    years = set(_YEAR.findall(plain)) | {f"20{y}" for y in _SHORT_YEAR.findall(plain)}
    parts = {name for name, words in _PERIODS.items() if any(word in plain for word in words)}
    return Periods(frozenset(years), frozenset(parts), frozenset(_MONTH.findall(plain)))


def without_periods(plain: str) -> str:
    """A normalised text without the times that it names."""
    return _WHEN.sub(" ", plain)


def year_agreement(asked: Periods, said: Periods, filed: str | None) -> tuple[float, float]:
    """Whether the asked years are said in a pair (0..1), and whether it was filed in one of them.

    ``filed`` is the year of the filing. Both are 0 where no year is asked.
    """
    if not asked.years:
        return 0.0, 0.0
    share = len(asked.years & said.years) / len(asked.years)
    return share, float(filed in asked.years)


def part_agreement(asked: Periods, said: Periods) -> float:
    """Share (0..1) of the asked parts of years and months that a pair says."""
    wanted = len(asked.parts) + len(asked.months)
    if not wanted:
        return 0.0
    return (len(asked.parts & said.parts) + len(asked.months & said.months)) / wanted
