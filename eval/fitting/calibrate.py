"""Fit the ranking and the confidence: ``python -m eval.fitting.calibrate``.

The weights are fitted on the training part of the written questions and on ``eval/fitting``,
each question asked of stores of two sizes (all filings of its set, its company's), so that it
holds for small stores too. The confidence is then scaled to be accuracy, and the thresholds set
(``guarantee``), on answers of the collection that nothing was fitted on: those of the development
part, and those of the training part by models fitted on other companies. ``eval/fitting`` asks more
for what is nowhere said than people do, so nothing is set by it. The test part is never read.
"""

from __future__ import annotations

import argparse
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.companies import Company, CompanyMatcher
from assistant.retrieval.decide import SHIPPED, STANDING, Readings, read_rows
from assistant.retrieval.interaction import Rows
from assistant.retrieval.logistic import Linear, Network
from assistant.retrieval.retrieve import Retrieved, Retriever
from eval.fitting.fit import (
    Asked,
    Flags,
    firsts,
    fit_confidence,
    fit_further,
    fit_ranking,
    fit_shortlist,
    scaled,
    scaling,
    shortlisted,
)
from eval.fitting.guarantee import RISK, threshold_for
from eval.sets.corpora import readings_in
from eval.sets.written import (
    COLLECTION,
    FiledPair,
    Split,
    WrittenQuestion,
    read_pairs,
    read_written,
)
from index.embedding.encoder import Encoder, load_encoder
from index.embedding.model_options import ModelOptions
from index.search.snapshot import index_pairs

FITTING = Path(__file__).parent

# Shares of wrong answers that can be asked for, and the one that ships.
WRONG = (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2)
DEFAULT = 0.05
_FOLDS = 5
_KNOWN: tuple[Split, ...] = ("train", "dev")


@dataclass(frozen=True, slots=True)
class Fitted:
    """The three models."""

    shortlist: Linear
    final: Linear
    confidence: Network


def ask_all(split: Split, encoder: Encoder, folder: Path = COLLECTION) -> Iterator[Asked]:
    """Each question of a split, asked of all filings and of its company's alone."""
    pairs, questions = read_pairs(split, folder), read_written(split, folder)
    yield from _ask(questions, pairs, encoder, "all")
    for company in sorted({p.filing.company for p in pairs}):
        own = [p for p in pairs if p.filing.company == company]
        names = {p.name for p in own}
        about = [q for q in questions if names & set(q.answers)]
        # What no filing of any company answers is not answered here either.
        some = about + [q for q in questions if not q.answers][::5]
        yield from _ask(some, own, encoder, company)


def _ask(
    questions: Sequence[WrittenQuestion], pairs: Sequence[FiledPair], encoder: Encoder, among: str
) -> Iterator[Asked]:
    retriever = retriever_over(pairs, encoder)
    company_of = {p.name: p.filing.company for p in pairs}
    names = [p.name for p in pairs]
    read = readings_in([p.pair for p in pairs], [p.filing.activity_date for p in pairs])
    for question in questions:
        retrieved = retriever.retrieve(question.question, previous=question.previous)
        values = read_all(retrieved, lambda places: [read[place] for place in places])
        company = next((company_of[a] for a in question.answers if a in company_of), "")
        group = company or (question.id if among == "all" else among)
        yield asked_of(question, retrieved, values, names, group, among)


def read_all(retrieved: Retrieved, readings_of: Readings) -> Rows:
    """A row of ``FEATURES`` for each candidate."""
    return read_rows(retrieved, np.arange(len(retrieved.pairs)), readings_of)


def asked_of(
    question: WrittenQuestion,
    retrieved: Retrieved,
    values: Rows,
    names: Sequence[str],
    group: str = "",
    among: str = "all",
) -> Asked:
    """A question's candidates, in the order retrieved; ``names`` are all pairs', by id."""
    right = np.array([names[pair] in question.answers for pair in retrieved.pairs.tolist()])
    return Asked(question, retrieved, values, right, group, among)


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
        CompanyMatcher(places),
    )


def fit(asked: Sequence[Asked]) -> Fitted:
    """All three models, each on what the one before leaves it."""
    shortlist = fit_shortlist(asked)
    kept = [shortlisted(one, shortlist) for one in asked]
    final = fit_ranking(kept)
    return Fitted(shortlist, final, fit_confidence(final, kept))


