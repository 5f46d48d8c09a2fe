"""The index on a Milvus server against the embedded one: the same questions, the same store.

    python -m eval.benchmarks.served --json eval/results/served.json

Questions are drawn from the training and development parts and asked of these parts' filings, by
turns of what they name and filter. The server is a Milvus Lite of its own, or that at ``--url``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from assistant.answering.answer import Assistant
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.milvus_server import milvus
from eval.benchmarks.running import FILES, each_once
from eval.output import put_out
from eval.sets.written import Split, read_written
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.records import Filters
from index.search.opening import EMBEDDED, keep_index_at
from index.store.store import Store

_PARTS: tuple[Split, ...] = ("train", "dev")
_FILTERS = (
    Filters(),
    Filters(since="2023-01-01"),
    Filters(until="2023-12-31"),
    Filters(activity="业绩说明会"),
    Filters(as_of="2024-06-30"),
)
# Confidences that differ by no more are equal: sums are made in another order.
_EQUAL = 1e-4


def queries(count: int, seed: int = 7) -> list[Query]:
    """Questions drawn by chance, each with the next of the filters."""
    written = [question for part in _PARTS for question in read_written(part)]
    drawn = np.random.default_rng(seed).permutation(len(written))[:count]
    return [
        Query(
            written[one].question,
            filters=_FILTERS[place % len(_FILTERS)],
            previous=written[one].previous,
        )
        for place, one in enumerate(drawn.tolist())
    ]


def asked(
    folder: Path, address: str, asking: Sequence[Query]
) -> tuple[list[Answer], dict[str, Any]]:
    """Answers of the store with its index at an address, and how long that took."""
    encoder = load_encoder()
    store = Store.open(folder)
    keep_index_at(store, address)
    began = time.perf_counter()
    with Assistant(store, encoder, Calibration.load()) as assistant:
        opened = time.perf_counter() - began
        assistant.warm_up()
        with assistant.following():
            answers = [assistant.ask(query) for query in asking]
    p50, p99 = np.percentile([answer.elapsed_ms for answer in answers], [50, 99])
    return answers, {
        "index_s": round(opened, 2),
        "ask_ms": {"p50": round(float(p50), 2), "p99": round(float(p99), 2)},
    }


def compared(ours: Sequence[Answer], theirs: Sequence[Answer]) -> dict[str, Any]:
    """Shares of the questions that are answered alike."""

    def cited(answer: Answer) -> list[tuple[str, str]]:
        return [(c.filing.sha256, c.pair.number) for c in answer.citations]

    pairs = list(zip(ours, theirs, strict=True))
    apart = [abs(one.confidence - other.confidence) for one, other in pairs]
    alike = {
        "decision": [one.decision == other.decision for one, other in pairs],
        "first_citation": [cited(one)[:1] == cited(other)[:1] for one, other in pairs],
        "all_citations": [cited(one) == cited(other) for one, other in pairs],
        "confidence": [difference <= _EQUAL for difference in apart],
    }
    return {
        "questions": len(pairs),
        "answered": sum(one.decision == "answer" for one in ours),
        "alike": {name: round(float(np.mean(same)), 4) for name, same in alike.items()},
        "confidences_apart_at_most": round(max(apart), 6),
    }


def main() -> None:
    """Compare, and print or write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--url", help="a Milvus server; by default one is started for this")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    asking = queries(arguments.questions)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "store"
        with Store.open(folder, create=True) as store:
            add(store, [f for part in _PARTS for f in each_once(FILES / part)], load_encoder())
            filings, pairs = store.counts()
        server = milvus(Path(home) / "milvus")
        with nullcontext(arguments.url) if arguments.url else server as url:
            embedded, own = asked(folder, EMBEDDED, asking)
            served, remote = asked(folder, url, asking)
            with Store.open(folder) as store:
                keep_index_at(store, EMBEDDED)
    document = {
        "filings": filings,
        "pairs": pairs,
        "server": arguments.url or f"milvus-lite {importlib.metadata.version('milvus-lite')}",
        "pymilvus": importlib.metadata.version("pymilvus"),
        "compared": compared(embedded, served),
        "embedded": own,
        "served": remote,
    }
    put_out(document, arguments.json)


if __name__ == "__main__":
    main()
