"""``yuanda evaluate``: measures of retrieval and abstention over a labelled set."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.decide import Calibration, rank
from assistant.retrieve import Retrieval
from eval.corpora import Corpus, open_corpus
from eval.measures import Outcome, measure
from index.encoder import Encoder, load_encoder
from index.errors import CallError

DEPTH = 100


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Outcomes of all queries, the scores behind their rankings, and the times (ms)."""

    outcomes: tuple[Outcome, ...]
    scores: tuple[tuple[float, ...], ...]
    milliseconds: tuple[float, ...]


def run(
    dataset: Path,
    *,
    model: str | None,
    threshold: float | None,
    retriever: Retrieval,
    run_file: Path | None,
    as_json: bool,
) -> int:
    """Evaluate, print a table or JSON, and return the exit status.

    ``CallError`` where the folder isn't a labelled set, or a label names no filed pair.
    """
    if not dataset.is_dir():
        raise CallError(f"{dataset}: no such folder; evaluate takes the folder of a labelled set")
    encoder = load_encoder(model)
    calibration = Calibration.load()
    level = calibration.threshold if threshold is None else threshold
    evaluated = evaluate(open_corpus(dataset, encoder), calibration, level, retriever)
    if run_file:
        try:
            run_file.write_text(trec_run(evaluated, retriever), encoding="utf-8")
        except OSError as error:
            raise CallError(f"{run_file}: {error.strerror}") from None
    document = report(dataset, encoder, retriever, evaluated)
    print(json.dumps(document, ensure_ascii=False) if as_json else table(document))
    return 0


def evaluate(
    corpus: Corpus, calibration: Calibration, threshold: float, retriever: Retrieval
) -> Evaluated:
    """Rank the corpus for each of its queries, in order, timing each."""
    outcomes, scores, milliseconds = [], [], []
    for query in corpus.queries:
        began = time.perf_counter()
        retrieved = corpus.retriever.retrieve(query.text, corpus.allowed(query), pool=DEPTH)
        ranked = rank(retrieved, calibration, corpus.text, retriever, DEPTH)
        milliseconds.append((time.perf_counter() - began) * 1000)
        confidence = ranked[0].confidence if ranked else 0.0
        scores.append(tuple(r.score for r in ranked))
        outcomes.append(
            Outcome(
                query.id,
                tuple(corpus.document_ids[r.candidate.pair_id] for r in ranked),
                query.relevant,
                answered=bool(ranked) and confidence >= threshold,
                confidence=confidence,
            )
        )
    return Evaluated(tuple(outcomes), tuple(scores), tuple(milliseconds))


def report(
    dataset: Path, encoder: Encoder, retriever: Retrieval, evaluated: Evaluated
) -> dict[str, Any]:
    """What ``yuanda evaluate --json`` prints."""
    times = evaluated.milliseconds or (0.0,)
    p50, p99 = np.percentile(times, [50, 99])
    return {
        "dataset": dataset.as_posix(),
        "retriever": retriever,
        "model": encoder.name,
        "queries": len(evaluated.outcomes),
        "answerable": sum(bool(o.relevant) for o in evaluated.outcomes),
        "measures": {
            name: {k: round(v, 4) for k, v in asdict(estimate).items()}
            for name, estimate in measure(evaluated.outcomes).items()
        },
        "latency_ms": {"p50": round(float(p50), 3), "p99": round(float(p99), 3)},
    }


def table(document: dict[str, Any]) -> str:
    """The same for a terminal."""
    lines = [
        f"{document['dataset']}: {document['queries']} queries, "
        f"{document['answerable']} answerable; {document['retriever']}, {document['model']}",
        "",
        f"{'measure':<22}{'value':>8}   95% interval",
    ]
    for name, m in document["measures"].items():
        lines.append(f"{name:<22}{m['value']:>8.4f}   {m['low']:.4f} to {m['high']:.4f}")
    latency = document["latency_ms"]
    lines += ["", f"latency: p50 {latency['p50']} ms, p99 {latency['p99']} ms"]
    return "\n".join(lines)


def trec_run(evaluated: Evaluated, retriever: Retrieval) -> str:
    """Rankings in TREC form: query, Q0, document, rank, score, system."""
    return "".join(
        f"{outcome.query_id} Q0 {document} {place} {score:.6f} yuanda-{retriever}\n"
        for outcome, scores in zip(evaluated.outcomes, evaluated.scores, strict=True)
        for place, (document, score) in enumerate(
            zip(outcome.ranking, scores, strict=True), start=1
        )
    )
