"""Where questions begin: every reading of a filing's marks, to be scored against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from index.records import Span
from index.splitting.lines import Line
from index.splitting.marks import (
    ASKED_AND_ANSWERED,
    GREETING,
    INLINE_ANSWER,
    LOOSE_ANSWER,
    QUESTION_RULES,
    QuestionRule,
    answer_mark,
    asks,
    follows,
    has_office,
    inline_names,
    inline_speaker,
    named_speaker,
    number_of,
    value_of,
)
from index.splitting.sessions import heading_before, parted_at_marks
from index.splitting.tail import is_row

# How far back a chain of numbers looks for its predecessor, in marks of the same kind.
_REACH = 100
# What a mark of each kind adds to the score of a reading, in the measure of a question mark.
TRUST_SURE, _TRUST_NUMBER, _TRUST_BOLD, _TRUST_ALONE = 0.75, 0.4, 0.4, 0.1
# What numbers that lack cost each, how many may; what it costs that they begin anew.
_LACKING, _MOST_LACKING = 0.75, 2
# Of marks with numbers, the share that is in their order, where the others are none.
_MOSTLY = 0.6
_ANEW, _ANEW_HEADED = 2.0, 0.25
# Characters of a paragraph that are looked at.
_LONGEST = 4000
# Characters before a name in which the person's office stands.
_OFFICE_REACH = 12
# Lines that a question may run over before its answer's mark.
_QUESTION_LINES = 15
_STOPS = "。！？；?!;"


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a question begins: at which line, behind how long a mark, with what number.

    ``trust`` is what its mark alone adds to the score.
    """

    line: int
    mark: int
    number: str | None
    trust: float = 0.0


class Body:
    """A filing's lines with what each may open."""

    def __init__(self, text: str, lines: Sequence[Line], bold: Sequence[Span] = ()) -> None:
        self.text = text
        lines = parted_at_marks(text, lines)
        self.bold = _covered(lines, bold)
        self.lines = lines = _parted(text, lines, self.bold)
        self.starts = [line.start for line in lines]
        speakers = _speakers(text, lines)
        self.speaker = inline_speaker(speakers)
        self.answers = [answer_mark(self.said(i), speakers) for i in range(len(lines))]
        # The last bold line up to each.
        self.last_bold = list(accumulate((i if b else -1 for i, b in enumerate(self.bold)), max))
        # Of a pattern, from where it was searched for last, and where it begins first from there.
        self._searched: dict[re.Pattern[str], tuple[int, int]] = {}
        self.greetings = sum(bool(GREETING.match(self.said(i))) for i in range(len(lines)))
        self._ends = list(range(len(lines)))
        for line in range(len(lines) - 2, -1, -1):
            if not lines[line].ends_paragraph and not self.answers[line + 1]:
                self._ends[line] = self._ends[line + 1]

    def said(self, line: int) -> str:
        """The text of a line."""
        return self.text[self.lines[line].start : self.lines[line].end]

    def is_row(self, line: int) -> bool:
        """Whether a row of the exchanges' form begins at a line."""
        return is_row(self.text, self.lines, line)

    def paragraph_end(self, line: int) -> int:
        """The last line of the paragraph that a line stands in."""
        return self._ends[line]

    def first_in(self, pattern: re.Pattern[str], said: str, start: int) -> int | None:
        """Where in ``said``, a part of the text from ``start`` on, a pattern matches first.

        The text is searched through once, however many parts of one paragraph are asked for. The
        pattern may look behind, not ahead.
        """
        if pattern.match(said):
            return 0
        since, first = self._searched.get(pattern, (len(self.text), 0))
        if not since <= start + 1 <= first:
            match = pattern.search(self.text, start + 1)
            first = match.start() if match else len(self.text)
            self._searched[pattern] = start + 1, first
        if first >= start + len(said):
            return None
        if pattern.match(said, first - start):
            return first - start
        match = pattern.search(said)  # the part ends amid the one that was found
        return match.start() if match else None

    def paragraph(self, line: int, mark: int = 0) -> str:
        """Text from behind a mark to the end of the paragraph, or the beginning of a long one."""
        start = self.lines[line].start + mark
        return self.text[start : min(self.lines[self.paragraph_end(line)].end, start + _LONGEST)]


