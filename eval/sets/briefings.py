"""Two labelled sets of the results briefings of one part's companies.

``briefings``: pairs with their questions. Asked are
    paraphrase   another question that got the same answer, its own pair taken out, naming its
                 company
    within       the same, asked within the company and not naming it
    stranger     what a company was asked that is left out, naming that company
    near_miss    what a company was asked at an event that is left out, where nothing like it is
                 among what is left
``answers``: the answers alone, their questions hidden. Asked are
    hidden       filed questions, naming their company
    unanswered   the same where the answer is taken out, and nothing like it is left

Canned answers (thanks, a pointer elsewhere, a few words) count for none of them. What the same
company answered nearly alike is right as well, and so is its answer to nearly the same question.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.sets.asking_forms import asked_plainly, draw, held_in, is_canned, likeness, naming
from eval.sets.datasets import Document, LabelledQuery
from eval.sets.real import RealPair, SameAnswer, briefings, same_answers
from eval.sets.split import Part, one_spelling
from eval.sets.writing import without_missing
from index.records import Filters

# Of a thousand companies, those left out as strangers; of those with several events, those of which
# one is left out; of a thousand pairs, those asked of their answers, or with them taken out.
_STRANGERS, _EVENTS = 110, 450
_HIDDEN, _UNANSWERED = 180, 60
# From which likeness on an answer is the same, from which share of it on it is held in another, and
# from which likeness on a question is the same; up to which nothing like it is there.
_SAME, _HELD_IN, _SAME_QUESTION, _UNLIKE = 0.5, 0.85, 0.55, 0.25
_LEAST = 6
_FISCAL = re.compile(r"(20\d\d)年?(半年|中期)?")


@dataclass(frozen=True, slots=True)
class Briefings:
    """The pairs of one part's companies, by their ids, and the groups of one answer."""

    pairs: dict[str, RealPair]
    groups: Sequence[SameAnswer]
    strangers: frozenset[str]


def read(folder: Path, part: Part, most: int) -> Briefings:
    """About ``most`` pairs of a part, company by company, first those that have groups."""
    groups = [
        replace(group, company=_listed(group.company))
        for group in same_answers(folder)
        if group.part == part
    ]
    by_company: dict[str, list[RealPair]] = defaultdict(list)
    codes: dict[str, str] = {}
    for pair in briefings(folder):
        if pair.part == part and pair.question.strip() and pair.answer.strip():
            company = _listed(pair.company)
            by_company[company].append(replace(pair, company=company))
            if pair.code:
                codes[company] = pair.code
    grouped = {group.company for group in groups}
    chosen: dict[str, RealPair] = {}
    for company in sorted(by_company, key=lambda name: (name not in grouped, draw(name), name)):
        if len(chosen) >= most:
            break
        for pair in by_company[company]:
            chosen[f"b{len(chosen)}"] = replace(pair, code=codes.get(company))
    named = {pair.company for pair in chosen.values()}
    strangers = frozenset(c for c in named if c not in grouped and draw(f"stranger {c}") < 250)
    some = frozenset(c for c in named if c in grouped and draw(f"stranger {c}") < _STRANGERS)
    return Briefings(chosen, groups, strangers | some)


def _listed(company: str) -> str:
    """A short name as exchanges write it: the files' names could hold no asterisk."""
    return company.upper().replace("_ST", "*ST")


def document(key: str, pair: RealPair, *, hidden: bool = False) -> Document:
    """A pair as a document of a corpus, with its question or without."""
    title = "" if hidden else pair.question
    return Document(key, title, pair.answer, pair.company, pair.code, pair.date, pair.event)


def with_questions(found: Briefings) -> tuple[list[Document], list[LabelledQuery]]:
    """The set ``briefings``."""
    queries: list[LabelledQuery] = []
    gone: set[str] = set()
    own = _by_company(found)
    missed = _events_left_out(found, own)
    for group in found.groups:
        company = group.company
        if company in found.strangers or company not in own:
            continue
        for key, right in _asked_of_group(group, own[company], missed.get(company)):
            gone.add(key)
            queries += _paraphrases(key, found.pairs[key], right)
    for company, event in missed.items():
        gone |= {key for key, pair in own[company].items() if pair.event == event}
    left = {
        k: p for k, p in found.pairs.items() if k not in gone and p.company not in found.strangers
    }
    queries = without_missing(queries, left)
    for company, event in missed.items():
        held = [pair for key, pair in own[company].items() if key in left]
        asked = {k: p for k, p in own[company].items() if p.event == event}
        queries += [
            _query(f"m-{key}", pair, "near_miss", {}, names=company)
            for key, pair in _some(asked, 4)
            if _unlike(pair, held)
        ]
    for company in sorted(found.strangers):
        queries += [
            _query(f"s-{key}", pair, "stranger", {}) for key, pair in _some(own[company], 12)
        ]
    return [document(key, pair) for key, pair in left.items()], queries


