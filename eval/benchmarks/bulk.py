"""A first load by `yuanda add` that is killed on the way and goes on: rate and memory.

    python -m eval.benchmarks.bulk --filings 100000 --json eval/results/bulk.json

Filings are generated as text files, some ten pairs each; half of them are told of as added when
all processes of the command are killed (SIGKILL). The command is then given again. Linux only.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from eval.benchmarks.scale.generate import Market
from eval.benchmarks.scale.memory import Memory, folder_size
from eval.output import put_out
from index.store.store import Store

_OF_FILING = 10  # pairs, about
_LOOK = 0.5  # seconds between two looks at the memory
_ADD = (
    sys.executable,
    "-c",
    "import sys; from assistant.cli.main import main; sys.exit(main())",
    "add",
)


def measure(folder: Path, filings: int) -> dict[str, Any]:
    """Load an empty folder's new store with so many filings, in two goes."""
    files, store = folder / "filings", folder / "store"
    files.mkdir()
    contents = (content for _, content in Market(2 * _OF_FILING * filings).filings())
    for number, content in enumerate(islice(contents, filings)):
        (files / f"{number:06}.txt").write_bytes(content)
    killed, resumed = _go(files, store, filings // 2), _go(files, store)
    with Store.open(store) as opened:
        held, pairs = opened.counts()
    return {
        "filings": filings,
        "pairs": pairs,
        "processors": os.cpu_count(),
        "killed": killed,
        "resumed": resumed,
        "told_and_lost": max(0, killed["told"]["added"] - resumed["told"]["unchanged"]),
        "missing": filings - held,
        "store_bytes": folder_size(store),
    }


def _go(files: Path, store: Path, until: int | None = None) -> dict[str, Any]:
    """Add the files, or kill the command once it has told of ``until`` of them."""
    told: Counter[str] = Counter()
    looks: list[tuple[int, int]] = []
    began = time.perf_counter()
    with subprocess.Popen(
        [*_ADD, str(files), "--store", str(store)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        listener = threading.Thread(target=_listen, args=(command, told))
        listener.start()
        rows = 0.0
        while command.poll() is None:
            if until and told.total() >= until:
                os.killpg(command.pid, signal.SIGKILL)
            time.sleep(_LOOK)
            if told.total() > (looks[-1][0] if looks else 0):
                rows = time.perf_counter() - began
            looks.append((told.total(), _private(command.pid)))
        listener.join()
    return {
        "told": dict(told),
        "seconds": round(time.perf_counter() - began, 1),
        "seconds_to_last_row": round(rows, 1),
        "filings_a_second": round(told["added"] / rows, 1),
        "memory_bytes": _quarters([look for look in looks if look[1]]),
        "peak_bytes": max(private for _, private in looks),
    }


def _listen(command: subprocess.Popen[str], told: Counter[str]) -> None:
    for line in command.stderr or ():
        told[line.split(maxsplit=1)[0]] += 1


def _private(leader: int) -> int:
    """Private bytes of all processes of a session."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and os.getsid(int(folder.name)) == leader:
                total += Memory.of(folder.name).private
        except (OSError, KeyError):
            continue  # it has ended, or is about to
    return total


def _quarters(looks: list[tuple[int, int]]) -> list[int]:
    """Median memory while each quarter of the rows was told; what follows the last isn't in it."""
    last = looks[-1][0] + 1
    quarters: list[list[int]] = [[] for _ in range(4)]
    for count, private in looks:
        if count:
            quarters[4 * count // last].append(private)
        if count == looks[-1][0]:
            break
    return [round(statistics.median(own)) if own else 0 for own in quarters]


def main() -> None:
    """Load, and put out what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filings", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        document = measure(Path(folder), arguments.filings)
    put_out(document, arguments.json)


if __name__ == "__main__":
    main()
