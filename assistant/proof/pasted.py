"""A text that someone pasted, as what may be looked for in filings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.proof.squeezed import without_space
from index.errors import CallError

# Characters of a text, without white space. Longer ones hold many pairs, shorter ones no quote.
SHORTEST, LONGEST = 2, 20_000

_ELLIPSIS = re.compile(r"[\[(（【〔]?\s*(?:…+|\.{3,}|。{3,}|．{3,}|⋯+)\s*[\])）】〕]?|[（(]略[）)]")
# What is put around a quote that is passed on: marks of question and answer, its source.
_MARK = re.compile(
    r"^[ \t]*(?:\*\*)?(?:问|答|问题|回答|回复|Q|A|Question|Answer)\s*\d{0,3}\s*[：:](?:\*\*)?",
    re.M | re.I,
)
_SOURCE = re.compile(r"\n\s*(?:——|—|--)\s*[^\n]*\s*\Z")
_QUOTE_LINE = re.compile(r"^[ \t]*>[ \t]?", re.M)
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>&#|~$+=.)-])")
_PAIRED = {"“": "”", "「": "」", "『": "』", '"': '"', "‘": "’", "《": "》"}


def fragments(text: str) -> list[tuple[str, ...]]:
    """The ways to read a text: each as the fragments that a filing has to have in order.

    First the text as it is, then without what is put around quotes (``> ``, 问：, 答：, a source
    below, quotation marks) and cut at ellipses. No fragment has white space.
    ``CallError`` where there is nothing to look for, or too much.
    """
    whole = without_space(text)
    if len(whole) < SHORTEST:
        raise CallError("the text is too short to be a quote")
    if len(whole) > LONGEST:
        raise CallError(f"the text has more than {LONGEST:,} characters; check it in parts")
    bare = tuple(_fragments(_bare(text)))
    return [(whole,), bare] if bare and bare != (whole,) else [(whole,)]


def _bare(text: str) -> str:
    text = text.strip()
    if _QUOTE_LINE.match(text):
        text = _ESCAPED.sub(r"\1", _QUOTE_LINE.sub("", text))
    text = _SOURCE.sub("", text).strip()
    if len(text) > 1 and _PAIRED.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1]
    return text


def _fragments(text: str) -> Iterator[str]:
    for part in _MARK.split(text):
        for piece in _ELLIPSIS.split(part):
            if solid := without_space(piece):
                yield solid
