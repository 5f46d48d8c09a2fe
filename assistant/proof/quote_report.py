"""What came of a pasted text, as JSON and for a terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assistant.answering.report import RECOGNISED, filing_json, source_line
from assistant.proof.quote import Place, Quoted, Status
from assistant.records import Citation
from assistant.terminal import printable

_SAID: dict[Status, str] = {
    "verbatim": "逐字一致：这段文字在已披露的问答中原样存在。",
    "altered": "有改动：这段文字与已披露的问答不同。",
    "not_filed": "未见披露：已披露的问答中没有这段文字。",
}


def quote_json(quoted: Quoted) -> dict[str, Any]:
    """What ``yuanda quote --json`` prints."""
    return {"status": quoted.status, "places": [_place_json(place) for place in quoted.places]}


def _place_json(place: Place) -> dict[str, Any]:
    return {
        "filing": filing_json(place.filing),
        "number": place.pair.number,
        "start": place.start,
        "end": place.end,
        "pages": list(place.pair.pages),
        "similarity": round(place.similarity, 4),
        "changes": [asdict(change) for change in place.changes],
        "omitted": [span._asdict() for span in place.omitted],
        "before": place.before,
        "after": place.after,
    }


def quote_text(quoted: Quoted) -> str:
    """What ``yuanda quote`` prints."""
    lines = [_SAID[quoted.status]]
    for number, place in enumerate(quoted.places, start=1):
        citation = Citation(number, 0.0, 0.0, place.filing, place.pair)
        kind = f"（{RECOGNISED}）" if place.filing.recognised else ""
        lines.append(f"\n[{number}] {source_line(citation)}{kind}")
        lines += [f"    {_told(c.text, c.filed)}" for c in place.changes]
        if place.omitted:
            lines.append(f"    省略之处共 {sum(s.end - s.start for s in place.omitted)} 字")
    return printable("\n".join(lines))


def _told(pasted: str, filed: str) -> str:
    if not filed:
        return f"原文没有「{pasted}」"
    if not pasted:
        return f"漏了原文的「{filed}」"
    return f"原文是「{filed}」，所引是「{pasted}」"
