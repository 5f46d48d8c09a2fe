"""Fit the ranking and the confidence: ``python -m eval.calibrate``.

Both logistic models' weights are fitted on the training part of the written questions, each asked
of stores of two sizes (all filings, one company's), so that the confidence holds for small stores
too. On the development part the final logits are scaled so that confidence is accuracy. The test
part is never read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.companies import Company
from assistant.decide import SHORTLIST, Further, Weights
from assistant.match import matched
from assistant.retrieve import Candidate, Retriever
from eval.written import FiledPair, Split, WrittenQuestion, read_pairs, read_written
from index.encoder import Encoder, load_encoder
from index.snapshot import index_pairs

TARGET = Path(__file__).parent.parent / "assistant" / "calibration.json"

# What each weight but the bias is multiplied with; ``matched`` comes last.
_FEATURES = tuple(f.name for f in fields(Weights) if f.name != "bias")
_LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's candidates: features of shape (n, features) and which of them answer."""

    question: WrittenQuestion
    features: Rows
    right: npt.NDArray[np.bool_]


def features_of(candidate: Candidate, covered: float) -> list[float]:
    """A candidate's features, in the order of the weights."""
    return [Weights(**{name: 1.0}).logit(candidate.evidence, covered) for name in _FEATURES]


def ask_all(split: Split, encoder: Encoder) -> Iterator[Asked]:
    """Each question of a split, asked of all filings and of its company's alone."""
    pairs = read_pairs(split)
    questions = [q for q in read_written(split) if q.style != "follow-up"]
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
        retrieved = retriever.retrieve(question.question)
        found = [pairs[c.pair_id] for c in retrieved.candidates]
        texts = [f"{p.pair.question}\n{p.pair.answer}" for p in found]
        covered = matched(retrieved.asked, texts)
        yield Asked(
            question,
            np.array(
                [features_of(*row) for row in zip(retrieved.candidates, covered, strict=True)]
            ),
            np.array([p.name in question.answers for p in found]),
        )


def retriever_over(pairs: Sequence[FiledPair], encoder: Encoder) -> Retriever:
    """A retriever over written pairs; pair ids are places in ``pairs``."""
    places: dict[Company, list[int]] = {}
    for place, p in enumerate(pairs):
        places.setdefault(Company(p.filing.company, p.filing.code), []).append(place)
    return Retriever(
        encoder,
        index_pairs([(place, p.pair) for place, p in enumerate(pairs)], encoder),
        {company: np.array(ids) for company, ids in places.items()},
    )


def fit(asked: Sequence[Asked]) -> tuple[Weights, Weights]:
    """Weights of the shortlist's model and of the final one, each question weighing the same."""
    first = _logistic(asked, len(_FEATURES) - 1)
    return first, _logistic([_shortlisted(one, first) for one in asked], len(_FEATURES))


def _logistic(asked: Sequence[Asked], used: int) -> Weights:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100, max_iter=5000)
    model.fit(
        np.concatenate([one.features[:, :used] for one in asked]),
        np.concatenate([one.right for one in asked]),
        np.concatenate([np.full(len(one.right), 1 / len(one.right)) for one in asked]),
    )
    found = dict(zip(_FEATURES[:used], model.coef_[0].tolist(), strict=True))
    return Weights(bias=float(model.intercept_[0]), **found)


def _shortlisted(one: Asked, weights: Weights) -> Asked:
    best = np.argsort(-logits(one, weights), kind="stable")[:SHORTLIST]
    return replace(one, features=one.features[best], right=one.right[best])


def logits(one: Asked, weights: Weights) -> Rows:
    """Logit of each candidate."""
    scores: Rows = one.features @ [getattr(weights, name) for name in _FEATURES] + weights.bias
    return scores


def recalibrate(weights: Weights, asked: Sequence[Asked]) -> Weights:
    """Scale and shift the logits so that the first candidate's confidence is its accuracy.

    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    from sklearn.linear_model import LogisticRegression

    scores, right = firsts(weights, asked)
    model = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), right)
    scale, shift = float(model.coef_[0][0]), float(model.intercept_[0])
    scaled = {name: scale * getattr(weights, name) for name in _FEATURES}
    return Weights(bias=scale * weights.bias + shift, **scaled)


def fit_further(weights: Weights, asked: Sequence[Asked]) -> Further:
    """Fit the model of the pairs ranked second to fifth."""
    from sklearn.linear_model import LogisticRegression

    rows, labels = [], []
    for one in asked:
        scores = logits(one, weights)
        first, *further = np.argsort(-scores, kind="stable")[:5]
        rows += [(scores[i], scores[first] - scores[i]) for i in further]
        labels += [one.right[i] for i in further]
    model = LogisticRegression(C=100).fit(np.array(rows), labels)
    logit, margin = model.coef_[0].tolist()
    return Further(float(model.intercept_[0]), logit, margin)


def firsts(weights: Weights, asked: Sequence[Asked]) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """The first candidate's logit for each question, and whether it answers."""
    scores = [logits(one, weights) for one in asked]
    best = [int(np.argmax(s)) for s in scores]
    right = [one.right[i] for one, i in zip(asked, best, strict=True)]
    return np.array([s[i] for s, i in zip(scores, best, strict=True)]), np.array(right)


def main() -> None:
    """Fit, write ``assistant/calibration.json``, print what each threshold would do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--threshold", type=float, default=0.5)
    arguments = parser.parse_args()
    encoder = load_encoder()
    train, dev = list(ask_all("train", encoder)), list(ask_all("dev", encoder))
    first, final = fit(train)
    dev = [_shortlisted(one, first) for one in dev]
    final = recalibrate(final, dev)
    further = fit_further(final, dev)
    document = {
        "made_by": "python -m eval.calibrate",
        "model": f"{encoder.name} {encoder.revision[:12]}",
        "questions": {"train": len(train), "dev": len(dev)},
        "shortlist": _rounded(first),
        "final": _rounded(final),
        "further": _rounded(further),
        "threshold": arguments.threshold,
    }
    arguments.out.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    print(_table(final, dev))


def _rounded(record: Weights | Further) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(record).items()}


def _table(weights: Weights, asked: Sequence[Asked]) -> str:
    scores, right = firsts(weights, asked)
    answerable = np.array([bool(one.question.answers) for one in asked])
    lines = [
        f"development part: right first {right[answerable].mean():.3f}",
        "threshold  coverage  wrong among answered",
    ]
    for level in _LEVELS:
        answered = 1 / (1 + np.exp(-scores)) >= level
        coverage = (answered & answerable).sum() / answerable.sum()
        wrong = (answered & ~right).sum() / max(1, answered.sum())
        lines.append(f"{level:>9}  {coverage:>8.3f}  {wrong:>20.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
