"""The judge: a model that reads question and pair together and says whether the pair answers.

It reads the first pairs only. What it says is one more value of the confidence, and may change
their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from assistant.retrieval.interaction import Rows
from index.records import Reading

# Pairs that it reads.
DEPTH = 3
# What the confidence is told: the log-odds of the first pair, and the best of the others'.
JUDGED = ("judge", "judge_rival")
# What a pair that isn't there counts as.
_NOBODY = -8.0


class Judge(Protocol):
    """Gives log-odds."""

    name: str

    def logits(self, question: str, readings: Sequence[Reading]) -> Rows:
        """Log-odds that each pair answers the question, of shape ``(len(readings),)``."""
        ...


def verdict(said: Rows) -> Rows:
    """``JUDGED``, from the log-odds of the pairs that were read, from best to worst."""
    return np.array([said[0], said[1:].max() if len(said) > 1 else _NOBODY])
