"""Text to pairs: choose the reading of the marks that fits best, and cut.

A filing's marks can be read in several ways: is `2、` the next question or an item of the answer?
Each consistent reading (``openings.readings``) is cut into pairs and scored by how well they look
like questions and answers; the best one is taken.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from index.reading.document import Aside, Document
from index.records import LeftOut, Pair, Part, Span, assemble
from index.splitting.accounting import account, gaps, large_rest
from index.splitting.doubts import held_question
from index.splitting.head import read_head
from index.splitting.lines import Line, body_lines, is_form_label, without
from index.splitting.marks import (
    ASKED_AND_ANSWERED,
    ASKS,
    GREETING,
    INLINE_ANSWER,
    LOOSE_ANSWER,
    QUESTION_RULES,
    asks,
    requests,
    value_of,
)
from index.splitting.openings import TRUST_SURE, Body, Opening, readings
from index.splitting.paragraphs import with_paragraphs
from index.splitting.sessions import heading_before, is_session
from index.splitting.spelling import plain
from index.splitting.tail import answer_lines, han_number

# A question of one paragraph hardly ever goes on in another that also asks.
_QUESTION_PARAGRAPHS = 3
# Lines of a question before an answer that begins with a greeting; how many do, where it is usual.
_QUESTION_LINES, _USUAL = 12, 4
# Columns of a line that only ends a question (a Chinese character has two).
_SHORT = 40
# Characters behind a question mark from which they are no part of the question.
_LONG_REMAINDER = 30
# Characters of a question that a warning tells.
_TOLD = 40
_OWN_ITEM = re.compile(r"[（(]?[一二三四五六七八九十\d]{1,2}[)）、.．,，]|[①-⑨]|第[一二三四五]")
_HEADING = re.compile(r"([一二三四五六七八九十]{1,2})、")


@dataclass(frozen=True, slots=True)
class SplitText:
    """Head fields by name, pairs, warnings, and the parts that make up the whole text."""

    head: dict[str, Any]
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cut:
    """A pair as lines: the question's, the answer's, and whether a mark parts them.

    One without lines of an answer is a question that has none.
    """

    number: str | None
    start: int
    question: tuple[Line, ...]
    answer: tuple[Line, ...]
    marked: bool
    trust: float
    questions: int = 1
    session: Line | None = None


def split(document: Document) -> SplitText:
    """Find head and pairs in a document."""
    lines, asides = body_lines(document)
    # What is left out is white here, and all is in one spelling, at the same places.
    shown = without(document.text, asides)
    body = Body(plain(shown), with_paragraphs(document, lines), document.bold)
    cuts: list[_Cut] = []
    best = 0.0
    for reading in readings(body):
        tried = _cuts(body, reading)
        score = sum(_score(body, cut) for cut in tried)
        if score > best:
            cuts, best = tried, score
    unanswered = [cut for cut in cuts if not cut.answer]
    numbered = [(cut, str(i)) for i, cut in enumerate(cuts, start=1)]
    cuts = [cut for cut in cuts if cut.answer]
    pairs = tuple(_pair(document, cut, i, asides) for cut, i in numbered if cut.answer)
    boxes = document.boxes_of([[*pair.question_spans, *pair.answer_spans] for pair in pairs])
    pairs = tuple(replace(pair, boxes=own) for pair, own in zip(pairs, boxes, strict=True))
    first = pairs[0].start if pairs else len(document.text)
    end = pairs[-1].end if pairs else 0
    # The form's label ends what stands above it.
    others = [aside for aside in asides if not is_form_label(document.text, aside)]
    labelled = without(document.text, others) if len(others) < len(asides) else shown
    head, head_end = read_head(labelled[:first], shown[end:])
    parts = account(document.text, pairs, [aside.span for aside in asides], head_end)
    warnings = gaps(pairs, [cut.questions for cut in cuts])
    warnings += [_without_an_answer(document.text, cut) for cut in unanswered]
    warnings += [
        f"the answer to question {pair.number} holds what looks like a question: {held}"
        for pair, cut in zip(pairs, cuts, strict=True)
        if (held := held_question(body, cut.number, cut.answer))
    ]
    if not pairs:
        warnings.append("no question with an answer found")
    elif large := large_rest(parts):
        warnings.append(large)
    return SplitText(head, pairs, tuple(warnings), parts)


def _cuts(body: Body, openings: Sequence[Opening]) -> list[_Cut]:
    """Cut at the openings; questions that share an answer become one pair."""
    cuts: list[_Cut] = []
    waiting: list[Line] = []
    questions = 0
    first: Opening | None = None
    headings = _headings(body, openings)
    session: int | None = None
    for place, opening in enumerate(openings):
        last = len(body.lines)
        if place + 1 < len(openings):
            last = headings.get(place + 1, openings[place + 1].line)
        session = headings.get(place, session)
        first = first or opening
        asked, answered, marked = _part(body, opening, last)
        waiting += asked
        questions += 1
        if place + 1 == len(openings):
            section = _section(body, openings[0])
            answered = answer_lines(body.text, answered, last=True, section=section)
        # An answer's mark with nothing behind it answers nothing, and what comes next isn't its.
        if marked or any(line.start < line.end for line in answered):
            cuts.append(
                _Cut(
                    number=first.number,
                    start=body.lines[first.line].start,
                    question=tuple(waiting),
                    answer=tuple(line for line in answered if line.start < line.end),
                    marked=marked,
                    trust=opening.trust,
                    questions=questions,
                    session=None if session is None else body.lines[session],
                )
            )
            waiting, first, questions = [], None, 0
    return cuts


def _headings(body: Body, openings: Sequence[Opening]) -> dict[int, int]:
    """The lines of the sessions' headings, by the place of the opening that each stands before;
    none where the questions' numbers go on from the first to the last."""
    found: dict[int, int] = {}
    several = False
    for place, opening in enumerate(openings):
        heading = heading_before(body.text, body.lines, opening.line)
        if heading is None:
            continue
        anew = opening.number is not None and value_of(opening.number)[0] == 1
        named = opening.number is None and is_session(body.said(heading))
        if anew or named:
            found[place] = heading
            several = several or place > 0
    return found if several else {}


