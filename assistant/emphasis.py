"""The sentence of a filed answer that answers a question best, to be emphasised within it.

The answer stays whole and as filed: what is found is a place in it. Where no sentence stands out,
none is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from assistant.interaction import cover, sentences_of
from index.records import Span

# A sentence is emphasised that covers so much of the question, and so many times as much as any
# other does.
_COVERED, _AHEAD = 0.25, 1.25


@lru_cache(maxsize=512)
def best_sentence(question: str, answer: str) -> Span | None:
    """Where in ``answer`` the sentence stands that covers ``question`` best.

    ``None`` where the answer is one sentence, or none of them stands out.
    """
    places = list(_places(answer))
    if len(places) < 2:
        return None
    sentences = [("", answer[place.start : place.end]) for place in places]
    shares = [coverage.covered for coverage in cover(question, sentences)]
    *_, rival, best = sorted(shares)
    if best < max(_COVERED, _AHEAD * rival):
        return None
    return places[shares.index(best)]


def _places(text: str) -> Iterator[Span]:
    """Where each sentence is, without the white space around it."""
    end = 0
    for sentence in sentences_of(text):
        if said := sentence.strip():
            start = text.index(said, end)
            end = start + len(said)
            yield Span(start, end)
