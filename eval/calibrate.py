"""Fit the ranking and the confidence: ``python -m eval.calibrate``.

The ranking's weights are fitted on the training part of the written questions, each asked of
stores of two sizes (all filings, one company's), so that the confidence holds for small stores
too; so is the model of the confidence. On the development part the confidence is scaled so that
it is accuracy, and the threshold is set so that at most the given share of the answered is wrong.
The test part is never read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.companies import Company
from assistant.decide import (
    EVIDENCE,
    FEATURES,
    SHORTLIST,
    STANDING,
    Further,
    Linear,
    evidence_rows,
    read_rows,
    standing,
)
from assistant.interaction import Rows
from assistant.match import Reading
from assistant.retrieve import Retrieved, Retriever
from eval.written import FiledPair, Split, WrittenQuestion, read_pairs, read_written
from index.encoder import Encoder, load_encoder
from index.snapshot import index_pairs

TARGET = Path(__file__).parent.parent / "assistant" / "calibration.json"

# Weight of a question whose answers are hidden, and the least number of rivals left.
_UNANSWERED, _RIVALS = 0.2, 4
_LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's candidates: values of shape (n, features) and which of them answer."""

    question: WrittenQuestion
    retrieved: Retrieved
    values: Rows
    right: Flags


def ask_all(split: Split, encoder: Encoder) -> Iterator[Asked]:
    """Each question of a split, asked of all filings and of its company's alone."""
    pairs = read_pairs(split)
    questions = read_written(split)
    yield from _ask(questions, pairs, encoder)
    for company in sorted({p.filing.company for p in pairs}):
        own = [p for p in pairs if p.filing.company == company]
        names = {p.name for p in own}
        about = [q for q in questions if names & set(q.answers)]
        # What no filing of any company answers is not answered here either.
        yield from _ask(about + [q for q in questions if not q.answers][::5], own, encoder)


def _ask(
    questions: Sequence[WrittenQuestion], pairs: Sequence[FiledPair], encoder: Encoder
) -> Iterator[Asked]:
    retriever = retriever_over(pairs, encoder)
    for question in questions:
        retrieved = retriever.retrieve(question.question, previous=question.previous)
        values = read_all(retrieved, lambda place: reading_of(pairs[place]))
        yield asked_of(question, retrieved, values, [p.name for p in pairs])


def read_all(retrieved: Retrieved, reading: Callable[[int], Reading]) -> Rows:
    """A row of ``FEATURES`` for each candidate."""
    evidence = evidence_rows(retrieved)
    return read_rows(retrieved, evidence, np.arange(len(evidence)), reading)


def asked_of(
    question: WrittenQuestion, retrieved: Retrieved, values: Rows, names: Sequence[str]
) -> Asked:
    """A question's candidates, in the order retrieved; ``names`` are all pairs', by id."""
    right = np.array([names[c.pair_id] in question.answers for c in retrieved.candidates])
    return Asked(question, retrieved, values, right)


def reading_of(filed: FiledPair) -> Reading:
    """A written pair as the program reads it."""
    year = (filed.filing.activity_date or "")[:4] or None
    return Reading(filed.pair.question, filed.pair.answer, year)


def retriever_over(pairs: Sequence[FiledPair], encoder: Encoder) -> Retriever:
    """A retriever over written pairs; pair ids are places in ``pairs``."""
    places: dict[Company, list[int]] = {}
    for place, p in enumerate(pairs):
        key = Company(p.filing.company, p.filing.code, p.filing.short_name)
        places.setdefault(key, []).append(place)
    return Retriever(
        encoder,
        index_pairs(
            [(place, p.pair) for place, p in enumerate(pairs)],
            encoder,
            {(company.name, company.code): np.array(ids) for company, ids in places.items()},
        ),
        places,
    )


def fit(asked: Sequence[Asked]) -> tuple[Linear, Linear]:
    """The shortlist's model and the final one, each question weighing the same."""
    first = _candidates_model(asked, EVIDENCE)
    return first, _candidates_model([shortlisted(one, first) for one in asked], FEATURES)


