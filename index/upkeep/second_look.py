"""Pairs held against another library's reading of the same file: a proof that isn't the
splitter's own.

Nothing may stand between a question's first and its answer's last character but what is quoted,
marks, and what the accounting has as furniture or otherwise left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from index.reading.pdf.again import read_again
from index.records import Pair, ParsedFiling
from index.splitting.spelling import plain

# Characters that tell where a question begins and an answer ends, and those that have to differ.
_ANCHOR, _LEAST = 10, 2
# How much longer than the pair is that in which it is looked for.
_SLACK = 1.5
_TOLD = 30
_NO_SIGN = re.compile(r"[^\w%]|_")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What another reading of the file has otherwise, in a pair or in place of it."""

    number: str
    reason: str


def second_look(path: Path, parsed: ParsedFiling) -> list[Contradiction]:
    """What another reading of a PDF says against its pairs; nothing where it can't be read so."""
    pages = read_again(path) if parsed.filing.format == "pdf" else []
    if parsed.filing.recognised or not any(page.strip() for page in pages):
        return []
    return [
        Contradiction(pair.number, reason)
        for pair in parsed.pairs
        if (reason := contradiction(pair, parsed, pages))
    ]


def contradiction(pair: Pair, parsed: ParsedFiling, pages: Sequence[str]) -> str | None:
    """What the pages' other reading says against a pair; ``None`` where it says the same."""
    own = [pages[number - 1] for number in pair.pages if number <= len(pages)]
    other = _bare("".join(own))
    question, answer = _bare(pair.question), _bare(pair.answer)
    quoted = question + answer
    if len(quoted) < 2 * _ANCHOR or (question in other and answer in other):
        return None
    allowed = [_bare(text) for text in _allowed(pair, parsed)]
    start = other.find(question[:_ANCHOR])
    stop = other.find(answer[-_ANCHOR:], max(start, 0))
    while stop >= 0 and stop - start < len(quoted) / _SLACK:
        stop = other.find(answer[-_ANCHOR:], stop + 1)
    if start < 0 or stop < 0 or stop - start > _SLACK * len(quoted) + sum(map(len, allowed)):
        return None if _pieces(quoted, other) else "another reader finds it in other words"
    found = other[start : stop + _ANCHOR]
    for more, run in _differences(quoted, found):
        for text in allowed if more else ():
            run = run.replace(text, "")
        if len(run) >= _LEAST:
            said = run if len(run) <= _TOLD else f"{run[:_TOLD]}…"
            return f"another reader finds {'' if more else 'nothing of '}“{said}” in it"
    return None


def _allowed(pair: Pair, parsed: ParsedFiling) -> Iterator[str]:
    """What may stand amid a pair: marks, furniture, and what else was left out of it."""
    yield from (left.text for left in pair.left_out)
    for part in parsed.parts:
        if part.kind in ("mark", "furniture") and part.end > pair.start and part.start < pair.end:
            yield parsed.text[part.start : part.end]


def _pieces(quoted: str, other: str) -> bool:
    """Whether a pair is there in another order: nearly all of its pieces are."""
    pieces = [quoted[at : at + _ANCHOR] for at in range(0, len(quoted) - _ANCHOR, _ANCHOR)]
    return sum(piece in other for piece in pieces) >= 0.9 * len(pieces)


def _differences(quoted: str, found: str) -> Iterator[tuple[bool, str]]:
    """Runs that the other reading has more, or less."""
    matcher = SequenceMatcher(None, quoted, found, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal" and d > c:
            yield True, found[c:d]
        if kind != "equal" and b > a:
            yield False, quoted[a:b]


def _bare(text: str) -> str:
    """Letters and digits alone, in one spelling."""
    return _NO_SIGN.sub("", unicodedata.normalize("NFKC", plain(text)))
