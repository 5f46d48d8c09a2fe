"""Quote pairs from a store, and prove each quote before it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from index.files import sha256_of
from index.records import Filing, Pair, Span, assemble
from index.store.contents import Contents, Filed


def proved(store: Contents, filed: Filed) -> bool:
    """Whether a pair is made of its filing's own characters, and the filing is unharmed.

    The filing's copy in the store must still have its SHA-256, and question and answer
    must be the slices of the extracted text that their spans name.
    """
    copy = store.original(filed.filing)
    return unharmed(copy, filed.filing) and quoted(filed.text, filed.pair, filed.offset)


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
    try:
        stat = copy.stat()
        # The time of the last change of any kind can't be set back, unlike that of the content.
        state = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        return _sha256(copy, state) == filing.sha256
    except OSError:
        return False


@lru_cache(maxsize=1 << 14)
def _sha256(path: Path, _state: tuple[int, ...]) -> str:
    return sha256_of(path)
