"""Quote pairs from a store, and prove each quote before it is shown."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from index.files import sha256_of
from index.records import Filing, Pair, assemble
from index.store.contents import Contents, Filed


def proved(store: Contents, filed: Filed) -> bool:
    """Whether a pair is made of its filing's own characters, and the filing is unharmed.

    The filing's copy in the store must still have its SHA-256, and question and answer
    must be the slices of the extracted text that their spans name.
    """
    return unharmed(store.original(filed.filing), filed.filing) and quoted(filed.text, filed.pair)


def quoted(text: str, pair: Pair) -> bool:
    """Whether a pair is made of this extracted text's own characters."""
    return (
        assemble(text, pair.question_spans) == pair.question
        and assemble(text, pair.answer_spans) == pair.answer
    )


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
