"""What a change of a loaded store costs: a filing added, found by who follows, and removed."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from assistant.answering.answer import Assistant
from eval.benchmarks.scale.generate import Market
from eval.benchmarks.scale.timing import milliseconds
from index.embedding.encoder import Encoder
from index.intake.build import add
from index.search.opening import open_index
from index.store.store import Store

# Pairs of the filings that are added, about ten in each.
_PAIRS = 80


def changes(folder: Path, assistant: Assistant, encoder: Encoder) -> dict[str, list[float]]:
    """Milliseconds of each: what ``yuanda add`` and ``yuanda remove`` do, in a process that has
    the store open, and what an ``assistant`` over it takes to take over what was added.

    The store holds the same pairs afterwards.
    """
    times: dict[str, list[float]] = {"add": [], "follow": [], "remove": []}
    with tempfile.TemporaryDirectory() as given, Store.open(folder) as store:

        def remove(path: Path) -> None:
            store.remove(str(path))
            open_index(store, encoder.dimension)

        for number, (_, content) in enumerate(Market(_PAIRS, seed=1).filings()):
            path = Path(given) / f"{number}.txt"
            path.write_bytes(content)
            adding = partial(add, store, [path], encoder, processes=1)
            times["add"].append(milliseconds(adding))
            times["follow"].append(milliseconds(assistant.refresh))
            times["remove"].append(milliseconds(partial(remove, path)))
            assistant.refresh()
    return times
