"""The written collection: filings of made-up companies, and labelled questions on them.

Filings are read here from their source form, so that retrieval is measured apart from
parsing; ``eval.measuring.parsing`` measures that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from index.records import Filing, Pair

COLLECTION = Path(__file__).parent.parent / "collection"

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class FiledPair:
    """A pair of the collection with its filing; ``name`` is ``<filing id>#<place from 0>``."""

    name: str
    filing: Filing
    pair: Pair


@dataclass(frozen=True, slots=True)
class WrittenQuestion:
    """A labelled question. ``answers`` are names of pairs, the best first; empty for none.

    ``company`` is the short name of the company that the question names, if it does.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    style: str
    company: str | None
    kind: str | None
    previous: str | None
    lang: str = "zh"


def is_collection(folder: Path) -> bool:
    """Whether a folder is in the form of the written collection."""
    return (folder / "filings").is_dir() and any(folder.glob("questions-*.jsonl"))


def read_pairs(split: Split, folder: Path = COLLECTION) -> list[FiledPair]:
    """All pairs of a split's filings, in the order of the filings' ids."""
    found = []
    for path in sorted((folder / "filings").glob("*.json")):
        source = json.loads(path.read_text("utf-8"))
        if source["split"] != split:
            continue
        filing = Filing(
            path=source["id"],
            sha256=source["id"],
            format="text",
            title="投资者关系活动记录表",
            company=source["company"]["name"],
            code=source["company"]["code"],
            exchange=source["company"]["exchange"],
            activity_types=tuple(source["activity_types"]),
            activity_date=source["activity_date"],
            filed_date=source["filed_date"],
            short_name=source["company"].get("short", ""),
        )
        for place, pair in enumerate(source["pairs"]):
            answer = "\n".join(pair["answer"])
            filed = Pair(str(place + 1), pair["question"], answer, 0, 0, (), ())
            found.append(FiledPair(f"{source['id']}#{place}", filing, filed))
    return found


def read_written(split: Split, folder: Path = COLLECTION) -> list[WrittenQuestion]:
    """All labelled questions of a split."""
    questions = []
    for path in sorted(folder.glob("questions-*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["split"] == split:
                questions.append(_question(row))
    return questions


def _question(row: Mapping[str, Any]) -> WrittenQuestion:
    return WrittenQuestion(
        id=row["id"],
        question=row["question"],
        answers=tuple(f"{a['filing']}#{a['pair']}" for a in row["answers"]),
        style=row["style"],
        company=row.get("company"),
        kind=row.get("kind"),
        previous=row.get("previous"),
        lang=row["lang"],
    )
