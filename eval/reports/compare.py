"""Yuanda beside other systems and beside itself without a part: ``python -m eval.reports.compare``.

All systems are asked in one process over the same pairs. ``dense only`` and ``lexical only``
rank by one side's evidence, which says nothing of a company that the question names;
``untrained averaging`` is ``dense only`` with ``rivals.UntrainedEncoder`` in the place of the
model. BM25 and the ablations are described in ``rivals`` and ``ablations``. p-values are of
two-sided paired randomisation tests against the hybrid, not adjusted for how many there are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.retrieval.decide import Calibration
from eval.measuring.measures import Outcome, measure
from eval.measuring.runs import record_lines, write
from eval.measuring.significance import compare
from eval.measuring.systems import System, ask_all, yuanda
from eval.reports.ablations import ABLATIONS, Ablations
from eval.reports.evaluate import latency, rounded
from eval.reports.rivals import UntrainedEncoder, bm25, characters, words
from eval.sets.corpora import Corpus, open_corpus
from index.embedding.encoder import load_encoder
from index.errors import YuandaError

SHIPPED = "hybrid"
MEASURES = ("R@1", "R@5", "MRR@10")


def systems(corpus: Corpus, calibration: Calibration) -> Iterator[tuple[str, System]]:
    """All systems by name, the shipped one first."""
    yield SHIPPED, yuanda(corpus, calibration)
    yield "dense only", yuanda(corpus, calibration, "dense")
    yield "lexical only", yuanda(corpus, calibration, "lexical")
    yield "BM25, characters", bm25(corpus, characters)
    yield "BM25, words", bm25(corpus, words)
    yield "untrained averaging", untrained(corpus, calibration)
    ablations = Ablations(corpus.encoder)
    for name, parts in ABLATIONS.items():
        yield name, ablations.system(corpus, parts)


def untrained(corpus: Corpus, calibration: Calibration) -> System:
    """``dense only`` with vectors that no one trained."""
    encoder = UntrainedEncoder([reading.text for reading in corpus.read])
    return yuanda(corpus.encoded_by(encoder), calibration, "dense")


def rows(runs: Mapping[str, Sequence[Outcome]]) -> list[dict[str, Any]]:
    """Measures, p-values against the first system, and latency, for each system."""
    first = next(iter(runs.values()))
    found = []
    for name, outcomes in runs.items():
        measures = measure(outcomes)
        compared = compare(outcomes, first, MEASURES)
        found.append(
            {
                "system": name,
                "measures": rounded({m: measures[m] for m in MEASURES}),
                "p": {m: None if outcomes is first else round(c.p, 4) for m, c in compared.items()},
                "latency_ms": latency(outcomes),
            }
        )
    return found


def table(document: Mapping[str, Any]) -> str:
    """The comparison for a terminal."""
    lines = [
        f"{document['dataset']}: {document['queries']} queries, "
        f"{document['answerable']} answerable; {document['model']}",
        "",
        f"{'system':<26}" + "".join(f"{m:>8}{'p':>8}" for m in MEASURES) + f"{'p50 ms':>9}",
    ]
    for row in document["systems"]:
        cells = "".join(_cell(row["measures"][m]["value"], row["p"][m]) for m in MEASURES)
        lines.append(f"{row['system']:<26}{cells}{row['latency_ms']['p50']:>9.1f}")
    return "\n".join(lines)


def _cell(value: float, p: float | None) -> str:
    return f"{value:>8.4f}" + (f"{'':>8}" if p is None else f"{p:>8.4f}")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; optionally write JSON, and each system's records into a folder."""
    parser = argparse.ArgumentParser(description="Yuanda beside other systems.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--split", choices=["train", "dev", "test"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison")
    parser.add_argument("--records", type=Path, metavar="DIR", help="write each system's records")
    arguments = parser.parse_args(argv)
    try:
        _compare(arguments)
    except YuandaError as error:
        parser.error(str(error))
    return 0


def _compare(arguments: argparse.Namespace) -> None:
    corpus = open_corpus(arguments.dataset, load_encoder(), arguments.split)
    calibration = Calibration.load()
    runs = {
        name: ask_all(system, corpus.queries, calibration.threshold)
        for name, system in systems(corpus, calibration)
    }
    document = {
        "made_by": "python -m eval.reports.compare",
        "dataset": arguments.dataset.as_posix(),
        "split": corpus.split,
        "model": f"{corpus.encoder.name} {corpus.encoder.revision[:12]}",
        "queries": len(corpus.queries),
        "answerable": sum(bool(q.relevant) for q in corpus.queries),
        "systems": rows(runs),
    }
    print(table(document))
    if arguments.json:
        write(arguments.json, json.dumps(document, indent=1) + "\n")
    if arguments.records:
        arguments.records.mkdir(parents=True, exist_ok=True)
        for name, outcomes in runs.items():
            file = name.replace(", ", "-").replace(" ", "-") + ".jsonl"
            write(arguments.records / file, record_lines(outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
