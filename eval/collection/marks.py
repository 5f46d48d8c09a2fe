"""Marks of questions and answers: from pairs to paragraphs, and what a reader should find.

A template holds ``{n}`` (1, or 3.1 under ``sub``), ``{h}`` (一) or ``{name}``. An empty
template is no mark at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from eval.collection.blocks import Paragraph, Run
from eval.collection.content import Asked
from eval.collection.look import Look, han

Numbering = Literal["plain", "sub", "grouped"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A style of marks: the (question, answer) templates that it may be typed with.

    ``auto``: the file format counts, the number is not in the text.
    """

    forms: tuple[tuple[str, str], ...]
    numbering: Numbering = "plain"
    bold: bool = False
    auto: bool = False


MARKS: dict[str, Mark] = {
    "wenti-huida": Mark(
        (("问题 {n}、", "回答："), ("问题{n}、", "回答："), ("问题{n}：", "回答："))
    ),
    "wenti-dafu": Mark((("问题{n}：", "答复："), ("问题 {n}：", "答复："), ("{n}、", "答复："))),
    "wenti-han-da": Mark((("问题{h}：", "答："), ("问题{h}、", "答："))),
    "wen-da": Mark((("问：", "答："),)),
    "q-a": Mark((("Q：", "A："), ("Q:", "A:"))),
    "q1-a1": Mark((("Q{n}、", "A{n}："), ("Q{n}：", "A{n}："), ("Q{n}:", "A{n}:"))),
    "tiwen-huifu": Mark((("提问：", "回复："), ("提问{n}：", "回复："))),
    "touzizhe-gongsi": Mark((("投资者提问：", "公司回复："), ("投资者提问{n}：", "公司回复："))),
    "brackets": Mark((("【问】", "【答】"),)),
    "number-da": Mark((("{n}、", "答："), ("{n}.", "答："), ("{n}．", "答："))),
    "number-bare": Mark((("{n}、", ""), ("{n}.", ""))),
    "paren": Mark((("（{n}）", "答："), ("（{n}）", ""))),
    "han": Mark((("{h}、", "答："), ("{h}、", ""))),
    "bold-bare": Mark((("", ""),), bold=True),
    "request": Mark((("{n}、", ""), ("问题{n}：", "回答："), ("{n}、", "答："))),
    "dongmi": Mark((("投资者提问：", "董秘回复："), ("问题{n}：", "董秘回复："))),
    "by-name": Mark((("问题{n}：", "{name}："), ("提问：", "{name}："), ("{n}、", "{name}："))),
    "follow-up": Mark((("{n}、", "答："), ("问题{n}：", "回答："), ("Q{n}：", "A：")), "sub"),
    "grouped": Mark((("问题 {n}、", "回答："), ("{n}、", "答："), ("Q{n}：", "A：")), "grouped"),
    "auto-number": Mark((("{n}、", "答："), ("问题{n}：", ""), ("{h}、", "答：")), auto=True),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """A pair as a reader should find it."""

    number: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that stand together, and the paragraphs of their one answer."""

    numbers: tuple[str, ...]
    questions: tuple[str, ...]
    answer: tuple[str, ...]
    answered_by: str | None
    follow_up: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """The paragraphs of each pair, and the pairs to be expected."""

    pairs: tuple[tuple[Paragraph, ...], ...]
    expected: tuple[Expected, ...]


def form_of(style: str, look: Look) -> tuple[str, str]:
    """The question and answer templates that a look picks among a style's."""
    forms = MARKS[style].forms
    return forms[look.pick % len(forms)]


def mark_pairs(
    pairs: tuple[Asked, ...], style: str, look: Look, *, same_line: bool = False
) -> Marked:
    """Type ``pairs`` in a style; ``same_line`` sets the answer behind its question."""
    mark = MARKS[style]
    question_mark, answer_mark = form_of(style, look)
    if style == "request":
        pairs = tuple(replace(p, question=as_request(p.question, look)) for p in pairs)
    typed: list[tuple[Paragraph, ...]] = []
    expected: list[Expected] = []
    for group in _groups(pairs, mark.numbering, look):
        numbers = group.numbers
        if "{" not in question_mark:
            numbers = (str(len(typed) + 1),)
        elif "{h}" in question_mark:
            numbers = tuple(han(int(n)) for n in numbers)
        lines = [
            _question(i, question, question_mark, group, mark, look)
            for i, question in enumerate(group.questions)
        ]
        answers = list(_answer(group, answer_mark, look))
        if same_line:
            asked, answered = lines.pop(), answers.pop(0)
            lines.append(replace(asked, runs=asked.runs + answered.runs))
        lines += answers
        typed.append(tuple(lines))
        expected.append(
            Expected(
                number=numbers[0],
                question="".join(look.typeset(q) for q in group.questions),
                answer="".join(look.typeset(p) for p in group.answer),
            )
        )
    return Marked(tuple(typed), tuple(expected))


def as_request(question: str, look: Look) -> str:
    """The question as a request without a question mark, where its words allow that.

    Filings written as questions would else have too few requests among them.
    """
    clauses = question.removeprefix("请问").removesuffix("？").split("？")
    fits = question.endswith("？") and not _STANDS_ALONE.search(question)
    if not fits or not all(_EMBEDS.search(clause) for clause in clauses):
        return question
    return look.one(_REQUESTS).format("，以及".join(clauses))


_REQUESTS = ("请公司说明{}", "请公司说明一下{}。", "请管理层说明{}")
_EMBEDS = re.compile(
    "怎么|如何|多少|哪|什么|为何|何时|多大|怎样|是否|是不是|有没有|会不会|能不能|几"
)
_STANDS_ALONE = re.compile("[。；吗呢]|^(请(?!问)|那|我|您|你|尊敬|能否|听说|想)")


def _question(i: int, text: str, template: str, group: Group, mark: Mark, look: Look) -> Paragraph:
    bold = mark.bold or look.bold_question
    if mark.auto:
        runs = (Run(look.typeset(text), bold),)
        return Paragraph(runs, "question", auto=template, ordinal=int(group.numbers[i]))
    shown = _fill(template, group, i)
    if group.follow_up and "{" not in template and look.follow_up_mark and shown in _FOLLOWED:
        shown = "追问："
    return Paragraph((Run(look.typeset(shown + text), bold),), "question")


# Marks that a company swaps for 追问 where the same investor asks on.
_FOLLOWED = ("问：", "提问：", "投资者提问：")


def _answer(group: Group, template: str, look: Look) -> Iterator[Paragraph]:
    shown = _fill(template, group, 0)
    first, *rest = group.answer
    if shown and look.next_line:
        yield Paragraph((Run(look.typeset(shown), look.bold_question),), "answer")
        yield Paragraph((Run(look.typeset(first)),), "answer")
    elif shown:
        runs = (Run(look.typeset(shown), look.bold_question), Run(look.typeset(first)))
        yield Paragraph(runs, "answer")
    else:
        yield Paragraph((Run(look.typeset(first)),), "answer")
    for paragraph in rest:
        yield Paragraph((Run(look.typeset(paragraph)),), "answer")


def _fill(template: str, group: Group, i: int) -> str:
    number = group.numbers[i]
    return template.format(
        n=number,
        h=han(int(number)) if "{h}" in template else "",
        name=group.answered_by or "公司回复",
    )


def _groups(pairs: tuple[Asked, ...], numbering: Numbering, look: Look) -> Iterator[Group]:
    if numbering == "sub":
        yield from _sub_numbered(pairs, look)
        return
    rng = Random(look.pick)
    i = 0
    while i < len(pairs):
        size = 1
        if numbering == "grouped" and i + 1 < len(pairs) and (i == 1 or rng.random() < 0.35):
            size = 2
        members = pairs[i : i + size]
        yield Group(
            numbers=tuple(str(i + k + 1) for k in range(size)),
            questions=tuple(p.question for p in members),
            answer=tuple(line for p in members for line in p.answer),
            answered_by=members[0].answered_by,
            follow_up=members[0].follow_up,
        )
        i += size


def _sub_numbered(pairs: tuple[Asked, ...], look: Look) -> Iterator[Group]:
    """Follow-ups as 3.1, 3.2 after 3; or the first one as 3.1 where the look says so."""
    rng = Random(look.pick)
    flagged = any(p.follow_up for p in pairs)
    follows = [
        i > 0 and (p.follow_up if flagged else rng.random() < 0.35) for i, p in enumerate(pairs)
    ]
    lead, sub = 0, 0
    for i, pair in enumerate(pairs):
        if follows[i]:
            sub += 1
        else:
            lead, sub = lead + 1, 0
            if look.follow_up_mark and i + 1 < len(pairs) and follows[i + 1]:
                sub = 1
        number = f"{lead}.{sub}" if sub else str(lead)
        yield Group((number,), (pair.question,), pair.answer, pair.answered_by, follows[i])
