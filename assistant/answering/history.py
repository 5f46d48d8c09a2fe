"""One company's answers to the same question at several dates, newest first.

What is shown is always whole filed pairs; whether two dates answer the same question is decided
by asking it of each date by itself, and by how near the filed questions are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.answering.changes import Figure, Run, figures, marked
from assistant.records import Answer, Citation, Query
from index.records import Filing, Filters

Ask = Callable[[Query], Answer]
# The best cosine (-1..1) of each text with any of the others given first.
Similarity = Callable[[Sequence[str], Sequence[str]], Sequence[float]]

# Pairs looked through for further dates, and the most dates that are asked one by one.
_WIDE, _DAYS = 24, 7
# From here on a date's best pair answers the question, if its own question is near enough.
_CONFIDENT, _NEAR = 0.5, 0.25


@dataclass(frozen=True, slots=True)
class Timeline:
    """Answers of one company to one question, newest first, each of another date."""

    company: str
    code: str | None
    entries: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A date of a timeline: its answer in runs, and its numbers beside those of the date before.

    ``filed`` is the day of filing where it is another; ``before`` is empty for the oldest.
    """

    citation: Citation
    day: str
    filed: str
    before: str
    runs: tuple[Run, ...]
    figures: tuple[Figure, ...]


def day_of(filing: Filing) -> str:
    """The day that a filing speaks of (YYYY-MM-DD), or nothing."""
    return filing.activity_date or filing.filed_date or ""


def timeline(query: Query, answer: Answer, ask: Ask, similarity: Similarity) -> Timeline | None:
    """Where the company of an answer answered the same at other dates; ``None`` where it didn't.

    The query's own conditions hold: what it leaves out by date is no part of the timeline.
    Citations that the answer lacks are ranked after its own.
    """
    first = answer.citations[0] if answer.citations else None
    if answer.decision == "abstain" or first is None or not day_of(first.filing):
        return None
    scope = _of_company(query.filters, first.filing)
    if scope is None:
        return None
    wide = ask(replace(query, top_k=_WIDE, filters=scope)).citations
    days = dict.fromkeys(day_of(c.filing) for c in wide)
    others = [day for day in days if day and day != day_of(first.filing)][:_DAYS]
    found = [_at(day, query, scope, ask) for day in others]
    sure = [c for c in found if c is not None and c.confidence >= _CONFIDENT]
    near = similarity([c.pair.question for c in sure], [query.question, first.pair.question])
    entries = [c for c, cosine in zip(sure, near, strict=True) if cosine >= _NEAR]
    if not entries:
        return None
    own = {(c.filing.sha256, c.pair.start): c.rank for c in answer.citations}
    after = len(answer.citations)
    ranked = [
        replace(c, rank=own.get((c.filing.sha256, c.pair.start), after + place))
        for place, c in enumerate(entries, start=1)
    ]
    newest_first = sorted([first, *ranked], key=lambda c: day_of(c.filing), reverse=True)
    return Timeline(first.filing.company, first.filing.code, tuple(newest_first))


def _of_company(filters: Filters, filing: Filing) -> Filters | None:
    if filing.code:
        return replace(filters, code=filing.code, company=None)
    return replace(filters, company=filing.company) if filing.company else None


def _at(day: str, query: Query, scope: Filters, ask: Ask) -> Citation | None:
    """What answers best among what was said that day."""
    answer = ask(replace(query, top_k=1, filters=replace(scope, since=day, until=day)))
    return answer.citations[0] if answer.citations else None


def steps(timeline: Timeline) -> tuple[Step, ...]:
    """A timeline's dates, newest first, each compared with those beside it."""
    texts = [citation.pair.answer for citation in timeline.entries]
    days = [day_of(citation.filing) for citation in timeline.entries]
    found = []
    for place, (citation, runs) in enumerate(zip(timeline.entries, marked(texts), strict=True)):
        is_oldest = place + 1 == len(texts)
        filed = citation.filing.filed_date or ""
        found.append(
            Step(
                citation=citation,
                day=days[place],
                filed=filed if filed != days[place] else "",
                before="" if is_oldest else days[place + 1],
                runs=runs,
                figures=() if is_oldest else figures(texts[place + 1], texts[place]),
            )
        )
    return tuple(found)
