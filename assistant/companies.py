"""Which companies a question names: by code, full name, or the distinctive part of a name.

A Chinese company's name is place + distinctive part + trade + legal form (北京 + 并行 + 科技 +
股份有限公司). People shorten it in many ways, but hardly ever drop the distinctive part, so a
question that holds the beginning of what follows the place names the company.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.places import without_place
from index.normalize import normalize

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_LEGAL_FORM = re.compile(r"(?:集团|控股)?(?:股份)?(?:有限)?(?:责任)?公司$")
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Company:
    """A company as filings name it."""

    name: str
    code: str | None
    short: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """Companies that a question names, and the question with their names taken out."""

    companies: tuple[Company, ...]
    rest: str


class CompanyMatcher:
    """Finds the companies of a store in questions."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self._companies = [
            (company, distinctive(company.name, company.short)) for company in companies
        ]

    def match(self, question: str) -> Mention:
        """The companies that a question names; of several that share a name's beginning,
        those that share most with the question."""
        text = normalize(question)
        codes = set(_CODE.findall(text))
        found: dict[str, list[Company]] = {}
        for company, names in self._companies:
            if company.code and company.code in codes:
                found.setdefault(company.code, []).append(company)
            if part := _longest_start(names, text):
                found.setdefault(part, []).append(company)
        # A longer match rules out a shorter one within it.
        parts = [p for p in found if not any(p != q and p in q for q in found)]
        for part in sorted(parts, key=len, reverse=True):
            text = text.replace(part, " ")
        companies = dict.fromkeys(company for part in parts for company in found[part])
        return Mention(tuple(companies), text.strip() or normalize(question))


def distinctive(name: str, short: str = "") -> tuple[str, ...]:
    """A company's name as questions may have it: whole, short, without place or legal form."""
    whole = normalize(name)
    core = _LEGAL_FORM.sub("", whole)
    names = (whole, normalize(short), core, without_place(core))
    return tuple(dict.fromkeys(n for n in names if len(n) >= _SHORTEST))


def _longest_start(names: Iterable[str], text: str) -> str:
    """The longest beginning, of two characters or more, of any name that the text holds."""
    best = ""
    *longer, core = names
    for name in longer:
        if name in text and len(name) > len(best):
            best = name
    for end in range(len(core), _SHORTEST - 1, -1):
        if core[:end] in text:
            return max(best, core[:end], key=len)
    return best
