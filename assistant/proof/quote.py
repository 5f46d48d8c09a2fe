"""Whether a text was filed: verbatim, altered, or not at all; and where.

The lexical index names candidates, by their words in one spelling. Whether one of them has the
text is then told by the filing's own characters, white space aside.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from assistant.answering.cite import fault, quoted
from assistant.proof.differences import Change, aligned, cuts_a_number, likeness
from assistant.proof.pasted import fragments
from assistant.proof.squeezed import Squeezed, folded, squeezed, without_space
from index.records import Filing, Pair, Reading, Span
from index.search.protocol import Index
from index.store.contents import Contents, Filed
from index.store.seals import Damage

logger = logging.getLogger(__name__)

Status = Literal["verbatim", "altered", "not_filed"]

# Pairs looked at first, and at most where all of the last ones have the text.
_FIRST, _MOST = 64, 4096
# Pairs whose filings' texts are held at once, and the longest text looked through as a whole.
_TOGETHER, _WHOLE = 64, 1_000_000
# Places where a number would be cut in two that are passed over in one text.
_PASSED = 1000
# Of those that are nearly the same so many are aligned word by word, and told.
_ALIGNED, _TOLD = 8, 3
# For a pair to be the source of an altered text: how much of the text it must have in quick
# comparison, word by word, and how alike both must be. See `python -m eval.benchmarks.quotes`.
_LIKE, _SHARED, _ALIKE = 0.4, 0.7, 0.45
# Characters told on either side of a place.
_BESIDE = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands, or what it was altered from: ``text[start:end]`` of a filing.

    ``changes`` are in its order, ``omitted`` what stands between the text's pieces where it
    says … itself; ``before`` and ``after`` what the filing goes on with on either side;
    ``similarity`` (0..1) is 1 for a verbatim one.
    """

    filing: Filing
    pair: Pair
    start: int
    end: int
    similarity: float = 1.0
    changes: tuple[Change, ...] = ()
    omitted: tuple[Span, ...] = ()
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Quoted:
    """What came of a text. ``places``: all that have it, else the nearest."""

    status: Status
    places: tuple[Place, ...] = ()


def check(store: Contents, index: Index, text: str) -> Quoted:
    """Look a text up; ``CallError`` where it is empty or too long."""
    ways = fragments(text)
    # In the pasted spelling: a space between Latin words makes them two.
    pairs = [pair for pair, _ in index.matching(text, _FIRST)]
    readings = store.readings(pairs)
    near = [pair for pair in pairs if pair in readings]
    for way in ways:
        if places := _verbatim(store, index, text, way):
            return Quoted("verbatim", tuple(places))
    ranked = _ranked(near, readings, ways[-1])
    filed = store.filed(ranked)
    candidates = [one for pair in ranked if (one := _proved(store, filed[pair]))]
    for way in ways:
        if places := [p for one in _by_filing(candidates) for p in _across(store, one, way)]:
            return Quoted("verbatim", tuple(places))
    nearest = [place for one in candidates if (place := _altered(one, ways[-1]))]
    nearest.sort(key=lambda place: -place.similarity)
    if not nearest:
        return Quoted("not_filed")
    return Quoted("altered", tuple(nearest[:_TOLD]))