def _section(body: Body, first: Opening) -> int:
    """The number of the section (一、 二、 …) that the questions stand in; 0 for none."""
    if first.number and han_number(first.number):
        return 0
    section = 0
    for line in range(first.line):
        heading = _HEADING.match(body.said(line))
        if heading and han_number(heading.group(1)) == section + 1:
            section += 1
    return section


def _part(body: Body, opening: Opening, last: int) -> tuple[list[Line], Sequence[Line], bool]:
    """Lines of the question, lines of the answer, and whether a mark parts them."""
    asked: list[Line] = []
    for place in range(opening.line, last):
        line = body.lines[place]
        start = line.start + (opening.mark if place == opening.line else 0)
        if body.answers[place] and place > opening.line:
            answer = replace(line, start=line.start + body.answers[place])
            return asked, [answer, *body.lines[place + 1 : last]], True
        if inline := _inline(body, opening, place, start):
            asked.append(replace(line, start=start, end=inline.start()))
            while place + 1 < last and body.lines[place].end < inline.end():
                place += 1  # a mark that was wrapped
            answer = replace(body.lines[place], start=max(body.lines[place].start, inline.end()))
            return asked, [answer, *body.lines[place + 1 : last]], True
        asked.append(replace(line, start=start))
    end = _question_end(body, opening, last)
    if both := _both_in_one(body, opening, asked, last):
        return *both, False
    return asked[: end - opening.line + 1], body.lines[end + 1 : last], False


def _inline(body: Body, opening: Opening, place: int, start: int) -> re.Match[str] | None:
    """An answer's mark that begins in a line, behind the question."""
    line = body.lines[place]
    after = body.lines[place + 1].end if place + 1 < len(body.lines) else line.end
    end = line.end if line.ends_paragraph else after
    for pattern in (INLINE_ANSWER, body.speaker):
        match = pattern.search(body.text, start, end) if pattern else None
        if match and match.start() < line.end:
            return match
    if place > body.paragraph_end(opening.line) and opening.trust < TRUST_SURE:
        return None
    for match in LOOSE_ANSWER.finditer(body.text, start, end):
        asked = body.text[body.lines[opening.line].start + opening.mark : match.start()]
        sure = opening.trust >= TRUST_SURE or asks("".join(asked.split("\n")))
        if match.start() < line.end and sure:
            return match
    return None


def _both_in_one(
    body: Body, opening: Opening, asked: Sequence[Line], last: int
) -> tuple[list[Line], list[Line]] | None:
    """Question and answer of one paragraph, parted behind its question mark.

    What stands there is the answer where nothing else follows, or where it is long.
    """
    start = body.lines[opening.line].start + opening.mark
    paragraph = min(body.paragraph_end(opening.line), last - 1)
    end = body.lines[paragraph].end
    match = ASKED_AND_ANSWERED.match(body.text, start, end)
    if not match:
        return None
    rest = body.text[match.end() : end]
    line_end = next(line.end for line in asked if line.end >= match.end())
    if line_end < end and asks(body.text[match.end() : line_end]):
        return None  # a second question, without its mark, up to the line's end
    short = rest[-1] not in "：:" and len(rest) < _LONG_REMAINDER
    if asks(rest) or (paragraph + 1 < last and short):
        return None
    at = match.end()
    question = [replace(line, end=min(line.end, at)) for line in asked if line.start < at]
    answer = [replace(line, start=max(line.start, at)) for line in asked if line.end > at]
    return question, answer