def answers_alone(found: Briefings) -> tuple[list[Document], list[LabelledQuery]]:
    """The set ``answers``."""
    repeated = Counter(pair.answer for pair in found.pairs.values())
    good = {
        key: pair
        for key, pair in found.pairs.items()
        if not is_canned(pair.answer) and repeated[pair.answer] < 4 and _is_question(pair)
    }
    own = _by_company(found)
    gone: set[str] = set()
    queries = []
    for key, pair in good.items():
        if draw(f"answers {key} {pair.question}") >= _HIDDEN + _UNANSWERED:
            continue
        same = {k for k, p in own[pair.company].items() if _is_right(p, pair)}
        if draw(f"answers {key} {pair.question}") < _HIDDEN:
            queries.append(_query(f"h-{key}", pair, "hidden", dict.fromkeys(same, 1), pair.company))
        else:
            rest = [p for k, p in own[pair.company].items() if k not in same]
            if _unlike(pair, rest):
                gone |= same
                queries.append(_query(f"u-{key}", pair, "unanswered", {}, pair.company))
    left = {key: pair for key, pair in found.pairs.items() if key not in gone}
    documents = [document(key, pair, hidden=True) for key, pair in left.items()]
    return documents, without_missing(queries, left)


def _by_company(found: Briefings) -> dict[str, dict[str, RealPair]]:
    own: dict[str, dict[str, RealPair]] = defaultdict(dict)
    for key, pair in found.pairs.items():
        own[pair.company][key] = pair
    return own


def _events_left_out(found: Briefings, own: dict[str, dict[str, RealPair]]) -> dict[str, str]:
    """The event that is left out of each company of which one is."""
    missed = {}
    for company, pairs in own.items():
        events = sorted({pair.event for pair in pairs.values()})
        if (
            len(events) > 1
            and company not in found.strangers
            and draw(f"event {company}") < _EVENTS
        ):
            missed[company] = events[draw(company) % len(events)]
    return missed


def _asked_of_group(
    group: SameAnswer, pairs: dict[str, RealPair], missed: str | None
) -> list[tuple[str, dict[str, int]]]:
    """Pairs of a group to be asked, each with what answers it once they are taken out."""
    if is_canned(group.answer) or group.event == missed:
        return []
    same = [k for k, p in pairs.items() if p.event == group.event and p.answer == group.answer]
    spelt = {one_spelling(asked_plainly(pairs[key].question)): key for key in same}
    if len(spelt) < 2:
        return []
    *asked, _ = sorted(spelt.values(), key=lambda key: (draw(pairs[key].question), key))
    asked = [key for key in asked[:2] if len(pairs[key].question) >= _LEAST]
    return [
        (key, {k: 1 for k, p in pairs.items() if _is_right(p, pairs[key]) and k not in asked})
        for key in asked
    ]


def _paraphrases(key: str, pair: RealPair, right: dict[str, int]) -> list[LabelledQuery]:
    named = _query(f"p-{key}", pair, "paraphrase", right, pair.company)
    within = LabelledQuery(
        f"w-{key}",
        asked_plainly(pair.question),
        right,
        slices={"company": pair.company, "type": "within"},
        filters=Filters(code=pair.code) if pair.code else Filters(company=pair.company),
        today=_day(pair),
    )
    return [named, within]


def _query(
    name: str, pair: RealPair, kind: str, right: dict[str, int], names: str | None = None
) -> LabelledQuery:
    return LabelledQuery(
        name,
        naming(asked_plainly(pair.question), pair.company, pair.code),
        right,
        slices={"company": pair.company, "type": kind},
        names=names,
        today=_day(pair),
    )


def _day(pair: RealPair) -> str | None:
    """When a pair was asked: its date, or one after the year that its event is about."""
    if pair.date or not (year := _FISCAL.search(pair.event)):
        return pair.date
    return f"{year[1]}-09-10" if year[2] else f"{int(year[1]) + 1}-05-10"


def _some(pairs: dict[str, RealPair], count: int) -> list[tuple[str, RealPair]]:
    """Some pairs whose questions can be asked."""
    good = [(k, p) for k, p in pairs.items() if _is_question(p) and not is_canned(p.answer)]
    return sorted(good, key=lambda one: (draw(one[1].question), one[0]))[:count]


def _is_question(pair: RealPair) -> bool:
    return len(asked_plainly(pair.question)) >= _LEAST and len(pair.question) <= 300


def _is_same(one: RealPair, other: RealPair) -> bool:
    if one.answer == other.answer or likeness(one.answer, other.answer) >= _SAME:
        return True
    return min(len(one.answer), len(other.answer)) >= 30 and (
        held_in(other.answer, one.answer) >= _HELD_IN
    )


def _is_right(one: RealPair, asked: RealPair) -> bool:
    """Whether one answers what another asks."""
    if one.answer == asked.answer:
        return True
    return not is_canned(one.answer) and (
        _is_same(one, asked) or likeness(one.question, asked.question) >= _SAME_QUESTION
    )


def _unlike(pair: RealPair, others: Iterable[RealPair]) -> bool:
    """Whether nothing like a pair is among others, by question or by answer."""
    return all(
        max(likeness(pair.question, o.question), likeness(pair.answer, o.answer)) < _UNLIKE
        for o in others
    )
