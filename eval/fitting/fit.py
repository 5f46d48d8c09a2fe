"""Fitting the models of ``assistant.retrieval.decide`` to questions whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from assistant.retrieval.decide import (
    FEATURES,
    SHORTLIST,
    STANDING,
    Further,
    Places,
    Ranked,
    judged_order,
    standing,
)
from assistant.retrieval.interaction import Rows
from assistant.retrieval.judging import DEPTH, JUDGED, Judge, verdict
from assistant.retrieval.logistic import Linear, Network, hidden_logits, standardised
from assistant.retrieval.retrieve import EVIDENCE
from assistant.retrieval.settling import is_of_now, newest_first
from eval.fitting.asked import Asked, Flags

# Strength of the ranking's regularisation, of the confidence's linear part, and of its hidden one.
_RIDGE, _LINEAR, _HIDDEN = 3e-4, 1e-3, 2e-3
# Networks whose mean is the confidence, units of each, and steps that each is fitted in.
_NETWORKS, _UNITS, _STEPS = 5, 16, 60
# Weight of a question whose answers are hidden, and the least number of rivals left.
_UNANSWERED, _RIVALS = 0.2, 4
# Candidates that a judge reads for fitting: some are taken out. What the others count as.
_JUDGED, _UNSAID = 4, -6.0


def fit_shortlist(asked: Sequence[Asked]) -> Linear:
    """What the shortlist is made by: a logistic model, each question weighing the same."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100, max_iter=8000)
    model.fit(
        np.concatenate([one.retrieved.evidence for one in asked]),
        np.concatenate([one.right for one in asked]),
        np.concatenate([np.full(len(one.right), one.weight / len(one.right)) for one in asked]),
    )
    weights = dict(zip(EVIDENCE, model.coef_[0].tolist(), strict=True))
    return Linear(float(model.intercept_[0]), weights)


def shortlisted(one: Asked, model: Linear) -> Asked:
    """Of the candidates that were read, those that the shortlist keeps."""
    by_evidence = model.logits(one.values[:, : len(EVIDENCE)], EVIDENCE)
    best = np.argsort(-by_evidence, kind="stable")[:SHORTLIST]
    return kept(one, best)


def kept(one: Asked, places: Places) -> Asked:
    """The same of some of its candidates."""
    readings = tuple(one.readings[place] for place in places.tolist()) if one.readings else ()
    said = one.said[places] if len(one.said) else one.said
    return replace(
        one, values=one.values[places], right=one.right[places], readings=readings, said=said
    )


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
    shares_of = np.array([one.weight for one in answered])
    shares_of /= shares_of.sum()

    def loss(weights: Rows) -> tuple[float, Rows]:
        scores = rows @ weights
        shares = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        whole = np.add.reduceat(shares, starts)
        good = np.maximum(np.add.reduceat(shares * right, starts), 1e-300)
        of_right = shares * right / np.repeat(good, sizes)
        excess = (shares / np.repeat(whole, sizes) - of_right) * np.repeat(shares_of, sizes)
        value = float(np.log(whole / good) @ shares_of + _RIDGE * weights @ weights)
        return value, rows.T @ excess + 2 * _RIDGE * weights

    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B")
    weights = found.x / spread
    return Linear(float(-weights @ mean), dict(zip(FEATURES, weights.tolist(), strict=True)))


def fit_confidence(final: Linear, asked: Sequence[Asked], order: float | None = None) -> Network:
    """The first pair's confidence, not yet scaled: the mean of a few small networks.

    The questions are asked again with their answers hidden: near misses without number. ``order``
    is what a judge's word counts in the order, ``None`` where there is no judge.
    """
    rows, right = firsts(final, asked, order)
    vain = [one for each in asked for one in without_answers(each)]
    unanswered, none = firsts(final, vain, order)
    values, truth = np.concatenate([rows, unanswered]), np.concatenate([right, none])
    counts = np.array([one.weight for one in (*asked, *vain)])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    x = standardised(values, mean, spread)
    fitted = [_network(x, truth, counts / counts.sum(), seed) for seed in range(_NETWORKS)]
    linear, hidden, bias, out, constant = zip(*fitted, strict=True)
    return Network(
        names_of(order),
        mean,
        spread,
        np.mean(linear, axis=0),
        np.hstack(hidden),
        np.concatenate(bias),
        np.concatenate(out) / _NETWORKS,
        float(np.mean(constant)),
    )


