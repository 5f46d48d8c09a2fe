"""Logistic models: what they give, what they are read from, and that a hidden layer learns."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.retrieval.logistic import Linear, Network
from eval.fitting import fit
from eval.fitting.calibrate import _lines

NAMES = ("similarity", "lexical")
NETWORK = Network(
    NAMES,
    mean=np.array([1.0, 2.0]),
    spread=np.array([0.5, 2.0]),
    linear=np.array([1.0, -1.0]),
    hidden=np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]),
    bias=np.array([0.0, 0.5, 0.0]),
    out=np.array([2.0, 1.0, -3.0]),
    constant=0.25,
)


def test_both_paths_count() -> None:
    first, far = NETWORK.logits(np.array([[1.5, 2.0], [1001.0, 2.0]]), NAMES)
    x = 1.0
    expected = x + 2 * np.tanh(x) + np.tanh(0.5) - 3 * np.tanh(2 * x) + 0.25
    assert first == pytest.approx(expected)
    # Beyond six spreads from the mean a value says no more.
    assert far == pytest.approx(6 + 2 * np.tanh(6) + np.tanh(0.5) - 3 * np.tanh(12) + 0.25)


def test_they_are_read_as_written() -> None:
    text = _lines({"network": NETWORK.document(), "linear": Linear(0.5, {"a": 1.25}).document()})
    document = json.loads(text)
    assert Linear.read(document["linear"]) == Linear(0.5, {"a": 1.25})
    again = Network.read(document["network"], NAMES)
    rows = np.random.default_rng(0).standard_normal((20, 2))
    assert np.array_equal(again.logits(rows, NAMES), NETWORK.logits(rows, NAMES))
    turned = Network.read(document["network"], NAMES[::-1])
    assert turned.logits(rows[:, ::-1], NAMES[::-1]) == pytest.approx(NETWORK.logits(rows, NAMES))


def test_what_does_not_fit_is_refused() -> None:
    document = NETWORK.document()
    with pytest.raises(KeyError, match="margin"):
        Network.read(document, (*NAMES, "margin"))
    with pytest.raises(ValueError, match="length"):
        Network.read(document | {"bias": [0.0]}, NAMES)
    with pytest.raises(ValueError, match="not the values"):
        NETWORK.logits(np.zeros((1, 2)), NAMES[::-1])


def test_a_network_learns_what_no_line_parts() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (800, 2))
    truth = (x[:, 0] > 0) != (x[:, 1] > 0)
    linear, hidden, bias, out, constant = fit._network(x, truth, np.full(800, 1 / 800), seed=3)
    logits = x @ linear + np.tanh(x @ hidden + bias) @ out + constant
    assert ((logits > 0) == truth).mean() > 0.85


def test_its_gradient_is_that_of_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import optimize

    seen = []

    def checked(loss, start, **_):  # type: ignore[no-untyped-def]
        def value(at):  # type: ignore[no-untyped-def]
            return loss(at)[0]

        seen.append(optimize.check_grad(value, lambda at: loss(at)[1], start))
        return optimize.OptimizeResult(x=start)

    monkeypatch.setattr(optimize, "minimize", checked)
    x = np.random.default_rng(2).standard_normal((50, 3))
    fit._network(x, x[:, 0] > 0, np.full(50, 1 / 50), seed=0)
    assert seen[0] < 1e-5
