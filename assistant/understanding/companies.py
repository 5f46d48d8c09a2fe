"""Which companies a question names: those held here, and those that aren't.

A company that a question is about is a condition: its own pairs answer or none do. Known are the
companies of the store (by code, name, short name, former names, and what is distinctive in a
name), the listed ones (``listed``), and for the head of a question what looks like a name
(``strangers``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.records import Company as Company
from assistant.understanding.codes import codes_in
from assistant.understanding.listed import listed, spoken
from assistant.understanding.mentions import Found, Kind, Sentence
from assistant.understanding.names import beginnings, compact, full_names
from assistant.understanding.strangers import name_at_head
from assistant.understanding.typos import Spellings
from index.normalize import normalize

_SHORTEST = 2
# Companies up to which a beginning of a name is looked for anywhere in a question; in a larger
# store, where many begin alike, only where a name may stand.
_FEW = 40
# Companies that one beginning may mean.
_MOST_MEANT = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """What companies a question names.

    ``companies`` are held here and asked about. ``absent`` are asked about and known not to be
    here. ``parties`` are named beside who is asked: customers, rivals. ``perhaps`` is asked about
    and on no list: absent, unless filings speak of it. ``rest`` is the question without the names
    of who is asked about; where ``is_bare``, they are all there is.
    """

    companies: tuple[Company, ...]
    rest: str
    absent: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    perhaps: str = ""
    is_bare: bool = False


# What a question names that names nobody.
NOBODY = Mention((), "")


class CompanyMatcher:
    """Finds companies in questions, in time that doesn't grow with their number."""

    def __init__(self, companies: Iterable[Company] = ()) -> None:
        """``companies`` as filings name them, in the order of filing; those of one code, or of one
        name, are one."""
        self.given = tuple(companies)
        self.companies: tuple[Company, ...] = tuple(_joined(self.given))
        self._own: dict[str, tuple[Company, ...]] = {}
        self._starts: dict[str, tuple[Company, ...]] = {}
        self._codes: dict[str, tuple[Company, ...]] = {}
        for company in self.companies:
            self._learn(company)
        self._starts = {
            start: known
            for start, known in self._starts.items()
            if start not in self._own and len(known) <= _MOST_MEANT
        }

    def _learn(self, company: Company) -> None:
        called = [(company.name, company.short), *((name, "") for name, _ in company.others)]
        called += [(name, "") for name in company.former]
        own = dict.fromkeys(full for pair in called for full in full_names(*pair))
        starts = dict.fromkeys(start for pair in called for start in beginnings(*pair))
        spoken_of = [name for name, first in spoken().items() if first in own] if own else []
        for name in (*own, *spoken_of):
            self._own[name] = (*self._own.get(name, ()), company)
        for name in starts:
            self._starts[name] = (*self._starts.get(name, ()), company)
        for _, code in company.keys:
            if code and company not in self._codes.get(code, ()):
                self._codes[code] = (*self._codes.get(code, ()), company)

    def knowing(self, companies: Sequence[Company]) -> CompanyMatcher:
        """One that knows these, which is this one where they are the same."""
        return self if tuple(companies) == self.given else CompanyMatcher(companies)

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self._own, listed())

    @cached_property
    def _openings(self) -> frozenset[str]:
        """The first two characters of all names."""
        names: tuple[Mapping[str, object], ...] = (self._own, self._starts, listed(), spoken())
        return frozenset(name[:_SHORTEST] for known in names for name in known)

    @cached_property
    def _longest(self) -> int:
        names = (self._own, self._starts, listed(), spoken())
        return max(max(map(len, known), default=0) for known in names)

    def match(self, question: str, *, about: bool = False) -> Mention:
        """The companies that a question names; of several that share a name's beginning, those
        that share most with it.

        ``about``: who is asked is known without it, so that strangers are parties.
        """
        sentence = Sentence(normalize(question))
        found = sentence.with_roles(list(self._found(sentence)), about=about)
        asked = [one for one in found if one.is_asked]
        perhaps = ""
        if not about and all(one.kind == "start" for one in asked):
            asked, perhaps = self._at_head(sentence, asked)
        rest = sentence.without(one for one in asked if one.companies)
        return Mention(
            tuple(dict.fromkeys(c for one in asked for c in one.companies)),
            rest or normalize(question),
            absent=tuple(dict.fromkeys(one.name for one in asked if one.kind == "listed")),
            parties=tuple(dict.fromkeys(one.name for one in found if not one.is_asked)),
            perhaps=perhaps or next((one.name for one in asked if one.kind == "other"), ""),
            is_bare=not any(character.isalnum() for character in rest),
        )

    def _at_head(self, sentence: Sentence, asked: list[Found]) -> tuple[list[Found], str]:
        """What the question begins with, where no whole name says who is asked: a mistyped name,
        or one that is on no list."""
        begin, meant = sentence.begin, self._spellings.meant(sentence.head)
        if meant:
            length, name = meant
            return [Found(begin, begin + length, name, "own", self._own[name])], ""
        if any(one.start == begin and sentence.goes_on(one) for one in asked):
            # 星河数科 may be another company, and 海康汽车电子 is a part of the one held.
            return asked, name_at_head(sentence)
        return (asked, "") if asked else ([], name_at_head(sentence))

    def _found(self, sentence: Sentence) -> Iterator[Found]:
        """All that is named, from left to right, none within another."""
        text, place = sentence.text, 0
        codes = {start: (end, code) for start, end, code in codes_in(text, self._codes)}
        while place < len(text):
            if place in codes:
                end, code = codes[place]
                yield self._by_code(place, end, code)
                place = end
                continue
            one = self._longest_at(sentence, place)
            if one is not None:
                yield one
            place = one.end if one else place + 1

    def _by_code(self, start: int, end: int, code: str) -> Found:
        held = self._codes.get(code, ())
        known: Kind = "own" if held else "listed"
        return Found(start, end, code, known, companies=held)

    def _longest_at(self, sentence: Sentence, start: int) -> Found | None:
        """The longest name that begins here and may stand here."""
        text = sentence.text
        if text[start : start + _SHORTEST] not in self._openings:
            return None
        for end in range(min(len(text), start + self._longest), start + 1, -1):
            kind = self._kind(name := text[start:end])
            if kind is None:
                continue
            companies = self._own.get(name) or self._starts.get(name) if kind != "other" else None
            is_common = kind == "start" and len(self.companies) <= _FEW
            one = Found(start, end, name, kind, companies=companies or ())
            if sentence.admits(one, anywhere=is_common):
                return one
        return None

    def _kind(self, name: str) -> Kind | None:
        if name in self._own:
            return "own"
        if name in listed() or spoken().get(name, "") in listed():
            return "listed"
        if name in self._starts:
            return "start"
        return "other" if name in spoken() else None


def _joined(companies: Sequence[Company]) -> Iterator[Company]:
    """Each company once: what has the same code, or the same name where one has no code."""
    by_code: dict[str, int] = {}
    by_name: dict[str, int] = {}
    groups: list[list[Company]] = []
    for company in sorted(companies, key=lambda company: company.code is None):
        name = compact(company.name)
        place = by_code.get(company.code) if company.code else by_name.get(name)
        if place is None:
            place = len(groups)
            groups.append([])
        groups[place].append(company)
        if company.code:
            by_code[company.code] = place
        for called in filter(None, (name, compact(company.short))):
            by_name.setdefault(called, place)
    order = {id(company): place for place, company in enumerate(companies)}
    for group in sorted(groups, key=lambda group: min(order[id(one)] for one in group)):
        first, *others = sorted(group, key=lambda one: -order[id(one)])
        former = [name for one in others for name in (one.name, one.short)]
        former += [name for one in group for name in one.former]
        known = {first.name, first.short, ""}
        yield replace(
            first,
            former=tuple(dict.fromkeys(name for name in former if name not in known)),
            others=tuple(dict.fromkeys((one.name, one.code) for one in others)),
        )
