"""Batches drawn ahead in processes of their own, so that a GPU needn't wait."""

from __future__ import annotations

import multiprocessing as mp
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from eval.training.encoder.batches import Mined

Drawer = Callable[[], Any]


class Ahead:
    """Calls what ``make(seed)`` gives in ``workers`` processes, or here if there are none."""

    def __init__(self, make: Callable[[int], Drawer], workers: int, ahead: int = 12) -> None:
        self._processes: list[Any] = []
        if not workers:
            self._draw = make(0)
            return
        context = mp.get_context("fork")
        queue: Any = context.Queue(ahead)
        for seed in range(workers):
            process = context.Process(target=_work, args=(make, seed, queue), daemon=True)
            process.start()
            self._processes.append(process)
        self._draw = queue.get

    def __call__(self) -> Any:
        """The next batch."""
        return self._draw()

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()


def _work(make: Callable[[int], Drawer], seed: int, queue: Any) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    draw = make(seed)
    while True:
        queue.put(draw())


def save_mined(mined: Mined, path: Path) -> None:
    """Where workers find it."""
    fresh = path.with_name("fresh-" + path.name)
    np.savez(fresh, texts=mined.texts, pairs=mined.pairs)
    fresh.replace(path)


def load_mined(path: Path) -> Mined | None:
    """What was mined so far."""
    if not path.is_file():
        return None
    stored = np.load(path)
    return Mined(stored["texts"], stored["pairs"])
