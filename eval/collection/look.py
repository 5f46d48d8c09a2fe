"""The habits of typing that differ from company to company."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from random import Random

_HAN = "零一二三四五六七八九"
_CJK = r"[\u4e00-\u9fff]"
_GAPS = re.compile(rf"(?<={_CJK})(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%])(?={_CJK})")
_HALF = str.maketrans("，：；？（）", ",:;?()")
_FULL_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
DATE_FORMS = ("{y}年{m}月{d}日", "{y} 年 {m} 月 {d} 日", "{y}-{m:02}-{d:02}", "{y}/{m}/{d}")


@dataclass(frozen=True, slots=True)
class Look:
    """How one file is typed."""

    tick: str
    box: str
    date_form: str
    signature_form: str
    half_punctuation: bool
    full_digits: bool
    cjk_gaps: bool
    blank_between: bool
    next_line: bool
    bold_question: bool
    indent: bool
    label_gaps: bool
    header: bool
    footer: str
    serif: bool
    closing_heading: bool
    follow_up_mark: bool
    pick: int

    def one(self, options: tuple[str, ...]) -> str:
        """This file's choice among wordings of the same thing."""
        return Random(f"{self.pick} {options}").choice(options)

    def typeset(self, text: str) -> str:
        """Type a content's text in this file's habits."""
        if self.half_punctuation:
            text = text.translate(_HALF)
        if self.cjk_gaps:
            text = _GAPS.sub(" ", text)
        if self.full_digits:
            text = text.translate(_FULL_DIGITS)
        return text

    def day(self, iso: str) -> str:
        """A date in this file's form."""
        day = date.fromisoformat(iso)
        return self.date_form.format(y=day.year, m=day.month, d=day.day)

    def signed(self, iso: str) -> str:
        """A date under a signature."""
        day = date.fromisoformat(iso)
        if self.signature_form == "han":
            year = "".join("〇" if c == "0" else _HAN[int(c)] for c in str(day.year))
            return f"{year}年{han(day.month)}月{han(day.day)}日"
        return self.signature_form.format(y=day.year, m=day.month, d=day.day)

    def label(self, text: str) -> str:
        """A two-character label, spread where this file does so: 时    间."""
        return f"{text[0]}    {text[1]}" if self.label_gaps and len(text) == 2 else text


def look_for(seed: str) -> Look:
    """The look that a seed stands for; the same seed gives the same look."""
    rng = Random(seed)
    tick, box = rng.choice((("√", "□"), ("☑", "□"), ("■", "□"), ("✓", "□"), ("√", "□"), ("☑", "☐")))
    return Look(
        tick=tick,
        box=box,
        date_form=rng.choice(DATE_FORMS[:2] + DATE_FORMS),
        signature_form=rng.choice((DATE_FORMS[0], DATE_FORMS[1], "han")),
        half_punctuation=rng.random() < 0.12,
        full_digits=rng.random() < 0.05,
        cjk_gaps=rng.random() < 0.45,
        blank_between=rng.random() < 0.3,
        next_line=rng.random() < 0.3,
        bold_question=rng.random() < 0.5,
        indent=rng.random() < 0.6,
        label_gaps=rng.random() < 0.4,
        header=rng.random() < 0.5,
        footer=rng.choice(
            (
                "{page}",
                "- {page} -",
                "第 {page} 页 共 {pages} 页",
                "{page} / {pages}",
                "第{page}页",
                "",
            )
        ),
        serif=rng.random() < 0.35,
        closing_heading=rng.random() < 0.5,
        follow_up_mark=rng.random() < 0.5,
        pick=rng.randrange(1 << 16),
    )


def han(number: int) -> str:
    """A number from 1 to 99 in Chinese numerals."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _HAN[tens] + "十"
    return head + (_HAN[ones] if ones else "")
