"""A labelled set of the platforms' questions, with the answers alone: their questions are hidden.

Asked are the questions of one part:
    answered     labelled as answered fully or partly
    evaded       labelled as not answered: what was filed on them stays, and is not right
    unanswered   every third of the answered ones, its answer taken out

The answers of the other parts are there as well, to be mistaken for one. A pair that the
platforms show twice counts once, and answers that are the same text are all right.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from eval.sets.asking_forms import asked_plainly, draw
from eval.sets.datasets import Document, LabelledQuery
from eval.sets.real import RealPair, platform
from eval.sets.split import Part, one_spelling
from eval.sets.writing import without_missing

_UNANSWERED = 333
_SHORTEST = 20


def read(folder: Path, part: Part) -> tuple[list[Document], list[LabelledQuery]]:
    """The set for one part."""
    pairs = {f"p{i}": pair for i, pair in enumerate(_once(folder))}
    same: dict[str, list[str]] = defaultdict(list)
    for key, pair in pairs.items():
        same[one_spelling(pair.answer)].append(key)
    queries, gone = [], set[str]()
    for key, pair in pairs.items():
        if pair.part != part:
            continue
        alike = same[one_spelling(pair.answer)]
        kind = _kind(pair)
        # A canned answer that many got says nothing of this question.
        if kind is None or (kind != "evaded" and len(alike) > 2):
            continue
        if kind == "unanswered":
            gone |= set(alike)
        right = dict.fromkeys(alike, 1) if kind == "answered" else {}
        queries.append(
            LabelledQuery(key, asked_plainly(pair.question), right, slices={"type": kind})
        )
    documents = [Document(k, "", p.answer) for k, p in pairs.items() if k not in gone]
    return documents, without_missing(queries, {document.id for document in documents})


def _kind(pair: RealPair) -> str | None:
    if not pair.relevance:
        return "evaded"
    if len(pair.answer) < _SHORTEST:
        return None
    return "unanswered" if draw(f"platform {pair.question}") < _UNANSWERED else "answered"


def _once(folder: Path) -> list[RealPair]:
    found: dict[tuple[str, str], RealPair] = {}
    for pair in platform(folder):
        if pair.question.strip() and pair.answer.strip():
            found.setdefault((one_spelling(pair.question), one_spelling(pair.answer)), pair)
    return list(found.values())
