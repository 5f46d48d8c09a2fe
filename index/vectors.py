"""The dense index: exact inner product over unit vectors. The only module that imports faiss.

A passage's id packs the id of its pair with its place in it, so that hits map to pairs
without a look-up; place 0 is the question.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from index.encoder import Vectors
from index.errors import StoreError
from index.files import write_atomically
from index.protocol import PLACE_BITS, Ids


class DenseIndex:
    """Unit vectors by passage id, searched exactly by inner product."""

    def __init__(self, dimension: int) -> None:
        import faiss

        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._sorted: Ids | None = None

    @classmethod
    def open(cls, path: Path) -> DenseIndex:
        """Read a saved index. ``StoreError`` where it isn't what was saved, bit for bit."""
        import faiss

        content = path.read_bytes()
        digest, data = content[:32], content[32:]
        if hashlib.sha256(data).digest() != digest:
            raise StoreError(f"{path}: damaged")
        index = cls.__new__(cls)
        index._index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        index._sorted = None
        return index

    def save(self, path: Path) -> None:
        """Write the index with its checksum, whole or not at all."""
        import faiss

        data = faiss.serialize_index(self._index).tobytes()
        write_atomically(path, hashlib.sha256(data).digest() + data)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def ids(self) -> Ids:
        """All passage ids, in the order in which they were added."""
        import faiss

        ids: Ids = faiss.vector_to_array(self._index.id_map)
        return ids

    def passages_of(self, pairs: Ids) -> Ids:
        """Ids of all passages of the pairs, rising."""
        if self._sorted is None:
            self._sorted = np.sort(self.ids())
        first = np.searchsorted(self._sorted, pairs << PLACE_BITS)
        last = np.searchsorted(self._sorted, (pairs + 1) << PLACE_BITS)
        found = [self._sorted[a:b] for a, b in zip(first, last, strict=True)]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add passages; ``vectors`` has shape ``(len(ids), dimension)``."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors), ids)
            self._sorted = None

    def remove(self, ids: Ids) -> None:
        """Take passages out."""
        if len(ids):
            self._index.remove_ids(ids)
            self._sorted = None

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """Scores and passage ids of the ``k`` nearest, best first, for one query vector.

        ``allowed`` are the pairs whose passages may be found (``None``: all). Fewer than
        ``k`` come back where there are no more.
        """
        import faiss

        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(self.passages_of(allowed))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, found = self._index.search(query.reshape(1, -1), k, params=parameters)
        hit = found[0] >= 0
        return scores[0][hit], found[0][hit]

    def scores(self, query: Vectors, passages: Ids) -> Vectors:
        """Inner products of one query vector with the passages named, in their order."""
        vectors = self._index.reconstruct_batch(passages)
        products: Vectors = vectors @ query.reshape(-1)
        return products
