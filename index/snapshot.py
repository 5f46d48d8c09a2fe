"""The indexes of a store, brought in line with its database.

Pairs never change and their ids are never used again, so comparing ids tells all: what the
database has and an index lacks is added, what an index has and the database lacks is removed.
A missing or damaged index simply lacks everything.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.catalogue import Catalogue
from index.encoder import Encoder, Vectors
from index.errors import StoreError
from index.lexical import LexicalIndex
from index.passages import passages_of
from index.protocol import CompanyKey, Ids, Scope, pairs_of, passage_id
from index.records import Pair
from index.store import Store
from index.vectors import DenseIndex

logger = logging.getLogger(__name__)

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Indexes:
    """The embedded ``Index``: dense and lexical over the same pairs, and what filters need."""

    dense: DenseIndex
    lexical: LexicalIndex
    catalogue: Catalogue = field(default_factory=Catalogue)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.dense.dimension

    @property
    def count(self) -> int:
        """Number of pairs."""
        return len(self.pair_ids())

    def pair_ids(self) -> Ids:
        """Ids of all pairs, rising."""
        return np.sort(self.lexical.ids())

    def within(self, pairs: Ids, scope: Scope) -> npt.NDArray[np.bool_]:
        """Which of the pairs are in the scope."""
        return self.catalogue.within(pairs, scope)

    def nearest(self, query: Vectors, k: int, scope: Scope | None = None) -> tuple[Vectors, Ids]:
        """Inner products and passage ids of the ``k`` nearest passages, best first."""
        return self.dense.search(query, k, self._allowed(scope))

    def similarities(self, query: Vectors, pairs: Ids) -> tuple[Vectors, Ids]:
        """Inner products with all passages of the pairs, and the passages' ids."""
        passages = self.dense.passages_of(pairs)
        return self.dense.scores(query, passages), passages

    def matching(self, text: str, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """Pair ids and BM25 scores of the ``k`` pairs that match best by words, best first."""
        return self.lexical.search(text, k, self._allowed(scope))

    def ceiling(self, text: str) -> float:
        """The BM25 score that no pair can exceed for ``text``."""
        return self.lexical.ceiling(text)

    def _allowed(self, scope: Scope | None) -> Ids | None:
        return self.catalogue.pairs(scope) if scope else None


def open_indexes(store: Store, dimension: int) -> Indexes:
    """A store's indexes, in line with its database.

    Where the store's folder can't be written, what is missing is made up in memory.
    """
    folder = store.folder / "indexes"
    try:
        folder.mkdir(exist_ok=True)
        with store.lock(), store.snapshot():
            wanted = store.pair_ids()
            return Indexes(
                _dense(store, wanted, folder / "dense.faiss", dimension),
                _lexical(store, wanted, folder / "lexical"),
                Catalogue(store.listed()),
            )
    except OSError as error:
        logger.warning("%s: indexes kept in memory only (%s)", store.folder, error)
        dense, lexical = DenseIndex(dimension), LexicalIndex()
        with store.snapshot():
            wanted = store.pair_ids()
            _align_dense(store, wanted, dense)
            _align_lexical(store, wanted, lexical)
        return Indexes(dense, lexical, Catalogue(store.listed()))


def index_pairs(
    pairs: Sequence[tuple[int, Pair]],
    encoder: Encoder,
    companies: Mapping[CompanyKey, Ids] | None = None,
) -> Indexes:
    """Indexes in memory over pairs with their ids, without a store; ``companies`` has theirs."""
    dense, lexical = DenseIndex(encoder.dimension), LexicalIndex()
    ids, texts = [], []
    for pair_id, pair in pairs:
        for passage in passages_of(pair):
            ids.append(passage_id(pair_id, passage.place))
            texts.append(passage.text)
    dense.add(np.array(ids, dtype=np.int64), encoder.encode_passages(texts))
    lexical.update(pairs)
    return Indexes(dense, lexical, Catalogue.of_companies(companies or {}))


def _dense(store: Store, wanted: Ids, path: Path, dimension: int) -> DenseIndex:
    dense = DenseIndex(dimension)
    if path.is_file():
        try:
            saved = DenseIndex.open(path)
        except StoreError as error:
            logger.warning("%s: rebuilt", error)
        else:
            if saved.dimension == dimension:
                dense = saved
    if _align_dense(store, wanted, dense):
        dense.save(path)
    return dense


def _align_dense(store: Store, wanted: Ids, dense: DenseIndex) -> bool:
    """Whether anything had to change."""
    ids = dense.ids()
    present = np.unique(pairs_of(ids))
    gone = np.setdiff1d(present, wanted)
    lacking = np.setdiff1d(wanted, present)
    dense.remove(ids[np.isin(pairs_of(ids), gone)])
    for batch in _batches(lacking):
        rows = list(store.vectors(batch))
        dense.add(
            np.array([row[0] for row in rows], dtype=np.int64),
            _matrix([row[1] for row in rows], dense.dimension),
        )
    return bool(len(gone) or len(lacking))


def _lexical(store: Store, wanted: Ids, folder: Path) -> LexicalIndex:
    folder.mkdir(exist_ok=True)
    try:
        lexical = LexicalIndex(folder)
        _align_lexical(store, wanted, lexical)
    except StoreError as error:
        logger.warning("%s: rebuilt", error)
        shutil.rmtree(folder)
        folder.mkdir()
        lexical = LexicalIndex(folder)
        _align_lexical(store, wanted, lexical)
    return lexical


def _align_lexical(store: Store, wanted: Ids, lexical: LexicalIndex) -> None:
    present = lexical.ids()
    gone = np.setdiff1d(present, wanted)
    lacking = np.setdiff1d(wanted, present)
    if len(gone) or len(lacking):
        lexical.update(((int(i), store.pair(int(i))[1]) for i in lacking), gone.tolist())


def _batches(ids: Ids) -> Iterator[Ids]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _matrix(rows: Sequence[bytes], dimension: int) -> Vectors:
    return np.frombuffer(b"".join(rows), dtype=np.float32).reshape(-1, dimension)
