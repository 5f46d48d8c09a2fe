"""Tables of questions: which cells ask and which answer, in a sheet as in a document.

Either a header row names the columns, in any order, or 问题 and 回复 stand as cells of their own
before what they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from index.reading.columns import COLUMNS, columns_of, plain
from index.reading.document import Cell, Grid, Row
from index.records import Span

_NUMBER = r"(?P<number>\d{1,3}|[一二三四五六七八九十]{1,3})?"
_LABELS = {
    kind: re.compile(rf"(?:{'|'.join(COLUMNS[kind])}|{word}){_NUMBER}")
    for kind, word in (("question", "问"), ("answer", "答"))
}
# Columns of days.
_TIMES = ("asked", "answered")
_NO_DAYS: Mapping[int, str] = {}


class Questions:
    """Collects the questions of tables, row by row. ``rows`` are those so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.has_header = False
        self._columns: dict[str, int] | None = None
        self._table = 0
        self._first = 0

    def begin(self) -> None:
        """What comes next is another table."""
        self._columns, self._first = None, len(self.rows)

    def end(self, rest: Sequence[tuple[Sequence[str], Sequence[Cell]]]) -> None:
        """The table is over; ``rest`` are its rows that aren't below a header row.

        Where none is, what looks like header rows may be labels beside what they name.
        """
        if rest and len(self.rows) == self._first:
            lines, cells = zip(*rest, strict=True)
            self.rows += labelled(lines, cells, cells[0][0].start)

    def add(
        self, texts: Sequence[str], cells: Sequence[Cell], days: Mapping[int, str] = _NO_DAYS
    ) -> bool:
        """A table's next row; whether it stands below a header row.

        ``days``: what is known of the days that its cells hold, by column.
        """
        if named := columns_of(texts):
            if self._columns is None:
                self._table = cells[0].start
            self._columns, self.has_header = named, True
            return False
        if self._columns is None:
            return False
        self._row(texts, cells, self._columns, days)
        return True

    def _row(
        self,
        texts: Sequence[str],
        cells: Sequence[Cell],
        columns: dict[str, int],
        days: Mapping[int, str],
    ) -> None:
        end = cells[-1].end
        held = {
            kind: days[i] if i in days and kind in _TIMES else texts[i].strip()
            for kind, i in columns.items()
            if i < len(texts)
        }
        spans = {
            kind: cells[columns[kind]] if columns[kind] < len(cells) else Cell(end, end)
            for kind in ("question", "answer")
        }
        asked, answered = held.pop("question", ""), held.pop("answer", "")
        goes_on = spans["question"].merged or spans["answer"].merged
        if not (asked or answered):
            return
        questions = (Span(*spans["question"][:2]),) if asked else ()
        answers = (Span(*spans["answer"][:2]),) if answered else ()
        if goes_on and len(self.rows) > self._first:
            former = self.rows[-1]
            self.rows[-1] = replace(
                former,
                questions=former.questions + questions,
                answers=former.answers + answers,
                end=end,
            )
            return
        own = {kind: cell for kind, cell in held.items() if cell}
        self.rows.append(Row(questions, answers, cells[0].start, end, own, self._table))


def read_grids(text: str, grids: Iterable[Grid]) -> tuple[tuple[Row, ...], tuple[Grid, ...]]:
    """The questions in a document's tables, in order, and the tables that hold none."""
    rows: list[Row] = []
    others: list[Grid] = []
    for grid in grids:
        found = tuple(_questions(text, grid))
        rows += found
        if not found:
            others.append(grid)
    return tuple(sorted(rows, key=lambda row: row.start)), tuple(others)


def _questions(text: str, grid: Grid) -> Sequence[Row]:
    lines = [[text[cell.start : cell.end] for cell in cells] for cells in grid.rows]
    collected = Questions()
    rest = [
        (texts, cells)
        for texts, cells in zip(lines, grid.rows, strict=True)
        if cells and not collected.add(texts, cells)
    ]
    collected.end(rest)
    if not any(row.questions and row.answers for row in collected.rows):
        return []
    return [replace(row, table=grid.start) for row in collected.rows]


def labelled(
    lines: Sequence[Sequence[str]], rows: Sequence[Sequence[Cell]], table: int
) -> list[Row]:
    """Questions and answers behind cells that say so; none where no question has an answer."""
    found: list[Row] = []
    kind: str | None = None
    for texts, cells in zip(lines, rows, strict=True):
        labels = {i: label for i, text in enumerate(texts) if (label := _label(text))}
        if not labels and not _goes_on(texts, cells):
            kind = None
        for place, (text, cell) in enumerate(zip(texts, cells, strict=True)):
            if place in labels:
                kind, number = labels[place]
                if kind == "question":
                    own = {"number": number} if number else {}
                    found.append(Row((), (), cell.start, cell.end, own, table))
            elif kind and found and text.strip() and not _before(place, labels):
                found[-1] = _with(found[-1], kind, cell)
    return found if any(row.questions and row.answers for row in found) else []


def _before(place: int, labels: dict[int, tuple[str, str]]) -> bool:
    """Whether a cell stands before its row's first label: a number, most often."""
    return bool(labels) and place < min(labels)


def _goes_on(texts: Sequence[str], cells: Sequence[Cell]) -> bool:
    """Whether a row without a label has what goes on from the one above."""
    filled = [i for i, text in enumerate(texts) if text.strip()]
    return not filled or (len(filled) == 1 and (filled[0] > 0 or cells[0].merged))


def _with(row: Row, kind: str, cell: Cell) -> Row:
    span = (Span(cell.start, cell.end),)
    if kind == "question":
        return replace(row, questions=row.questions + span, end=cell.end)
    return replace(row, answers=row.answers + span, end=cell.end)


def _label(text: str) -> tuple[str, str] | None:
    """What a cell that is only a label announces, and the number in it."""
    said = plain(text)
    for kind, pattern in _LABELS.items():
        if match := pattern.fullmatch(said):
            return kind, match["number"] or ""
    return None
