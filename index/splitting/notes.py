"""What a filing says outside of its questions: a company's talk before, remarks behind them."""

from __future__ import annotations

from collections.abc import Sequence

from index.records import Note, Part
from index.splitting.tail import begins_row

# Fewer letters than this say nothing.
_LEAST = 12


def notes_of(text: str, parts: Sequence[Part], page_starts: Sequence[int] = ()) -> tuple[Note, ...]:
    """Runs of a filing's text in no pair and not in its head, the rows of its form left out."""
    found = []
    run: list[Part] = []
    for part in (*parts, None):
        if part is not None and part.kind in ("context", "rest"):
            run.append(part)
        elif run and (part is None or part.kind != "furniture"):
            if note := _note(text, run, page_starts):
                found.append(note)
            run = []
    return tuple(found)


def _note(text: str, run: Sequence[Part], page_starts: Sequence[int]) -> Note | None:
    lines = [line.strip() for part in run for line in text[part.start : part.end].splitlines()]
    lines = [line for line in lines if line]
    end = next((at for at in range(len(lines)) if begins_row(lines[at:])), len(lines))
    said = "\n".join(lines[:end])
    if sum(c.isalnum() for c in said) < _LEAST:
        return None
    first = text.index(lines[0], run[0].start)
    last = text.rindex(lines[end - 1], first, run[-1].end) + len(lines[end - 1])
    pages = {sum(start <= at for start in page_starts) for at in (first, last - 1)}
    return Note(said, first, last, tuple(sorted(pages)) if page_starts else ())
