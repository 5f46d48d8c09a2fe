"""A filed answer as the chat shows it: every character as it is, and tables as tables."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from index.records import LeftOut, Pair, Span, Table

# What stands right below a quote, since the answer isn't understood without it.
_BESIDE = ("footnote", "equation")


def verbatim(answer: str, emphasised: Span | None, tables: Sequence[Table] = ()) -> Markup:
    """A filed answer, with a part of it marked; of tables every cell in its place."""
    shown = Markup("")
    place = 0
    for table in tables:
        # Around a table its edges stand for a line break.
        edge = table.start - answer.startswith("\n", max(table.start - 1, 0), table.start)
        shown += _marked(answer, place, edge, emphasised, behind=bool(place)) + _table(table)
        place = table.end
    return shown + _marked(answer, place, len(answer), emphasised, behind=bool(place))


def _marked(answer: str, start: int, end: int, emphasised: Span | None, *, behind: bool) -> Markup:
    """A part of an answer, without the line break right behind a table."""
    if behind and answer.startswith("\n", start, end):
        start += 1
    end = max(start, end)
    first, last = (emphasised.start, emphasised.end) if emphasised else (end, end)
    first, last = min(max(first, start), end), min(max(last, start), end)
    if first >= last:
        return escape(answer[start:end])
    parts = answer[start:first], answer[first:last], answer[last:end]
    return Markup('{}<mark class="best">{}</mark>{}').format(*parts)


def _table(table: Table) -> Markup:
    rows = (
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(c) for c in row))
        for row in table.rows
    )
    return Markup('<table class="filed">{}</table>').format(Markup("").join(rows))


def beside(pair: Pair) -> list[LeftOut]:
    """What is said with an answer and not in it: its notes, and how its equations are set."""
    return [left for left in pair.left_out if left.kind in _BESIDE]


def left_out(pair: Pair) -> list[LeftOut]:
    """What else stands amid a pair and isn't quoted."""
    return [left for left in pair.left_out if left.kind not in _BESIDE]
