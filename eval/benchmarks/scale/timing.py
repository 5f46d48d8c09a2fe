"""How long calls take, in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np


def milliseconds(call: Callable[[], object]) -> float:
    """That one call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    low, high = np.percentile(times, [50, 99])
    return {"p50": round(float(low), 3), "p99": round(float(high), 3)}