def held_out(train: Sequence[Asked], dev: Sequence[Asked], whole: Fitted) -> tuple[Rows, Flags]:
    """Logits and truth of each first pair, by models that saw nothing of its company.

    In the order of ``train``, fold by fold, then of ``dev``.
    """
    parts = []
    for fold in range(_FOLDS):
        fitted = fit([one for one in train if fold_of(one) != fold])
        parts.append(first_logits(fitted, [one for one in train if fold_of(one) == fold]))
    parts.append(first_logits(whole, dev))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def fold_of(one: Asked) -> int:
    """The fold that a question is held out in: that of its company."""
    return zlib.crc32(one.group.encode()) % _FOLDS


def first_logits(fitted: Fitted, asked: Sequence[Asked]) -> tuple[Rows, Flags]:
    """The confidence's logit of each question's first pair, and whether that answers."""
    rows, right = firsts(fitted.final, [shortlisted(one, fitted.shortlist) for one in asked])
    return fitted.confidence.logits(rows, STANDING), right


def main() -> None:
    """Fit, write ``assistant/retrieval/calibration.json``, print what each threshold would do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--model", help="another embedding model, by name or path")
    parser.add_argument("--model-option", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    options = ModelOptions.read(dict(o.split("=", 1) for o in arguments.model_option))
    encoder = load_encoder(arguments.model, options)
    train = [*ask_all("train", encoder), *ask_all("train", encoder, FITTING)]
    dev = list(ask_all("dev", encoder))
    whole = fit(train)
    scores, right = held_out(train, dev, whole)
    order = [*(one for fold in range(_FOLDS) for one in train if fold_of(one) == fold), *dev]
    known = {q.id for split in _KNOWN for q in read_written(split)}
    of_collection = np.array([one.question.id in known for one in order])
    scale, shift = scaling(scores[of_collection], right[of_collection])
    confidence = 1 / (1 + np.exp(-(scale * scores + shift)))
    # A question asked of two stores is no two questions.
    once = of_collection & np.array([one.among == "all" for one in order])
    thresholds = [
        (wrong, round(threshold_for(confidence[once], right[once], wrong), 4)) for wrong in WRONG
    ]
    kept = [shortlisted(one, whole.shortlist) for one in dev]
    document = {
        "made_by": "python -m eval.fitting.calibrate",
        "model": f"{encoder.name} {encoder.revision[:12]}",
        "questions": {"train": len(train), "dev": len(dev), "guarantee": int(once.sum())},
        "shortlist": whole.shortlist.document(),
        "final": whole.final.document(),
        "confidence": scaled(whole.confidence, scale, shift).document(),
        "further": {k: round(v, 4) for k, v in asdict(fit_further(whole.final, kept)).items()},
        "risk": RISK,
        "thresholds": [list(pair) for pair in thresholds],
        "threshold": dict(thresholds)[DEFAULT],
    }
    arguments.out.write_text(_lines(document), "utf-8")
    answerable = np.array([bool(one.question.answers) for one in order])
    is_dev = once & (np.arange(len(order)) >= len(train))
    near_misses = ~of_collection & np.array([one.among == "all" for one in order])
    parts = {"held out": once, "development part": is_dev, "eval/fitting": near_misses}
    for name, which in parts.items():
        print(name)
        print(_table(confidence[which], right[which], answerable[which], thresholds))


def _lines(document: dict[str, Any]) -> str:
    """As JSON, with lists of numbers in one line each."""
    text = json.dumps(document, indent=2)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def _table(
    confidence: Rows, right: Flags, answerable: Flags, thresholds: Sequence[tuple[float, float]]
) -> str:
    lines = [f"right first {right[answerable].mean():.3f} of {answerable.sum()}"]
    lines.append("asked for  threshold  coverage  wrong among answered")
    for wanted, level in thresholds:
        answered = confidence >= level
        coverage = (answered & answerable).sum() / answerable.sum()
        wrong = (answered & ~right).sum() / max(1, answered.sum())
        lines.append(f"{wanted:>9}  {level:>9}  {coverage:>8.3f}  {wrong:>20.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
