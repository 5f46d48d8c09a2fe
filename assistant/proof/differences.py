"""Where in a filed text another one stands that is nearly the same, and what differs, by words."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate, pairwise
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from assistant.proof.squeezed import folded

Kind = Literal["insert", "delete", "replace"]

NUMBER = re.compile(r"\d+(?:[,，]\d{3})*(?:[.．]\d+)?(?:[%％‰]|[百千万亿]+)?")
_TOKEN = re.compile(
    rf"(?P<number>{NUMBER.pattern})|(?P<latin>[A-Za-z]+)|(?P<han>[\u3400-\u9fff]+)|.", re.DOTALL
)
# Around the best window so much more of the filed text is compared, in shares of the text sought.
_SLACK, _LEAST_SLACK = 1.5, 20
# Words of so few characters say nothing of the place where they stand so much farther off than
# in the text sought, in their lengths.
_STRAY, _FAR = 4, 4
# Filed characters looked at beside the text, for each that it has others for.
_BESIDE = 16
# Characters of a text, and of a filed one, up to which the best window is looked for.
_LONG, _LONGEST = 600, 10_000
# Pairs of same words up to which difflib compares two texts: it reads better, but its time grows
# with them.
_QUICK = 300_000
_SENTENCE_ENDS = frozenset("。！？!?；;")


@dataclass(frozen=True, slots=True)
class Change:
    """``text`` as pasted stands where the filing has ``filed``, from ``start`` to ``end``.

    ``insert``: the filing has nothing there; ``delete``: the pasted text has nothing.
    """

    kind: Kind
    text: str
    filed: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text beside ``filed[start:end]``.

    ``shared`` is the share of the text that is filed so, ``similarity`` that of both together
    (0..1).
    """

    start: int
    end: int
    shared: float
    similarity: float
    changes: tuple[Change, ...]


def likeness(text: str, filed: str, least: float = 0.0) -> float:
    """How much of ``text`` (folded) stands together in ``filed`` (folded): 0 to 1, quickly."""
    covered = min(1.0, len(filed) / len(text))
    if covered < least:
        return 0.0
    if len(text) > _LONG or len(filed) > _LONGEST:
        return float(LCSseq.similarity(text, filed) / len(text))
    return covered * fuzz.partial_ratio(text, filed, score_cutoff=100 * least / covered) / 100


def cuts_a_number(text: str, start: int, end: int) -> bool:
    """Whether a slice begins or ends within a number: 3 of 35% was not filed."""
    numbers = NUMBER.finditer(text, max(0, start - 40), min(len(text), end + 40))
    return any(n.start() < edge < n.end() for n in numbers for edge in (start, end))


def aligned(text: str, filed: str) -> Aligned | None:
    """The place in ``filed`` that ``text`` was most likely made from; ``None`` where there's none.

    Neither has white space. Words and numbers are compared as they are: a full-width comma is
    another than a half-width one.
    """
    if not filed:
        return None
    start, end = _window(text, filed)
    words = _tokens(filed)
    ends = list(accumulate(map(len, words)))
    first, last = bisect_right(ends, start), bisect_left(ends, end) + 1
    offset = ends[first] - len(words[first])
    blocks = _blocks(text, filed, words[first:last], offset)
    if not blocks:
        return None
    found = tuple(_changes(text, filed, blocks))
    start, end = blocks[0].a, blocks[-1].a + blocks[-1].size
    if found:
        start, end = min(start, found[0].start), max(end, found[-1].end)
    shared = sum(block.size for block in blocks)
    return Aligned(start, end, shared / len(text), 2 * shared / (len(text) + end - start), found)


def _window(text: str, filed: str) -> tuple[int, int]:
    """What of the filed text is looked at, generously: all of it where the text is long."""
    if len(text) > min(_LONG, len(filed)) or len(filed) > _LONGEST:
        return 0, len(filed)
    best = fuzz.partial_ratio_alignment(folded(text), folded(filed))
    slack = max(_LEAST_SLACK, int(_SLACK * len(text)))
    return (best.dest_start - slack, best.dest_end + slack) if best else (0, len(filed))


