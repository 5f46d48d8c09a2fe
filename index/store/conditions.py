"""Filters as conditions on the table of filings, and what an index filters by as numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from index.records import Filters
from index.store.scope import CompanyKey

# The day that a filing speaks of.
DAY = "coalesce(filings.activity_date, filings.filed_date, '')"
# The day from which it was public, as far as it says: no filing is older than what it tells of.
PUBLIC = "max(coalesce(filings.filed_date, ''), coalesce(filings.activity_date, ''))"
_OF_ACTIVITY = "EXISTS (SELECT 1 FROM json_each(filings.activity_types) WHERE value = ?)"


# What filters ask of a filing, as SQL.
AS_FILING = {"company": "filings.company", "code": "filings.code", "day": DAY, "public": PUBLIC}


def where(filters: Filters, of: Mapping[str, str] = AS_FILING) -> tuple[str, list[str]]:
    """An SQL condition that holds where all filters do, and the values of its place holders.

    ``of`` has what they ask of, as SQL.
    """
    company, code, day, public = (of[name] for name in ("company", "code", "day", "public"))
    conditions: list[tuple[str, str]] = []
    if filters.company:
        conditions.append((f"instr({company}, ?) > 0", filters.company))
    if filters.code:
        conditions.append((f"{code} = ?", filters.code))
    if filters.since:
        conditions.append((f"{day} >= ?", filters.since))
    if filters.until:
        conditions.append((f"{day} <> '' AND {day} <= ?", filters.until))
    if filters.as_of:
        conditions.append((f"{public} <> '' AND {public} <= ?", filters.as_of))
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
