"""Fit the ranking and the confidence: ``python -m eval.fitting.calibrate --sets DIR --work DIR``.

``--sets`` is what ``python -m eval.sets.build`` made of the real material, ``--work`` where stores
are kept. All is fitted on the real development part (an encoder trained on the training part finds
its pairs too easily) and, counting less, on the written collection. The confidence is then scaled
to be accuracy, and the thresholds set (``guarantee``), on answers of real questions by models that
saw nothing of their companies: for questions that one company alone may answer, for those
that any may, and for stores of answers without their questions, each so that the promise holds for
every real set of that kind by itself. Where no confidence can promise that, the kind is answered
from where its answers were right often enough as it happened, and the calibration says that it is
not promised. With the judge that ships the same is done once more: the calibration has confidence
and thresholds with and without it. The test parts are never read.
Without ``--sets`` the written collection has to do.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.cross import CrossEncoderJudge
from assistant.retrieval.decide import SHIPPED, Further, Threshold
from assistant.retrieval.interaction import Rows
from assistant.retrieval.logistic import Linear, Network
from eval.fitting.asked import Asked, Flags, ask_stored, read_stored
from eval.fitting.fit import (
    firsts,
    fit_confidence,
    fit_further,
    fit_ranking,
    fit_shortlist,
    judged,
    names_of,
    scaled,
    scaling,
    shortlisted,
)
from eval.fitting.guarantee import RISK, threshold_for
from eval.measuring.measures import expected_calibration_error
from eval.sets.datasets import LabelledQuery
from eval.sets.remembering import RememberingEncoder
from eval.sets.stored import StoredSet, some, stored_set, stored_split
from eval.sets.written import COLLECTION, Split
from index.embedding.encoder import Encoder, load_encoder
from index.embedding.model_options import ModelOptions

FITTING = Path(__file__).parent
REAL = ("briefings", "answers", "platform", "filings")

# Shares of wrong answers that can be asked for, and the one that ships.
WRONG = (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2)
# The share of wrong answers that is promised of each kind (in the order of ``Threshold``). Where
# eight in a hundred are promised, about five came of the questions held out.
DEFAULT = (0.08, 0.08, 0.05)
_FOLDS = 5
# Real questions of a set, written ones of a split, and what a written one counts.
_MOST, _MOST_WRITTEN, _WEIGHT = 700, 500, 0.3
# What a judge's log-odds may count in the order, and the gain in right first pairs that is clear.
_ORDERS, _CLEARLY = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), 0.005
# Fewer questions of a kind than these make no promise.
_LEAST = 150
# Answers that a share of wrong ones is seen on, at least.
_FEWEST = 20

Source = tuple[StoredSet, Sequence[LabelledQuery], float]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The three models."""

    shortlist: Linear
    final: Linear
    confidence: Network


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What came of questions that their models weren't fitted on, in one order."""

    sources: np.ndarray[Any, np.dtype[np.str_]]
    kinds: np.ndarray[Any, np.dtype[np.str_]]
    answerable: Flags
    confidence: Rows
    right: Flags


def sources(sets: Path | None, work: Path, encoder: Encoder, part: str = "dev") -> Iterator[Source]:
    """The labelled sets, each with its questions and what one of them counts."""
    if sets:
        for name in REAL:
            if (folder := sets / part / name).is_dir():
                stored = stored_set(folder, work, encoder)
                yield stored, some(stored.queries, _MOST), 1.0
    parts: list[tuple[Split, Path]] = [("train", COLLECTION), ("dev", COLLECTION)]
    for split, folder in parts if sets else [*parts, ("train", FITTING)]:
        stored = stored_split(split, work, encoder, folder)
        most = _MOST_WRITTEN if sets else len(stored.queries)
        yield stored, some(stored.queries, most), _WEIGHT if sets else 1.0


def ask_all(found: Sequence[Source], encoder: Encoder) -> tuple[Linear, list[Asked]]:
    """The shortlist's model, and every question with what it leaves."""
    bare = [list(ask_stored(s, queries, encoder, weight)) for s, queries, weight in found]
    shortlist = fit_shortlist([one for own in bare for one in own if one.right.any()])
    read = [
        one
        for (stored, _, _), own in zip(found, bare, strict=True)
        for one in read_stored(stored, own, shortlist)
    ]
    return shortlist, [shortlisted(one, shortlist) for one in read]


