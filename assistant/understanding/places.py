"""Provinces and cities that companies' names begin with."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def places() -> frozenset[str]:
    """Provinces and prefecture-level cities, without 省 and 市: ``places.txt``."""
    return frozenset(Path(__file__).with_name("places.txt").read_text("utf-8").split())


@cache
def _longest() -> int:
    return max(map(len, places()))


def without_place(name: str) -> str:
    """A name without the province and city that it begins with, where two characters are left."""
    for _ in range(2):
        length = next(
            (n for n in range(_longest(), 1, -1) if name[:n] in places() and len(name) >= n + 2), 0
        )
        if not length:
            break
        rest = name[length:].removeprefix("省").removeprefix("市")
        name = rest if len(rest) >= 2 else name[length:]
    return name
