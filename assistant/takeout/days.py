"""Days as people write them in lists."""

from __future__ import annotations

import calendar
import re
from datetime import date

_DAY = re.compile(
    r"(?P<year>(?:19|20)\d{2})\s*"
    r"(?:[-/.年]\s*(?P<month>\d{1,2})\s*(?:[-/.月]\s*(?P<day>\d{1,2})\s*日?|月)?|年)?"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_DIGITS = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")


def day_of(text: str, *, last: bool = False) -> str:
    """YYYY-MM-DD of 2024-1-5, 2024/1/5, 2024.1.5, 2024年1月5日, 20240105, or of a month or year.

    Of a month or year the first day, or the ``last``. ``ValueError`` where it is none of these.
    """
    if digits := _DIGITS.fullmatch(text.strip()):
        return date(*map(int, digits.groups())).isoformat()
    found = _DAY.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    year = int(found["year"])
    month = int(found["month"] or (12 if last else 1))
    if not 1 <= month <= 12:
        raise ValueError(text)
    day = int(found["day"] or (calendar.monthrange(year, month)[1] if last else 1))
    return date(year, month, day).isoformat()
