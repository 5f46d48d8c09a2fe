"""Every character of a filing's text belongs to exactly one part; gaps and large rests are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import get_args

from index.records import Pair, Part, PartKind, Span
from index.splitting.marks import follows, value_of

_WHITE = re.compile(r"\s+")
_KINDS = get_args(PartKind)
# A rest larger than this share of the text behind the head, and than this many characters, is
# worth a look.
_REST_SHARE, _REST_LEAST = 0.25, 300


def account(
    text: str, pairs: Sequence[Pair], furniture: Sequence[Span], head_end: int
) -> tuple[Part, ...]:
    """Parts that cover ``text`` without gap or overlap, in order.

    ``head`` runs to ``head_end``, ``context`` from there to the first pair; ``mark`` is what
    marks a question or an answer; ``rest`` is what is in no pair. White space belongs to the
    part around or before it.
    """
    first = pairs[0].start if pairs else len(text)
    kinds = bytearray(len(text))
    _fill(kinds, "rest", 0, len(text))
    _fill(kinds, "context", 0, first)
    _fill(kinds, "head", 0, min(head_end, first))
    for span in furniture:
        _fill(kinds, "furniture", *span)
    owners = [-1] * len(text)
    for index, pair in enumerate(pairs):
        _pair(text, kinds, pair)
        owners[pair.start : pair.end] = [index] * (pair.end - pair.start)
    for span in furniture:
        _fill(kinds, "furniture", *span)
    _white(text, kinds, owners)
    return _runs(kinds, owners)


def gaps(pairs: Sequence[Pair], questions: Sequence[int]) -> list[str]:
    """Warnings where the questions' numbers jump; ``questions`` counts each pair's questions."""
    found = []
    values = [value_of(pair.number) for pair in pairs]
    for (pair, count, value), (after, _, later) in pairwise(
        zip(pairs, questions, values, strict=True)
    ):
        reached = (value[0] + count - 1, value[1]) if count > 1 else value
        if later > value and not (follows(reached, later) or follows(value, later)):
            found.append(f"question numbers jump from {pair.number} to {after.number}")
    return found


def large_rest(parts: Sequence[Part]) -> str | None:
    """A warning where much of the text behind the head is in no pair."""
    sizes = dict.fromkeys(_KINDS, 0)
    for part in parts:
        sizes[part.kind] += part.end - part.start
    body = sum(sizes.values()) - sizes["head"] - sizes["furniture"] - sizes["context"]
    if sizes["rest"] <= max(_REST_LEAST, _REST_SHARE * body):
        return None
    share = sizes["rest"] / body
    return f"{sizes['rest']} characters ({share:.0%} of the text) are in no question or answer"


def _pair(text: str, kinds: bytearray, pair: Pair) -> None:
    _fill(kinds, "mark", pair.start, pair.end)
    both: tuple[tuple[PartKind, tuple[Span, ...]], ...] = (
        ("question", pair.question_spans),
        ("answer", pair.answer_spans),
    )
    for kind, spans in both:
        for span in spans:
            _fill(kinds, kind, *span)
        for before, after in pairwise(spans):
            if not text[before.end : after.start].strip():
                _fill(kinds, kind, before.end, after.start)


def _fill(kinds: bytearray, kind: PartKind, start: int, end: int) -> None:
    kinds[start:end] = bytes([_KINDS.index(kind)]) * (end - start)


def _white(text: str, kinds: bytearray, owners: list[int]) -> None:
    """Give white space to what stands before it, so that no part is made of it alone."""
    for white in _WHITE.finditer(text, 1):
        start, end = white.span()
        kinds[start:end] = kinds[start - 1 : start] * (end - start)
        owners[start:end] = [owners[start - 1]] * (end - start)


def _runs(kinds: bytearray, owners: Sequence[int]) -> tuple[Part, ...]:
    parts: list[Part] = []
    start = 0
    for (kind, owner), members in groupby(zip(kinds, owners, strict=True)):
        end = start + sum(1 for _ in members)
        parts.append(Part(_KINDS[kind], start, end, owner if owner >= 0 else None))
        start = end
    return tuple(parts)
