"""A question as it is asked in the chat: with its filters, as an address, as a follow-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from assistant.records import Query
from assistant.understanding.companies import Company
from assistant.understanding.follow_up import reads_as_follow_up as reads_as_follow_up
from assistant.understanding.follow_up import without_link as without_link
from assistant.understanding.periods import periods_in
from index.normalize import normalize
from index.records import Filters
from index.splitting.head import ACTIVITY_TYPES

LONGEST = 500
MOST_COMPANIES = 4

Problem = Literal["empty", "long", "date", "many"]
Condition = Literal["since", "until", "as_of", "activity"]
CONDITIONS: tuple[Condition, ...] = ("since", "until", "as_of", "activity")

_CODE = re.compile(r"\d{6}")
_SHORT = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what the asker restricts it to.

    ``companies`` are codes, or names where a company has none: two or more are asked side by
    side. ``previous`` is the question that it follows up.
    """

    question: str
    companies: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    as_of: str | None = None
    activity: str | None = None
    previous: str | None = None

    @classmethod
    def at(cls, address: str | Mapping[str, Any]) -> Asked:
        """What an address asks: the part from ``?`` on, or its parameters."""
        if isinstance(address, str):
            address = dict(parse_qsl(address.partition("?")[2]))
        told = {key: str(value).strip() for key, value in address.items()}
        named = f"{told.get('code', '')},{told.get('company', '')}".split(",")
        return cls(
            told.get("q", ""),
            tuple(dict.fromkeys(name.strip() for name in named if name.strip())),
            *(told.get(name) or None for name in (*CONDITIONS, "after")),
        )

    @classmethod
    def of(cls, question: object, companies: object = None, *conditions: object) -> Asked:
        """A question with the filters of the page; those left blank are no condition."""
        chosen = companies if isinstance(companies, list | tuple) else ()
        told = (str(value).strip() if value else "" for value in conditions)
        return cls(str(question or "").strip(), tuple(map(str, chosen)), *(v or None for v in told))

    @property
    def conditions(self) -> tuple[list[str], str | None, str | None, str | None, str | None]:
        """The filters, as ``of`` reads them."""
        return list(self.companies), self.since, self.until, self.as_of, self.activity

    @property
    def address(self) -> str:
        """What ``at`` reads."""
        codes = [c for c in self.companies if _CODE.fullmatch(c)]
        told: dict[str, str | None] = {
            "q": self.question,
            "code": ",".join(codes),
            "company": ",".join(c for c in self.companies if c not in codes),
            **{name: getattr(self, name) for name in CONDITIONS},
            "after": self.previous,
        }
        return "?" + urlencode({key: value for key, value in told.items() if value})

    @property
    def problem(self) -> Problem | None:
        """Why it can't be asked."""
        if not self.question:
            return "empty"
        if max(len(self.question), len(self.previous or "")) > LONGEST:
            return "long"
        if not all(_is_day(day) for day in (self.since, self.until, self.as_of) if day):
            return "date"
        return "many" if len(self.companies) > MOST_COMPANIES else None

    @property
    def scopes(self) -> list[Filters]:
        """The filters of each company that it is restricted to, or those for all."""
        return [self.query(company).filters for company in self.companies or (None,)]

    def query(self, company: str | None = None) -> Query:
        """To be asked of one company (code or name), or of all."""
        is_code = company is not None and _CODE.fullmatch(company)
        filters = Filters(
            company=None if is_code else company,
            code=company if is_code else None,
            **{name: getattr(self, name) for name in CONDITIONS},
        )
        return Query(self.question, filters=filters, previous=self.previous)


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition that was asked under, or one that is offered, and the address that changes it.

    ``label`` is the key of its label, with a place for ``text``.
    """

    label: str
    text: str
    address: str
    is_set: bool = True


def chips(
    asked: Asked, companies: tuple[Company, ...], named: tuple[Company, ...], last: str | None
) -> tuple[Chip, ...]:
    """What a question was restricted to, each to be taken away, and what could be.

    ``companies`` are those it is restricted to, ``named`` those that it names itself; ``last`` is
    the question before it.
    """
    found = [
        Chip("chip_company", name_of(c), replace(asked, companies=_without(asked, c)).address)
        for c in companies
    ]
    for name in CONDITIONS:
        if value := getattr(asked, name):
            cleared: dict[str, Any] = {name: None}
            found.append(Chip(f"chip_{name}", value, replace(asked, **cleared).address))
    if asked.previous:
        alone = replace(asked, previous=None).address
        found.append(Chip("chip_after", asked.previous, alone))
    if not companies and 1 <= len(named) <= MOST_COMPANIES:
        only = replace(asked, companies=tuple(key_of(c) for c in named)).address
        label = "offer_company" if len(named) == 1 else "offer_side"
        found.append(Chip(label, "、".join(map(name_of, named)), only, is_set=False))
    plain = normalize(asked.question)
    years = periods_in(plain).years
    if len(years) == 1 and not (asked.since or asked.until):
        (year,) = years
        within = replace(asked, since=f"{year}-01-01", until=f"{year}-12-31").address
        found.append(Chip("offer_year", year, within, is_set=False))
    kinds = set(ACTIVITY_TYPES.findall(plain))
    if len(kinds) == 1 and not asked.activity:
        (kind,) = kinds
        of_kind = replace(asked, activity=kind).address
        found.append(Chip("offer_activity", kind, of_kind, is_set=False))
    if last and not asked.previous and not named and len(asked.question) <= _SHORT:
        after = replace(asked, previous=last).address
        found.append(Chip("offer_after", last, after, is_set=False))
    return tuple(found)


def key_of(company: Company) -> str:
    """By what a company is chosen."""
    return company.code or company.name


def name_of(company: Company) -> str:
    """What a company is called for short."""
    return company.short or company.name


def _without(asked: Asked, company: Company) -> tuple[str, ...]:
    return tuple(c for c in asked.companies if c not in (company.code, company.name))


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
