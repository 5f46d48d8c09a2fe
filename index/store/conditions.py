"""Filters as conditions on the table of filings, and what an index filters by as numbers."""

from __future__ import annotations

import hashlib
import json

from index.records import Filters
from index.store.scope import CompanyKey

# The day that a filing speaks of.
DAY = "coalesce(filings.activity_date, filings.filed_date, '')"
# The day from which it was public, as far as it says: no filing is older than what it tells of.
PUBLIC = "max(coalesce(filings.filed_date, ''), coalesce(filings.activity_date, ''))"
_OF_ACTIVITY = "EXISTS (SELECT 1 FROM json_each(filings.activity_types) WHERE value = ?)"


def where(filters: Filters) -> tuple[str, list[str]]:
    """An SQL condition that holds where all filters do, and the values of its place holders."""
    conditions: list[tuple[str, str]] = []
    if filters.company:
        conditions.append(("instr(filings.company, ?) > 0", filters.company))
    if filters.code:
        conditions.append(("filings.code = ?", filters.code))
    if filters.since:
        conditions.append((f"{DAY} >= ?", filters.since))
    if filters.until:
        conditions.append((f"{DAY} <> '' AND {DAY} <= ?", filters.until))
    if filters.as_of:
        conditions.append((f"{PUBLIC} <> '' AND {PUBLIC} <= ?", filters.as_of))
    if filters.activity:
        conditions.append((_OF_ACTIVITY, filters.activity))
    return " AND ".join(c for c, _ in conditions) or "1", [v for _, v in conditions]


def company_number(key: CompanyKey) -> int:
    """A company's number, by name and code."""
    return _number(json.dumps(key))


def activity_number(activity: str) -> int:
    """A type of activity's number."""
    return _number(activity)


def day_number(day: str) -> int:
    """2024-03-05 as 20240305; 0 for no day."""
    return int(day.replace("-", "") or 0)


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