def fit(asked: Sequence[Asked], shortlist: Linear) -> Fitted:
    """The other models, each on what the one before leaves it."""
    final = fit_ranking(asked)
    return Fitted(shortlist, final, fit_confidence(final, asked))


def finals_held_out(asked: Sequence[Asked]) -> list[tuple[Linear, list[int], list[int]]]:
    """For each fold a ranking fitted on the others, and the places of these and of its own."""
    folds = np.array([fold_of(one) for one in asked])
    found = []
    for fold in range(_FOLDS):
        others, own = (np.flatnonzero(which).tolist() for which in (folds != fold, folds == fold))
        found.append((fit_ranking([asked[place] for place in others]), others, own))
    return found


def held_out(
    asked: Sequence[Asked],
    finals: Sequence[tuple[Linear, list[int], list[int]]],
    order: float | None = None,
) -> tuple[Rows, Flags]:
    """Logit and truth of each question's first pair, by models that saw nothing of its company."""
    logits, right = np.zeros(len(asked)), np.zeros(len(asked), dtype=bool)
    for final, others, own in finals:
        confidence = fit_confidence(final, [asked[place] for place in others], order)
        rows, right[own] = firsts(final, [asked[place] for place in own], order)
        logits[own] = confidence.logits(rows, names_of(order))
    return logits, right


def fold_of(one: Asked) -> int:
    """The fold that a question is held out in: that of its company."""
    return zlib.crc32(one.group.encode()) % _FOLDS


def promised(held: Held, wrong: float) -> Threshold:
    """The confidence from which each kind is answered: the highest that one of its sets needs."""
    return Threshold(*(_level(held, held.kinds == kind, wrong) for kind in Threshold._fields))


def _level(held: Held, kind: Flags, wrong: float) -> float:
    levels = []
    for source in np.unique(held.sources):
        own = kind & (held.sources == source)
        if own.sum() >= _LEAST:
            levels.append(threshold_for(held.confidence[own], held.right[own], wrong))
    return round(max(levels, default=1.0), 4)


def observed(held: Held, wrong: float) -> Threshold:
    """The confidence from which at most so many of each kind were wrong, with no promise."""
    return Threshold(*(_seen(held, held.kinds == kind, wrong) for kind in Threshold._fields))


def _seen(held: Held, kind: Flags, wrong: float) -> float:
    confidence, right = held.confidence[kind], held.right[kind]
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((shares <= wrong) & (np.arange(len(order)) >= _FEWEST))
    return round(float(confidence[order[enough[-1]]]), 4) if len(enough) else 1.0


def _kind(one: Asked) -> str:
    if not any(reading.question.strip() for reading in one.readings[:1]):
        return "hidden"
    return "alone" if one.retrieved.alone else "many"


