"""Logistic models over named values: a linear one, and one with a hidden layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]

# Spreads from the mean beyond which a value says no more.
_FAR = 6.0


class Logistic(Protocol):
    """What gives log-odds."""

    def logits(self, rows: Rows, names: Sequence[str]) -> Rows:
        """Log-odds of each row; its columns are ``names``."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic model: a bias, and weights of named values."""

    bias: float
    weights: Mapping[str, float]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From what ``document`` makes; ``LookupError`` where a part is missing."""
        return cls(document["bias"], document["weights"])

    def document(self) -> dict[str, Any]:
        """As JSON has it, rounded."""
        weights = {name: round(weight, 4) for name, weight in self.weights.items()}
        return {"bias": round(self.bias, 4), "weights": weights}

    def logits(self, rows: Rows, names: Sequence[str]) -> Rows:
        """Log-odds of each row; its columns are ``names``. A column without weight counts 0."""
        weights = np.array([self.weights.get(name, 0.0) for name in names])
        logits: Rows = rows @ weights + self.bias
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A logistic model with a hidden layer of tanh beside the linear one.

    Over d values named ``names``, by their ``mean`` and ``spread`` (of length d): ``linear`` (d),
    ``hidden`` (d, h) with its ``bias`` (h), and the weights of what comes ``out`` of it (h).
    """

    names: tuple[str, ...]
    mean: Rows
    spread: Rows
    linear: Rows
    hidden: Rows
    bias: Rows
    out: Rows
    constant: float

    @classmethod
    def read(cls, document: Mapping[str, Any], names: Sequence[str]) -> Self:
        """From what ``document`` makes, in the order of ``names``.

        ``LookupError`` where one of them or another part is missing, ``ValueError`` where the
        lengths don't fit.
        """
        inputs = [document["inputs"][name] for name in names]
        mean, spread, linear = (
            np.array([one[part] for one in inputs], dtype=np.float64)
            for part in ("mean", "spread", "linear")
        )
        hidden = np.array([one["hidden"] for one in inputs], dtype=np.float64)
        bias, out = (np.array(document[part], dtype=np.float64) for part in ("bias", "out"))
        if not hidden.shape[1:] == bias.shape == out.shape:
            raise ValueError("the hidden layer's parts differ in length")
        parts = mean, spread, linear, hidden, bias, out
        return cls(tuple(names), *parts, float(document["constant"]))

    def document(self) -> dict[str, Any]:
        """As JSON has it, rounded."""
        columns = zip(self.names, self.mean, self.spread, self.linear, self.hidden, strict=True)
        return {
            "constant": round(self.constant, 4),
            "inputs": {
                name: {
                    "mean": float(f"{mean:.6g}"),
                    "spread": float(f"{spread:.6g}"),
                    "linear": round(float(linear), 4),
                    "hidden": hidden.round(4).tolist(),
                }
                for name, mean, spread, linear, hidden in columns
            },
            "bias": self.bias.round(4).tolist(),
            "out": self.out.round(4).tolist(),
        }

    def logits(self, rows: Rows, names: Sequence[str]) -> Rows:
        """Log-odds of each row; its columns are ``names``, which must be the network's."""
        if tuple(names) != self.names:
            raise ValueError("these are not the values that the network is over")
        x = standardised(rows, self.mean, self.spread)
        return hidden_logits(x, self.linear, self.hidden, self.bias, self.out) + self.constant


def standardised(rows: Rows, mean: Rows, spread: Rows) -> Rows:
    """Rows as spreads from the mean, within limits: what lies far out says no more."""
    limited: Rows = np.clip((rows - mean) / spread, -_FAR, _FAR)
    return limited


def hidden_logits(x: Rows, linear: Rows, hidden: Rows, bias: Rows, out: Rows) -> Rows:
    """What the two paths give for standardised rows."""
    logits: Rows = x @ linear + np.tanh(x @ hidden + bias) @ out
    return logits


def sigmoid(x: float) -> float:
    """The logistic function, safe for large ``|x|``."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))
