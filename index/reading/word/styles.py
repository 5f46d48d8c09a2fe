"""How a run of a Word document looks: by itself, by its style and by its paragraph's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
Properties = Mapping[str, str]

_OFF = ("0", "false", "off", "none")
# Half points: nobody reads what is smaller.
_SMALLEST = 4
# Half points that a run has to stand above or below its line to be raised or lowered.
_SHIFT = 4
_READ = {
    "b": "val", "vanish": "val", "strike": "val", "dstrike": "val", "color": "val", "sz": "val",
    "vertAlign": "val", "position": "val", "highlight": "val", "shd": "fill", "rFonts": "ascii",
}  # fmt: skip
_WHITE = {"FFFFFF", "FEFEFE", "FDFDFD", "WHITE"}
_PLAIN_GROUND = {"", "AUTO", "NONE"} | _WHITE


@dataclass(frozen=True, slots=True)
class Look:
    """What of a run's look matters: ``hidden`` names why it isn't quoted, if it isn't."""

    bold: bool = False
    hidden: Literal["invisible", "struck out"] | None = None
    shift: Literal["raised", "lowered"] | None = None
    font: str | None = None


class Styles:
    """The styles of a document, each looked up once."""

    def __init__(self, root: Any) -> None:
        self._styles = {s.get(f"{W}styleId"): s for s in root.iterfind(f"{W}style")}
        self._known: dict[str, Properties] = {}

    @staticmethod
    def of(element: Any, kind: str) -> str | None:
        """The style of a paragraph (``p``), run (``r``) or table (``tbl``); ``None`` for none."""
        mark = element.find(f"{W}{kind}Pr/{W}{kind}Style")
        return None if mark is None else mark.get(f"{W}val")

    def look(self, run: Any, paragraph: str | None, *, shaded: bool = False) -> Look:
        """How a run looks in a paragraph of that style, on ground that is ``shaded`` or white."""
        own = run.find(f"{W}rPr")
        found: dict[str, str] = {}
        if paragraph:
            found |= self._of_style(paragraph)
        if own is not None:
            if style := self.of(run, "r"):
                found |= self._of_style(style)
            found |= _properties(own)
        return _look(found, shaded) if found else Look()

    def shades(self, style: str | None) -> bool:
        """Whether a table of that style may have dark cells."""
        seen: set[str | None] = set()
        while style and style not in seen:
            seen.add(style)
            element = self._styles.get(style)
            if element is None:
                return False
            if any(is_shaded(parent) for parent in element.iter(f"{W}tcPr", f"{W}tblPr")):
                return True
            style = _value(element, "basedOn")
        return False

    def _of_style(self, style: str) -> Properties:
        if style not in self._known:
            chain, at = [], style
            seen: set[str] = set()
            while at and at not in seen and (element := self._styles.get(at)) is not None:
                seen.add(at)
                chain.append(element)
                at = _value(element, "basedOn") or ""
            found: dict[str, str] = {}
            for element in reversed(chain):
                if (own := element.find(f"{W}rPr")) is not None:
                    found |= _properties(own)
            self._known[style] = found
        return self._known[style]


def is_shaded(properties: Any) -> bool:
    """Whether a cell's, paragraph's or table's properties give it a ground other than white."""
    shade = None if properties is None else properties.find(f"{W}shd")
    if shade is None:
        return False
    pattern = (shade.get(f"{W}val") or "clear").lower()
    ground = (shade.get(f"{W}fill") or "").upper() not in _PLAIN_GROUND
    return ground or pattern not in ("clear", "nil")


def _properties(element: Any) -> dict[str, str]:
    found = {}
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if attribute := _READ.get(name):
            value = child.get(f"{W}{attribute}")
            if name == "shd":
                value = "dark" if is_shaded(element) else "auto"
            elif name == "rFonts" and value is None:
                value = child.get(f"{W}hAnsi")
            if value is not None or attribute == "val":
                found[name] = "on" if value is None else value
    return found


def _look(found: Properties, shaded: bool) -> Look:
    hidden: Literal["invisible", "struck out"] | None = None
    is_white = found.get("color", "").upper() in _WHITE and not shaded and not _has_ground(found)
    if is_white or _is_on(found, "vanish") or _number(found, "sz", 99) <= _SMALLEST:
        hidden = "invisible"
    elif _is_on(found, "strike") or _is_on(found, "dstrike"):
        hidden = "struck out"
    return Look(_is_on(found, "b"), hidden, _shift(found), found.get("rFonts"))


def _shift(found: Properties) -> Literal["raised", "lowered"] | None:
    align, position = found.get("vertAlign"), _number(found, "position", 0)
    if align == "superscript" or position >= _SHIFT:
        return "raised"
    if align == "subscript" or position <= -_SHIFT:
        return "lowered"
    return None


def _has_ground(found: Properties) -> bool:
    marked = found.get("highlight", "none").upper() not in _PLAIN_GROUND
    return marked or found.get("shd", "auto") == "dark"


def _is_on(found: Properties, name: str) -> bool:
    return found.get(name, "off").lower() not in _OFF


def _number(found: Properties, name: str, default: float) -> float:
    """A measure in half points, also one that names its unit (Strict Open XML)."""
    value = found.get(name, "")
    try:
        return 2 * float(value[:-2]) if value.endswith("pt") else float(value or default)
    except ValueError:
        return default


def _value(element: Any, name: str) -> str | None:
    mark = element.find(f"{W}{name}")
    return None if mark is None else mark.get(f"{W}val")
