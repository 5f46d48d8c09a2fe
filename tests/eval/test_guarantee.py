"""The threshold that a share of wrong answers calls for, and what it promises."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.retrieval.calibration import load_calibration, threshold_of
from assistant.retrieval.decide import Calibration, Further, Threshold
from assistant.retrieval.logistic import Linear
from eval.fitting.guarantee import threshold_for
from index.errors import CallError

PLAIN = Linear(0.0, {})
NOTHING = Threshold.at(1.0)


def outcomes(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and answers that are right as often as they claim."""
    random = np.random.default_rng(seed)
    confidence = random.beta(4, 1, size)
    return confidence, random.random(size) < confidence


def test_the_promise_is_kept_four_times_in_five() -> None:
    confidence, right = outcomes(200_000, 0)
    kept = []
    for seed in range(200):
        level = threshold_for(*outcomes(1000, seed + 1), wrong=0.1)
        kept.append((~right[confidence >= level]).mean() <= 0.1)
    assert np.mean(kept) >= 0.78


def test_more_questions_are_answered_where_more_may_be_wrong() -> None:
    levels = [threshold_for(*outcomes(2000, 1), wrong=wrong) for wrong in (0.03, 0.05, 0.1, 0.2)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > levels[-1]


def test_nothing_is_promised_that_cannot_be() -> None:
    confidence = np.linspace(0.0, 1.0, 500)
    assert threshold_for(confidence, np.zeros(500, dtype=bool), wrong=0.05) == 1.0
    assert threshold_for(confidence, np.ones(500, dtype=bool), wrong=0.05) <= confidence[10]


def test_a_share_is_asked_for() -> None:
    calibration = Calibration(
        *(PLAIN, PLAIN, PLAIN, Further()),
        Threshold(0.8, 0.9, 1.0),
        ((0.02, NOTHING), (0.05, Threshold(0.8, 0.9, 1.0)), (0.1, Threshold(0.5, 0.6, 0.7))),
    )
    assert threshold_of(calibration, None, None) == (0.8, 0.9, 1.0)
    assert threshold_of(calibration, 0.3, 0.1) == (0.3, 0.3, 0.3)
    assert threshold_of(calibration, None, 0.07) == (0.8, 0.9, 1.0)
    assert threshold_of(calibration, None, 0.5) == (0.5, 0.6, 0.7)
    with pytest.raises(CallError, match=r"0\.05 is least"):
        threshold_of(calibration, None, 0.03)


def test_the_shipped_calibration_has_them() -> None:
    shipped = load_calibration(None)
    for levels in zip(*(level for _, level in shipped.thresholds), strict=True):
        assert list(levels) == sorted(levels, reverse=True)
    promised = dict(shipped.thresholds)[0.05]
    for level, own in zip(shipped.threshold, promised, strict=True):
        # What can't be promised is answered from what was seen.
        assert own in (level, 1.0)
