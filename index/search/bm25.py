"""What a question's terms weigh, and what a text's terms add: BM25 as tantivy has it.

k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009), idf as Lucene smooths it, lengths exact up to 40
terms and rounded down above.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from index.terms import terms, weight

# Of the terms that are being typed, so much is shared by a question that they may become.
SHARED = 0.6
_K1, _B = 1.2, 0.75
# Lengths are exact up to here, then kept to four binary digits of what is beyond the offset.
_EXACT, _OFFSET, _DIGITS = 40, 24, 4
# Pairs from which a search leaves out terms: those that add less than this to a score, and those
# beyond so many entries. The few that tell most are always searched for.
_LARGE, _TELLING, _ENTRIES, _LEAST = 20_000, 0.3, 100_000, 3


def idf(count: int, found: int) -> float:
    """Inverse document frequency of a term that ``found`` of ``count`` texts have."""
    return math.log1p((count - found + 0.5) / (found + 0.5))


def sought(text: str, count: int, frequency: Callable[[str], int]) -> dict[str, float]:
    """The distinct terms of a question that are searched for, each with its ``weight`` times its
    ``idf``, among ``count`` texts of which ``frequency`` have a term.

    All of them while these are few. In a large index those that tell hardly any text from another
    are left out (的, 公司), and then the most common ones, so that a search reads about as many
    entries however large the index is.
    """
    found = {word: frequency(word) for word in sorted(set(terms(text)))}
    telling = {word: weight(word) * idf(count, having) for word, having in found.items()}
    if count < _LARGE:
        return telling
    kept: list[str] = []
    entries = 0
    for word in sorted(telling, key=lambda word: -telling[word]):
        entries += found[word]
        if len(kept) >= _LEAST and (telling[word] < _TELLING or entries > _ENTRIES):
            break
        kept.append(word)
    return {word: telling[word] for word in sorted(kept)}


def ceiling(terms_sought: dict[str, float]) -> float:
    """The score that no text can exceed."""
    return (_K1 + 1) * sum(terms_sought.values())


def impacts(words: Sequence[str], mean: float) -> dict[str, float]:
    """What each distinct term of a text adds to its score, in units of what it weighs.

    ``mean`` is the mean number of terms of all texts.
    """
    norm = _K1 * (1 - _B + _B * _kept(len(words)) / mean)
    return {word: (_K1 + 1) * times / (times + norm) for word, times in Counter(words).items()}


def _kept(length: int) -> int:
    if length <= _EXACT:
        return length
    beyond = length - _OFFSET
    low = max(0, beyond.bit_length() - _DIGITS)
    return _OFFSET + (beyond >> low << low)
