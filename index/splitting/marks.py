"""The grammar of question and answer marks: what a line may begin with.

Each rule carries an example; ``tests/index/splitting/test_marks.py`` holds every rule to its own.
To read a new mark, add a rule with its example.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


def _either(words: str) -> str:
    """One of these words; a justified line draws them apart, a narrow one wraps inside of them."""
    return "(?:" + "|".join(r"\s*".join(word) for word in words.split()) + ")"


_HAN = "一二三四五六七八九十百零〇"
_NUMBER = rf"(?P<number>\d{{1,3}}(?:[.．]\d{{1,2}})?|[{_HAN}]{{1,4}})"
_STOP = r"[、：:．.，,)）\]】\s]"
# A number before the word that asks: （1）问：
_BEFORE = rf"(?:[（(【\[]?\s*{_NUMBER}\s*(?:[)）】\]]\s*[、．.]?|[、．.])\s*)?"
_ASKER = _either("投资者 分析师 机构 媒体 记者 股东 网友 调研机构 参会人员 与会者")
_ASK = _either("问题 提问 追问 问 Question")


@dataclass(frozen=True, slots=True)
class QuestionRule:
    """A mark that opens a question. A ``sure`` one marks nothing else."""

    name: str
    pattern: re.Pattern[str]
    sure: bool
    example: str


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """A mark that opens an answer."""

    pattern: re.Pattern[str]
    example: str


def _rule(name: str, pattern: str, *, sure: bool, example: str) -> QuestionRule:
    return QuestionRule(name, re.compile(pattern, re.IGNORECASE), sure, example)


QUESTION_RULES = (
    _rule(
        "word-number",
        rf"[【\[]?{_ASKER}?\s*{_ASK}\s*{_NUMBER}\s*(?:{_STOP}+|$)\s*",
        sure=True,
        example="问题 1、产能如何",
    ),
    _rule(
        "q-number",
        # Behind a comma, the next Q makes both quarters: Q1、Q2 的毛利率
        rf"Q\s*{_NUMBER}\s*(?:[：:)）\]】]|[．.](?!\d{{1,2}}(?!\d))|、(?!\s*Q\d))+\s*",
        sure=True,
        example="Q1：产能如何",
    ),
    _rule(
        "nth-question",
        rf"第\s*{_NUMBER}\s*(?:个)?(?:问题|问)\s*[、：:．.]\s*",
        sure=True,
        example="第一个问题：产能如何",
    ),
    _rule(
        "word",
        rf"{_BEFORE}{_ASKER}?\s*(?:{_ASK}|提出问题|Q)\s*[：:]\s*",
        sure=True,
        example="投资者提问：产能如何",
    ),
    _rule(
        "bracketed-word",
        rf"{_BEFORE}[【\[]{_ASKER}?\s*(?:{_ASK}|Q)\s*[】\]]\s*[：:]?\s*",
        sure=True,
        example="【问】产能如何",
    ),
    _rule(
        "number",
        # A point before a digit parts number and question where the digits are no decimals.
        r"(?P<number>\d{1,3}(?:[.．]\d{1,2})?(?=\s*(?:、|[．.：:](?!\d)))"
        r"|\d{1,3}(?=[．.]\d+(?:[.．]\d+)?(?![\d%％]|\s*(?:亿|万|元|倍|个百分))))\s*[、．.：:]\s*",
        sure=False,
        example="1、产能如何？",
    ),
    # It counts where it is the number that lacks: it may begin any line.
    _rule(
        "number-alone",
        r"(?P<number>\d{1,3})\s+(?=[\u4e00-\u9fff])"
        r"(?!个?(?:季度|月|年|日|亿|万|千|百|元|个|家|倍|条|款|台|人|名|位|次|项|种|片|只|万|号|楼|层|点|小时|周|天))",
        sure=False,
        example="1 产能如何？",
    ),
    # Not sure: Q1 is a quarter, too.
    _rule("q-bare", rf"Q\s*{_NUMBER}\s+", sure=False, example="Q1 产能如何？"),
    _rule(
        "bracketed",
        rf"[（(]\s*{_NUMBER}\s*[)）]\s*[、．.]?\s*",
        sure=False,
        example="（1）产能如何？",
    ),
    _rule("half-bracketed", r"(?P<number>\d{1,3})[)）]\s*", sure=False, example="1）产能如何？"),
    _rule("han", rf"(?P<number>[{_HAN}]{{1,4}})[、．.]\s*", sure=False, example="一、产能如何？"),
)

_ANSWERING = (
    "公司 上市公司 董秘 董事会秘书 管理层 董事长 副董事长 总经理 副总经理 总裁 副总裁 总监 财务总监"
    " 财务负责人 首席财务官 独立董事 独董 证券事务代表 证代 主持人 CEO CFO"
)
_OFFICE = rf"(?:{_either(_ANSWERING + ' 、 兼')}\s*)"
_REPLY = _either("回答 回复 答复 解答 答 Answer")
ANSWER_RULES = (
    AnswerRule(
        re.compile(rf"{_OFFICE}{{0,4}}\s*{_REPLY}\s*\d{{0,3}}\s*[：:；;]\s*", re.IGNORECASE),
        "回答：产能充足",
    ),
    AnswerRule(
        re.compile(rf"[【\[]\s*{_OFFICE}{{0,4}}(?:{_REPLY}|A)\s*\d{{0,3}}[】\]]\s*[：:]?\s*", re.I),
        "【答】产能充足",
    ),
    AnswerRule(re.compile(r"A\s*\d{0,3}(?:[.．]\d{1,2})?\s*[：:、；;]\s*"), "A1：产能充足"),
    AnswerRule(re.compile(rf"(?:公司|董秘)?{_REPLY}$", re.IGNORECASE), "回复"),
    AnswerRule(re.compile(rf"{_REPLY}\s*\d{{1,3}}\s*[、．.]\s*"), "答1、产能充足"),
    AnswerRule(re.compile(rf"{_OFFICE}{{1,4}}\s*[：:]\s*"), "董秘：产能充足"),
)
# An answer behind its question on the same line.
INLINE_ANSWER = re.compile(
    rf"(?:[【\[]\s*{_OFFICE}{{0,2}}(?:{_REPLY}|A)\s*[】\]][：:]?|(?<=[？?。！!；;”」』)）\s])"
    rf"(?:{_OFFICE}{{0,2}}{_REPLY}\s*[：:]|A\s*\d{{0,3}}\s*[：:])"
    # With a number it can't be a word's end.
    r"|(?<![A-Za-z0-9])A\d{1,3}\s*[：:])\s*"
)
# Where no question mark stands before it; a line may be wrapped inside of it.
LOOSE_ANSWER = re.compile(
    rf"(?:(?<![A-Za-z0-9])A|(?:{_either('公司 董秘')}\s*)?"
    rf"(?:{_either('回答 回复 答复 解答')}|(?<![回解])答))\s*[：:]\s*"
)
# A question and, behind its question mark, the answer in the same paragraph.
ASKED_AND_ANSWERED = re.compile(r"[^。]{4,200}[？?](?=[^。？?]{2,}[。；：，,:])")

_OFFICES = re.compile(
    rf"{_either(_ANSWERING)}|先生|女士|代表人|负责人|经理|主任|主管|首席|监事|委员"
)
_NAME = r"[\u4e00-\u9fff·]{2,4}?|[A-Z][A-Za-z.]*(?:\s+[A-Z][A-Za-z.]*){1,3}"
_NO_NAME = re.compile(r"多少|什么|如何|怎|哪|是否|吗|呢|问题|其中|如下|以下|包括|公司")
_INLINE_NAME = re.compile(rf"[？?]\s*({_NAME})[：:]")
_NAMED = re.compile(
    rf"{_OFFICE}{{0,4}}\s*(?P<name>{_NAME})(?:先生|女士|总)?\s*(?:{_REPLY})?\s*[：:]\s*"
)

# Thanks behind a question are a part of it.
_THANKS = r"(?:(?:谢谢|感谢|多谢|辛苦|有劳)[^。？?，,；;]{0,14}[！!。.~～]*\s*)*"
ASKS = re.compile(rf"[？?][\s”’」』)）。！!]*{_THANKS}$")
# How answers begin, to those who asked.
GREETING = re.compile(
    r"(?:尊敬的|各位|亲爱的)?(?:投资者|股东|朋友|女士|先生)?[，,、]?\s*(?:您|你)好\s*[，,！!。：:]"
    r"|(?:尊敬的|各位)投资者|感谢(?:您|你)(?:对(?:公司|我们)的|的)(?:关注|提问|支持|建议)"
)
REQUESTS = re.compile(
    r"^(?:(?:您好|你好|各?位?领导们?好)[，,。！!\s]*)?我?(?:请|烦请|麻烦|能否|能不能|可否|可以|想了解|想请|想问|希望|方便|介绍|谈谈)"
    r"|(?:^|[，,；;：:])(?:还?请|烦请|麻烦)[^，,。；;]{0,10}(?:介绍|说明|谈|分析|解释|展望|分享|简述|阐述"
    r"|回顾|讲|概述|告知|评价|透露|披露|拆分|测算|解读|更新|公布|明确|列举|总结|梳理|补充)"
)
# Words that make a sentence a question without its mark.
_INTERROGATIVES = re.compile(
    r"吗|呢|什么|怎么|怎样|如何|是否|有没有|有无|能否|可否|会不会|能不能|是不是|要不要|多少|哪[些个里家几]"
    r"|几[个家年次]|还是|为何|为啥|何时|多久|多大|多高|多长|几何"
)
_LONGEST_REQUEST = 120


def answer_mark(line: str, speakers: frozenset[str] = frozenset()) -> int:
    """Length of the mark that opens an answer at the beginning of a line; 0 for none.

    ``speakers`` are names behind which, with a colon, an answer follows.
    """
    for rule in ANSWER_RULES:
        if match := rule.pattern.match(line):
            return match.end()
    match = _NAMED.match(line)
    return match.end() if match and match.group("name") in speakers else 0


def has_office(text: str) -> bool:
    """Whether a text names an office that answers, such as 董事长."""
    return bool(_OFFICES.search(text))


def inline_names(text: str) -> frozenset[str]:
    """Names, with a colon, that stand right behind a question mark."""
    return frozenset(match.group(1) for match in _INLINE_NAME.finditer(text))


def inline_speaker(names: frozenset[str]) -> re.Pattern[str] | None:
    """A pattern for these names, with a colon, anywhere in a line."""
    if not names:
        return None
    spaced = (r"\s*".join(map(re.escape, name)) for name in sorted(names, key=len, reverse=True))
    either = "|".join(spaced)
    return re.compile(rf"{_OFFICE}{{0,4}}\s*(?:{either})(?:先生|女士|总)?\s*[：:]\s*")


def named_speaker(line: str) -> str | None:
    """The name that a line begins with, before a colon."""
    match = _NAMED.match(line)
    name = match.group("name") if match else None
    return None if name is None or _NO_NAME.search(name) else name


def asks(text: str) -> bool:
    """Whether a text ends in a question mark, or is a short request or question without one."""
    return bool(ASKS.search(text)) or requests(text) or _interrogates(text.strip())


def _interrogates(text: str) -> bool:
    if not 4 <= len(text) <= _LONGEST_REQUEST or text[-1] in "。；：，、！,;:.!)）":
        return False
    return "。" not in text and bool(_INTERROGATIVES.search(text))


def requests(text: str) -> bool:
    """Whether a text is a short request: one sentence that begins like one."""
    text = text.strip()
    body = text.rstrip("。.")
    return len(text) <= _LONGEST_REQUEST and bool(REQUESTS.search(text)) and "。" not in body


def number_of(mark: re.Match[str]) -> str | None:
    """The number in a mark, full-width digits made plain."""
    number = mark.groupdict().get("number")
    return unicodedata.normalize("NFKC", number) if number else None


def value_of(number: str) -> tuple[int, int]:
    """A number as it counts: before and behind the point (0 where there is none)."""
    if number[0].isdecimal():
        whole, _, part = number.partition(".")
        return int(whole), int(part or 0)
    digits = {"〇": 0, "零": 0} | {c: i for i, c in enumerate("一二三四五六七八九", start=1)}
    tens, ten, ones = number.rpartition("十")
    if not ten:
        return digits.get(number, 0), 0
    return digits.get(tens, 1) * 10 + digits.get(ones, 0), 0


def follows(earlier: tuple[int, int], later: tuple[int, int]) -> bool:
    """Whether one number is next after another: 2 after 1, 2.1 after 1.3 or 2, 2.2 after 2.1."""
    if later[0] == earlier[0] + 1:
        return later[1] in (0, 1)
    return later[0] == earlier[0] and later[1] == earlier[1] + 1
