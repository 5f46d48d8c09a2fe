"""Pairs as late interaction reads them: the tokens of their sentences, worked out when filed.

A pair's ``sentences`` are bytes (little endian), kept beside its text in the store:

    4 bytes        what they were made with: the beginning of a SHA-256
    2 × uint32     number of sentences, and of those that are the filed question's
    n × float32    length of each sentence's sum of weighted unit vectors
    n × uint32     number of tokens of each sentence
    uint16 …       the tokens, sentence by sentence

Sentences without tokens are left out. ``None``, or bytes made with another model, are worked out
anew whenever they are read.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from index.embedding.encoder import StaticEncoder, Vectors
from index.normalize import SHIPPED_MODEL
from index.records import Reading
from index.terms import rank_weight

Ids = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.uint16]
Places = npt.NDArray[np.intp]

_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]*")
_HEAD = struct.Struct("<4sII")
# Whatever else of the form or the weights changes what is kept.
_FORM = "1"


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """The sentences of several pairs that have tokens, side by side.

    ``tokens`` is one array; ``starts`` says where each sentence begins there, ``norms`` how long
    its sum of weighted unit vectors is, ``filed`` whether it is of the filed question, ``owner``
    whose it is: a place in ``pairs``, which are those that have sentences. ``first`` is the first
    sentence of each of these.
    """

    tokens: Tokens
    starts: Places
    norms: Vectors
    filed: npt.NDArray[np.bool_]
    owner: Places
    first: Places
    pairs: Places


def sentences_of(text: str) -> list[str]:
    """Sentences and clauses parted by semicolons, in order; together they are the text."""
    return _SENTENCE.findall(text)


def encoded(pairs: Iterable[tuple[str, str]]) -> list[bytes]:
    """The sentences of each pair (question, answer), to be kept."""
    cut = [(sentences_of(question), sentences_of(answer)) for question, answer in pairs]
    # All together: one by one takes three times as long.
    tokens = iter(model().tokens([one for asked, answered in cut for one in (*asked, *answered)]))
    return [
        _packed([next(tokens) for _ in asked], [next(tokens) for _ in answered])
        for asked, answered in cut
    ]


def is_current(kept: bytes | None) -> bool:
    """Whether a pair's sentences are there and were made with the model that ships."""
    return kept is not None and kept.startswith(made_with())


def sentences_in(readings: Sequence[Reading]) -> Sentences:
    """The sentences of what is read, from what is kept as far as it is current."""
    kept = [reading.sentences for reading in readings]
    stale = [place for place, one in enumerate(kept) if not is_current(one)]
    anew = encoded((readings[place].question, readings[place].answer) for place in stale)
    for place, one in zip(stale, anew, strict=True):
        kept[place] = one
    return _side_by_side([one for one in kept if one is not None])


def _packed(asked: Sequence[Ids], answered: Sequence[Ids]) -> bytes:
    said = [own for own in (*asked, *answered) if len(own)]
    head = _HEAD.pack(made_with(), len(said), sum(len(own) > 0 for own in asked))
    if not said:
        return head
    # Sentence by sentence: the rows of one fit the processor's cache.
    sums = [_shares()[own] @ model().rows(own) for own in said]
    lengths = np.array([len(own) for own in said], dtype="<u4")
    parts = np.linalg.norm(sums, axis=1).astype("<f4"), lengths, np.concatenate(said).astype("<u2")
    return b"".join([head, *(part.tobytes() for part in parts)])


def _side_by_side(kept: Sequence[bytes]) -> Sentences:
    heads = [_HEAD.unpack_from(one) for one in kept]
    counts = np.array([count for _, count, _ in heads], dtype=np.intp)
    filed = np.array([count for *_, count in heads], dtype=np.intp)
    lengths, own_norms, tokens = [], [], []
    for one, count in zip(kept, counts.tolist(), strict=True):
        at = _HEAD.size
        own_norms.append(np.frombuffer(one, "<f4", count, at))
        lengths.append(np.frombuffer(one, "<u4", count, at + 4 * count))
        tokens.append(np.frombuffer(one, "<u2", offset=at + 8 * count))
    none = np.zeros(0, dtype=np.uint16)
    size = np.concatenate([none, *lengths]).astype(np.intp)
    present = np.flatnonzero(counts)
    first = np.cumsum(counts) - counts
    place = np.arange(len(size)) - np.repeat(first, counts)
    return Sentences(
        np.concatenate([none, *tokens]),
        np.cumsum(size) - size,
        np.concatenate([none.astype(np.float32), *own_norms]),
        place < np.repeat(filed, counts),
        np.repeat(np.arange(len(present)), counts[present]),
        first[present],
        present,
    )


@cache
def model() -> StaticEncoder:
    """The model that ships, whichever embeds."""
    return StaticEncoder(SHIPPED_MODEL)


@cache
def weights() -> Vectors:
    """How much each of its tokens says, from 0 to 1."""
    return np.array([rank_weight(rank) for rank in range(model().tokens_known)], dtype=np.float32)


@cache
def norms() -> Vectors:
    """The length of each token's vector."""
    every = np.arange(model().tokens_known)
    parts = [np.linalg.norm(model().rows(some), axis=1) for some in np.array_split(every, 64)]
    lengths: Vectors = np.maximum(np.concatenate(parts), 1e-9)
    return lengths


@cache
def _shares() -> Vectors:
    """What each token's vector is multiplied by to be of its weight's length."""
    shares: Vectors = weights() / norms()
    return shares


@cache
def made_with() -> bytes:
    """The first bytes of what is made now."""
    said = f"{_FORM} {model().revision}"
    return hashlib.sha256(said.encode()).digest()[:4]
