"""Where training starts from: vectors of how words occur together, no labels needed.

The positive pointwise mutual information of tokens within a window, with a smoothed
context distribution, factored by a truncated SVD (Levy, Goldberg and Dagan, 2015), and each
row weighted by the inverse of its frequency (SIF: Arora, Liang and Ma, 2017). Texts too rare
for the labelled pairs to teach anything still get a meaning this way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eval.training.pairs import TokenLists

Table = npt.NDArray[np.float32]

_CHUNK = 6_000_000
_SMOOTHING = 0.75
_LEAST_COUNT = 2.0


def cooccurrence_table(
    lists: TokenLists, tokens: int, dimension: int, window: int, seed: int
) -> Table:
    """One row of unit length per token; rows of tokens that were never seen are random."""
    from sklearn.utils.extmath import randomized_svd

    matrix = _positive_pmi(_counts(lists, tokens, window))
    left, values, _ = randomized_svd(matrix, dimension, n_iter=3, random_state=seed)
    table = left * np.sqrt(values)
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    random = np.random.default_rng(seed).standard_normal(table.shape) / np.sqrt(dimension)
    rows: Table = np.where(norms > 1e-6, table / np.maximum(norms, 1e-9), random)
    return rows.astype(np.float32)


def frequency_weights(lists: TokenLists, tokens: int, a: float = 3e-4) -> Table:
    """a / (a + p) for each token, p its share of all tokens; shape ``(tokens, 1)``."""
    share = np.bincount(lists.ids, minlength=tokens) / len(lists.ids)
    weights: Table = (a / (a + share))[:, None].astype(np.float32)
    return weights


def _counts(lists: TokenLists, tokens: int, window: int) -> Any:
    """Symmetric counts, a neighbour at distance d counting 1/d; scipy CSR, tokens × tokens."""
    from scipy.sparse import coo_matrix, csr_matrix

    owner = np.repeat(np.arange(len(lists.starts) - 1), np.diff(lists.starts))
    total = csr_matrix((tokens, tokens), dtype=np.float32)
    for start in range(0, len(lists.ids), _CHUNK):
        end = start + _CHUNK + window
        ids, text = lists.ids[start:end], owner[start:end]
        for distance in range(1, window + 1):
            head = slice(0, min(_CHUNK, len(ids) - distance))
            tail = slice(distance, head.stop + distance)
            same = text[head] == text[tail]
            pairs = ids[head][same], ids[tail][same]
            weight = np.full(len(pairs[0]), 1 / distance, dtype=np.float32)
            total = total + coo_matrix((weight, pairs), shape=(tokens, tokens)).tocsr()
    return (total + total.T).tocsr()


def _positive_pmi(counts: Any) -> Any:
    counts.data[counts.data < _LEAST_COUNT] = 0
    counts.eliminate_zeros()
    cells = counts.tocoo()
    rows = np.bincount(cells.row, cells.data, counts.shape[0])
    contexts = np.bincount(cells.col, cells.data, counts.shape[0]) ** _SMOOTHING
    contexts /= contexts.sum()
    pmi = np.log(cells.data / (rows[cells.row] * contexts[cells.col]))
    cells.data = np.maximum(pmi, 0).astype(np.float32)
    matrix = cells.tocsr()
    matrix.eliminate_zeros()
    return matrix
