"""Filings of made-up companies from a seed, any number of them, in the wording of the collection.

The training part's questions and answers are taken apart into sentences whose nouns and numbers
are slots. A generated pair follows one of them in length and topic; its nouns come from the
company's own vocabulary, its numbers by chance, and some of its sentences from other pairs.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from eval.collection.content import read_all
from index.normalize import SHIPPED_MODEL, read_tokenizer
from index.records import Filing, Pair, ParsedFiling, Span

COLLECTION = Path(__file__).parent.parent.parent / "collection" / "filings"
# Pairs of a filing, of a company; and companies of the whole market.
_PAIRS, _OF_COMPANY, _MARKET = (3, 17), 180, 5500
_FIRST_DAY, _DAYS = date(2016, 1, 4), 3600
_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_PLACES = ("北京", "上海", "深圳", "广东", "浙江", "江苏", "山东", "湖南", "四川", "安徽", "福建")
_TRADES = ("科技", "医药", "电子", "材料", "能源", "食品", "环保", "智能", "生物", "机械", "软件")
_SYLLABLES = "华兴安泰瑞康德信宏远达盛嘉隆天海龙金元恒鑫锐博汇中联科正宇星辰凯越明诚润丰"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a generated pair, with its company and the day of its filing."""

    question: str
    company: str
    code: str
    day: str


# A sentence: literal text, and slots for a noun ("") or for a number (its digits).
_Template = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class _Wording:
    """Templates of questions with those of their answers, all sentences, and nouns to fill in."""

    pairs: tuple[tuple[tuple[_Template, ...], tuple[_Template, ...]], ...]
    sentences: tuple[_Template, ...]
    nouns: tuple[str, ...]


