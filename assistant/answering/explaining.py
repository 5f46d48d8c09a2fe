"""Why the first citations of an answer stand where they do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assistant.records import Answer, Citation
from assistant.terminal import printable

_FIRST = 5
_SAID = {True: "是", False: "否", None: "—"}


def why_json(answer: Answer) -> dict[str, Any]:
    """What ``yuanda ask --explain --json`` adds: ``explain``, a row for each of the first five."""
    return {"explain": [_row(citation) for citation in answer.citations[:_FIRST]]}


def _row(citation: Citation) -> dict[str, Any]:
    why = asdict(citation.why) if citation.why else {}
    values = {name: round(v, 4) if isinstance(v, float) else v for name, v in why.items()}
    place = {"rank": citation.rank, "number": citation.pair.number, **values}
    return place | {"score": round(citation.score, 4), "confidence": round(citation.confidence, 4)}


def why_text(answer: Answer) -> str:
    """The same as a table."""
    lines = ["     公司  时间   用词   语义  与问题  与答复    得分  置信度  问题"]
    for citation in answer.citations[:_FIRST]:
        why = citation.why
        if why is None:
            values = " " * 42
        else:
            values = f"{_SAID[why.company]:>4}  {_SAID[why.time]:>4}" + "".join(
                f"  {value:5.2f}" for value in (why.words, why.meaning, why.question, why.answer)
            )
        score = f"{citation.score:8.2f}  {citation.confidence:6.0%}"
        lines.append(f"[{citation.rank}] {values}{score}  {citation.pair.question[:40]}")
    return printable("\n".join(lines))
