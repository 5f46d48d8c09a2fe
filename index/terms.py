"""Text to lexical terms: words, character bigrams and numbers.

Chinese has no spaces, so a lexical index must be given terms. Words (by jieba's dictionary
and hidden Markov model, in Rust) are precise; overlapping character bigrams still match where
a word is mistyped or segmented otherwise (Nie et al. 2000, "On the use of words and n-grams
for Chinese information retrieval"). Words learnt from filings by how they hold together
(归母净利润) found less on the development part than without: their pairs are there already.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from index.normalize import SHIPPED_MODEL, normalize, read_tokenizer

_NO_WORD = 0.55
_TOKEN = re.compile(
    r"(?P<number>\d+(?:,\d{3})+(?:\.\d+)?%?|\d+(?:\.\d+)?%?)"
    r"|(?P<latin>[a-z]+(?:[-&'][a-z]+)*)"
    r"|(?P<han>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
)


def terms(text: str) -> list[str]:
    """Terms of a text, in order, repeated as often as they occur."""
    return list(_terms(normalize(text)))


def weight(term: str) -> float:
    """How much a term of a question says, from 0 to 1, whatever is in the store.

    In a small store any word is rare; how common it is in Chinese at large tells 是 and 自己
    from 回购. The shipped tokenizer's vocabulary is in order of frequency, and by Zipf's law the
    logarithm of a word's rank stands for its information. Character pairs that are no word
    weigh about half: some are chance, some are names.
    """
    rank = read_tokenizer(SHIPPED_MODEL).token_to_id(term)
    if rank is None:
        return _NO_WORD if term[:1] >= "\u3400" else 1.0
    return rank_weight(rank)


def rank_weight(rank: int) -> float:
    """How much the word says that has this place in the vocabulary, from 0 to 1."""
    return min(1.0, max(0.02, (math.log(rank + 1) - 2) / 6))


def _terms(text: str) -> Iterator[str]:
    from rjieba import cut

    for match in _TOKEN.finditer(text):
        run = match.group()
        if match.lastgroup != "han":
            yield run.replace(",", "")
            continue
        bigrams = {run[i : i + 2] for i in range(len(run) - 1)}
        yield from (run[i : i + 2] for i in range(len(run) - 1))
        # A two-character word is its own bigram already.
        yield from (word for word in cut(run) if word not in bigrams)
