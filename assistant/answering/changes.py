"""What changed from one filed answer to the next: words, and numbers above all.

Nothing is altered: the runs of a text, joined, are the text. Answers of different dates are often
written anew; word by word they are compared only where much of the one stands in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from itertools import groupby, pairwise
from typing import Literal

from index.normalize import normalize
from index.terms import weight

Kind = Literal["same", "added", "removed", "only", "number"]

_PERIOD = (
    r"(?:[1１][9９]|[2２][0０])\d{2}\s?"
    r"(?:年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?)?|(?:-\d{1,2}){2})"
)
_DAY = r"\d{1,2}\s?月(?:\s?(?:\d{1,2}\s?日|末|底|初|份))?|\d{1,2}\s?日"
_UNIT = (
    r"个?百分点|[%％‰]|个月|[百千万亿]*"
    r"(?:[美欧港日韩]?元|股|吨|公斤|克|片|颗|只|台|套|辆|家|人|名|户|个|项|款|件|条|笔|批|次|倍|天|周|年"
    r"|小时|毫米|微米|厘米|平方米|米|亩|升|千瓦时|兆瓦|千瓦|瓦)?"
    r"(?:/(?:平方厘米|平方米|千瓦时|[吨片股台人年月天只套件瓦米克升Ww]))?"
)
_NUMBER = (
    r"(?:负(?=\d)|(?<![\dA-Za-z%％元片吨股台年月日])[-−－](?=\d))?\d+(?:[,，]\d{3})*(?:\.\d+)?"
    rf"(?:[A-Za-zμ]{{1,4}}(?![A-Za-z])|[ \u3000\xa0]?(?:{_UNIT}))"
)
# What is no figure: the name of a product or a standard.
_NAME = r"\d+(?:\.\d+)?(?:[GT](?![A-Za-z])|\s?英寸)|[A-Za-z]+[- ]?\d[\d.]*"
_TOKEN = re.compile(
    rf"(?P<name>{_NAME})|(?P<period>{_PERIOD}|{_DAY})|(?P<number>{_NUMBER})"
    r"|(?P<latin>[A-Za-z]+)|(?P<han>(?:(?!负\d)[\u3400-\u9fff])+)|(?P<space>\s+)|.",
    re.DOTALL,
)
_CLAUSE_END = frozenset("，。；！？,;!?：:（）()\n")
# Share of the characters that two texts must have in common to be compared word by word, and the
# tokens of both together from which that takes too long.
_ALIKE, _LONGEST = 0.5, 6000
# Share of what two clauses say that must be the same for their numbers to be of the same thing.
_SAME_THING = 0.5
_CLEARLY = 0.1
_NO = (0.0, 1)


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a text: the same in the other, only there, or a number that changed.

    ``added``: not in the older text; ``removed``: not in the newer one; ``only``: in neither.
    """

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that changed, in the clause of either text up to it."""

    older: str
    newer: str


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    key: str
    kind: Literal["word", "number", "other"]

    @property
    def is_number(self) -> bool:
        return self.kind == "number"


def changes(older: str, newer: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """The runs of both texts: what of the older one is gone, what of the newer one is new."""
    old, new = _tokens(older), _tokens(newer)
    gone, fresh = _kinds(old, new)
    return _runs(old, gone), _runs(new, fresh)


def marked(texts: Sequence[str]) -> tuple[tuple[Run, ...], ...]:
    """The runs of several texts, newest first, each compared with those beside it."""
    tokens = [_tokens(text) for text in texts]
    kinds: list[list[Kind]] = [["same"] * len(own) for own in tokens]
    for place, (new, old) in enumerate(pairwise(tokens)):
        gone, fresh = _kinds(old, new)
        kinds[place] = [_both(a, b) for a, b in zip(kinds[place], fresh, strict=True)]
        kinds[place + 1] = [_both(a, b) for a, b in zip(kinds[place + 1], gone, strict=True)]
    return tuple(_runs(own, found) for own, found in zip(tokens, kinds, strict=True))


def figures(older: str, newer: str) -> tuple[Figure, ...]:
    """Numbers of the same thing that differ, in the newer text's order.

    Of the same thing are two that have the same unit and stand in clauses that say much the same,
    clearly more than either has in common with any other.
    """
    before, after = list(_figures(_tokens(older))), list(_figures(_tokens(newer)))
    found = []
    for new in after:
        old = _only_like(new, before)
        if old and _only_like(old, after) is new and old.value != new.value:
            found.append(Figure(old.clause, new.clause))
    return tuple(found)


def _only_like(one: _Figure, others: Sequence[_Figure]) -> _Figure | None:
    first, second = nlargest(2, [(one.likeness(o), -i) for i, o in enumerate(others)] + [_NO] * 2)
    if first[0] < max(_SAME_THING, second[0] + _CLEARLY):
        return None
    return others[-first[1]]


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number (as compared) with its unit, its clause up to it, and the words beside it."""

    value: str
    unit: str
    clause: str
    words: frozenset[str]

    def likeness(self, other: _Figure) -> float:
        """0 (not the same thing) to 1."""
        if self.unit != other.unit:
            return 0.0
        union = sum(weight(word) for word in self.words | other.words)
        return sum(weight(word) for word in self.words & other.words) / union if union else 0.0


