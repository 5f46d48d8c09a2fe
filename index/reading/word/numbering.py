"""Numbers that Word makes by itself, as it would show them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HAN = "零一二三四五六七八九"
_HAN_FORMATS = ("chineseCounting", "ideographTraditional", "japaneseCounting", "taiwanese")
# Bullets of Word's own fonts, in characters that every font has.
_BULLETS = {
    0xF06C: "●",
    0xF06E: "■",
    0xF0A7: "▪",
    0xF0B2: "□",
    0xF0D8: "➢",
    0xF0FC: "✓",
} | dict.fromkeys((0xF0B7, 0xF09F), "•")
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int
    format: str
    text: str
    suffix: str


class Numbering:
    """Counts a document's lists, paragraph by paragraph, in order."""

    def __init__(self, levels: dict[tuple[str, int], _Level], styles: dict[str, Any]) -> None:
        self._levels = levels
        self._styles = styles
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)

    @classmethod
    def of(cls, package: Any) -> Numbering:
        """The lists that a python-docx document defines."""
        styles = {
            style.get(f"{_W}styleId"): found
            for style in package.styles.element.iter(f"{_W}style")
            if (found := style.find(f"{_W}pPr/{_W}numPr")) is not None
        }
        try:
            root = package.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return cls({}, styles)
        abstract = {a.get(f"{_W}abstractNumId"): a for a in root.findall(f"{_W}abstractNum")}
        levels = {}
        for number in root.findall(f"{_W}num"):
            name = number.get(f"{_W}numId")
            reference = number.find(f"{_W}abstractNumId")
            if reference is None or reference.get(f"{_W}val") not in abstract:
                continue
            for level in abstract[reference.get(f"{_W}val")].findall(f"{_W}lvl"):
                levels[name, int(level.get(f"{_W}ilvl") or 0)] = _level(level)
        return cls(levels, styles)

    def label(self, paragraph: Any) -> str:
        """The number before a paragraph, as Word shows it; empty for none. Counts on."""
        properties = paragraph.find(f"{_W}pPr/{_W}numPr")
        if properties is None:
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            properties = self._styles.get(style.get(f"{_W}val")) if style is not None else None
        if properties is None:
            return ""
        name, depth = _value(properties, "numId"), int(_value(properties, "ilvl") or 0)
        level = self._levels.get((name or "", depth))
        if name is None or level is None:
            return ""
        counts = self._counts[name]
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [d for d in counts if d > depth]:
            del counts[deeper]
        return (
            _PLACE.sub(lambda m: self._shown(name, int(m.group(1)) - 1), level.text) + level.suffix
        )

    def _shown(self, name: str, depth: int) -> str:
        level = self._levels.get((name, depth))
        if level is None:
            return ""
        return _shown(self._counts[name].get(depth, level.start), level.format)


def _level(level: Any) -> _Level:
    suffix = _value(level, "suff")
    return _Level(
        start=int(_value(level, "start") or 1),
        format=_value(level, "numFmt") or "decimal",
        text=(_value(level, "lvlText") or "").translate(_BULLETS),
        suffix={"nothing": "", "space": " "}.get(suffix or "", "\t"),
    )


def _value(element: Any, name: str) -> str | None:
    child = element.find(f"{_W}{name}")
    return None if child is None else child.get(f"{_W}val")


def _shown(count: int, form: str) -> str:
    """A count in one of Word's number formats; bullets and unknown formats show as digits."""
    if form.startswith(_HAN_FORMATS):
        return _han(count)
    if form == "decimalEnclosedCircle" and 1 <= count <= 20:
        return chr(0x2460 + count - 1)
    if form in ("upperLetter", "lowerLetter") and 1 <= count <= 26:
        letter = chr(ord("A") + count - 1)
        return letter if form == "upperLetter" else letter.lower()
    if form == "decimalFullWidth":
        return "".join(chr(ord(c) + 0xFEE0) for c in str(count))
    if form in ("bullet", "none"):
        return ""
    return str(count)


def _han(count: int) -> str:
    if not 0 < count < 100:
        return str(count)
    tens, ones = divmod(count, 10)
    head = ("" if tens == 1 else _HAN[tens]) + "十" if tens else ""
    return head + (_HAN[ones] if ones else "")
