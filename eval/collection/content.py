"""A filing's content as written, before it has a layout: one JSON file per filing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Company:
    """A made-up company."""

    name: str
    short: str
    code: str
    exchange: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the paragraphs of its answer, without marks or numbers."""

    question: str
    answer: tuple[str, ...]
    answered_by: str | None = None
    follow_up: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """All that one filing says."""

    id: str
    split: str
    company: Company
    number: str
    activity_types: tuple[str, ...]
    activity_date: str
    filed_date: str
    place: str
    participants: str
    hosts: str
    presentation: tuple[str, ...]
    pairs: tuple[Asked, ...]
    closing: tuple[str, ...]


def read_content(path: Path) -> Content:
    """Read one filing; ``ValueError`` names the file and what is wrong in it."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        content = _content(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a filing's content: {error!r}") from error
    if content.id != path.stem or content.split not in SPLITS or not content.pairs:
        raise ValueError(f"{path}: id, split or pairs are wrong")
    return content


def read_all(folder: Path) -> tuple[Content, ...]:
    """Read every filing of a folder, by name."""
    return tuple(read_content(path) for path in sorted(folder.glob("*.json")))


def _content(raw: dict[str, Any]) -> Content:
    company = raw["company"]
    return Content(
        id=raw["id"],
        split=raw["split"],
        company=Company(*(str(company[k]) for k in ("name", "short", "code", "exchange"))),
        number=str(raw["number"]),
        activity_types=tuple(raw["activity_types"]),
        activity_date=raw["activity_date"],
        filed_date=raw["filed_date"],
        place=_line(raw["place"]),
        participants=_line(raw["participants"]),
        hosts=_line(raw["hosts"]),
        presentation=_paragraphs(raw.get("presentation")),
        pairs=tuple(
            Asked(
                question=p["question"].strip(),
                answer=_paragraphs(p["answer"]),
                answered_by=p.get("answered_by"),
                follow_up=bool(p.get("follow_up")),
            )
            for p in raw["pairs"]
        ),
        closing=_paragraphs(raw.get("closing")),
    )


def _line(value: str | list[str]) -> str:
    return value.strip() if isinstance(value, str) else "、".join(value)


def _paragraphs(value: str | list[str] | None) -> tuple[str, ...]:
    pieces = [value] if isinstance(value, str) else value or []
    return tuple(line.strip() for piece in pieces for line in piece.splitlines() if line.strip())
