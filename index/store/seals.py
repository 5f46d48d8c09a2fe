"""Checksums of what the database holds, kept beside it and looked at whenever it is shown.

A filing's row, a pair's row, a text and what is searched for have one each, so that a changed bit,
a wrong digit or a row that belongs to another filing is noticed and named. They tell of accidents;
``yuanda verify`` derives everything again from the filing's copy.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Damage:
    """Evidence that can't be relied on: of which filing, which pair (``None``: all), and why."""

    path: str
    sha256: str
    number: str | None
    reason: str

    def __str__(self) -> str:
        where = f"{self.path}, question {self.number}" if self.number else self.path
        return f"{where}: {self.reason}"


def seal(values: Sequence[Any]) -> str:
    """A digest of a row's values, in order."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=bytes.hex)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)
    return digest.hexdigest()


def crc(*values: Any) -> int:
    """CRC-32 of values, each told from the next; ``None`` is told from the empty text."""
    total = 0
    for value in values:
        if not isinstance(value, bytes):
            value = b"\xff" if value is None else str(value).encode("utf-8", "surrogatepass")
        total = zlib.crc32(b"\xfe", zlib.crc32(value, total))
    return total
