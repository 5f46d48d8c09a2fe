"""What retrieval needs of an index, whoever keeps it: ``Index``.

Two makers: the embedded one (``snapshot``: FAISS and tantivy, the default), and a Milvus server's
(``remote``). Both find the same in a ``Scope`` of pairs, within ties.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.embedding.encoder import Vectors
from index.store.scope import Ids, Scope


class Index(Protocol):
    """One unchanging state of all pairs, searched from any number of threads at once."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def count(self) -> int:
        """Number of pairs."""
        ...

    @property
    def lags(self) -> bool:
        """Whether the database has changed since, and another process is at it."""
        ...

    def pair_ids(self) -> Ids:
        """Ids of all pairs, rising."""
        ...

    def within(self, pairs: Ids, scope: Scope) -> npt.NDArray[np.bool_]:
        """Which of the pairs are in the scope."""
        ...

    def ordered(self, pairs: Ids) -> npt.NDArray[np.intp]:
        """The places of the pairs (rising) in an order that goes by what was filed, not when."""
        ...

    def candidates(self, query: Vectors, k: int, scope: Scope | None = None) -> Ids:
        """Ids of about the ``k`` nearest passages, in no order: ``similarities`` scores them.

        ``query`` is one unit vector. Fewer than ``k`` come back where the scope has no more.
        """
        ...

    def similarities(self, query: Vectors, pairs: Ids) -> tuple[Vectors, Ids]:
        """Inner products with all passages of the pairs, and the passages' ids."""
        ...

    def matching(self, text: str, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """Pair ids and BM25 scores of the ``k`` pairs that match best by words, best first."""
        ...

    def questions(self, text: str, k: int, scope: Scope | None = None) -> Ids:
        """Ids of the ``k`` pairs whose filed question shares most with ``text``, best first."""
        ...

    def ceiling(self, text: str) -> float:
        """The BM25 score that no pair can exceed for ``text``."""
        ...
