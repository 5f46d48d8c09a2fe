"""The embedded ``Index``: FAISS and tantivy over the same pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from index.embedding.encoder import Encoder, Vectors
from index.embedding.passages import passages_of
from index.records import Pair
from index.search.lexical import LexicalIndex
from index.search.vectors import DenseIndex
from index.store.catalogue import Catalogue
from index.store.scope import CompanyKey, Ids, Runs, Scope, passage_id


@dataclass(frozen=True, slots=True)
class Indexes:
    """The embedded ``Index``: dense and lexical over the same pairs, and what filters need.

    ``lags``: the database has changed since, and another process is at it.
    """

    dense: DenseIndex
    lexical: LexicalIndex
    catalogue: Catalogue = field(default_factory=Catalogue)
    lags: bool = False

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.dense.dimension

    @property
    def count(self) -> int:
        """Number of pairs."""
        return self.lexical.count

    def pair_ids(self) -> Ids:
        """Ids of all pairs, rising."""
        return np.sort(self.lexical.ids())

    def within(self, pairs: Ids, scope: Scope) -> npt.NDArray[np.bool_]:
        """Which of the pairs are in the scope."""
        return self.catalogue.within(pairs, scope)

    def ordered(self, pairs: Ids) -> npt.NDArray[np.intp]:
        """The places of the pairs (rising) in an order that goes by what was filed, not when."""
        return self.catalogue.ordered(pairs)

    def candidates(self, query: Vectors, k: int, scope: Scope | None = None) -> Ids:
        """Ids of about the ``k`` nearest passages, in no order."""
        return self.dense.candidates(query, k, self._runs(scope))

    def similarities(self, query: Vectors, pairs: Ids) -> tuple[Vectors, Ids]:
        """Inner products with all passages of the pairs, and the passages' ids."""
        passages = self.dense.passages_of(pairs)
        return self.dense.scores(query, passages), passages

    def matching(self, text: str, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """Pair ids and BM25 scores of the ``k`` pairs that match best by words, best first."""
        return self.lexical.search(text, k, self._resolved(scope))

    def questions(self, text: str, k: int, scope: Scope | None = None) -> Ids:
        """Ids of the ``k`` pairs whose filed question shares most with ``text``, best first."""
        return self.lexical.questions(text, k, self._resolved(scope))

    def ceiling(self, text: str) -> float:
        """The BM25 score that no pair can exceed for ``text``."""
        return self.lexical.ceiling(text)

    def _runs(self, scope: Scope | None) -> Runs | None:
        return self.catalogue.runs(scope) if scope else None

    def _resolved(self, scope: Scope | None) -> Scope | None:
        return self.catalogue.resolved(scope) if scope else None


def index_pairs(
    pairs: Sequence[tuple[int, Pair]],
    encoder: Encoder,
    companies: Mapping[CompanyKey, Ids] | None = None,
) -> Indexes:
    """Indexes in memory over pairs with their ids (rising), without a store.

    ``companies`` has the ids of each company's pairs.
    """
    ids, texts = [], []
    for pair_id, pair in pairs:
        for passage in passages_of(pair):
            ids.append(passage_id(pair_id, passage.place))
            texts.append(passage.text)
    rows = encoder.encode_passages(texts).astype(np.float16)
    dense = DenseIndex(encoder.dimension).with_added(np.array(ids, dtype=np.int64), rows)
    catalogue = Catalogue.of_companies(companies or {})
    lexical = LexicalIndex()
    lexical.update(
        ((pair_id, pair.question, pair.answer) for pair_id, pair in pairs),
        filing_of=catalogue.filing_of,
    )
    return Indexes(dense, lexical, catalogue)
