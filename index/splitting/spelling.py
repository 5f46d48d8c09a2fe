"""One spelling for what is read of a text: marks, numbers, names and dates.

The other spelling has as many characters, so that a place in it is the same place in the text.
What is quoted stays as filed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

from index.normalize import normalize

# Ticked and empty boxes of Wingdings and its like, which have no characters of their own.
_TICKED = "\uf050\uf052\uf053\uf0fe\uf0fd\uf0fc\uf0fb\uf06e\uf0a2\uf0a7\uf0d6\uf054\uf055"
_EMPTY = "\uf0a3\uf0a8\uf06f\uf071\uf072\uf0a1\uf070\uf02a\uf030"
# Radicals that some fonts give for the characters that look like them, and NFKC doesn't know.
_RADICALS = dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳",
        "母民虎西见角贝车长长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟",
        strict=True,
    )
)
_WIDE = frozenset(
    map(chr, (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)))
) | set("％．－＋／")


def compatible(text: str) -> str:
    """Radicals and other compatibility forms of Chinese characters as plain ones, boxes of symbol
    fonts as ☑ and □."""
    return text if text.isascii() else text.translate(_table(text, _compatible))


def plain(text: str) -> str:
    """``compatible``, Traditional characters as Simplified ones, full-width letters and digits as
    plain ones."""
    return text if text.isascii() else text.translate(_table(text, _plain))


def _table(text: str, spelt: Callable[[str], str]) -> dict[int, str]:
    return {ord(c): s for c in set(text) if not c.isascii() and (s := spelt(c)) != c}


@cache
def _compatible(char: str) -> str:
    if char in _TICKED:
        return "☑"
    if char in _EMPTY:
        return "□"
    code = ord(char)
    if 0x2F00 <= code < 0x2FE0 or 0xF900 <= code < 0xFB00 or code >= 0x2F800:
        return _folded(char)
    return _RADICALS.get(char, char)


@cache
def _plain(char: str) -> str:
    if char in _WIDE:
        return _folded(char)
    found = _compatible(char)
    if 0x3400 <= ord(found) < 0xA000:
        simple = normalize(found)
        return simple if len(simple) == 1 else found
    return found


def _folded(char: str) -> str:
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 else char
