"""Gives each filing its layout, marks and formats: ``python -m eval.collection.assign``.

Each split is dealt its own round, so that every layout and every mark occurs in each, and
at least ``LEAST`` times over the whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random

from eval.collection.content import SPLITS, Content, read_all
from eval.collection.marks import MARKS

HERE = Path(__file__).parent
TABLE = HERE / "assignments.json"
LEAST = 3
SEED = 20240912
SUFFIXES = ("pdf", "docx", "html", "txt", "xlsx", "csv")
_RUNNING = {"SZSE": "szse-table", "SSE": "sse-run", "BSE": "bse-run"}


@dataclass(frozen=True, slots=True)
class Assignment:
    """One file to render. ``traits`` are what a format can do beside the plain way."""

    filing: str
    suffix: str
    layout: str
    mark: str
    traits: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.filing}.{self.suffix}"


def read_assignments(path: Path = TABLE) -> tuple[Assignment, ...]:
    """The committed table."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Assignment(**{**row, "traits": tuple(row.get("traits", ()))}) for row in rows)


def write_assignments(assignments: Iterable[Assignment], path: Path = TABLE) -> None:
    """One row a line, so that a change shows as a line."""
    lines = []
    for a in assignments:
        row = {"filing": a.filing, "suffix": a.suffix, "layout": a.layout, "mark": a.mark}
        lines.append(json.dumps(row | ({"traits": list(a.traits)} if a.traits else {})))
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def assign(
    filings: tuple[Content, ...], kept: tuple[Assignment, ...] = (), seed: int = SEED
) -> tuple[Assignment, ...]:
    """Deal layouts, marks, formats and traits to the filings, split by split.

    A filing that ``kept`` has keeps what it got: files don't change when filings are added.
    """
    dealt = []
    for part in SPLITS:
        members = sorted((f for f in filings if f.split == part), key=lambda f: f.id)
        own = [a for a in kept if a.filing in {f.id for f in members}]
        had = {a.filing for a in own}
        new = [f for f in members if f.id not in had]
        dealt += own + list(_deal(new, own, Random(seed + len(had))))
    return tuple(sorted(dealt, key=lambda a: a.name))


def _deal(filings: list[Content], kept: list[Assignment], rng: Random) -> Iterator[Assignment]:
    before = len({a.filing for a in kept})
    layouts = _layouts(filings, before)
    deck = _deck(rng)
    counts = Counter(name for a in kept for name in (a.mark, a.mark + a.suffix))
    used: set[tuple[str, str]] = set()
    for suffix, members in _slots(filings, before).items():
        left = list(members)
        rng.shuffle(left)
        traits = cycle(_TRAITS[suffix])
        while left:
            mark = _next_mark(deck, suffix, counts)
            best = max(left, key=lambda f: _fitness(f, mark) - 2 * ((f.id, mark) in used))
            left.remove(best)
            used.add((best.id, mark))
            counts.update((mark, mark + suffix))
            own = next(traits)
            if "nested-table" in own and layouts[best.id] != "szse-table":
                own = tuple(t for t in own if t != "nested-table")
            if mark in _SAME_LINE and sum(counts[m] for m in _SAME_LINE) % 5 == 0:
                own += ("same-line",)
            yield Assignment(best.id, suffix, layouts[best.id], mark, own)
    for i, filing in enumerate([] if kept else rng.sample(filings, min(len(filings), 3))):
        suffix = SUFFIXES[4 + i % 2]
        yield Assignment(filing.id, suffix, "sheet", "sheet", ("gb18030",) if i == 1 else ())


def _next_mark(deck: list[str], suffix: str, counts: Counter[str]) -> str:
    """The mark that had the fewest turns; within a format each waits for the others."""
    possible = [mark for mark in deck if _possible(mark, suffix)]
    return min(possible, key=lambda mark: counts[mark] + 2 * counts[mark + suffix])


# Marks that are known for what they are in the middle of a line as well.
_SAME_LINE = ("wenti-huida", "wen-da", "q-a", "q1-a1", "touzizhe-gongsi", "brackets", "number-da")
_TRAITS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pdf": (("printed",), ("printed",), ("composed",)),
    "docx": ((), ("text-box",), (), ("nested-table",)),
    "html": (("word",), ("portal",), ("portal", "gb18030"), ("word", "nested-table")),
    "txt": (("extracted",), ("wrapped", "gb18030"), ("typed", "bom"), ("extracted", "gb18030")),
}


def _slots(filings: list[Content], before: int) -> dict[str, list[Content]]:
    """Two or three formats for each filing: PDF, but for one in five, and others.

    DOCX comes last: it alone can have every mark, so it evens out what the others left.
    """
    slots: dict[str, list[Content]] = {"pdf": [], "html": [], "txt": [], "docx": []}
    for i, filing in enumerate(filings, before):
        for suffix in _FORMATS[i % len(_FORMATS)]:
            slots[suffix].append(filing)
    return slots


_FORMATS = (
    ("pdf", "docx", "html"),
    ("pdf", "docx", "txt"),
    ("docx", "html", "txt"),
    ("pdf", "html"),
    ("pdf", "docx"),
)


def _layouts(filings: list[Content], before: int) -> dict[str, str]:
    """Each filing's layout: its exchange's form, or a record of its own kind."""
    layouts = {}
    talks = briefings = running = before
    for filing in filings:
        layout = _RUNNING[filing.company.exchange]
        if layout == "sse-run":
            running += 1
            layout = "sse-run" if running % 3 else "szse-table"
        if filing.presentation:
            talks += 1
            layout = "minutes" if talks % 2 else layout
        elif "业绩说明会" in filing.activity_types:
            briefings += 1
            layout = "briefing" if briefings % 2 else layout
        layouts[filing.id] = layout
    return layouts


def _deck(rng: Random) -> list[str]:
    """The marks in the order they are dealt: the ones that suit few filings first."""
    free = [m for m in MARKS if m not in _SUITS]
    rng.shuffle(free)
    return [*_SUITS, *free]


def _possible(mark: str, suffix: str) -> bool:
    if mark == "auto-number":
        return suffix == "docx"
    return not (mark == "bold-bare" and suffix == "txt")


_SUITS = ("by-name", "follow-up", "request", "dongmi", "grouped")


def _fitness(filing: Content, mark: str) -> float:
    """How much of a filing a mark suits, 0..1."""
    pairs = filing.pairs
    match mark:
        case "by-name":
            fit = sum(p.answered_by is not None for p in pairs)
        case "follow-up":
            fit = sum(p.follow_up for p in pairs)
        case "request":
            fit = sum(not p.question.endswith("？") for p in pairs)
        case "dongmi":
            fit = sum("董" in (p.answered_by or "董") for p in pairs)
        case "bold-bare":
            fit = sum(p.question.endswith("？") for p in pairs)
        case _:
            return 0.0
    return fit / len(pairs)


def main() -> None:
    """Deal what is new; take ``assignments.json`` away to deal all again."""
    filings = read_all(HERE / "filings")
    assignments = assign(filings, read_assignments() if TABLE.exists() else ())
    write_assignments(assignments)
    counts = Counter(a.mark for a in assignments) + Counter(a.layout for a in assignments)
    rare = [name for name, n in counts.items() if n < LEAST]
    print(f"{len(filings)} filings, {len(assignments)} files; fewer than {LEAST}: {rare or 'none'}")


if __name__ == "__main__":
    main()
