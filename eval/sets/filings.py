"""A labelled set of written questions on real filings: links to the filings, and the questions.

Each row of the questions' file has ``id, part, kind, question, company`` (as the question has it),
``right`` (pairs that answer, the newest first, each with its filing's ``sha256`` and ``number``),
``reason`` (why there is none) and perhaps ``today``.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from eval.sets.split import Part
from eval.sets.writing import write_rows
from index.files import sha256_of


def write(data: Path, questions: Path, part: Part, folder: Path) -> int:
    """Write the set for one part's questions, on all filings; how many questions there are."""
    folder.mkdir(parents=True, exist_ok=True)
    codes: dict[str, str] = {}
    with (data / "filings" / "INDEX.csv").open(encoding="utf-8-sig", newline="") as table:
        for row in csv.DictReader(table):
            original = (data / "filings" / row["file"]).resolve()
            link = folder / row["file"]
            link.unlink(missing_ok=True)
            link.symlink_to(original)
            codes[sha256_of(original)] = row["code"]
    rows = [json.loads(line) for line in questions.read_text("utf-8").splitlines() if line]
    held = _held(rows, codes)
    asked = [_row(row, held) for row in rows if row["part"] == part]
    write_rows(folder / "questions.jsonl", asked)
    return len(asked)


def _held(rows: list[dict[str, Any]], codes: dict[str, str]) -> dict[str, str]:
    """Each name of a company in the questions with the code of the company that answers them."""
    return {
        row["company"]: codes[row["right"][0]["sha256"]]
        for row in rows
        if row["company"] and row["right"] and row["right"][0]["sha256"] in codes
    }


def _row(row: dict[str, Any], held: dict[str, str]) -> dict[str, Any]:
    first, *others = row["right"] or [None]
    names = None if row["reason"] == "company_not_held" else held.get(row["company"])
    return {
        "id": row["id"],
        "question": row["question"],
        "filing": first and first["sha256"],
        "number": first and first["number"],
        "type": row["kind"],
        **({"also": [{k: o[k] for k in ("sha256", "number")} for o in others]} if others else {}),
        **{key: value for key, value in (("names", names), ("today", row.get("today"))) if value},
    }
