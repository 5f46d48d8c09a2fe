"""``yuanda evaluate``: measures of retrieval and abstention over a labelled set."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.calibration import load_calibration, mismatch, shipped_for, threshold_of
from assistant.retrieval.rerank import Reranker
from assistant.retrieval.retrieve import Retrieval
from eval.measuring.measures import Estimate, Outcome, measure
from eval.measuring.runs import record_lines, trec_run, write
from eval.measuring.slices import slices_of
from eval.measuring.systems import ask_all, yuanda
from eval.reports.report import html_report
from eval.sets.corpora import open_corpus
from eval.sets.written import Split
from index.embedding.encoder import Encoder, load_encoder
from index.embedding.model_options import ModelOptions
from index.errors import CallError


def run(
    dataset: Path,
    *,
    model: str | None,
    threshold: float | None,
    retriever: Retrieval,
    wrong: float | None = None,
    split: Split | None = None,
    run_file: Path | None = None,
    records_file: Path | None = None,
    html_file: Path | None = None,
    options: ModelOptions | None = None,
    reranker: Reranker | None = None,
    calibration_file: Path | None = None,
    as_json: bool = False,
) -> int:
    """Evaluate, print a table or JSON, and return the exit status.

    ``CallError`` where the folder isn't a labelled set, or a label names no filed pair.
    """
    if not dataset.is_dir():
        raise CallError(f"{dataset}: no such folder; evaluate takes the folder of a labelled set")
    if calibration_file:
        load_calibration(calibration_file)
    encoder = load_encoder(model, options)
    calibration_file = calibration_file or shipped_for(encoder.name)
    calibration = load_calibration(calibration_file)
    if doubt := mismatch(calibration_file, encoder, reranker):
        print(f"yuanda: {doubt}", file=sys.stderr)
    level = threshold_of(calibration, threshold, wrong)
    corpus = open_corpus(dataset, encoder, split)
    system = yuanda(corpus, calibration, retriever, reranker=reranker)
    outcomes = ask_all(system, corpus.queries, level)
    if run_file:
        write(run_file, trec_run(outcomes, f"yuanda-{retriever}"))
    if records_file:
        write(records_file, record_lines(outcomes))
    document = report(dataset, corpus.split, encoder, retriever, outcomes)
    if reranker:
        document["reranker"] = reranker.name
    if html_file:
        questions = {query.id: query.text for query in corpus.queries}
        write(html_file, html_report(document, outcomes, questions))
    print(json.dumps(document, ensure_ascii=False) if as_json else table(document))
    return 0


def report(
    dataset: Path,
    split: Split | None,
    encoder: Encoder,
    retriever: Retrieval,
    outcomes: Sequence[Outcome],
) -> dict[str, Any]:
    """What ``yuanda evaluate --json`` prints."""
    return {
        "dataset": dataset.as_posix(),
        "split": split,
        "retriever": retriever,
        "model": encoder.name,
        "queries": len(outcomes),
        "answerable": sum(bool(o.relevant) for o in outcomes),
        "measures": rounded(measure(outcomes)),
        "latency_ms": latency(outcomes),
        "slices": {
            name: {
                group.value: {
                    "queries": group.queries,
                    "answerable": group.answerable,
                    "measures": rounded(group.measures),
                }
                for group in groups
            }
            for name, groups in slices_of(outcomes).items()
        },
    }


def rounded(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    """Estimates as JSON has them."""
    return {
        name: {k: round(v, 4) for k, v in asdict(estimate).items()}
        for name, estimate in estimates.items()
    }


def latency(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Median and 99th percentile of the time that a query takes, in milliseconds."""
    p50, p99 = np.percentile([o.milliseconds for o in outcomes] or [0.0], [50, 99])
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}


def table(document: dict[str, Any]) -> str:
    """The same for a terminal."""
    split = f" ({document['split']})" if document["split"] else ""
    lines = [
        f"{document['dataset']}{split}: {document['queries']} queries, "
        f"{document['answerable']} answerable; {document['retriever']}, {document['model']}",
        "",
        f"{'measure':<22}{'value':>8}   95% interval",
    ]
    for name, m in document["measures"].items():
        lines.append(f"{name:<22}{m['value']:>8.4f}   {m['low']:.4f} to {m['high']:.4f}")
    times = document["latency_ms"]
    lines += ["", f"latency: p50 {times['p50']} ms, p99 {times['p99']} ms"]
    for name, groups in document["slices"].items():
        lines += ["", f"{name:<22}{'queries':>8}{'R@1':>8}{'R@5':>8}{'MRR@10':>8}{'served':>8}"]
        lines += [_group_row(value, group) for value, group in groups.items()]
    return "\n".join(lines)


def _group_row(value: str, group: dict[str, Any]) -> str:
    measures = group["measures"]
    retrieval = "".join(
        # A measure of retrieval over no answerable query is no measure.
        f"{measures[name]['value']:>8.4f}" if group["answerable"] else f"{'':>8}"
        for name in ("R@1", "R@5", "MRR@10")
    )
    return (
        f"{_padded(value, 22)}{group['queries']:>8}{retrieval}{measures['served']['value']:>8.4f}"
    )


def _padded(text: str, width: int) -> str:
    """Chinese characters take two columns in a terminal."""
    return text + " " * max(1, width - sum(1 + (ch > "\u2e80") for ch in text))