def main(argv: Sequence[str] | None = None) -> None:
    """Fit, write ``assistant/retrieval/calibration.json``, print what each threshold would do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, help="the real sets; without, only written ones")
    parser.add_argument("--work", type=Path, help="where stores are kept")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--model", help="another embedding model, by name or path")
    parser.add_argument("--model-option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--no-judge", action="store_true", help="only without a judge")
    arguments = parser.parse_args(argv)
    judge = None if arguments.no_judge else CrossEncoderJudge()
    options = ModelOptions.read(dict(o.split("=", 1) for o in arguments.model_option))
    with tempfile.TemporaryDirectory(prefix="yuanda-calibrate-") as folder:
        work = arguments.work or Path(folder)
        encoder = RememberingEncoder(load_encoder(arguments.model, options), work)
        found = list(sources(arguments.sets, work, encoder))
        shortlist, asked = ask_all(found, encoder)
    final = fit_ranking(asked)
    finals = finals_held_out(asked)
    deciding, held = decide(asked, final, finals)
    document = {
        "made_by": "python -m eval.fitting.calibrate",
        "model": f"{encoder.name} {encoder.revision[:12]}",
        "questions": {s.name: sum(o.source == s.name for o in asked) for s, _, _ in found},
        "shortlist": shortlist.document(),
        "final": final.document(),
        "further": _rounded(fit_further(final, asked)),
        "risk": RISK,
        **deciding,
    }
    print(_tables(held, deciding["thresholds"]))
    if judge:
        asked = [judged(one, final, judge) for one in asked]
        order = best_order(asked, finals)
        deciding, held = decide(asked, final, finals, order, document["threshold"])
        document["judged"] = {"judge": judge.name, "order": order, **deciding}
        print(f"\nwith {judge.name}, order {order}\n{_tables(held, deciding['thresholds'])}")
    arguments.out.write_text(_lines(document), "utf-8")


def best_order(
    asked: Sequence[Asked], finals: Sequence[tuple[Linear, list[int], list[int]]]
) -> float:
    """What a judge's word is to count in the order: what puts most right pairs first of real
    questions, by rankings that saw nothing of their companies; 0 unless clearly more."""
    shares = {}
    for order in _ORDERS:
        first = [
            firsts(final, [asked[place] for place in own if asked[place].weight == 1.0], order)[1]
            for final, _, own in finals
        ]
        shares[order] = float(np.concatenate(first).mean())
    best = max(shares, key=lambda order: shares[order])
    return best if shares[best] >= shares[0.0] + _CLEARLY else 0.0


def decide(
    asked: Sequence[Asked],
    final: Linear,
    finals: Sequence[tuple[Linear, list[int], list[int]]],
    order: float | None = None,
    without: Sequence[float] | None = None,
) -> tuple[dict[str, Any], Held]:
    """Confidence and thresholds as the calibration has them, and what they were set on.

    ``without``: the thresholds without a judge, for kinds of which too few were asked with it.
    """
    logits, right = held_out(asked, finals, order)
    real = np.array([one.weight == 1.0 for one in asked])
    scale, shift = scaling(logits[real], right[real])
    kinds = np.array([_kind(one) for one in asked])
    # Real questions of a multitude that name no company are few: written ones stand in.
    # A question asked twice is no two questions.
    real &= np.array([not one.name.startswith("briefings w-") for one in asked])
    real |= (kinds == "many") & (np.array([one.source for one in asked]) != "fitting")
    held = Held(
        np.array([one.source for one in asked])[real],
        kinds[real],
        np.array([one.answerable for one in asked])[real],
        1 / (1 + np.exp(-(scale * logits[real] + shift))),
        right[real],
    )
    thresholds = [(wrong, promised(held, wrong)) for wrong in WRONG]
    by_share = dict(thresholds)
    threshold = [by_share[share][kind] for kind, share in enumerate(DEFAULT)]
    seen = [observed(held, share)[kind] for kind, share in enumerate(DEFAULT)]
    # Of a kind that too few were asked of with the judge: as without, of whichever needs more.
    least = [other if other < 1 else max((without or seen)[:2]) for other in seen]
    shipped = [own if own < 1 else other for own, other in zip(threshold, least, strict=True)]
    return {
        "confidence": scaled(fit_confidence(final, asked, order), scale, shift).document(),
        "thresholds": [[wrong, *both] for wrong, both in thresholds],
        "threshold": shipped,
        "promised": [level < 1 for level in threshold],
    }, held


def _tables(held: Held, thresholds: Sequence[Sequence[float]]) -> str:
    parts = []
    for source in dict.fromkeys(held.sources.tolist()):
        parts += [source, _table(held, held.sources == source, thresholds)]
    return "\n".join(parts)


def _rounded(further: Further) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(further).items()}


def _lines(document: dict[str, Any]) -> str:
    """As JSON, with lists of numbers in one line each."""
    text = json.dumps(document, indent=2)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def _table(held: Held, which: Flags, thresholds: Sequence[Sequence[float]]) -> str:
    confidence, right = held.confidence[which], held.right[which]
    answerable, kinds = held.answerable[which], held.kinds[which]
    error = expected_calibration_error(confidence, right.astype(float))
    lines = [
        f"{which.sum()} questions, right first {right[answerable].mean():.3f} of "
        f"{answerable.sum()}, ECE {error:.3f}",
        f"asked for  {'  '.join(Threshold._fields)}  coverage  wrong among answered",
    ]
    for wanted, *levels in thresholds:
        level_of = dict(zip(Threshold._fields, levels, strict=True))
        answered = confidence >= np.array([level_of[kind] for kind in kinds.tolist()])
        coverage = (answered & answerable).sum() / max(1, answerable.sum())
        wrong = (answered & ~right).sum() / max(1, answered.sum())
        shown = "  ".join(f"{level:.4f}" for level in levels)
        lines.append(f"{wanted:>9}  {shown}  {coverage:>8.3f}  {wrong:>20.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