def readings(body: Body) -> Iterator[list[Opening]]:
    """All consistent sets of openings, the most reliable kinds first."""
    found = {rule.name: list(_marked(body, rule)) for rule in QUESTION_RULES}
    # Of a quarter's figures, Q2： is no question.
    for name in ("q-number", "word-number"):
        chain = _best_chain(body, found[name])
        if len(chain) >= max(2, _MOSTLY * len(found[name])):
            found[name] = chain
    sure = {o.line: o for rule in QUESTION_RULES if rule.sure for o in reversed(found[rule.name])}
    if sure:
        yield [sure[line] for line in sorted(sure)]
    for rule in QUESTION_RULES:
        numbered = found[rule.name]
        if rule.name == "number":
            alone = [replace(o, trust=_TRUST_ALONE) for o in found["number-alone"]]
            numbered = sorted([*numbered, *alone], key=lambda o: o.line)
        if not rule.sure and (chain := _best_chain(body, numbered)):
            yield chain
    if bold := list(_bold(body)):
        yield bold
    for marked in (True, False) if any(body.answers) else (False,):
        yield list(_unmarked(body, marked))


def _marked(body: Body, rule: QuestionRule) -> Iterator[Opening]:
    for line in range(len(body.lines)):
        said = body.said(line)
        match = rule.pattern.match(said)
        if match and not _amid(body, line, rule):
            trust = TRUST_SURE if rule.sure else _TRUST_NUMBER
            yield Opening(line, match.end(), number_of(match), trust)


def _amid(body: Body, line: int, rule: QuestionRule) -> bool:
    """Whether a word without a number is one of a sentence that was wrapped: 主要有三个 / 问题：;
    or Q1 a quarter of one."""
    if (
        rule.name not in ("word", "q-number", "q-bare")
        or not line
        or body.lines[line - 1].ends_paragraph
    ):
        return False
    return body.text[body.lines[line - 1].end - 1] not in _STOPS + "：:）)」”"


def _best_chain(body: Body, marked: Sequence[Opening]) -> list[Opening]:
    """The chain of numbers, each next after the one before, that asks most.

    Numbered items inside an answer count too, but from 1 again and without asking; dynamic
    programming over all chains finds the one that the questions make.
    """
    values = [value_of(o.number or "0") for o in marked]
    best: list[tuple[float, int]] = []
    for i, opening in enumerate(marked):
        after = marked[i + 1].line if i + 1 < len(marked) else None
        weight = _weight(body, opening, after) - (opening.trust == _TRUST_ALONE)
        score, former = (weight, -1) if values[i][0] == 1 else (weight - 2.0, -1)
        anew = _anew(body, opening, weight) if values[i] in ((1, 0), (1, 1)) else None
        for j in range(max(0, i - _REACH), i):
            cost = 0.0 if follows(values[j], values[i]) else _jump(values[j], values[i])
            cost = anew if cost is None else cost
            if cost is not None and best[j][0] + weight - cost > score:
                score, former = best[j][0] + weight - cost, j
        best.append((score, former))
    if not best:
        return []
    at = max(range(len(best)), key=lambda i: best[i][0])
    if best[at][0] <= 0:
        return []
    chain = []
    while at >= 0:
        chain.append(marked[at])
        at = best[at][1]
    return chain[::-1]


def _jump(earlier: tuple[int, int], later: tuple[int, int]) -> float | None:
    """What it costs that numbers lack between two; ``None`` where too many do."""
    lacking = later[0] - earlier[0] - 1
    return _LACKING * lacking if 0 < lacking <= _MOST_LACKING and later[1] in (0, 1) else None


def _anew(body: Body, opening: Opening, weight: float) -> float | None:
    """What it costs that numbers begin anew: little behind the heading of a session or part."""
    if heading_before(body.text, body.lines, opening.line) is not None:
        return _ANEW_HEADED
    # Without one, items of an answer begin so, too; they have no answers of their own.
    return _ANEW if weight >= 2.0 else None


def _weight(body: Body, opening: Opening, after: int | None) -> float:
    """How much a numbered line looks like a question."""
    said = body.paragraph(opening.line, opening.mark)
    start = body.lines[opening.line].start + opening.mark
    for pattern in (INLINE_ANSWER, LOOSE_ANSWER):
        if (inline := body.first_in(pattern, said, start)) is not None:
            return 2.5 if asks(said[:inline]) else 1.25
    weight = 1.0 if asks(said) else 0.6 if ASKED_AND_ANSWERED.match(said) else -0.25
    end = min(after or len(body.lines), opening.line + _QUESTION_LINES, len(body.lines))
    if any(body.answers[line] for line in range(opening.line + 1, end)):
        weight += 1.5
    return weight


