"""Footnotes and endnotes: what they say, and the numbers that Word gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from index.reading.word.equations import M, equation
from index.reading.word.styles import W
from index.reading.word.symbols import symbol

_KINDS = ("footnote", "endnote")


class Notes:
    """A document's notes, counted as they are referred to."""

    def __init__(self, parts: dict[str, Any]) -> None:
        """``parts``: the roots of the notes' parts, by kind."""
        self._notes = {
            (kind, note.get(f"{W}id")): note
            for kind, root in parts.items()
            for note in root.iterfind(f"{W}{kind}")
            if note.get(f"{W}type") in (None, "normal")
        }
        self._counts = dict.fromkeys(_KINDS, 0)
        self._referred: list[str] = []

    @classmethod
    def of(cls, package: Any) -> Notes:
        """The notes of a python-docx document."""
        from lxml import etree

        parts = {}
        for relation in package.part.rels.values():
            kind = relation.reltype.rpartition("/")[2].removesuffix("s")
            if kind in _KINDS and not relation.is_external:
                parser = etree.XMLParser(resolve_entities=False, no_network=True)
                parts[kind] = etree.fromstring(relation.target_part.blob, parser)
        return cls(parts)

    def refer(self, reference: Any) -> str:
        """What the note says that a reference in the text points to, with its number."""
        kind = reference.tag.rpartition("}")[2].removesuffix("Reference")
        note = self._notes.get((kind, reference.get(f"{W}id")))
        if note is None:
            return ""
        self._counts[kind] += 1
        said = " ".join("".join(_said(note)).split())
        text = f"{self._counts[kind]} {said}"
        self._referred.append(text)
        return text

    def lines(self) -> list[str]:
        """The notes that were referred to, in order."""
        return self._referred


def _said(element: Any) -> Iterator[str]:
    for child in element:
        tag = child.tag
        if tag in (f"{W}del", f"{W}moveFrom") or not isinstance(tag, str):
            continue
        if tag == f"{W}t":
            yield child.text or ""
        elif tag == f"{W}sym":
            yield symbol(child.get(f"{W}font"), int(child.get(f"{W}char") or "0", 16))
        elif tag in (f"{M}oMath", f"{M}oMathPara"):
            yield equation(child).linear
        elif tag in (f"{W}br", f"{W}tab", f"{W}p"):
            yield " "
            yield from _said(child)
        else:
            yield from _said(child)
