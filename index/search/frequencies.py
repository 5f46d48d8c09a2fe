"""How many texts have each term, where the index itself doesn't tell: by the terms' hashes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]

# Milvus keeps the largest number of 32 bits for itself.
_HASHES = 2**32 - 1


def hash_of(term: str) -> int:
    """A term's number, from 0 to 2**32 - 2; of millions of terms, one in thousands shares one."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass")) % _HASHES


def _none() -> Hashes:
    return np.zeros(0, dtype=np.uint32)


def _nothing() -> Counts:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """Of each term (by its hash, rising) the number of texts that have it."""

    hashes: Hashes = field(default_factory=_none)
    counts: Counts = field(default_factory=_nothing)

    def of(self, term: str) -> int:
        """Number of texts that have a term."""
        wanted = hash_of(term)
        place = int(np.searchsorted(self.hashes, wanted))
        if place == len(self.hashes) or int(self.hashes[place]) != wanted:
            return 0
        return int(self.counts[place])

    def changed(self, texts: Iterable[Iterable[int]], by: int) -> Frequencies:
        """With one more (``by`` 1) or one less (-1) for each of a text's hashes."""
        every = [np.fromiter(text, dtype=np.uint32) for text in texts]
        seen, times = np.unique(np.concatenate([_none(), *every]), return_counts=True)
        hashes = np.union1d(self.hashes, seen)
        counts = np.zeros(len(hashes), dtype=np.int64)
        counts[np.searchsorted(hashes, self.hashes)] = self.counts
        counts[np.searchsorted(hashes, seen)] += by * times
        kept = counts > 0
        return Frequencies(hashes[kept].astype(np.uint32), counts[kept])
