"""What belongs to a pair beside its words: tables in the answer, and what isn't quoted of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.reading.document import Document, Grid, Omitted
from index.records import LeftOut, Pair, Part, Table, place_in
from index.splitting.pairs import SplitText

_UNKNOWN = "\ufffd"


def attached(document: Document, result: SplitText) -> SplitText:
    """The pairs with what belongs to them; notes behind the text are a part of their own."""
    pairs = tuple(_with_own(document, pair) for pair in result.pairs)
    parts, end = result.parts, document.notes
    if end is not None and end < len(document.text):
        parts = (*parts, Part("rest", end, len(document.text)))
    return replace(result, pairs=pairs, parts=parts, warnings=(*result.warnings, *_warnings(pairs)))


def _with_own(document: Document, pair: Pair) -> Pair:
    left_out = tuple(
        LeftOut(one.kind, one.text) for one in _within(document.omitted, pair.start, pair.end)
    )
    tables = tuple(
        table for grid in document.tables if (table := _table(document.text, pair, grid))
    )
    if not (left_out or tables):
        return pair
    return replace(pair, left_out=(*pair.left_out, *left_out), tables=(*pair.tables, *tables))


def _within(omitted: Sequence[Omitted], start: int, end: int) -> Iterator[Omitted]:
    return (one for one in omitted if start <= one.at <= end)


def _table(text: str, pair: Pair, grid: Grid) -> Table | None:
    """A table that stands in the answer as a whole, as the answer has it."""
    spans = pair.answer_spans
    said = text[grid.start : grid.end]
    first = grid.start + len(said) - len(said.lstrip())
    last = grid.start + len(said.rstrip())
    if not said.strip() or first < spans[0].start or last > spans[-1].end:
        return None
    rows = tuple(
        tuple(" ".join(text[cell.start : cell.end].split()) for cell in cells)
        for cells in grid.rows
    )
    if max(map(len, rows), default=0) < 2:
        return None
    return Table(place_in(text, spans, first), place_in(text, spans, last), rows)


def _warnings(pairs: Sequence[Pair]) -> Iterator[str]:
    for pair in pairs:
        count = pair.question.count(_UNKNOWN) + pair.answer.count(_UNKNOWN)
        if count:
            what = "character that isn't" if count == 1 else "characters that aren't"
            yield f"question {pair.number} has {count} {what} known (U+FFFD)"
        if any(left.kind == "picture" for left in pair.left_out):
            yield f"question {pair.number} has a picture, which isn't read"
