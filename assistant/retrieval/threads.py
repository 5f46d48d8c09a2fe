"""One processor for each question: questions run side by side, so none is spread over several."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

_T = TypeVar("_T")
_U = TypeVar("_U")

_here = threading.local()


def alone() -> None:
    """From now on this thread does its linear algebra by itself.

    What is multiplied for one question is small: spread over threads it takes longer, and each
    thread waits for the others by turning idle circles. OpenMP keeps the number of threads for
    each thread, OpenBLAS for the process.
    """
    if getattr(_here, "is_alone", False):
        return
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)
    _here.is_alone = True


def both(one: Callable[[], _T], other: Callable[[], _U]) -> tuple[_T, _U]:
    """What two calls return; they run side by side, the other one here.

    For searches, which leave the interpreter to others.
    """
    waiting = _pool().submit(one)
    own = other()
    return waiting.result(), own


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), "yuanda-search", alone)