class Market:
    """Companies and their filings, the same for the same number of pairs and seed."""

    def __init__(self, pairs: int, seed: int = 20240912) -> None:
        self.pairs, self._seed = pairs, seed
        self._wording = _wording()
        count = max(5, min(_MARKET, pairs // _OF_COMPANY))
        self._companies = [self._company(number) for number in range(count)]

    def filings(self) -> Iterator[tuple[ParsedFiling, bytes]]:
        """Each filing as a reader would give it, and the file's content."""
        rng = random.Random(self._seed)
        left, number = self.pairs, 0
        while left > 0:
            count = min(left, rng.randint(*_PAIRS))
            yield self._filing(number, count)
            left -= count
            number += 1

    def _company(self, number: int) -> tuple[str, str, str, tuple[str, ...]]:
        rng = random.Random(f"{self._seed}/company/{number}")
        core = "".join(rng.sample(_SYLLABLES, 3))
        trade = rng.choice(_TRADES)
        name = f"{rng.choice(_PLACES)}{core}{trade}股份有限公司"
        nouns = tuple(rng.sample(self._wording.nouns, 80))
        return name, f"{core}{trade}", f"{300000 + number:06}", nouns

    def _filing(self, number: int, count: int) -> tuple[ParsedFiling, bytes]:
        rng = random.Random(f"{self._seed}/filing/{number}")
        name, short, code, nouns = rng.choice(self._companies)
        held = _FIRST_DAY + timedelta(days=rng.randrange(_DAYS))
        filed = held + timedelta(days=rng.randint(0, 3))
        text = f"{name}\n投资者关系活动记录表\n证券代码：{code}\n活动时间：{held}\n编号：{number}\n"
        pairs = []
        for place in range(1, count + 1):
            question, answer = self._pair(rng, nouns)
            start = len(text)
            asked = start + len(f"问题{place}：")
            answered = asked + len(question) + len("\n回答：")
            text += f"问题{place}：{question}\n回答：{answer}\n"
            spans = Span(asked, asked + len(question)), Span(answered, answered + len(answer))
            pairs.append(
                Pair(str(place), question, answer, start, spans[1].end, (spans[0],), (spans[1],))
            )
        content = text.encode()
        filing = Filing(
            path=f"/filings/{code}/{number:07}.txt",
            sha256=hashlib.sha256(content).hexdigest(),
            format="text",
            title="投资者关系活动记录表",
            company=name,
            code=code,
            exchange="SZSE",
            activity_types=(rng.choice(("特定对象调研", "业绩说明会", "路演活动")),),
            activity_date=held.isoformat(),
            filed_date=filed.isoformat(),
            short_name=short,
        )
        return ParsedFiling(filing, tuple(pairs), text), content

    def _pair(self, rng: random.Random, nouns: Sequence[str]) -> tuple[str, str]:
        question, answer = rng.choice(self._wording.pairs)
        if rng.random() < 0.7:
            answer = answer + rng.choice(self._wording.pairs)[1]
        chosen = [s if rng.random() < 0.7 else rng.choice(self._wording.sentences) for s in answer]
        kept = [s for s in chosen if rng.random() < 0.9] or chosen[:1]
        asked = "".join(_filled(t, rng, nouns) for t in question)
        return asked, "".join(_filled(t, rng, nouns) for t in kept)

    def questions(self, count: int, seed: int = 7) -> list[Asked]:
        """Questions about pairs drawn from all filings, shortened; half name the company."""
        rng = random.Random(f"{self._seed}/questions/{seed}")
        # There are more filings than this, all but the last with as many pairs as are drawn.
        filings = max(1, self.pairs // _PAIRS[1])
        return [self._question(rng, rng.randrange(filings)) for _ in range(count)]

    def _question(self, rng: random.Random, number: int) -> Asked:
        parsed, _ = self._filing(number, min(self.pairs, _PAIRS[0]))
        filing, pair = parsed.filing, rng.choice(parsed.pairs)
        sentences = _SENTENCE.findall(pair.question)
        asked = rng.choice(sentences) if rng.random() < 0.5 else pair.question
        subject = filing.short_name if rng.random() < 0.5 else ""
        day = filing.activity_date or ""
        return Asked(f"{subject}{asked}", filing.company, filing.code or "", day)


def _filled(template: _Template, rng: random.Random, nouns: Sequence[str]) -> str:
    out = []
    for text, slot in template:
        out.append(text)
        if slot is None:
            continue
        if slot[:1].isdigit():
            out.append(_number_like(slot, rng))
        else:
            out.append(rng.choice(nouns) if rng.random() < 0.5 else slot)
    return "".join(out)


def _number_like(number: str, rng: random.Random) -> str:
    """A number with as many digits and the same points and commas; years stay years."""
    if re.fullmatch(r"20[12]\d", number):
        return str(rng.randint(2015, 2026))
    digits = [str(rng.randint(1 if i == 0 else 0, 9)) for i in range(len(number))]
    return "".join(d if old.isdigit() else old for d, old in zip(digits, number, strict=True))


@cache
def _wording() -> _Wording:
    contents = [content for content in read_all(COLLECTION) if content.split == "train"]
    vocabulary = sorted(read_tokenizer(SHIPPED_MODEL).get_vocab().items(), key=lambda e: e[1])
    han = [word for word, _ in vocabulary if re.fullmatch(r"[\u4e00-\u9fff]{2,4}", word)]
    nouns = frozenset(han[1500:])
    pairs = [
        (_templates(asked.question, nouns), _templates("".join(asked.answer), nouns))
        for content in contents
        for asked in content.pairs
    ]
    sentences = tuple(sentence for _, answer in pairs for sentence in answer)
    return _Wording(tuple(p for p in pairs if all(p)), sentences, tuple(han[3000:40000]))


def _templates(text: str, nouns: frozenset[str]) -> tuple[_Template, ...]:
    return tuple(_template(sentence, nouns) for sentence in _SENTENCE.findall(text))


def _template(sentence: str, nouns: frozenset[str]) -> _Template:
    from rjieba import cut

    parts: list[tuple[str, str | None]] = []
    literal = ""
    for piece in re.split(f"({_NUMBER.pattern})", sentence):
        for word in [piece] if _NUMBER.fullmatch(piece) else cut(piece):
            if word in nouns or _NUMBER.fullmatch(word):
                parts.append((literal, word))
                literal = ""
            else:
                literal += word
    return (*parts, (literal, None))
