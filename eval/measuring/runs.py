"""Runs saved: rankings in TREC form, and one JSON line for each query."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.measuring.measures import Outcome
from index.errors import CallError

KEPT = 10


def trec_run(outcomes: Sequence[Outcome], system: str) -> str:
    """Rankings in TREC form: query, Q0, document, rank, score, system."""
    return "".join(
        f"{outcome.query_id} Q0 {document} {place} {score:.6f} {system}\n"
        for outcome in outcomes
        for place, (document, score) in enumerate(
            zip(outcome.ranking, outcome.scores, strict=True), start=1
        )
    )


def record_lines(outcomes: Sequence[Outcome]) -> str:
    """A JSON line for each query: the first ten with scores, the decision, time and slices."""
    return "".join(json.dumps(_row(o), ensure_ascii=False) + "\n" for o in outcomes)


def read_records(path: Path) -> tuple[Outcome, ...]:
    """What ``record_lines`` wrote; ``CallError`` where the file holds something else."""
    try:
        lines = path.read_text("utf-8").splitlines()
        return tuple(_outcome(json.loads(line)) for line in lines)
    except OSError as error:
        raise CallError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        raise CallError(f"{path}: not records as `yuanda evaluate --records` writes them") from None


def write(path: Path, text: str) -> None:
    """Write a result; ``CallError`` where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CallError(f"{path}: {error.strerror}") from None


def _row(outcome: Outcome) -> dict[str, Any]:
    ranking = zip(outcome.ranking[:KEPT], outcome.scores[:KEPT], strict=True)
    return {
        "query": outcome.query_id,
        "ranking": [[document, round(score, 6)] for document, score in ranking],
        "relevant": dict(outcome.relevant),
        "confidence": round(outcome.confidence, 6),
        "decision": "answer" if outcome.answered else "abstain",
        "ms": round(outcome.milliseconds, 3),
        "slices": dict(outcome.slices),
    }


def _outcome(row: dict[str, Any]) -> Outcome:
    return Outcome(
        row["query"],
        tuple(document for document, _ in row["ranking"]),
        row["relevant"],
        answered=row["decision"] == "answer",
        confidence=row["confidence"],
        scores=tuple(score for _, score in row["ranking"]),
        milliseconds=row["ms"],
        slices=row["slices"],
    )
