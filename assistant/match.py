"""How much of a question a text covers, word by word: late interaction over static vectors.

Each of the question's tokens looks for its nearest token in the text; the mean of these cosines,
weighted by how much each token says, is how much of the question is covered. 卖股票 is covered by
减持股份 though they share one character. After MaxSim in ColBERT (Khattab & Zaharia 2020), with
the static vectors of the shipped model in the place of a transformer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from index.encoder import StaticEncoder, Vectors
from index.normalize import SHIPPED_MODEL
from index.terms import rank_weight

Tokens = npt.NDArray[np.int64]


def matched(question: str, texts: Sequence[str]) -> list[float]:
    """For each text, how much of the question it covers: about 0 (nothing) to 1 (all)."""
    model = _model()
    asked = model.tokens([question])[0]
    if not len(asked) or not texts:
        return [0.0] * len(texts)
    weights = np.array([rank_weight(int(token)) for token in asked], dtype=np.float32)
    weights /= weights.sum()
    tokens = model.tokens(texts)
    # A token stands in several texts: each distinct one is compared once.
    distinct, places = np.unique(np.concatenate(tokens), return_inverse=True)
    cosines = _unit(model.rows(asked)) @ _unit(model.rows(distinct)).T
    covered, start = [], 0
    for own in tokens:
        nearest = cosines[:, places[start : start + len(own)]]
        covered.append(float(weights @ nearest.max(axis=1)) if len(own) else 0.0)
        start += len(own)
    return covered


def _unit(rows: Vectors) -> Vectors:
    units: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return units


@cache
def _model() -> StaticEncoder:
    return StaticEncoder(SHIPPED_MODEL)
