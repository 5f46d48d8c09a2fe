"""Ask a loaded store, alone and among many, and change it: how long that takes, how well it finds:
``python -m eval.benchmarks.scale.asking``."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.scale.changing import changes
from eval.benchmarks.scale.generate import Asked, Market
from eval.benchmarks.scale.memory import Memory
from eval.benchmarks.scale.timing import milliseconds, percentiles
from index.embedding.encoder import load_encoder
from index.records import Filters
from index.search.snapshot import Indexes, open_indexes
from index.store.scope import Scope
from index.store.store import Store
from index.upkeep.doctor import recall_of

# Filters by what they keep, roughly: of one company, a month, most years.
FILTERS: dict[str, Callable[[Asked], Filters]] = {
    "company": lambda asked: Filters(code=asked.code),
    "month": lambda asked: Filters(since=f"{asked.day[:7]}-01", until=f"{asked.day[:7]}-31"),
    "years": lambda _: Filters(since="2020-01-01"),
}
_POOL, _WARM = 64, 20


def measure(folder: Path, pairs: int, count: int) -> dict[str, Any]:
    """All measures of a store; times in milliseconds, memory in bytes."""
    encoder = load_encoder(None)
    questions = Market(pairs).questions(count)

    def within(of: Callable[[Asked], Filters]) -> Callable[[Asked], object]:
        return lambda asked: assistant.ask(Query(asked.question, filters=of(asked)))

    before = Memory.now()
    began = time.perf_counter()
    assistant = Assistant(Store.open(folder), encoder, Calibration.load())
    opened = time.perf_counter() - began
    with assistant:
        with assistant.following():
            assistant.warm_up()
            for asked in questions[:_WARM]:
                assistant.ask(Query(asked.question))
            result: dict[str, Any] = {"open_s": round(opened, 3)}
            result["ask_ms"] = percentiles(
                _timed(lambda asked: assistant.ask(Query(asked.question)), questions)
            )
            result["ask_filtered_ms"] = {
                name: percentiles(_timed(within(of), questions[: count // 3]))
                for name, of in FILTERS.items()
            }
            result["askers_50"] = _many(assistant, questions, 50)
            memory = Memory.now()
        changed = changes(folder, assistant, encoder)
    result["change_ms"] = {name: percentiles(times) for name, times in changed.items()}
    result["memory_bytes"] = {
        "before": before.total,
        "total": memory.total,
        "private": memory.private,
        "mapped": memory.mapped,
        "peak": memory.peak,
    }
    with Store.open(folder) as store:
        indexes = open_indexes(store, encoder.dimension)
    result["search_ms"] = _searches(indexes, encoder.encode_queries, questions)
    result["recall"] = _recall(indexes, encoder.encode_queries, questions[: max(20, count // 5)])
    result["passages"] = len(indexes.dense.ids())
    return result


def _timed(call: Callable[[Asked], object], questions: Sequence[Asked]) -> list[float]:
    return [milliseconds(partial(call, asked)) for asked in questions]


def _many(assistant: Assistant, questions: Sequence[Asked], askers: int) -> dict[str, float]:
    """The same questions from many threads at once."""
    waiting, times = list(questions), list[float]()

    def ask() -> None:
        while True:
            try:
                asked = waiting.pop()
            except IndexError:
                return
            times.extend(_timed(lambda one: assistant.ask(Query(one.question)), [asked]))

    threads = [threading.Thread(target=ask) for _ in range(askers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    return {**percentiles(times), "questions_a_second": round(len(times) / took, 1)}


def _searches(
    indexes: Indexes, encode: Callable[[Sequence[str]], Any], questions: Sequence[Asked]
) -> dict[str, dict[str, float]]:
    """The index's searches by themselves."""
    vectors = {asked.question: encode([asked.question]) for asked in questions}
    found = {
        asked.question: np.array(
            sorted({pair for pair, _ in indexes.matching(asked.question, _POOL)}), dtype=np.int64
        )
        for asked in questions
    }
    calls: dict[str, Callable[[Asked], object]] = {
        "dense": lambda a: indexes.candidates(vectors[a.question], 2 * _POOL),
        "lexical": lambda a: indexes.matching(a.question, _POOL),
        "similarities": lambda a: indexes.similarities(vectors[a.question], found[a.question]),
    }
    for name, of in FILTERS.items():
        calls[f"dense_{name}"] = lambda a, of=of: indexes.candidates(  # type: ignore[misc]
            vectors[a.question], 2 * _POOL, Scope(of(a))
        )
        calls[f"lexical_{name}"] = lambda a, of=of: indexes.matching(  # type: ignore[misc]
            a.question, _POOL, Scope(of(a))
        )
    return {name: percentiles(_timed(call, questions)) for name, call in calls.items()}


def _recall(
    indexes: Indexes, encode: Callable[[Sequence[str]], Any], questions: Sequence[Asked]
) -> dict[str, float]:
    """Share of the truly nearest that the dense search finds, ties counted as found."""
    shares = [recall_of(indexes.dense, encode([asked.question])) for asked in questions]
    return {f"R@{k}": round(float(np.mean([own[k] for own in shares])), 4) for k in shares[0]}


def main() -> None:
    """Measure the store in the folder and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=300)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.folder, arguments.pairs, arguments.questions)))


if __name__ == "__main__":
    main()
