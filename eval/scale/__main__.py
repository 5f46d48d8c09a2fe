"""How time and memory grow with a store: ``python -m eval.scale --json eval/results/scale.json``.

Each size is loaded in a process of its own and asked in another, one after the other; ratios are
between sizes of one run. The largest takes most of an hour and 12 GB of disk.
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
from pathlib import Path
from typing import Any

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main() -> None:
    """Measure all sizes, and write and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="keep the stores here, and use those there")
    parser.add_argument(
        "--peers", type=int, default=100_000, help="pairs to compare peers at; 0: not"
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        sizes = [_size(folder, pairs, arguments.questions) for pairs in arguments.pairs]
        peers = []
        if (folder / str(arguments.peers)).is_dir():
            given = ("--folder", str(folder / str(arguments.peers)))
            peers = [
                _run("eval.scale.peers", *given, "--peer", peer)
                for peer in ("yuanda", "langchain", "milvus")
            ]
    document = {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version()},
        "sizes": sizes,
        "growth": _growth(sizes),
        "peers": peers,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if arguments.json:
        arguments.json.write_text(text, "utf-8")
    print(text, end="")


def _size(folder: Path, pairs: int, questions: int) -> dict[str, Any]:
    store = folder / str(pairs)
    kept = store / "load.json"
    given = ("--pairs", str(pairs), "--folder", str(store))
    if not kept.is_file():
        shutil.rmtree(store, ignore_errors=True)
        loaded = _run("eval.scale.load", *given)
        kept.write_text(json.dumps(loaded), "utf-8")
    asked = _run("eval.scale.asking", *given, "--questions", str(questions))
    return {"pairs": pairs, "load": json.loads(kept.read_text("utf-8")), **asked}


def _growth(sizes: list[dict[str, Any]]) -> dict[str, float]:
    """Between 10,000 pairs and the largest size."""
    by_pairs = {size["pairs"]: size for size in sizes}
    small, large = by_pairs.get(10_000), sizes[-1]
    if small is None or large is small:
        return {}
    more = large["pairs"] - small["pairs"]
    bytes_more = large["memory_bytes"]["total"] - small["memory_bytes"]["total"]
    ratios = {
        f"ask_{name}": round(large["ask_ms"][name] / small["ask_ms"][name], 2)
        for name in ("p50", "p99")
    }
    return {**ratios, "memory_bytes_a_pair": round(bytes_more / more, 1)}


def _run(module: str, *arguments: str) -> dict[str, Any]:
    print(module, *arguments, file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
