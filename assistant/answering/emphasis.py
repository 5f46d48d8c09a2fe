"""The sentence of a filed answer that answers a question best, to be emphasised within it.

The answer stays whole and as filed: what is found is a place in it. Where no sentence stands out,
none is.
"""

from __future__ import annotations

from functools import lru_cache

from assistant.retrieval import interaction
from index.embedding.sentences import sentences_of
from index.records import Span

# A sentence is emphasised that covers so much of the question, and so many times as much as any
# other does.
_COVERED, _AHEAD = 0.25, 1.25


@lru_cache(maxsize=512)
def best_sentence(question: str, answer: str) -> Span | None:
    """Where in ``answer`` the sentence stands that covers ``question`` best.

    ``None`` where the answer is one sentence, or none of them stands out.
    """
    sentences = sentences_of(answer)
    if sum(bool(sentence.strip()) for sentence in sentences) < 2:
        return None
    number, best, rival = interaction.best_sentence(question, answer)
    if best < max(_COVERED, _AHEAD * rival):
        return None
    # What parts two sentences belongs to the first; before the very first it belongs to none.
    before = answer.index(sentences[0]) + sum(map(len, sentences[:number]))
    said = sentences[number].strip()
    start = answer.index(said, before)
    return Span(start, start + len(said))
