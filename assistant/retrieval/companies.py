"""Which companies a question names: by code, full name, or the distinctive part of a name.

A Chinese company's name is place + distinctive part + trade + legal form (北京 + 并行 + 科技 +
股份有限公司). People shorten it in many ways, but hardly ever drop the distinctive part, so a
question that holds the beginning of what follows the place names the company, unless that is a
word of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.retrieval.places import without_place
from index.normalize import SHIPPED_MODEL, normalize, read_tokenizer

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_LEGAL_FORM = re.compile(r"(?:集团|控股)?(?:股份)?(?:有限)?(?:责任)?公司$")
_SHORTEST = 2
# Words of a higher place in the shipped vocabulary, which is in order of frequency, are ordinary.
_ORDINARY = 8_000


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
    """Finds the companies of a store in questions, in time that doesn't grow with their number."""

    def __init__(
        self, companies: Iterable[Company] = (), former: CompanyMatcher | None = None
    ) -> None:
        """``former``: one whose companies this one knows as well, before the others."""
        more = tuple(companies)
        self.companies: tuple[Company, ...] = (*(former.companies if former else ()), *more)
        self._known: dict[str, tuple[Company, ...]] = dict(former._known) if former else {}
        for company in more:
            for name in filter(None, (*names_of(company.name, company.short), company.code)):
                self._known[name] = (*self._known.get(name, ()), company)
        self._longest = max(map(len, self._known), default=0)

    def knowing(self, companies: Sequence[Company]) -> CompanyMatcher:
        """One that knows these; where this one knows the first of them, they aren't looked at
        again."""
        known = len(self.companies)
        if tuple(companies[:known]) != self.companies:
            return CompanyMatcher(companies)
        return CompanyMatcher(companies[known:], self) if len(companies) > known else self

    def match(self, question: str) -> Mention:
        """The companies that a question names; of several that share a name's beginning,
        those that share most with the question."""
        text = normalize(question)
        found: dict[str, list[Company]] = {}
        for company, part in self._longest_parts(text).items():
            found.setdefault(part, []).append(company)
        # A longer match rules out a shorter one within it.
        parts = [p for p in found if not any(p != q and p in q for q in found)]
        for part in sorted(parts, key=len, reverse=True):
            text = text.replace(part, " ")
        companies = dict.fromkeys(company for part in parts for company in found[part])
        return Mention(tuple(companies), text.strip() or normalize(question))

    def _longest_parts(self, text: str) -> dict[Company, str]:
        """Each company that the text names, with the longest of its names there."""
        codes = set(_CODE.findall(text))
        longest: dict[Company, str] = {}
        for start in range(len(text)):
            for end in range(start + _SHORTEST, min(len(text), start + self._longest) + 1):
                part = text[start:end]
                if part not in self._known or (part.isdigit() and part not in codes):
                    continue
                for company in self._known[part]:
                    longest[company] = max(longest.get(company, ""), part, key=len)
        return longest


def names_of(name: str, short: str = "") -> tuple[str, ...]:
    """A company's name as questions may have it.

    Whole, short, without legal form; and the beginnings of what follows the place, of two
    characters or more, but for those that are ordinary words (光明 of 光明乳业).
    """
    whole, short = normalize(name), normalize(short)
    core = _LEGAL_FORM.sub("", whole)
    full = [n for n in (whole, short, core) if len(n) >= _SHORTEST]
    parts = [without_place(n) for n in (core, short)]
    starts = [part[:end] for part in parts for end in range(_SHORTEST, len(part) + 1)]
    return tuple(dict.fromkeys([*full, *(s for s in starts if not _is_ordinary(s))]))


def _is_ordinary(word: str) -> bool:
    rank = read_tokenizer(SHIPPED_MODEL).token_to_id(word)
    return rank is not None and rank < _ORDINARY
