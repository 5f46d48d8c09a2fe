"""Word's equations (OMML) as a line of characters.

``shown`` has the characters that Word shows, in order, so that it can be quoted; ``linear`` says
how they are set: a fraction's parts stand in brackets with a slash between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from index.reading.word.symbols import lowered, raised

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DEPTH = 100


class Equation(NamedTuple):
    """An equation's characters as shown, and in linear form."""

    shown: str
    linear: str


_EMPTY = Equation("", "")


def equation(element: Any, depth: int = 0) -> Equation:
    """What an element of an equation shows, with all that is in it."""
    if depth > _DEPTH:
        raise ValueError("nested too deep")
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if element.tag == f"{M}r":
        text = "".join(t.text or "" for t in element.iter(f"{M}t", f"{_W}t"))
        return Equation(text, text)
    if element.tag == f"{_W}del" or name.endswith("Pr"):
        return _EMPTY
    if element.tag.startswith(M) and name in _SET:
        return _SET[name](element, depth)
    return _joined([equation(child, depth + 1) for child in element])


def _joined(parts: Sequence[Equation], gap: str = "") -> Equation:
    return Equation(gap.join(p.shown for p in parts), gap.join(p.linear for p in parts))


def _part(element: Any, name: str, depth: int) -> Equation:
    child = element.find(f"{M}{name}")
    return _EMPTY if child is None else equation(child, depth + 1)


def _fraction(element: Any, depth: int) -> Equation:
    above, below = _part(element, "num", depth), _part(element, "den", depth)
    # Not joined, since 1 over 2 isn't 12.
    return Equation(
        f"{above.shown} {below.shown}", f"{_bracketed(above.linear)}/{_bracketed(below.linear)}"
    )


def _script(element: Any, depth: int) -> Equation:
    base, sub, sup = (_part(element, name, depth) for name in ("e", "sub", "sup"))
    below, above = lowered(sub.shown), raised(sup.shown)
    shown = base.shown
    shown += below if below != sub.shown or not below else f" {below}"
    shown += above if above != sup.shown or not above else f" {above}"
    linear = base.linear + (f"_{_bracketed(sub.linear)}" if sub.linear else "")
    return Equation(shown, linear + (f"^{_bracketed(sup.linear)}" if sup.linear else ""))


def _root(element: Any, depth: int) -> Equation:
    degree, base = _part(element, "deg", depth), _part(element, "e", depth)
    return Equation(
        f"{raised(degree.shown)}√{base.shown}", f"{raised(degree.linear)}√{_bracketed(base.linear)}"
    )


def _large_operator(element: Any, depth: int) -> Equation:
    sign = _property(element, "naryPr", "chr", "∫")
    sub, sup, base = (_part(element, name, depth) for name in ("sub", "sup", "e"))
    shown = " ".join(filter(None, (sign, sub.shown, sup.shown, base.shown)))
    linear = sign + "".join(
        f"{mark}{_bracketed(part.linear)}" for mark, part in (("_", sub), ("^", sup)) if part.linear
    )
    return Equation(shown, f"{linear} {base.linear}")


def _delimited(element: Any, depth: int) -> Equation:
    begin = _property(element, "dPr", "begChr", "(")
    end = _property(element, "dPr", "endChr", ")")
    between = _property(element, "dPr", "sepChr", "|")
    inside = _joined([equation(e, depth + 1) for e in element.findall(f"{M}e")], between)
    return Equation(f"{begin}{inside.shown}{end}", f"{begin}{inside.linear}{end}")


def _rows(element: Any, depth: int) -> Equation:
    rows = [equation(row, depth + 1) for row in element if row.tag in (f"{M}mr", f"{M}e")]
    return Equation(" ".join(r.shown for r in rows), "; ".join(r.linear for r in rows))


def _row(element: Any, depth: int) -> Equation:
    return _joined([equation(e, depth + 1) for e in element.findall(f"{M}e")], " ")


def _phantom(element: Any, depth: int) -> Equation:
    # Room for what isn't shown.
    hidden = _property(element, "phantPr", "show", "1") in ("0", "off", "false")
    return _EMPTY if hidden else _part(element, "e", depth)


_SET: dict[str, Callable[[Any, int], Equation]] = {
    "f": _fraction,
    "sSup": _script,
    "sSub": _script,
    "sSubSup": _script,
    "sPre": _script,
    "rad": _root,
    "nary": _large_operator,
    "d": _delimited,
    "m": _rows,
    "mr": _row,
    "eqArr": _rows,
    "phant": _phantom,
}


def _property(element: Any, group: str, name: str, default: str) -> str:
    mark = element.find(f"{M}{group}/{M}{name}")
    return default if mark is None else mark.get(f"{M}val") or ""


def _bracketed(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"