def _candidates_model(asked: Sequence[Asked], names: Sequence[str]) -> Linear:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100, max_iter=8000)
    model.fit(
        np.concatenate([one.values[:, : len(names)] for one in asked]),
        np.concatenate([one.right for one in asked]),
        np.concatenate([np.full(len(one.right), 1 / len(one.right)) for one in asked]),
    )
    weights = dict(zip(names, model.coef_[0].tolist(), strict=True))
    return Linear(float(model.intercept_[0]), weights)


def shortlisted(one: Asked, model: Linear) -> Asked:
    """The candidates that the shortlist keeps."""
    best = np.argsort(-logits(one, model), kind="stable")[:SHORTLIST]
    return replace(one, values=one.values[best], right=one.right[best])


def logits(one: Asked, model: Linear) -> Rows:
    """Logit of each candidate."""
    return model.logits(one.values, FEATURES)


def fit_confidence(final: Linear, train: Sequence[Asked], dev: Sequence[Asked]) -> Linear:
    """The first pair's confidence: fitted on ``train``, scaled to be accuracy on ``dev``.

    The training questions are asked again with their answers hidden: near misses without number.

    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    from sklearn.linear_model import LogisticRegression

    rows, right = firsts(final, train)
    unanswered, none = firsts(final, [one for each in train for one in without_answers(each)])
    values = np.concatenate([rows, unanswered])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=0.1, max_iter=8000).fit(
        (values - mean) / spread,
        np.concatenate([right, none]),
        np.concatenate([np.ones(len(right)), np.full(len(none), _UNANSWERED)]),
    )
    weights = model.coef_[0] / spread
    plain = Linear(
        float(model.intercept_[0] - weights @ mean),
        dict(zip(STANDING, weights.tolist(), strict=True)),
    )
    rows, right = firsts(final, dev)
    scores = plain.logits(rows, STANDING).reshape(-1, 1)
    scaling = LogisticRegression(C=1e6).fit(scores, right)
    scale, shift = float(scaling.coef_[0][0]), float(scaling.intercept_[0])
    scaled = {name: scale * weight for name, weight in plain.weights.items()}
    return Linear(scale * plain.bias + shift, scaled)


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
    return np.array(rows), np.array(right)


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


def threshold_for(confidence: Rows, right: Flags, wrong: float) -> float:
    """The lowest confidence from which at most the share ``wrong`` of the answered is wrong."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    fits = np.flatnonzero(share <= wrong)
    return float(confidence[order[fits[-1]]]) if len(fits) else 1.0


def main() -> None:
    """Fit, write ``assistant/calibration.json``, print what each threshold would do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--wrong", type=float, default=0.05, help="share of the answered")
    arguments = parser.parse_args()
    encoder = load_encoder()
    train, dev = list(ask_all("train", encoder)), list(ask_all("dev", encoder))
    first, final = fit(train)
    train, dev = ([shortlisted(one, first) for one in part] for part in (train, dev))
    sure = fit_confidence(final, train, dev)
    rows, right = firsts(final, dev)
    confidence = 1 / (1 + np.exp(-sure.logits(rows, STANDING)))
    threshold = round(threshold_for(confidence, right, arguments.wrong), 3)
    document = {
        "made_by": "python -m eval.calibrate",
        "model": f"{encoder.name} {encoder.revision[:12]}",
        "questions": {"train": len(train), "dev": len(dev)},
        "shortlist": _rounded(first),
        "final": _rounded(final),
        "confidence": _rounded(sure),
        "further": {k: round(v, 4) for k, v in asdict(fit_further(final, dev)).items()},
        "wrong_accepted": arguments.wrong,
        "threshold": threshold,
    }
    arguments.out.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    answerable = np.array([bool(one.question.answers) for one in dev])
    print(_table(confidence, right, answerable, (*_LEVELS, threshold)))


def _rounded(model: Linear) -> dict[str, Any]:
    return {
        "bias": round(model.bias, 4),
        "weights": {name: round(weight, 4) for name, weight in model.weights.items()},
    }


def _table(confidence: Rows, right: Flags, answerable: Flags, levels: Sequence[float]) -> str:
    lines = [
        f"development part: right first {right[answerable].mean():.3f}",
        "threshold  coverage  wrong among answered",
    ]
    for level in sorted(levels):
        answered = confidence >= level
        coverage = (answered & answerable).sum() / answerable.sum()
        wrong = (answered & ~right).sum() / max(1, answered.sum())
        lines.append(f"{level:>9}  {coverage:>8.3f}  {wrong:>20.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
