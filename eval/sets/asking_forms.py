"""Real questions as they would be asked of a store: with the company's name in, or cut short."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from eval.training.encoder.politeness import plain_part

# What a moderator left behind a question.
_REVIEW = re.compile(r"\s*【[^】]{0,8}审核[^】]{0,4}】\s*")
_OWN = re.compile(r"(?:贵|你们?|您们?|我们?|本)?公司|贵司|我司")
_ELSEWHERE = re.compile(
    r"(?:关注|查阅|参阅|参见|参照|查看|留意|查询|翻阅|阅读|见|参考)[^。]{0,40}"
    r"(?:公告|报告|年报|前述|披露|巨潮|网站|内容|回复|章节|答复|说明书)"
)
_SHORTEST, _POINTING = 20, 70


def draw(key: str) -> int:
    """A number below a thousand that goes with ``key``: a choice that is the same every time."""
    return int(hashlib.sha256(key.encode()).hexdigest()[8:16], 16) % 1000


def asked_plainly(question: str) -> str:
    """The question without a moderator's mark, and for every other one without politeness."""
    question = _REVIEW.sub("", question).strip()
    start, end = plain_part(question)
    return question[start:end] if end - start >= 6 and draw(question) % 2 else question


def naming(question: str, company: str, code: str | None) -> str:
    """The question with the company named in it, in one of the ways in which people do."""
    if company in question:
        return question
    form = draw(f"{company} {question}") % 10
    if form == 0 and code:
        return f"{code} {question}"
    if form == 1:
        return f"请问{company}，{question}"
    if form == 2:
        return f"{question}（{company}）"
    named, count = _OWN.subn(company, question, count=1)
    return named if count and form < 8 else f"{company}{question}"


def is_canned(answer: str) -> bool:
    """Whether an answer is thanks, very short, or but points to where the answer may be."""
    start, end = plain_part(answer)
    said = answer[start:end]
    return len(said) < _SHORTEST or (len(said) < _POINTING and bool(_ELSEWHERE.search(said)))


def likeness(one: str, other: str) -> float:
    """Share (0..1) of two texts' character pairs that they have in common (Jaccard)."""
    a, b = _bigrams(one), _bigrams(other)
    return len(a & b) / max(1, len(a | b))


def held_in(one: str, other: str) -> float:
    """Share (0..1) of a text's character pairs that another has as well."""
    a, b = _bigrams(one), _bigrams(other)
    return len(a & b) / max(1, len(a))


@lru_cache(maxsize=1 << 16)
def _bigrams(text: str) -> frozenset[str]:
    plain = re.sub(r"[\W_]+", "", text)
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1))
