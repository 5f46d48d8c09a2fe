"""The tokenizer cut to the pieces that Chinese filings and questions need.

A Unigram tokenizer takes the likeliest way to cut a text, so that a text whose pieces are all
kept is cut as before. Characters of GB 2312 that the vocabulary lacks are added, as likely as its
least likely piece. The normaliser becomes the shipped static model's: compatibility forms, lower
case, Simplified.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_BATCH = 5000
_ALWAYS = "▁query ▁passage : ▁".split() + [chr(point) for point in range(0x21, 0x7F)]


@dataclass(frozen=True, slots=True)
class CutTokenizer:
    """The new tokenizer and, for each of its pieces, the old number or -1 for an added one."""

    tokenizer: Tokenizer
    old: list[int]


def with_normalizer(original: dict[str, Any], normalizer: dict[str, Any]) -> dict[str, Any]:
    """The original tokenizer.json with another normaliser before its runs of blanks."""
    blanks = {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}
    parts = {"type": "Sequence", "normalizers": [normalizer, blanks]}
    return {**original, "normalizer": parts}


def count_pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> Counter[int]:
    """How often each piece is used by ``texts``."""
    counts: Counter[int] = Counter()
    for start in range(0, len(texts), _BATCH):
        batch = list(texts[start : start + _BATCH])
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            counts.update(encoding.ids)
    return counts


def cut(original: dict[str, Any], used: Iterable[int]) -> CutTokenizer:
    """The tokenizer of the pieces numbered ``used``, of single characters and of what is needed."""
    vocabulary: list[tuple[str, float]] = [tuple(piece) for piece in original["model"]["vocab"]]
    wanted = _gb2312() | set(_ALWAYS)
    numbers = set(used) | {n for n, (piece, _) in enumerate(vocabulary) if piece in wanted}
    numbers -= {vocabulary.index((name, 0.0)) for name in (*_SPECIAL, "<mask>")}
    # The least likely piece stays: the unknown's own likelihood is reckoned from it.
    least = min(range(len(vocabulary)), key=lambda number: vocabulary[number][1])
    kept = sorted(numbers | {least})
    known = {piece for piece, _ in vocabulary}
    added = sorted(character for character in _gb2312() if character not in known)
    pieces = [[name, 0.0] for name in _SPECIAL]
    pieces += [list(vocabulary[number]) for number in kept]
    pieces += [[character, vocabulary[least][1]] for character in added]
    pieces.append(["<mask>", 0.0])
    old = [0, 1, 2, 3, *kept, *(-1 for _ in added), len(vocabulary) - 1]
    special = [t for t in original["added_tokens"] if t["content"] in _SPECIAL]
    mask = next(t for t in original["added_tokens"] if t["content"] == "<mask>")
    changed = {
        **original,
        "added_tokens": [*special, {**mask, "id": len(pieces) - 1}],
        "model": {**original["model"], "vocab": pieces},
    }
    return CutTokenizer(Tokenizer.from_str(json.dumps(changed)), old)


def _gb2312() -> set[str]:
    found = set()
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.add(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return {c for c in found if "\u4e00" <= c <= "\u9fff" or c in "，。、；：？！（）《》“”‘’—…％"}
