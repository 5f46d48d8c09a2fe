"""The tokenizer: words that a segmenter finds, and every common character.

No unigram training: the words are those that rjieba cuts the texts into, their scores the
logarithm of how often, so that the Viterbi path of the tokenizer's unigram model is the
path that a dictionary segmenter takes. Every character of GB 2312 and every other one seen
a few times is a piece, so that no common text is lost. Punctuation and white space are not
tokens at all.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import Precompiled
from tokenizers.pre_tokenizers import Split

UNKNOWN = "[UNK]"
_RUNS = r"\p{Han}+|\p{N}+|[\p{L}\p{M}&&[^\p{Han}]]+"
_WORD = re.compile(r"[一-鿿]{2,8}|[a-z]{2,16}|[0-9]{2,4}")
_RARE_CHARACTER = 5


def empty_tokenizer(charsmap: bytes) -> Tokenizer:
    """Normaliser and pre-tokeniser, with a vocabulary of nothing yet."""
    return build_tokenizer(charsmap, [(UNKNOWN, 0.0)])


def build_tokenizer(charsmap: bytes, pieces: list[tuple[str, float]]) -> Tokenizer:
    """A tokenizer of ``pieces`` (the first is the unknown token) with their log scores."""
    tokenizer = Tokenizer(Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = Precompiled(charsmap)
    # Inverted: what the pattern matches is kept, all between is dropped.
    tokenizer.pre_tokenizer = Split(Regex(_RUNS), behavior="removed", invert=True)
    return tokenizer


def count_words(
    texts: Iterable[str], words: Counter[str], characters: Counter[str], weight: int
) -> None:
    """Add to both counters, ``weight`` times, what the normalised ``texts`` consist of."""
    import rjieba

    for text in texts:
        for word in rjieba.cut(text):
            words[word] += weight
        characters.update(text)


def choose_pieces(
    words: Counter[str], characters: Counter[str], size: int
) -> list[tuple[str, float]]:
    """``size`` pieces with log scores: all characters that matter, then the commonest words."""
    letters = set("abcdefghijklmnopqrstuvwxyz0123456789") | set(_gb2312())
    letters |= {c for c, n in characters.items() if n >= _RARE_CHARACTER and c.isalnum()}
    counts = {c: words[c] + 1 for c in letters}
    for word, count in words.most_common():
        if len(counts) >= size - 1:
            break
        if _WORD.fullmatch(word):
            counts[word] = count
    total = math.log(sum(counts.values()))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(UNKNOWN, 0.0)] + [(piece, math.log(n) - total) for piece, n in ranked]


def sample_texts(texts: list[str], characters: int, seed: int) -> list[str]:
    """Texts drawn without replacement until they hold ``characters`` characters."""
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    drawn: list[str] = []
    for index in order:
        if characters <= 0:
            break
        drawn.append(texts[index])
        characters -= len(texts[index])
    return drawn


def _gb2312() -> str:
    codes = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    return "".join(code.decode("gb2312", "ignore") for code in codes)
