"""When a question is about, and whether a filed pair is about that time.

What counts is the time that an answer is about, not when it was filed: an annual report's figures
are answered for in the spring after.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from assistant.understanding.periods import periods_in
from assistant.understanding.spelled import calendar
from index.normalize import normalize
from index.records import Reading

_LATEST = re.compile(
    r"最新|现在|目前|当前|眼下|如今|最近(?![一二两三四五六七八九十\d几]+(?:年|个?季|个?月))|近期|近况|至今|截至今"
)
_THIS_YEAR = re.compile(r"今年|本年度?|当年|这一?年")
_DAY = re.compile(r"(\d{4})年(\d\d?)月(\d\d?)[日号]")
_MONTH_OF_YEAR = re.compile(r"(\d{4})年(?:度)?(?:的)?(\d\d?)月")
# A year that something is compared with, or that a span begins or ends with.
_COMPARED = re.compile(r"(?:较|比|相比|对比|同比|高于|低于|超过)\s*(?:于|上年|去年)?\s*(\d{4})年")
_SPAN = re.compile(r"(\d{4})年?\s*(?:-|~|—|–|至|到)\s*(\d{4})年")
_SINCE = re.compile(r"(\d{4})年(?:以来|至今|开始|起)")
_SPEAKS_OF_NOW = re.compile(r"今年|本年|目前|现在|当前|截至|近期")
_LAST_YEAR = re.compile(
    r"(?<![较比])(?<!相比)(?<!同比)(?:去年|上年|上一年|上年度)(?!同期|同比|相比)"
)
_BEFORE_LAST = re.compile(r"(?<![较比])前年")
_NEXT_YEAR = re.compile(r"明年|下一?年度?")
_ANNUAL = re.compile(r"年度|年报|业绩说明会|全年|报告期")
_WHOLE_YEAR = re.compile(r"全年|(?<!半)年度|(?<!半)年报|年末|年底")
# Until then a year's filings may speak of the year before without saying so, and those of a
# meeting on results longer.
_SPRING, _RESULTS = 4, 6


@dataclass(frozen=True, slots=True)
class When:
    """The time that a question is about: years (YYYY), parts of a year and months.

    ``this_year``: it says 今年, as filings say it of theirs. ``latest``: it asks for the newest.
    ``day``: a day on which something was said (YYYY-MM-DD). ``is_whole``: it is the whole year.
    """

    years: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    day: str | None = None
    is_whole: bool = False
    this_year: bool = False
    latest: bool = False

    def __bool__(self) -> bool:
        return bool(self.years)


ANY_TIME = When()


def when(plain: str, today: date) -> tuple[When, str]:
    """The time that a normalised question is about, and the question with calendar times."""
    text = calendar(plain, today)
    found = periods_in(text)
    years = set(found.years) - set(_COMPARED.findall(text))
    for first, last in _SPAN.findall(text):
        years |= {str(year) for year in range(int(first), min(int(last), int(first) + 20) + 1)}
    if since := _SINCE.search(text):
        years |= {str(year) for year in range(int(since[1]), today.year + 1)}
    this_year = bool(_THIS_YEAR.search(text)) and not years
    if this_year:
        years.add(str(today.year))
    day = _DAY.search(text)
    return (
        When(
            years=frozenset(years),
            parts=found.parts,
            months=frozenset(month for _, month in _MONTH_OF_YEAR.findall(text)),
            day=f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}" if day else None,
            is_whole=bool(_WHOLE_YEAR.search(text)) and not found.parts,
            this_year=this_year,
            latest=bool(_LATEST.search(text)),
        ),
        text,
    )


def fits(asked: When, reading: Reading) -> bool:
    """Whether a pair may be about the time asked of."""
    if not asked.years:
        return True
    about = _about(reading.question, reading.answer, reading.day, reading.occasion)
    if asked.this_year and not about.said and _is_recent(reading.day, asked.years):
        return True
    if asked.day and reading.day == asked.day:
        return True
    if not asked.years & about.years:
        return not about.years  # a pair without any time may be of any
    if asked.months:
        of_month = reading.day is not None and str(int(reading.day[5:7])) in asked.months
        return bool(asked.months & about.months) or (of_month and not about.months)
    if not about.parts or about.is_whole:
        return True
    # Another part of the same year is another time; what names no part may tell of any.
    return bool(asked.parts & about.parts) if asked.parts else not asked.is_whole


def _is_recent(day: str | None, years: frozenset[str]) -> bool:
    """Whether it was filed this year or in the one before."""
    return day is not None and any(0 <= int(year) - int(day[:4]) <= 1 for year in years)


@dataclass(frozen=True, slots=True)
class _About:
    """What a pair is about; ``said``: its question or answer says the year."""

    years: frozenset[str]
    parts: frozenset[str]
    months: frozenset[str]
    said: bool
    is_whole: bool


@lru_cache(maxsize=1 << 14)
def _about(question: str, answer: str, day: str | None, occasion: str) -> _About:
    asked, answered = _tight(question), _tight(answer)
    filed = int(day[:4]) if day else None
    in_question = _years(asked, filed)
    if filed is not None and _THIS_YEAR.search(asked):
        in_question.add(str(filed))
    in_answer = _years(answered, filed)
    now = bool(_SPEAKS_OF_NOW.search(answered) or _SPEAKS_OF_NOW.search(asked))
    years = set(in_question) | set(in_answer)
    past = {year for year in in_answer if filed is None or int(year) <= filed}
    if filed is not None and not in_question:
        if not past:
            years |= _unsaid(filed, int((day or "")[5:7] or 12), f"{occasion} {asked}")
        elif now:
            years.add(str(filed))
    said = periods_in(asked)
    return _About(
        frozenset(years),
        said.parts,
        said.months or periods_in(answered).months,
        bool(said.years or (periods_in(answered).years & past)),
        bool(_WHOLE_YEAR.search(asked)),
    )


def _tight(text: str) -> str:
    """A text as it is searched, without the spaces that layouts put beside numbers."""
    return re.sub(r"\s+", "", normalize(text))


def _years(plain: str, filed: int | None) -> set[str]:
    """Years that a text says, also from its filing's: 去年."""
    years = set(periods_in(plain).years)
    compared = set(_COMPARED.findall(plain))
    if years - compared:
        years -= compared
    if filed is None:
        return years
    for words, distance in ((_LAST_YEAR, -1), (_BEFORE_LAST, -2), (_NEXT_YEAR, 1)):
        if words.search(plain):
            years.add(str(filed + distance))
    return years


def _unsaid(filed: int, month: int, around: str) -> set[str]:
    """The years that a pair may be about that says none."""
    years = {str(filed)} | (periods_in(normalize(around)).years if around else frozenset())
    until = _RESULTS if _ANNUAL.search(around) else _SPRING
    if month <= until:
        years.add(str(filed - 1))
    return years
