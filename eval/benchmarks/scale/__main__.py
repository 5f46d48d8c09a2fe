"""How time and memory grow with a store: ``python -m eval.benchmarks.scale --json FILE``.

Each size is loaded in a process of its own. Then all sizes are asked in turn, each in a new
process, in several rounds: a machine that changes its pace meanwhile does so for all of them. Each
figure is the median of the rounds, each ratio that of the ratios within a round. The largest takes
most of an hour and 12 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from eval.output import put_out

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main() -> None:
    """Measure all sizes, and tell what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the stores here, and use those there")
    parser.add_argument(
        "--peers", type=int, default=100_000, help="pairs to compare peers at; 0: not"
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        loads = [_load(folder / str(pairs), pairs) for pairs in arguments.pairs]
        rounds = [
            [_ask(folder / str(pairs), pairs, arguments.questions) for pairs in arguments.pairs]
            for _ in range(arguments.rounds)
        ]
        peers = []
        if (folder / str(arguments.peers)).is_dir():
            given = ("--folder", str(folder / str(arguments.peers)))
            peers = [
                _run("eval.benchmarks.scale.peers", *given, "--peer", peer)
                for peer in ("yuanda", "langchain", "milvus")
            ]
    document = {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version()},
        "rounds": arguments.rounds,
        "sizes": [
            {
                "pairs": pairs,
                "load": load,
                **_middle(asked),
                "ask_ms_p50_of_rounds": [one["ask_ms"]["p50"] for one in asked],
            }
            for pairs, load, asked in zip(
                arguments.pairs, loads, zip(*rounds, strict=True), strict=True
            )
        ],
        "growth": _middle([_growth(arguments.pairs, asked) for asked in rounds]),
        "peers": peers,
    }
    put_out(document, arguments.json)


def _load(store: Path, pairs: int) -> dict[str, Any]:
    """What loading took: now, or when the store was kept."""
    kept = store / "load.json"
    if not kept.is_file():
        shutil.rmtree(store, ignore_errors=True)
        loaded = _run("eval.benchmarks.scale.load", "--pairs", str(pairs), "--folder", str(store))
        kept.write_text(json.dumps(loaded), "utf-8")
    load: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return load


def _ask(store: Path, pairs: int, questions: int) -> dict[str, Any]:
    given = ("--pairs", str(pairs), "--folder", str(store), "--questions", str(questions))
    return _run("eval.benchmarks.scale.asking", *given)


def _middle(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure; what holds figures is gone through."""
    return {
        name: _middle([one[name] for one in rounds])
        if isinstance(value, dict)
        else round(median(one[name] for one in rounds), 4)
        for name, value in rounds[0].items()
    }


def _growth(sizes: Sequence[int], asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Between 10,000 pairs and the largest size, in one round."""
    if 10_000 not in sizes[:-1]:
        return {}
    small, large = asked[sizes.index(10_000)], asked[-1]
    bytes_more = large["memory_bytes"]["total"] - small["memory_bytes"]["total"]
    ratios = {
        f"ask_{name}": round(large["ask_ms"][name] / small["ask_ms"][name], 2)
        for name in ("p50", "p99")
    }
    return {**ratios, "memory_bytes_a_pair": round(bytes_more / (sizes[-1] - 10_000), 1)}


def _run(module: str, *arguments: str) -> dict[str, Any]:
    print(module, *arguments, file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
