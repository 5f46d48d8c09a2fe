"""Pairs whose row names its own company or day: filters, names and dates go by these."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from index.records import Filing, Pair
from index.splitting.head import exchange_of
from index.store.catalogue import Listed
from index.store.conditions import day_number

# Which pairs these are, word by word as the index over them says it.
OWN = "(pairs.company IS NOT NULL OR pairs.code IS NOT NULL OR pairs.date IS NOT NULL)"

COLUMNS = """
ALTER TABLE pairs ADD COLUMN company TEXT;
ALTER TABLE pairs ADD COLUMN code TEXT;
ALTER TABLE pairs ADD COLUMN date TEXT;
ALTER TABLE pairs ADD COLUMN short_name TEXT;
ALTER TABLE pairs ADD COLUMN tables TEXT NOT NULL DEFAULT '[]';
"""
INDEX = f"""
CREATE INDEX pairs_own ON pairs (id, filing_id, company, code, short_name, date)
    WHERE {OWN.replace("pairs.", "")};
CREATE INDEX pairs_own_days ON pairs (company, code, date) WHERE {OWN.replace("pairs.", "")};
"""
# What a pair's filing is to filters: its row's own, or the filing's.
AS_ROW = {
    "company": "coalesce(pairs.company, filings.company)",
    "code": "CASE WHEN pairs.company IS NULL THEN coalesce(pairs.code, filings.code)"
    " ELSE pairs.code END",
    "day": "coalesce(pairs.date, filings.activity_date, filings.filed_date, '')",
    "public": "coalesce(pairs.date,"
    " max(coalesce(filings.filed_date, ''), coalesce(filings.activity_date, '')))",
}


class _Own(NamedTuple):
    company: str | None
    code: str | None
    date: str | None


def seen_from(filing: Filing, pair: Pair) -> Filing:
    """A filing as a pair of it sees it: with the company and the day of the pair's own row."""
    if pair.company is not None or pair.code is not None:
        code = pair.code if pair.company is not None else pair.code or filing.code
        filing = replace(
            filing,
            company=filing.company if pair.company is None else pair.company,
            code=code,
            exchange=exchange_of(code) if code else None,
            short_name=pair.short_name or "",
        )
    return filing if pair.date is None else replace(filing, activity_date=pair.date)


def by_rows(
    connection: sqlite3.Connection, filings: Iterable[tuple[int, Listed]], after: int
) -> Iterator[Listed]:
    """Filings (by id), one with rows of its own as several: a run of pairs that share company and
    days each. All pairs are above ``after``."""
    own: dict[int, dict[int, _Own]] = defaultdict(dict)
    for pair, filing, *values in connection.execute(
        f"SELECT id, filing_id, company, code, date FROM pairs WHERE id > ? AND {OWN}",  # noqa: S608
        (after,),
    ):
        own[filing][pair] = _Own(*values)
    for number, listed in filings:
        if number in own:
            yield from _runs(listed, own[number])
        else:
            yield listed


def _runs(listed: Listed, own: dict[int, _Own]) -> Iterator[Listed]:
    pairs = range(listed.first, listed.first + listed.size)
    for held, members in groupby(pairs, own.get):
        run = list(members)
        part = listed._replace(first=run[0], size=len(run))
        if held is not None:
            if held.company is not None:
                part = part._replace(company=held.company, code=held.code)
            elif held.code is not None:
                part = part._replace(code=held.code)
            if held.date is not None:
                day = day_number(held.date)
                part = part._replace(day=day, public=day)
        yield part


def companies(connection: sqlite3.Connection) -> list[tuple[str, str | None, str, str]]:
    """Name, code, short name and no former names (as JSON) of each company that rows name."""
    return connection.execute(
        "SELECT company, code, coalesce(short_name, ''), '[]' FROM pairs"  # noqa: S608
        f" WHERE {OWN} AND company <> '' GROUP BY company, code, short_name"
    ).fetchall()