def _question_end(body: Body, opening: Opening, last: int) -> int:
    """Last line of a question that no answer's mark follows."""
    end = opening.line
    if greeted := _greeting(body, opening, last):
        return greeted - 1
    said = body.text[body.lines[end].start + opening.mark : body.lines[end].end]
    while end + 1 < last and (
        not said or not (body.lines[end].ends_paragraph or ASKS.search(said) or _requested(said))
    ):
        end += 1
        said += body.said(end)
    end = _without_answer(body, opening, end, last)
    if end + 2 < last and not body.lines[end].ends_paragraph:
        # A full line, and the rest of the question.
        rest = body.lines[end + 1]
        said = body.said(end + 1)
        if rest.ends_paragraph and rest.width < _SHORT and (asks(said) or requests(said)):
            end += 1
    while end + 2 < last and _itemised(body, end):
        end = min(body.paragraph_end(end + 1), last - 2)
    for _ in range(_QUESTION_PARAGRAPHS - 1):
        if end + 2 >= last:
            break
        after = min(body.paragraph_end(end + 1), last - 1)
        said = body.text[body.lines[end + 1].start : body.lines[after].end]
        if not ASKS.search(said) or "。" in said[:-1]:
            break
        end = after
    return end


def _itemised(body: Body, end: int) -> bool:
    """Whether a question goes on in items of its own: 想问两个问题： / 1、… / 2、…"""
    return body.said(end)[-1:] in "：:；;" and bool(_OWN_ITEM.match(body.said(end + 1)))


def _greeting(body: Body, opening: Opening, last: int) -> int | None:
    """The line, behind a question's, in which an answer greets whoever asked."""
    usual = body.greetings >= _USUAL
    for place in range(opening.line + 1, min(opening.line + _QUESTION_LINES, last)):
        said = body.said(place)
        if GREETING.match(said):
            return place
        before = place > opening.line + 1 and body.lines[place - 1].ends_paragraph
        if before and "。" in said and not usual:
            return None
    return None


def _without_answer(body: Body, opening: Opening, end: int, last: int) -> int:
    """Where a full line ends a question without its mark, not the lines of the answer behind it."""
    start = body.lines[opening.line].start + opening.mark
    if end + 1 >= last or not asks(body.text[start : body.lines[end].end]):
        for place in range(opening.line, end):
            if not asks(body.text[start : body.lines[place].end]):
                continue
            # Where the page tells that a line is wrapped, it goes on, unless an answer follows
            # by chance and nothing else could be it.
            rest = body.text[body.lines[place].end : body.lines[end].end]
            follows = len(rest) > _LONG_REMAINDER and (end + 1 >= last or "。" in rest[:-1])
            if body.lines[place].place is None or follows:
                return place
    return end


def _requested(said: str) -> bool:
    """Whether a request's only sentence ends here."""
    return said.endswith("。") and requests(said)


def _score(body: Body, cut: _Cut) -> float:
    """How much a cut looks like a question with its answer."""
    if not cut.answer:
        return 0.0
    question = " ".join(body.text[line.start : line.end] for line in cut.question)
    score = cut.trust + (1.0 if cut.marked else 0.0)
    if not cut.trust and any(rule.pattern.match(question) for rule in QUESTION_RULES):
        score -= 1.0  # a mark that this reading takes for a part of the question
    score += 1.0 if asks(question) or requests(question) else -0.5 if not cut.marked else 0.0
    if len(question) > 800:
        score -= 1.0
    for line in cut.answer[1:]:
        place = bisect_right(body.starts, line.start) - 1
        if body.answers[place]:
            score -= 1.0
        elif line.ends_paragraph and ASKS.search(body.text[line.start : line.end]):
            score -= 0.5
    return score


def _pair(document: Document, cut: _Cut, running: str, asides: Sequence[Aside]) -> Pair:
    text = document.text
    question, answer = _spans(text, cut.question), _spans(text, cut.answer)
    starts = document.page_starts
    pages = {bisect_right(starts, span.start) for span in (*question, *answer)} if starts else ()
    first, last = question[0].start if question else answer[0].start, answer[-1].end
    return Pair(
        number=cut.number or running,
        question=assemble(text, question),
        answer=assemble(text, answer),
        start=cut.start,
        end=last,
        question_spans=question,
        answer_spans=answer,
        pages=tuple(sorted(pages)),
        session=text[cut.session.start : cut.session.end] if cut.session else None,
        left_out=tuple(
            LeftOut(aside.kind, text[aside.span.start : aside.span.end])
            for aside in asides
            if first < aside.span.start and aside.span.end < last
        ),
    )


def _without_an_answer(text: str, cut: _Cut) -> str:
    said = assemble(text, _spans(text, cut.question))
    said = f"{said[:_TOLD]}…" if len(said) > _TOLD else said
    number = f"question {cut.number}" if cut.number else "a question"
    return f"{number} has no answer and is left out: {said}"


def _spans(text: str, lines: Sequence[Line]) -> tuple[Span, ...]:
    """Spans of lines; between two paragraphs stands one line break of the text."""
    spans: list[Span] = []
    paragraph = False
    for line in lines:
        piece = text[line.start : line.end]
        start = line.start + len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        if start < end:
            if spans and paragraph:
                at = text.rfind("\n", spans[-1].end, start)
                if at >= 0:
                    spans.append(Span(at, at + 1))
            spans.append(Span(start, end))
        paragraph = line.ends_paragraph
    return tuple(spans)
