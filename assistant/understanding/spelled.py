"""Times in a question, in all their spellings, as calendar years, quarters, halves and months."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "○": "0",
    "o": "0",
}
_QUARTERS = "一二三四"
_HAN_YEAR = re.compile(
    r"(?<![\u3400-\u9fff])?([二一][零〇○o一二三四五六七八九][零〇○o一二三四五六七八九]{2})(?=年)"
)
_HAN_SHORT_YEAR = re.compile(
    r"(?<![二一零〇○零一二三四五六七八九十百])([一二][零〇一二三四五六七八九])(?=年(?!来|多|以|前|内|间|期|后|的时间))"
)
_HAN_MONTH = re.compile(
    r"(?<![零一二三四五六七八九十])(十[一二]|[一二三四五六七八九十])(?=月(?:份|底|末|初|中旬|上旬|下旬)?)"
)
_COMPARED = r"(?<!较)(?<!比)(?<!同比)(?<!相比)(?<!较之)"
_RELATIVE_YEARS = (
    (rf"{_COMPARED}大前年", -3),
    (rf"{_COMPARED}前年", -2),
    (rf"{_COMPARED}(?:去年|上一?年度?(?!报)|上个年度|上一财年)(?!同期|同比|以来)", -1),
    (r"(?:明年|下一?年度?)", 1),
    (r"后年", 2),
)
_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?<![a-z])fy\s*'?((?:20)?\d\d)(?!\d)"), lambda m: f"{_full(m[1])}年度"),
    (re.compile(r"(?<!\d)((?:20)?\d\d)\s*fy(?![a-z])"), lambda m: f"{_full(m[1])}年度"),
    (
        re.compile(r"(?<!\d)((?:20)?\d\d)\s*[年\-./]?\s*(?:第)?q([1-4])(?!\d)"),
        lambda m: f"{_full(m[1])}年{_QUARTERS[int(m[2]) - 1]}季度",
    ),
    (
        re.compile(r"(?<![a-z\d])q([1-4])\s*[,'/\- ]?\s*(20\d\d)(?!\d)"),
        lambda m: f"{m[2]}年{_QUARTERS[int(m[1]) - 1]}季度",
    ),
    (
        re.compile(r"(?<!\d)([1-4])q((?:20)?\d\d)(?!\d)"),
        lambda m: f"{_full(m[2])}年{_QUARTERS[int(m[1]) - 1]}季度",
    ),
    (
        re.compile(r"(?<!\d)((?:20)?\d\d)\s*[年\-./]?\s*h([12])(?!\d)"),
        lambda m: f"{_full(m[1])}年{'上下'[int(m[2]) - 1]}半年",
    ),
    (
        re.compile(r"(?<!\d)([12])h((?:20)?\d\d)(?!\d)"),
        lambda m: f"{_full(m[2])}年{'上下'[int(m[1]) - 1]}半年",
    ),
    (re.compile(r"(?<!\d)(20\d\d)[-/.](0?[1-9]|1[0-2])[-/.](\d\d?)(?!\d)"), lambda m: _day(m)),
    (re.compile(r"(?<!\d)(20\d\d)[-/.](0[1-9]|1[0-2])(?!\d)"), lambda m: f"{m[1]}年{int(m[2])}月"),
    (re.compile(r"(?<!\d)(20\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)"), lambda m: _day(m)),
    (re.compile(r"第([1-4])季度?"), lambda m: f"{_QUARTERS[int(m[1]) - 1]}季度"),
    (re.compile(r"第([一二三四])季度?"), lambda m: f"{m[1]}季度"),
    (re.compile(r"(?<![\d第])([1-4])季度"), lambda m: f"{_QUARTERS[int(m[1]) - 1]}季度"),
    (
        re.compile(r"(?<![\d.])(['’]?)([012]\d)(?=年(?!来|多|以|的时间|前|内|间|期))"),
        lambda m: f"20{m[2]}",
    ),
)


def calendar(plain: str, today: date) -> str:
    """A normalised question with its times as calendar years, quarters, halves and months.

    今年 stays as it is said: filings say it as well, of their own year.
    """
    text = _HAN_YEAR.sub(lambda m: "".join(_DIGITS[c] for c in m[1]), plain)
    text = _HAN_SHORT_YEAR.sub(lambda m: "20" + "".join(_DIGITS[c] for c in m[1]), text)
    text = _HAN_MONTH.sub(lambda m: str(_month(m[1])), text)
    for pattern, spelled in _SPELLINGS:
        text = pattern.sub(spelled, text)
    text = _near(text, today)
    for words, years in _RELATIVE_YEARS:
        text = re.sub(words, f"{today.year + years}年", text)
    return re.sub(r"年(?:的)?年", "年", text)


def _near(text: str, today: date) -> str:
    """Quarters, halves and months that are counted from today."""
    quarter = today.year * 4 + (today.month - 1) // 3
    month = today.year * 12 + today.month - 1
    for words, back in (
        (r"上上个?季度?", 2),
        (r"上一?个?季度?(?!报)", 1),
        (r"(?:本|这个?|当)季度?", 0),
    ):
        at = quarter - back
        text = re.sub(rf"(?<![以])(?:{words})", f"{at // 4}年{_QUARTERS[at % 4]}季度", text)
    for words, back in (("上上个月", 2), ("上个?月", 1), ("(?:本|这个)月", 0)):
        at = month - back
        text = re.sub(rf"(?<![\d以])(?:{words})", f"{at // 12}年{at % 12 + 1}月", text)
    text = re.sub(
        r"今年(?:的)?(?=\d\d?月|[一二三四]季|[上下]?半年|中报|年报|前三季)", f"{today.year}年", text
    )
    text = re.sub(r"前天", _spoken(today - timedelta(2)), text)
    text = re.sub(r"昨[天日]", _spoken(today - timedelta(1)), text)
    return re.sub(r"今[天日](?!.{0,2}天气)", _spoken(today), text)


def _spoken(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _day(match: re.Match[str]) -> str:
    return f"{match[1]}年{int(match[2])}月{int(match[3])}日"


def _full(year: str) -> str:
    return year if len(year) == 4 else f"20{year}"


def _month(said: str) -> int:
    tens, ten, ones = said.rpartition("十")
    units = "零一二三四五六七八九"
    return (10 if ten else 0) + (units.index(ones) if ones else 0) + 0 * len(tens)