def _unmarked(body: Body, marked: bool) -> Iterator[Opening]:
    """Paragraphs that ask; where answers are ``marked``, those right before an answer's mark."""
    line = 0
    while line < len(body.lines):
        end = body.paragraph_end(line)
        said = body.paragraph(line)
        answered = end + 1 < len(body.lines) and bool(body.answers[end + 1])
        asking = asks(said) and len(said) <= 600 if not marked else answered
        if asking and not body.answers[line] and not body.is_row(line):
            yield Opening(line, 0, None)
        line = end + 1


def _bold(body: Body) -> Iterator[Opening]:
    """Paragraphs that are bold throughout, from the first to the last one that asks.

    Where most of them begin with the same kind of mark, it is taken off.
    """
    paragraphs: list[int] = []
    line = 0
    while line < len(body.lines):
        end = body.paragraph_end(line)
        end = max(line, body.last_bold[end])  # an answer may be wrapped onto a bold question
        if body.bold[line] and not body.answers[line] and not body.is_row(line):
            paragraphs.append(line)
        line = end + 1
    rule = _common_rule([body.said(line) for line in paragraphs])
    marks = [rule.pattern.match(body.said(line)) if rule else None for line in paragraphs]
    asking = [
        i
        for i, (line, mark) in enumerate(zip(paragraphs, marks, strict=True))
        if asks(body.paragraph(line, mark.end() if mark else 0))
    ]
    if len(asking) < 2:
        return
    for i in range(asking[0], asking[-1] + 1):
        mark = marks[i]
        end, number = (mark.end(), number_of(mark)) if mark else (0, None)
        yield Opening(paragraphs[i], end, number, _TRUST_BOLD)


def _common_rule(said: Sequence[str]) -> QuestionRule | None:
    """The rule that most lines begin after."""
    for rule in QUESTION_RULES:
        if sum(bool(rule.pattern.match(line)) for line in said) > len(said) / 2:
            return rule
    return None


def _covered(lines: Sequence[Line], bold: Sequence[Span]) -> list[bool]:
    """Which lines lie in bold spans, the mark that Word makes by itself left out."""
    spans = iter(sorted(bold))
    span = next(spans, None)
    covered = []
    for line in lines:
        while span is not None and span.end <= line.start:
            span = next(spans, None)
        inside = span is not None and span.end >= line.end and span.start < line.end
        covered.append(inside and span is not None and span.start - line.start <= 12)
    return covered


def _parted(text: str, lines: Sequence[Line], bold: Sequence[bool]) -> Sequence[Line]:
    """The lines; a sentence that fills its line ends a paragraph where boldness changes too."""
    if not any(bold):
        return lines
    ends = [
        line.ends_paragraph or (bold[i] != bold[i + 1] and text[line.end - 1] in _STOPS)
        for i, line in enumerate(lines[:-1])
    ]
    told = [
        line if line.ends_paragraph == end else replace(line, ends_paragraph=end)
        for line, end in zip(lines, ends, strict=False)
    ]
    return [*told, *lines[-1:]]


def _speakers(text: str, lines: Sequence[Line]) -> frozenset[str]:
    """People who answer: named before without a colon, with their office or before a question."""
    found = set()
    # A narrow column may wrap a name.
    plain = "".join(text.split())
    for before, line in pairwise(lines):
        name = named_speaker(text[line.start : line.end])
        if name and name not in found and _is_known(plain, name):
            known = _has_office(plain, name) or asks(text[before.start : before.end])
            found |= {name} if known else set()
    found |= {name for name in inline_names(text) if _has_office(plain, name)}
    return frozenset(found)


def _is_known(plain: str, name: str) -> bool:
    """Whether a name occurs first without a colon behind it."""
    at = plain.find("".join(name.split()))
    return at >= 0 and plain[at + len("".join(name.split()))] not in "：:"


def _has_office(plain: str, name: str) -> bool:
    """Whether an office, or 先生, stands beside the first occurrence of a name."""
    at = plain.find("".join(name.split()))
    return at >= 0 and has_office(plain[max(0, at - _OFFICE_REACH) : at + len(name) + 2])