def _blocks(text: str, filed: str, words: Sequence[str], offset: int) -> list[Match]:
    """What of ``filed`` (``a``) and ``text`` (``b``) is the same, word by word, in order.

    ``words`` are those of the filed text from ``offset`` on.
    """
    sought = _tokens(text)
    filed_at = [offset, *(offset + n for n in accumulate(map(len, words)))]
    at = [0, *accumulate(map(len, sought))]
    blocks = [
        Match(filed_at[a], at[b], at[b + size] - at[b]) for a, b, size in _common(words, sought)
    ]
    if len(blocks) > 1:
        # Of several places for the first words the nearest to the next ones.
        (_, b, size), after = blocks[0], blocks[1].a
        blocks[0] = Match(filed.rfind(text[b : b + size], 0, after), b, size)
    while len(blocks) > 1 and _strays(blocks[0], *blocks[:2]):
        del blocks[0]
    while len(blocks) > 1 and _strays(blocks[-1], *blocks[-2:]):
        del blocks[-1]
    return _stretched(text, filed, blocks) if blocks else []


def _common(words: Sequence[str], sought: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Runs of words that both have, in order: the longest ones first, while that is quick."""
    times, others = Counter(words), Counter(sought)
    if sum(count * others[word] for word, count in times.items()) <= _QUICK:
        for block in SequenceMatcher(None, words, sought, autojunk=False).get_matching_blocks():
            if block.size:
                yield block.a, block.b, block.size
    else:
        for one in LCSseq.editops(words, sought).as_matching_blocks():
            if one.size:
                yield one.a, one.b, one.size


def _strays(block: Match, before: Match, after: Match) -> bool:
    """Whether a short word stands far from the rest in the filing, and not in the text."""
    filed = after.a - before.a - before.size
    pasted = after.b - before.b - before.size
    return block.size <= _STRAY and filed > pasted + _FAR * block.size


def _stretched(text: str, filed: str, blocks: list[Match]) -> list[Match]:
    """With the pieces of words, not of numbers, that the text begins and ends with."""
    head = blocks[0]
    before = filed[max(0, head.a - head.b) : head.a]
    if head.b and before == text[: head.b] and not cuts_a_number(filed, head.a - head.b, head.a):
        blocks[0] = Match(head.a - head.b, 0, head.size + head.b)
    tail = blocks[-1]
    end, more = tail.a + tail.size, len(text) - tail.b - tail.size
    same = more and filed[end : end + more] == text[-more:]
    if same and not cuts_a_number(filed, end, end + more):
        blocks[-1] = Match(tail.a, tail.b, tail.size + more)
    return blocks


def _changes(text: str, filed: str, blocks: Sequence[Match]) -> Iterator[Change]:
    """What is between the blocks, and before and after them what only the pasted text has."""
    first, last = blocks[0], blocks[-1]
    if head := text[: first.b]:
        words = _tokens(filed[max(0, first.a - _BESIDE * len(head)) : first.a])[::-1]
        beside = 0 if head[-1] in _SENTENCE_ENDS else _beside(words, head)
        yield _change(head, filed, first.a - beside, first.a)
    for before, after in pairwise(blocks):
        start = before.a + before.size
        pasted = text[before.b + before.size : after.b]
        # Where the same characters are only cut into other words, nothing differs.
        if pasted != filed[start : after.a]:
            yield _change(pasted, filed, start, after.a)
    if tail := text[last.b + last.size :]:
        start = last.a + last.size
        words = _tokens(filed[start : start + _BESIDE * len(tail)])
        beside = 0 if filed[start - 1] in _SENTENCE_ENDS else _beside(words, tail)
        yield _change(tail, filed, start, start + beside)


def _beside(words: Sequence[str], pasted: str) -> int:
    """Length of the filed words next to the text that it has others for: of the same sentence
    and not longer, or a number for a number."""
    length = 0
    for word in words:
        is_figure = not length and NUMBER.fullmatch(word) and NUMBER.fullmatch(pasted)
        if word in _SENTENCE_ENDS or (length + len(word) > len(pasted) and not is_figure):
            break
        length += len(word)
    return length


def _change(pasted: str, filed: str, start: int, end: int) -> Change:
    kind: Kind = "delete" if not pasted else "replace" if start < end else "insert"
    return Change(kind, pasted, filed[start:end], start, end)


def _tokens(text: str) -> list[str]:
    """The words, numbers and other characters of a text; joined, the text."""
    from rjieba import cut

    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        tokens += cut(match.group()) if match.lastgroup == "han" else [match.group()]
    return tokens
