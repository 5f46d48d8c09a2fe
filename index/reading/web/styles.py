"""What a page's style sheets and attributes say of whether its text can be seen.

Selectors of one element (a tag, classes, an id) are known; others, and rules for other media than
a screen, are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_AT_RULE = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"([a-z][\w-]*|\*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_PART = re.compile(r"[.#][\w-]+")
_LONGEST = 200_000
_WHITE = re.compile(r"white|#fff(?:fff)?|rgba?\(255,255,255(?:,1(?:\.0*)?)?\)|transparent")
_NO_GROUND = re.compile(
    rf"(?:{_WHITE.pattern}|none|initial|inherit|unset)(?:$|none|repeat|scroll)*"
)
_LENGTH = re.compile(r"(-?[\d.]+)(px|pt|em|rem|%|vw|vh)?")
# Pixels that nothing on a screen is left of or above, and those that nobody reads.
_AWAY, _TINY = -500, 2
_BOLD = re.compile(r"bold|[6-9]00")


class Looks(NamedTuple):
    """How an element looks by itself; ``None``: as the one around it."""

    gone: bool = False
    white: bool | None = None
    ground: bool = False
    struck: bool = False
    bold: bool | None = None


PLAIN = Looks()


class Sheet:
    """The rules of a page's style sheets."""

    def __init__(self, root: Any) -> None:
        self._rules: dict[str, list[tuple[frozenset[str], Mapping[str, str]]]] = {}
        for style in root.iter("style"):
            text = _COMMENT.sub("", (style.text or "")[:_LONGEST])
            for selectors, declared in _RULE.findall(_AT_RULE.sub("", text)):
                self._add(selectors, _declared(declared))

    def _add(self, selectors: str, declared: Mapping[str, str]) -> None:
        for selector in selectors.split(","):
            match = _SELECTOR.fullmatch(selector.strip())
            if not match or not declared:
                continue
            parts = _PART.findall(match[2])
            tag = (match[1] or "*").lower()
            needed = frozenset(parts if tag == "*" else [tag, *parts])
            key = parts[0] if parts else tag
            self._rules.setdefault(key, []).append((needed, declared))

    def looks(self, node: Any) -> Looks:
        """How an element looks."""
        own, style = node.attrib, node.get("style")
        found: dict[str, str] = {}
        if self._rules:
            for declared in self._matching(node):
                found |= declared
        if style:
            found |= _declared(style)
        if "hidden" in own:
            return Looks(gone=True)
        if "bgcolor" in own:
            found.setdefault("background-color", _plain(own["bgcolor"]))
        if node.tag == "font" and "color" in own:
            found.setdefault("color", _plain(own["color"]))
        return _looks(found) if found else PLAIN

    def _matching(self, node: Any) -> Iterator[Mapping[str, str]]:
        names = {f".{name}" for name in (node.get("class") or "").split()}
        if name := node.get("id"):
            names.add(f"#{name}")
        names.add(node.tag)
        for key in ("*", *sorted(names)):
            for needed, declared in self._rules.get(key, ()):
                if needed <= names:
                    yield declared


def _declared(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip().lower()] = _plain(value).removesuffix("!important")
    return found


def _plain(value: str) -> str:
    return "".join(value.split()).lower()


def _looks(found: Mapping[str, str]) -> Looks:
    color = found.get("color")
    weight = found.get("font-weight")
    ground = (found.get(name, "") for name in ("background", "background-color"))
    return Looks(
        gone=_is_gone(found),
        white=None if color is None else bool(_WHITE.fullmatch(color)),
        ground=any(value and not _NO_GROUND.fullmatch(value) for value in ground)
        or "background-image" in found,
        struck="line-through" in found.get("text-decoration", "")
        or "line-through" in found.get("text-decoration-line", ""),
        bold=None if weight is None else bool(_BOLD.match(weight)),
    )


def _is_gone(found: Mapping[str, str]) -> bool:
    if found.get("display") == "none" or found.get("visibility") in ("hidden", "collapse"):
        return True
    if _length(found.get("opacity")) == 0 or "rect(0" in found.get("clip", ""):
        return True
    if (size := _length(found.get("font-size"))) is not None and size <= _TINY:
        # In units of its surroundings' size no more than nothing is nothing.
        return size == 0 or not found["font-size"].endswith(("em", "%", "vw", "vh"))
    is_placed = found.get("position") in ("absolute", "fixed", "relative")
    names = ("text-indent", *(("left", "top", "margin-left") if is_placed else ()))
    if any((_length(found.get(name)) or 0) <= _AWAY for name in names):
        return True
    is_flat = any(_length(found.get(name)) == 0 for name in ("height", "max-height", "width"))
    return is_flat and found.get("overflow") == "hidden"


def _length(value: str | None) -> float | None:
    match = _LENGTH.fullmatch(value or "")
    try:
        return float(match[1]) if match else None
    except ValueError:
        return None
