"""What is worth a look: an answer that holds what looks like the next question."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from index.splitting.lines import Line
from index.splitting.marks import ASKS, GREETING, QUESTION_RULES, number_of, value_of
from index.splitting.openings import Body

_TOLD = 30
_LONGEST = 200


def held_question(body: Body, number: str | None, answer: Sequence[Line]) -> str | None:
    """What in an answer's lines looks like the next question; ``None`` for nothing."""
    return next(_held(body, number, answer), None)


def _held(body: Body, number: str | None, answer: Sequence[Line]) -> Iterator[str]:
    for line in answer[1:]:
        place = bisect_right(body.starts, line.start) - 1
        if not body.lines[place - 1].ends_paragraph:
            continue
        said = body.paragraph(place)
        # 公司： begins many a line that is no answer; what follows a question is one.
        after = body.paragraph_end(place) + 1
        answered = after < len(body.lines) and (
            body.answers[after] or GREETING.match(body.said(after))
        )
        asking = bool(ASKS.search(said)) and len(said) <= _LONGEST
        if asking and (answered or (number and _is_next(said, number))):
            yield said if len(said) <= _TOLD else f"{said[:_TOLD]}…"


def _is_next(said: str, number: str) -> bool:
    """Whether a line begins with the number that is next."""
    for rule in QUESTION_RULES:
        match = rule.pattern.match(said)
        if match and (own := number_of(match)):
            return value_of(own)[0] == value_of(number)[0] + 1
    return False
