"""Which part a company or a question belongs to: one rule for training, choosing and testing.

A company is in one part with everything it ever said. Platform pairs name no company: there the
normalised question decides, so that the same question never stands in two parts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Literal

Part = Literal["train", "dev", "test"]

# Companies of the real filings, which are few: three are kept for the test, the others are not.
_ALWAYS_TEST = frozenset({"中际旭创", "中际装备", "中密控股", "日机密封", "景嘉微"})
_NEVER_TEST = frozenset({"海康威视", "高澜股份", "天孚通信", "新易盛"})
_NOISE = re.compile(r"[\W_]+")


def part_of_company(name: str) -> Part:
    """The part of the company with this short name."""
    name = name.strip()
    if name in _ALWAYS_TEST:
        return "test"
    part = _part(name)
    return "dev" if part == "test" and name in _NEVER_TEST else part


def part_of_question(question: str) -> Part:
    """The part of a pair without a company, by its question in one spelling."""
    return _part(one_spelling(question))


def one_spelling(text: str) -> str:
    """``text`` in compatibility form and lower case, without blanks and punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).lower())


def _part(key: str) -> Part:
    number = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 20
    return "train" if number < 13 else "dev" if number < 16 else "test"