def _verbatim(store: Contents, index: Index, text: str, way: Sequence[str]) -> list[Place]:
    """Every proved pair that has the fragments in order, the best match first."""
    count, looked_at = _FIRST, 0
    having: list[int] = []
    while True:
        pairs = [pair for pair, _ in index.matching(text, count)]
        fresh, looked_at = pairs[looked_at:], len(pairs)
        readings = store.readings(fresh)
        having += [p for p in fresh if p in readings and _has(readings[p], way)]
        # There may be more of them while the farthest ones still have it.
        if len(pairs) < count or count >= _MOST or not set(fresh[len(fresh) // 2 :]) & set(having):
            break
        count *= 4
    places: list[Place] = []
    for at in range(0, len(having), _TOGETHER):
        filed = store.filed(having[at : at + _TOGETHER])
        for pair in having[at : at + _TOGETHER]:
            if pair in filed and (one := _proved(store, filed[pair])):
                places += _found(one, _body(one), way)
    return places


def _has(reading: Reading, way: Sequence[str]) -> bool:
    return _places(without_space(reading.question + reading.answer), way, 0) is not None


def _places(text: str, way: Sequence[str], after: int) -> tuple[Span, ...] | None:
    """Where the fragments stand one after the other, no number cut in two."""
    found: list[Span] = []
    passed = 0
    for fragment in way:
        while True:
            start = text.find(fragment, after)
            if start < 0 or passed > _PASSED:
                return None
            end = start + len(fragment)
            if not cuts_a_number(text, start, end):
                break
            after, passed = start + 1, passed + 1
        found.append(Span(start, end))
        after = end
    return tuple(found)


def _found(filed: Filed, body: Squeezed, way: Sequence[str]) -> Iterator[Place]:
    """Each place of a pair that has the fragments."""
    after = 0
    while found := _places(body.text, way, after):
        after = found[-1].end
        yield _place(filed, body, Span(found[0].start, after), omitted=_between(body, found))


def _between(body: Squeezed, found: Sequence[Span]) -> tuple[Span, ...]:
    gaps = ((a.end, b.start) for a, b in pairwise(found))
    return tuple(body.span(*gap) for gap in gaps if gap[0] < gap[1])


def _place(
    filed: Filed,
    body: Squeezed,
    at: Span,
    similarity: float = 1.0,
    changes: tuple[Change, ...] = (),
    omitted: tuple[Span, ...] = (),
) -> Place:
    start, end = body.span(*at)
    return Place(
        filed.filing,
        filed.pair,
        start,
        end,
        similarity,
        changes,
        omitted,
        before=body.text[max(0, at.start - _BESIDE) : at.start],
        after=body.text[at.end : at.end + _BESIDE],
    )


def _body(filed: Filed) -> Squeezed:
    """What a pair quotes: question and answer."""
    return squeezed(filed.text, (*filed.pair.question_spans, *filed.pair.answer_spans))


def _ranked(pairs: Sequence[int], readings: dict[int, Reading], way: Sequence[str]) -> list[int]:
    """The pairs that are most like the fragments, best first."""
    sought = folded("".join(way))
    scores: dict[int, float] = {}
    for pair in pairs:
        filed = folded(without_space(readings[pair].question + readings[pair].answer))
        scores[pair] = likeness(sought, filed, _LIKE / len(way))
    best = sorted((p for p in pairs if scores[p] > 0), key=lambda pair: -scores[pair])
    return best[:_ALIGNED]


def _by_filing(candidates: Sequence[Filed]) -> list[Filed]:
    return list({one.filing.sha256: one for one in candidates}.values())


def _across(store: Contents, filed: Filed, way: Sequence[str]) -> Iterator[Place]:
    """The pairs over which a text stands that was copied as the filing has it, marks included."""
    if len(filed.text) > _WHOLE:
        return
    whole = squeezed(filed.text)
    found = _places(whole.text, way, 0)
    if not found:
        return
    start, end = whole.span(found[0].start, found[-1].end)
    omitted = _between(whole, found)
    for pair in store.pairs_of(filed.filing.sha256):
        if pair.start < end and start < pair.end and quoted(filed.text, pair):
            own = Span(max(start, pair.start), min(end, pair.end))
            yield Place(filed.filing, pair, *own, omitted=omitted)


def _altered(filed: Filed, way: Sequence[str]) -> Place | None:
    """The place of a pair that the fragments were made from, each aligned by itself."""
    body = _body(filed)
    parts = [(fragment, aligned(fragment, body.text)) for fragment in way]
    there = [part for _, part in parts if part]
    length = sum(map(len, way))
    shared = sum(len(f) * part.shared for f, part in parts if part) / length
    similarity = sum(len(f) * part.similarity for f, part in parts if part) / length
    if shared < _SHARED or similarity < _ALIKE:
        return None
    changes: list[Change] = []
    after = 0
    for fragment, part in parts:
        if part is None or part.start < after:  # not filed, or not in this order
            changes.append(_in_filing(Change("insert", fragment, "", after, after), body))
        else:
            changes += [_in_filing(change, body) for change in part.changes]
            after = part.end
    at = Span(min(part.start for part in there), max(part.end for part in there))
    return _place(filed, body, at, similarity, tuple(changes))


def _in_filing(change: Change, body: Squeezed) -> Change:
    """A change with its place in the filing's text instead of in the pair's."""
    if change.start < change.end:
        start, end = body.span(change.start, change.end)
    else:
        places = body.places
        at = change.start
        start = end = places[at] if at < len(places) else places[-1] + 1
    return Change(change.kind, change.text, change.filed, start, end)


def _proved(store: Contents, filed: Filed | Damage) -> Filed | None:
    """What can be shown, with its filing's whole text; ``None`` where it can't be proved, which the
    log tells."""
    if damage := fault(store, filed):
        logger.error("not shown, can't be proved: %s", damage)
    if damage is not None or not isinstance(filed, Filed):
        return None
    return replace(filed, text=store.text(filed.filing.sha256), offset=0)
