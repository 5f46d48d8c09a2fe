"""One processor for each question: questions run side by side, so none is spread over several."""

from __future__ import annotations

import threading

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
