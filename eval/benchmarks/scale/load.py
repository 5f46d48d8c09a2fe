"""Load a store with generated filings, and tell what that took.

``python -m eval.benchmarks.scale.load``
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np

from eval.benchmarks.scale.generate import Market
from eval.benchmarks.scale.memory import Memory, folder_size
from index.embedding.encoder import load_encoder
from index.embedding.passages import passages_of
from index.embedding.sentences import encoded
from index.search.snapshot import improve, open_indexes
from index.store.store import Store

# Filings in one transaction, and pairs between two words of progress.
_TOGETHER, _WORD = 64, 50_000


def load(folder: Path, pairs: int) -> dict[str, float]:
    """Fill a new store; seconds by stage, sizes in bytes."""
    encoder = load_encoder(None)
    times = dict.fromkeys(("generate", "embed", "store", "indexes", "compress"), 0.0)
    before = Memory.now()
    with Store.open(folder, create=True) as store:
        store.set_model(encoder)
        filings = Market(pairs).filings()
        done = told = 0
        while True:
            began = time.perf_counter()
            group = list(islice(filings, _TOGETHER))
            if not group:
                break
            made = time.perf_counter()
            passages = [[passages_of(pair) for pair in parsed.pairs] for parsed, _ in group]
            texts = [p.text for filing in passages for pieces in filing for p in pieces]
            vectors = encoder.encode_passages(texts)
            pairs_of = [pair for parsed, _ in group for pair in parsed.pairs]
            said = iter(encoded((pair.question, pair.answer) for pair in pairs_of))
            embedded = time.perf_counter()
            ends = np.cumsum([sum(map(len, filing)) for filing in passages])
            parts = np.split(vectors, ends[:-1])
            with store.batch():
                for (parsed, content), own, rows in zip(group, passages, parts, strict=True):
                    store.add(parsed, content, own, rows, [next(said) for _ in own])
                    done += len(own)
            stored = time.perf_counter()
            times["generate"] += made - began
            times["embed"] += embedded - made
            times["store"] += stored - embedded
            if done // _WORD > told:
                told = done // _WORD
                print(f"{done} pairs", file=sys.stderr, flush=True)
        began = time.perf_counter()
        open_indexes(store, encoder.dimension)
        indexed = time.perf_counter()
        improve(store)
        times["indexes"] = indexed - began
        times["compress"] = time.perf_counter() - indexed
    peak = Memory.now()
    spent = sum(seconds for stage, seconds in times.items() if stage != "generate")
    return {
        **{f"{stage}_s": round(seconds, 2) for stage, seconds in times.items()},
        "load_s": round(spent, 2),
        "pairs_a_second": round(pairs / spent, 1),
        "peak_bytes": peak.peak - before.total,
        "store_bytes": folder_size(folder),
        "indexes_bytes": folder_size(folder / "indexes"),
    }


def main() -> None:
    """Fill the folder and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    print(json.dumps(load(arguments.folder, arguments.pairs)))


if __name__ == "__main__":
    main()