def _network(x: Rows, truth: Flags, shares: Rows, seed: int) -> tuple[Rows, Rows, Rows, Rows, Rows]:
    """The parts of one network: its log-likelihood is the greatest, less what its weights cost."""
    from scipy.optimize import minimize
    from scipy.special import expit

    width, rng = x.shape[1], np.random.default_rng(seed)
    sizes = np.cumsum([width, width * _UNITS, _UNITS, _UNITS])
    costs = np.repeat([_LINEAR, _HIDDEN, 0.0, _HIDDEN, 0.0], np.diff([0, *sizes, sizes[-1] + 1]))

    def parts(flat: Rows) -> tuple[Rows, Rows, Rows, Rows, Rows]:
        linear, hidden, bias, out, constant = np.split(flat, sizes)
        return linear, hidden.reshape(width, _UNITS), bias, out, constant

    def loss(flat: Rows) -> tuple[float, Rows]:
        linear, hidden, bias, out, constant = parts(flat)
        logits = hidden_logits(x, linear, hidden, bias, out) + constant
        value = shares @ (np.logaddexp(0.0, logits) - truth * logits) + costs @ flat**2
        wrong = shares * (expit(logits) - truth)
        units = np.tanh(x @ hidden + bias)
        inner = wrong[:, None] * out * (1 - units**2)
        pieces = x.T @ wrong, (x.T @ inner).ravel(), inner.sum(axis=0), units.T @ wrong
        gradient = np.concatenate([*pieces, [wrong.sum()]])
        return float(value), gradient + 2 * costs * flat

    start = np.zeros(sizes[-1] + 1)
    start[width : sizes[1]] = rng.standard_normal(width * _UNITS) / np.sqrt(width)
    start[sizes[1] : sizes[2]] = rng.standard_normal(_UNITS) / 2
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return parts(found.x)


def scaling(scores: Rows, right: Flags) -> tuple[float, float]:
    """Scale and shift that make logits the log-odds of being right.

    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), right)
    return float(model.coef_[0][0]), float(model.intercept_[0])


def scaled(model: Network, scale: float, shift: float) -> Network:
    """A model whose logits are scaled and shifted."""
    return replace(
        model,
        linear=scale * model.linear,
        out=scale * model.out,
        constant=scale * model.constant + shift,
    )


def judged(one: Asked, final: Linear, judge: Judge) -> Asked:
    """The same with a judge's word on the best ``_JUDGED`` candidates."""
    best = np.argsort(-logits(one, final), kind="stable")[:_JUDGED]
    said = np.full(len(one.right), _UNSAID)
    said[best] = judge.logits(one.retrieved.asked, [one.readings[i] for i in best.tolist()])
    return replace(one, said=said)


def without_answers(one: Asked) -> Iterator[Asked]:
    """The same question where its answers were not filed; nothing where too little is left."""
    keep = ~one.right
    if one.right.any() and keep.sum() >= _RIVALS:
        yield replace(kept(one, np.flatnonzero(keep)), weight=_UNANSWERED * one.weight)


def names_of(order: float | None) -> tuple[str, ...]:
    """What the confidence is over, with a judge or (``None``) without."""
    return STANDING if order is None else (*STANDING, *JUDGED)


def firsts(final: Linear, asked: Sequence[Asked], order: float | None = None) -> tuple[Rows, Flags]:
    """A row of ``names_of(order)`` for each question's first pair, and whether that answers."""
    rows, right = [], []
    for one in asked:
        scores = logits(one, final)
        places = np.argsort(-scores, kind="stable")
        said: Rows = np.zeros(0)
        if order is not None:
            places, said = judged_order(places, scores, one.said[places[:DEPTH]], order)
        row = standing(scores[places], one.values[places], one.retrieved)
        rows.append(row if order is None else np.concatenate([row, verdict(said)]))
        right.append(one.right[_first(one, places, scores)])
    width = len(names_of(order))
    return np.array(rows).reshape(-1, width), np.array(right, dtype=bool)


def _first(one: Asked, order: Places, scores: Rows) -> int:
    """The place of the candidate that is shown first."""
    if not is_of_now(one.retrieved) or not one.readings:
        return int(order[0])
    ranked = [Ranked(place, float(scores[place]), 1.0) for place in order.tolist()]
    return newest_first(one.retrieved, ranked, lambda p: [one.readings[i] for i in p])[0].pair_id


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
