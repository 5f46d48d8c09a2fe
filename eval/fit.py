"""Fitting the models of ``assistant.decide`` to questions whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from assistant.decide import FEATURES, SHORTLIST, STANDING, Further, Linear, standing
from assistant.interaction import Rows
from assistant.retrieve import EVIDENCE, Retrieved
from eval.written import WrittenQuestion

# Strength of the ranking's regularisation, and of the confidence's (its inverse).
_RIDGE, _LOOSE = 3e-4, 0.2
# Weight of a question whose answers are hidden, and the least number of rivals left.
_UNANSWERED, _RIVALS = 0.2, 4

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's candidates: values of shape (n, features) and which of them answer.

    ``group`` is held out together: its answers' company, or the question itself where it has
    none. ``among`` is what it was asked of: all filings of a set, or one company's alone.
    """

    question: WrittenQuestion
    retrieved: Retrieved
    values: Rows
    right: Flags
    group: str = ""
    among: str = "all"


def fit_shortlist(asked: Sequence[Asked]) -> Linear:
    """What the shortlist is made by: a logistic model, each question weighing the same."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100, max_iter=8000)
    model.fit(
        np.concatenate([one.values[:, : len(EVIDENCE)] for one in asked]),
        np.concatenate([one.right for one in asked]),
        np.concatenate([np.full(len(one.right), 1 / len(one.right)) for one in asked]),
    )
    weights = dict(zip(EVIDENCE, model.coef_[0].tolist(), strict=True))
    return Linear(float(model.intercept_[0]), weights)


def shortlisted(one: Asked, model: Linear) -> Asked:
    """The candidates that the shortlist keeps."""
    best = np.argsort(-logits(one, model), kind="stable")[:SHORTLIST]
    return replace(one, values=one.values[best], right=one.right[best])


def logits(one: Asked, model: Linear) -> Rows:
    """Logit of each candidate."""
    return model.logits(one.values, FEATURES)


def fit_ranking(asked: Sequence[Asked]) -> Linear:
    """The order of the shortlist: softmax over a question's candidates.

    Maximises the likelihood that a right pair is drawn, as a conditional logit does (McFadden
    1974; ListNet, Cao et al. 2007). Questions without a right pair teach it nothing.
    """
    from scipy.optimize import minimize

    answered = [one for one in asked if one.right.any()]
    rows = np.concatenate([one.values for one in answered])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    rows = (rows - mean) / spread
    right = np.concatenate([one.right for one in answered])
    starts = np.cumsum([0, *(len(one.right) for one in answered[:-1])])
    sizes = np.diff(starts, append=len(rows))

    def loss(weights: Rows) -> tuple[float, Rows]:
        scores = rows @ weights
        shares = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        whole = np.add.reduceat(shares, starts)
        good = np.maximum(np.add.reduceat(shares * right, starts), 1e-300)
        of_right = shares * right / np.repeat(good, sizes)
        gradient = rows.T @ (shares / np.repeat(whole, sizes) - of_right) / len(answered)
        value = float(np.log(whole / good).mean() + _RIDGE * weights @ weights)
        return value, gradient + 2 * _RIDGE * weights

    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B")
    weights = found.x / spread
    return Linear(float(-weights @ mean), dict(zip(FEATURES, weights.tolist(), strict=True)))


def fit_confidence(final: Linear, asked: Sequence[Asked]) -> Linear:
    """The first pair's confidence, not yet scaled.

    The questions are asked again with their answers hidden: near misses without number.
    """
    from sklearn.linear_model import LogisticRegression

    rows, right = firsts(final, asked)
    unanswered, none = firsts(final, [one for each in asked for one in without_answers(each)])
    values = np.concatenate([rows, unanswered])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=_LOOSE, max_iter=8000).fit(
        (values - mean) / spread,
        np.concatenate([right, none]),
        np.concatenate([np.ones(len(right)), np.full(len(none), _UNANSWERED)]),
    )
    weights = model.coef_[0] / spread
    return Linear(
        float(model.intercept_[0] - weights @ mean),
        dict(zip(STANDING, weights.tolist(), strict=True)),
    )


def scaling(scores: Rows, right: Flags) -> tuple[float, float]:
    """Scale and shift that make logits the log-odds of being right.

    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), right)
    return float(model.coef_[0][0]), float(model.intercept_[0])


def scaled(model: Linear, scale: float, shift: float) -> Linear:
    """A model whose logits are scaled and shifted."""
    weights = {name: scale * weight for name, weight in model.weights.items()}
    return Linear(scale * model.bias + shift, weights)


def without_answers(one: Asked) -> Iterator[Asked]:
    """The same question where its answers were not filed; nothing where too little is left."""
    keep = ~one.right
    if one.right.any() and keep.sum() >= _RIVALS:
        yield replace(one, values=one.values[keep], right=one.right[keep])


def firsts(final: Linear, asked: Sequence[Asked]) -> tuple[Rows, Flags]:
    """A row of ``STANDING`` for each question's first pair, and whether that answers."""
    rows, right = [], []
    for one in asked:
        scores = logits(one, final)
        order = np.argsort(-scores, kind="stable")
        rows.append(standing(scores[order], one.values[order], one.retrieved))
        right.append(one.right[order[0]])
    return np.array(rows).reshape(-1, len(STANDING)), np.array(right, dtype=bool)


def fit_further(final: Linear, asked: Sequence[Asked]) -> Further:
    """Fit the model of the pairs ranked second to fifth."""
    from sklearn.linear_model import LogisticRegression

    rows, labels = [], []
    for one in asked:
        scores = logits(one, final)
        first, *further = np.argsort(-scores, kind="stable")[:5]
        rows += [(scores[i], scores[first] - scores[i]) for i in further]
        labels += [one.right[i] for i in further]
    model = LogisticRegression(C=100).fit(np.array(rows), labels)
    logit, margin = model.coef_[0].tolist()
    return Further(float(model.intercept_[0]), logit, margin)
