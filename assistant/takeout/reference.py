"""A citation as scholars write it: GB/T 7714-2015 and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from assistant.answering.report import RECOGNISED, markdown_quotation, quotation
from assistant.records import Citation

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#",
    "$": r"\$", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_BREAKS = re.compile(r"\s+")


def gbt7714(citation: Citation, address: str | None, read: date) -> str:
    """GB/T 7714-2015, as a report; ``read`` is the day of citing. Below it what the standard has
    no place for: both days, the question's number, the SHA-256."""
    filing = citation.filing
    day = filing.filed_date or filing.activity_date or ""
    kind = "[R/OL]" if address else "[R]"
    pages = _pages(citation, "-")
    parts = [f"{_plain(filing.company or '佚名')}. {_plain(filing.title)}{kind}."]
    if day:
        shown = f"({day})" if address else ""
        parts.append(f"{day[:4]}{f': {pages}' if pages else ''}{shown}")
    elif pages:
        parts.append(pages)
    line = " ".join(parts)
    line += f"[{read.isoformat()}]. {address}." if address else "." if day or pages else ""
    return f"{line}\n{note(citation)}"


def bibtex(citation: Citation, address: str | None, read: date) -> str:
    """A ``@techreport`` of BibTeX."""
    filing = citation.filing
    day = filing.filed_date or filing.activity_date or ""
    fields = {
        "author": f"{{{_escaped(filing.company)}}}" if filing.company else "",
        "title": f"{{{_escaped(filing.title)}}}",
        "institution": f"{{{_escaped(filing.company)}}}" if filing.company else "",
        "type": "投资者关系活动记录",
        "year": day[:4],
        "month": str(int(day[5:7])) if day else "",
        "pages": _pages(citation, "--"),
        "url": re.sub(r"[{}\\\s]", "", address or ""),
        "urldate": read.isoformat() if address else "",
        "note": _escaped(note(citation)),
    }
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    number = re.sub(r"[^0-9A-Za-z.]", "", citation.pair.number) or str(citation.pair.start)
    key = f"{filing.code or filing.sha256[:8]}-{day or filing.sha256[8:16]}-{number}"
    return f"@techreport{{{key},\n{body}}}"


def note(citation: Citation) -> str:
    """Both days, the question's number and the file's SHA-256, in one line."""
    filing = citation.filing
    told = (
        ("活动日期 ", filing.activity_date),
        ("披露日期 ", filing.filed_date),
        ("问题 ", citation.pair.number),
        ("SHA-256 ", filing.sha256),
        ("", RECOGNISED if filing.recognised else None),
    )
    return "；".join(f"{name}{value}" for name, value in told if value)


FORMATS: Mapping[str, Callable[[Citation, str | None, date], str]] = {
    "text": lambda citation, _address, _read: quotation(citation),
    "markdown": lambda citation, _address, _read: markdown_quotation(citation),
    "gbt7714": gbt7714,
    "bibtex": bibtex,
}


def _pages(citation: Citation, to: str) -> str:
    pages = citation.pair.pages
    if not pages:
        return ""
    return str(pages[0]) if len(pages) == 1 else f"{pages[0]}{to}{pages[-1]}"


def _plain(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in _plain(text))
