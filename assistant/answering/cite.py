"""Quote pairs from a store, and prove each quote before it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from index.records import Filing, Pair, Span, assemble
from index.store.contents import Contents, Filed
from index.store.copies import fault_of
from index.store.rows import CURE
from index.store.seals import Damage

_NOT_ITS_WORDS = f"its spans are not the filing's own characters; {CURE}"


def fault(store: Contents, filed: Filed | Damage) -> Damage | None:
    """What keeps a pair from being shown; ``None`` where it is proved.

    Its rows must be as they were written, the filing's copy in the store must still have its
    SHA-256, and question and answer must be the slices of the extracted text that their spans name.
    """
    if isinstance(filed, Damage):
        return filed
    filing, pair = filed.filing, filed.pair
    if reason := fault_of(store.original(filing), filing.sha256):
        return Damage(filing.path, filing.sha256, pair.number, reason)
    if not quoted(filed.text, pair, filed.offset):
        return Damage(filing.path, filing.sha256, pair.number, _NOT_ITS_WORDS)
    return None


def quoted(text: str, pair: Pair, offset: int = 0) -> bool:
    """Whether a pair is made of this extracted text's own characters; ``text`` begins at
    ``offset`` of it."""
    return (
        assemble(text, _moved(pair.question_spans, offset)) == pair.question
        and assemble(text, _moved(pair.answer_spans, offset)) == pair.answer
    )


def _moved(spans: Iterable[Span], offset: int) -> Iterator[Span]:
    # What stands before the text is none of it.
    return (Span(max(s.start - offset, 0), max(s.end - offset, 0)) for s in spans)


def unharmed(copy: Path, filing: Filing) -> bool:
    """Whether a filing's copy is there and still has its SHA-256."""
    return fault_of(copy, filing.sha256) is None
