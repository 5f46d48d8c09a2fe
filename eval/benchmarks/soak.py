"""Mixed load in one process: adding, removing, asking and following, while memory is watched.

    python -m eval.benchmarks.soak --minutes 20 --json eval/results/soak.json

Private memory and file handles are taken at even distances. The first third is warm-up; they have
grown where the last third has more than the second one.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.scale.generate import Market
from eval.benchmarks.scale.memory import Memory, open_files
from eval.output import put_out
from index.embedding.encoder import Encoder, load_encoder
from index.intake.build import add
from index.search import vectors
from index.search.snapshot import improve
from index.store.store import Store

_FILINGS, _ASKERS = 200, 4
_COMPRESS, _TAIL = 1000, 300
# Share by which memory may differ, and handles: each state that is followed opens some.
_ALLOWED_GROWTH, _ALLOWED_HANDLES = 0.05, 16


@dataclass
class Watched:
    """What was done, and private memory (bytes) and file handles at each look."""

    minutes: float
    asked: int = 0
    added: int = 0
    removed: int = 0
    switched: int = 0
    faults: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    memory_growth: float = 0.0
    handles_growth: int = 0


def soak(folder: Path, minutes: float, looks: int = 40) -> Watched:
    """Load a store in an empty folder for so long."""
    vectors.COMPRESS, vectors.TAIL = _COMPRESS, _TAIL
    encoder, watched = load_encoder(None), Watched(minutes)
    market = Market(10 * _FILINGS)
    files = folder / "filings"
    files.mkdir()
    for number, (_, content) in enumerate(market.filings()):
        (files / f"{number:03}.txt").write_bytes(content)
    paths = sorted(files.iterdir())
    questions = [asked.question for asked in market.questions(500)]
    stop = threading.Event()

    with Store.open(folder / "store", create=True) as store:
        add(store, paths[: _FILINGS // 2], encoder, processes=1)
    store = Store.open(folder / "store")
    with Assistant(store, encoder, Calibration.load()) as assistant, assistant.following():
        given = (watched, stop)
        threads = [threading.Thread(target=_write, args=(*given, store.folder, paths, encoder))]
        threads += [
            threading.Thread(target=_ask, args=(*given, assistant, questions, n))
            for n in range(_ASKERS)
        ]
        for thread in threads:
            thread.start()
        for _ in range(looks):
            time.sleep(60 * minutes / looks)
            gc.collect()
            watched.memory.append(Memory.now().private)
            watched.handles.append(open_files())
            watched.threads.append(threading.active_count())
        stop.set()
        for thread in threads:
            thread.join()
    _judge(watched)
    return watched


def _write(
    watched: Watched, stop: threading.Event, folder: Path, paths: list[Path], encoder: Encoder
) -> None:
    """Add, remove and switch by chance."""
    rng = random.Random(3)
    with Store.open(folder) as store:
        while not stop.is_set():
            there = {entry.filing.path for entry in store.filings()}
            if len(there) > 0.9 * _FILINGS or (there and rng.random() < 0.4):
                for path in rng.sample(sorted(there), min(len(there), 5)):
                    store.remove(path)
                    watched.removed += 1
            else:
                report = add(store, rng.sample(paths, 8), encoder, processes=1)
                watched.added += report.count("added")
                watched.faults += [row.error for row in report.files if row.error]
            if rng.random() < 0.2:
                watched.switched += improve(store, anew=True)


def _ask(
    watched: Watched, stop: threading.Event, assistant: Assistant, questions: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    while not stop.is_set():
        try:
            assistant.ask(Query(rng.choice(questions)))
        except Exception as error:
            watched.faults.append(repr(error))
        watched.asked += 1


def _judge(watched: Watched) -> None:
    """Compare the last third with the third before it, the first being warm-up."""
    third = max(1, len(watched.memory) // 3)
    memory, handles = (
        [float(np.median(kept[-2 * third : -third] or kept)), float(np.median(kept[-third:]))]
        for kept in (watched.memory, watched.handles)
    )
    watched.memory_growth = round(memory[1] / memory[0] - 1, 4)
    watched.handles_growth = round(handles[1] - handles[0])
    if watched.memory_growth > _ALLOWED_GROWTH:
        watched.faults.append(f"memory grew by {watched.memory_growth:.1%}")
    if watched.handles_growth > _ALLOWED_HANDLES:
        watched.faults.append(f"{watched.handles_growth} more file handles")


def main() -> None:
    """Soak, and tell what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        watched = soak(Path(folder), arguments.minutes)
    put_out(asdict(watched), arguments.json)
    raise SystemExit(bool(watched.faults))


if __name__ == "__main__":
    main()