def _figures(tokens: Sequence[_Token]) -> Iterator[_Figure]:
    for is_end, group in groupby(tokens, lambda token: token.text in _CLAUSE_END):
        clause = [] if is_end else list(group)
        words = frozenset(t.key for t in clause if t.kind == "word" and len(t.key) > 1)
        for place, token in enumerate(clause):
            unit = re.sub(r"[-\d.,负百千万亿 ]", "", token.key)
            if token.is_number and unit:
                until = "".join(t.text for t in clause[: place + 1])
                yield _Figure(token.key, unit, until.lstrip(), words)


def _kinds(old: Sequence[_Token], new: Sequence[_Token]) -> tuple[list[Kind], list[Kind]]:
    common_old, common_new = _common(old, new)
    alike = bool(common_old)
    return (
        _kinds_of(old, common_old, {t.key for t in new}, "removed", alike),
        _kinds_of(new, common_new, {t.key for t in old}, "added", alike),
    )


def _kinds_of(
    tokens: Sequence[_Token], common: set[int], there: set[str], kind: Kind, alike: bool
) -> list[Kind]:
    """Each token's kind, where ``common`` are the places of those that both texts have."""
    kinds: list[Kind] = []
    for place, token in enumerate(tokens):
        if place in common or (token.is_number and not alike and token.key in there):
            kinds.append("same")
        elif token.is_number:
            kinds.append("number")
        else:
            kinds.append(kind if alike else "same")
    return kinds


def _common(old: Sequence[_Token], new: Sequence[_Token]) -> tuple[set[int], set[int]]:
    """Places of what two texts have in common, in order; none where that is too little."""
    if len(old) + len(new) > _LONGEST:
        return set(), set()
    matcher = SequenceMatcher(None, [t.key for t in old], [t.key for t in new], autojunk=False)
    blocks = [b for b in matcher.get_matching_blocks() if _says_much(old[b.a : b.a + b.size])]
    shared = sum(_length(old[b.a : b.a + b.size]) for b in blocks)
    if 2 * shared < _ALIKE * (_length(old) + _length(new)):
        return set(), set()
    return (
        {place for b in blocks for place in range(b.a, b.a + b.size)},
        {place for b in blocks for place in range(b.b, b.b + b.size)},
    )


def _says_much(tokens: Sequence[_Token]) -> bool:
    """Not where all there is in common is a character."""
    return _length(tokens) > 1 or any(token.kind == "other" for token in tokens)


def _length(tokens: Iterable[_Token]) -> int:
    return sum(len(token.text.strip()) for token in tokens)


def _both(one: Kind, other: Kind) -> Kind:
    if one == other or other == "same":
        return one
    if one == "same":
        return other
    return "number" if "number" in (one, other) else "only"


def _runs(tokens: Sequence[_Token], kinds: Sequence[Kind]) -> tuple[Run, ...]:
    runs = []
    pairs = groupby(zip(tokens, kinds, strict=True), key=lambda pair: pair[1])
    for kind, group in pairs:
        texts = [token.text for token, _ in group]
        runs += [Run(kind, t) for t in (texts if kind == "number" else ["".join(texts)])]
    return tuple(runs)


def _tokens(text: str) -> list[_Token]:
    """The text's words, numbers with their units, and whatever is between; joined, the text."""
    from rjieba import cut

    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text):
        piece = match.group()
        if match.lastgroup == "number":
            tokens.append(_Token(piece, re.sub(r"[\s,，]", "", normalize(piece)), "number"))
        elif match.lastgroup == "han":
            tokens += [_Token(word, normalize(word), "word") for word in cut(piece)]
        else:
            kind: Literal["word", "other"] = (
                "word" if match.lastgroup in ("name", "latin") else "other"
            )
            tokens.append(_Token(piece, re.sub(r"\s+", "", normalize(piece)) or " ", kind))
    return tokens
