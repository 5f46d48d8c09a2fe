"""Texts without their white space, each character with its place in the text it comes from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from index.records import Span

# White space, and what browsers and PDFs leave that has no width.
_SOLID = re.compile(r"[^\s\u200b\u2060\ufeff]+")


@dataclass(frozen=True, slots=True)
class Squeezed:
    """Characters without white space between them; ``places`` are theirs in the whole text."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Where in the whole text a slice (not empty) begins and ends."""
        return Span(self.places[start], self.places[end - 1] + 1)


def squeezed(text: str, spans: Iterable[Span] | None = None) -> Squeezed:
    """What of ``text`` the spans name (all of it for ``None``), without white space."""
    pieces: list[str] = []
    places: list[int] = []
    for start, end in [Span(0, len(text))] if spans is None else spans:
        for solid in _SOLID.finditer(text, start, end):
            pieces.append(solid.group())
            places += range(*solid.span())
    return Squeezed("".join(pieces), tuple(places))


def without_space(text: str) -> str:
    """A text without white space."""
    return "".join(_SOLID.findall(text))


def folded(text: str) -> str:
    """The same number of characters, full-width ones as half-width, letters small.

    To find what is alike; differences are looked for in the text itself.
    """
    return "".join(map(_folded, text))


@cache
def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character
