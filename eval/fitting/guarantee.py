"""The confidence from which at most a given share of the answers is wrong, with a guarantee.

Learn then test (Angelopoulos, Bates, Candès, Jordan & Lei 2021, "Learn then Test: Calibrating
Predictive Algorithms to Achieve Risk Control"), by fixed-sequence testing: from a strict
confidence down, each is tested by an exact binomial test of "more than ``wrong`` of what is
answered from here on is wrong", and the first that isn't rejected ends it. There are several such
sequences, which share the risk evenly (Bonferroni). For questions that are
exchangeable with those it was learnt from, the share is at most ``wrong`` with a chance of
1 - ``risk``, over the draw of these. Selection with guaranteed risk (Geifman & El-Yaniv 2017) is
the same bound on one threshold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RISK = 0.2
# Where the sequences begin, as shares of the questions, and how many more each step answers: laid
# down before any result is seen.
_FIRST, _STEP = (0.1, 0.2, 0.4), 10


def threshold_for(
    confidence: npt.NDArray[np.float64],
    right: npt.NDArray[np.bool_],
    wrong: float,
    risk: float = RISK,
) -> float:
    """The lowest confidence (0..1) with that guarantee; 1 where there is none.

    ``confidence`` is the one claimed for each question and ``right`` whether its first pair
    answers, on questions that nothing was fitted on.
    """
    from scipy.stats import binom

    order = np.argsort(-confidence, kind="stable")
    falls = np.cumsum(~right[order])
    found = 1.0
    for first in _FIRST:
        for answered in range(max(1, round(first * len(order))), len(order) + 1, _STEP):
            if binom.cdf(falls[answered - 1], answered, wrong) > risk / len(_FIRST):
                break
            found = min(found, float(confidence[order[answered - 1]]))
    return found
