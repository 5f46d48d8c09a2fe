"""Texts to terms for the lexical index; many of them in several processes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from multiprocessing import get_context
from typing import Any

from index.terms import terms

# Id, question and answer of a pair; afterwards the terms, parted by spaces.
Text = tuple[int, str, str]

# Fewer texts than these are done before processes have started.
_MANY, _TOGETHER = 10_000, 500
_MOST_PROCESSES = 8


def segmented(texts: Iterable[Text]) -> Iterator[Text]:
    """The terms of each pair, in the same order; memory doesn't grow with their number."""
    texts = iter(texts)
    first = list(islice(texts, _MANY))
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    if len(first) < _MANY or processes == 1:
        yield from _segment(chain(first, texts))
        return
    from pebble import ProcessPool

    pool = ProcessPool(processes, context=get_context("spawn"))
    waiting: deque[Any] = deque()
    try:
        rest = chain(first, texts)
        while batch := list(islice(rest, _TOGETHER)):
            waiting.append(pool.schedule(_segment_all, args=(batch,)))
            if len(waiting) > 4 * processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _segment(texts: Iterable[Text]) -> Iterator[Text]:
    for pair_id, question, answer in texts:
        yield pair_id, " ".join(terms(question)), " ".join(terms(answer))


def _segment_all(texts: Iterable[Text]) -> list[Text]:
    return list(_segment(texts))
