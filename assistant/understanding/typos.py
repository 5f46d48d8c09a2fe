"""A held company's name at the head of a question, mistyped by one character that sounds alike.

Chinese is typed by sound, so a wrong character mostly sounds like the right one; another character
that sounds otherwise makes another company's name (星河精密, 星海精密) as often as a mistake.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache

_SHORTEST, _LONGEST = 3, 12


class Spellings:
    """Finds what name a mistyped one was meant to be."""

    def __init__(self, names: Collection[str], others: Collection[str]) -> None:
        """``names`` may be meant; ``others`` are companies' as well, and none of them is a
        mistake."""
        self._names, self._others = names, others

    @cached_property
    def _own(self) -> dict[str, tuple[str, ...]]:
        return _by_pattern(self._names)

    @cached_property
    def _all(self) -> dict[str, tuple[str, ...]]:
        return _by_pattern({*self._names, *self._others})

    def meant(self, head: str) -> tuple[int, str] | None:
        """How many characters at the beginning of ``head`` are a mistyped name, and which one;
        ``None`` where they aren't, or may be two names."""
        for length in range(min(_LONGEST, len(head)), _SHORTEST - 1, -1):
            typed = head[:length]
            if typed in self._others:
                return None
            near = [name for pattern in _patterns(typed) for name in self._own.get(pattern, ())]
            if any(_sounds_alike(typed, name) for name in near):
                every = {n for pattern in _patterns(typed) for n in self._all.get(pattern, ())}
                alike = [name for name in every if _sounds_alike(typed, name)]
                return (length, alike[0]) if len(alike) == 1 else None
        return None


def _by_pattern(names: Collection[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        if _SHORTEST <= len(name) <= _LONGEST:
            for pattern in _patterns(name):
                found[pattern] = (*found.get(pattern, ()), name)
    return found


def _patterns(name: str) -> Iterator[str]:
    """The name with any one character left open."""
    return (f"{name[:place]}?{name[place + 1 :]}" for place in range(len(name)))


def _sounds_alike(one: str, other: str) -> bool:
    return all(a == b or _sound(a) == _sound(b) for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=1 << 13)
def _sound(character: str) -> str:
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(character))
