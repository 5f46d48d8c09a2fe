"""Where in a question a company's name may stand, and whether it is asked about or beside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from assistant.records import Company
from assistant.understanding.names import TRADES, reads_as_words

# ``own``: a held company's own name; ``start``: the beginning of one; ``listed``: that of a listed
# company that isn't held; ``other``: that of one that isn't listed.
Kind = Literal["own", "start", "listed", "other"]

_HAN = re.compile(r"[\u3400-\u9fff]")
# Politeness before a question.
POLITE = re.compile(
    r"(?:[\s,，.。:：;；!！?？、~\"'“”‘’《》【】()（）\[\]—-]"
    r"|尊敬的|敬爱的|亲爱的|各位|领导|董秘|老师|管理层|董事长|总经理|女士|先生|同志|投资者|朋友"
    r"|您好|你好|大家好|上午好|下午好|晚上好|早上好|请问一下|请问|想问一下|想问问|想问|问一下|问下"
    r"|想请教一下|请教一下|想请教|请教|我想了解一下|我想了解|想了解一下|想了解|我想知道|想知道|想咨询一下"
    r"|想咨询|咨询一下|咨询|麻烦问一下|麻烦|劳驾|能否介绍一下|请介绍一下|介绍一下|请介绍|介绍|请说明|请谈谈"
    r"|谈谈|请教下|查一下|查询一下|查询|帮我查一下|帮我查|帮我|关于|对于|有关|针对|就|那么|那|hi|hello"
    r"|[\u4e00-\u9fff]{1,3}(?:总|董|董秘|总监|董事长|总经理|叔叔|阿姨|先生|女士|行长)(?:您|你|新年)?(?:好|[,，:：]))*"
)
_BEFORE_A_NAME = re.compile(
    r"(?:^|[\s,，.。:：;；!！?？、\"'“”‘’《》【】()（）\[\]/]|的|关于|对于|请问|作为)$"
)
# After these a company stands beside who is asked.
_BESIDE = re.compile(
    r"(?:与|和|跟|同|及|向|给|对|为|被|从|比|替|除了|除|像|例如|比如|包括|类似|打入|进入|通过|供应|供货|供给"
    r"|配套|合作|客户|客户是|客户有|收购|入股|参股|持有|来自|中标|竞争对手|对手|对标|使用|采用|采购|购买|出售给|卖给)$"
)
_AFTER_BESIDE = re.compile(
    r"(?:供应链|产业链|概念|链|等(?:客户|公司|企业|厂商|品牌|大客户)|那样|一样|相比|手机|平台的?合作|(?:的|之间的?)?(?:合作|合资))"
)
_JOINS = re.compile(r"\s*(?:与|和|跟|及|、|还是|以及|vs|/|,|，)?\s*")
_TOGETHER = re.compile(r"(?:的|之间的?)?(?:合作|合资|关系|协议|签)")
_COMPARES = re.compile(r"谁|对比|比较|相比|哪家|哪个公司|分别|各自|差异|区别|孰|vs")
_ABOUT = ("对", "就", "请", "问")
_CLAUSE_END = re.compile(r"[,，。;；?？!！:：\s]")
# What tells of a customer, a supplier or a rival.
_RELATION = re.compile(
    r"客户|供应商|供货|供应|订单|合作|采购|产业链|竞争|对手|股东|关系|送样|认证|定点|导入|份额|中标|投资|收购"
    r"|使用|采用|替代|影响|业务往来"
)
_OWN_WORDS = re.compile(r"公司|贵司|我司|你们|你司|咱们|贵行|贵集团|贵所")
_TRADE = re.compile(f"(?:{TRADES})")
# What a company does to another one.
_ACTS = re.compile(
    r"(?:会|也|有|没有|是不是|正在|已经?)?(?:买|用|跟|和|与|采购|采用|使用|选|向|给|找|投|入股|收购|合作)"
)
_AS_A_WORD = re.compile(
    r"(?:业务|领域|行业|产业|产品|市场|技术|方面|板块|概念|项目|赛道|类|设备|应用|相关|系统|平台|组件|电池|销售|布局)"
)
_LEGAL_FORM = re.compile(
    r"(?:科技|集团|控股)?(?:股份)?(?:有限)?(?:责任)?公司|股份(?!回购|质押|减持|支付|解禁|转让)|集团"
)


# Where a name ends: something is asked of it.
ASKED = (
    r"(?=的|有没有|有无|是否|是不是|会不会|能否|何时|什么时候|为什么|为何|怎么|如何|多少|目前|现在|最近|最新"
    r"|近期|近年|近[一二三两]|今年|去年|前年|明年|本年|上年|未来|上半年|下半年|上个?季|本季|第[一二三四1-4]季"
    r"|[一二三四]季|半年|年报|年度|季报|(?:19|20)?\d\d\s*年|20\d\d|fy|[一二〇零]{2}[一二三四五六七八九〇零]{2}年"
    r"|呢|吗|[\s,，.。:：;；?？!！]|$)"
)
_IS_ASKED = re.compile(ASKED)


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a question: its place, what it is, and the held companies that it means."""

    start: int
    end: int
    name: str
    kind: Kind
    companies: tuple[Company, ...] = ()
    is_asked: bool = True


class Sentence:
    """A normalised question."""

    def __init__(self, text: str) -> None:
        self.text = text
        match = POLITE.match(text)
        self.begin = match.end() if match else 0

    @property
    def head(self) -> str:
        """The question without the politeness before it."""
        return self.text[self.begin :]

    @cached_property
    def _borders(self) -> frozenset[int]:
        """Places where a word begins or ends."""
        from rjieba import cut

        places, place = {0}, 0
        for word in cut(self.text):
            place += len(word)
            places.add(place)
        return frozenset(places)

    def admits(self, one: Found, *, anywhere: bool = False) -> bool:
        """Whether a name may be meant here. ``anywhere``: so wherever it doesn't cut words."""
        after = self.text[one.end :]
        if not _HAN.match(one.name):
            return not (self._touches_latin(one.start - 1) or self._touches_latin(one.end))
        opens = one.start == self.begin or bool(_BEFORE_A_NAME.search(self.text[: one.start]))
        beside = bool(_BESIDE.search(self.text[: one.start]))
        if one.kind == "other" and not (beside or _IS_ASKED.match(after) or _ACTS.match(after)):
            return False  # 华为昇腾 is no company
        if reads_as_words(one.name):
            opens = opens and not self.text[: one.start].endswith("的")
            return (opens or beside) and not _AS_A_WORD.match(after)
        if one.kind == "own" and len(one.name) > 2:
            return True
        if one.kind == "start" and _TRADE.match(after) and not anywhere:
            return False  # another company's name begins so
        if opens or beside:
            return one.kind != "start" or anywhere or one.start == self.begin
        if one.kind == "start":
            return anywhere
        return len(one.name) > 3 or {one.start, one.end} <= self._borders

    def goes_on(self, one: Found) -> bool:
        """Whether a trade follows, as in a longer name."""
        return bool(_TRADE.match(self.text, one.end))

    def _touches_latin(self, place: int) -> bool:
        return (
            0 <= place < len(self.text)
            and self.text[place].isascii()
            and (self.text[place].isalnum())
        )

    def with_roles(self, found: Sequence[Found], *, about: bool) -> list[Found]:
        """The same, each asked about or beside. ``about``: who is asked is known without them."""
        if any(one.kind == "own" for one in found):
            # Where a whole name stands, what merely begins like another is none, unless joined.
            found = [
                one
                for place, one in enumerate(found)
                if one.kind != "start" or (place and self._joins(found[place - 1], one))
            ]
        spans = [self._extended(one) for one in found]
        beside: list[bool] = []
        for place, one in enumerate(spans):
            beside.append(self._is_beside(one, spans[:place], beside))
        called = {place for place, one in enumerate(spans) if self._is_called(one)}
        if called and not _COMPARES.search(self.text):
            # Who is called upon is asked, and others only where they are joined to them.
            beside = [
                b or p not in called | self._joined(spans, called) for p, b in enumerate(beside)
            ]
        held = any(one.companies and not b for one, b in zip(spans, beside, strict=True))
        if (
            not held
            and not about
            and any(one.companies for one in spans)
            and not spans[0].companies
            and spans[0].start == self.begin
            and _ACTS.match(self.text, spans[0].end)
        ):
            # 小米汽车用海康的雷达吗 asks whose pairs there are.
            beside = [not one.companies for one in spans]
            held = True
        known = about or held or (not called and self._speaks_of_itself(spans))
        asked = [
            not is_beside and (bool(one.companies) or not known)
            for one, is_beside in zip(spans, beside, strict=True)
        ]
        if not any(asked) and not about and not self._speaks_of_itself(spans):
            # 关税对甲的订单有没有影响: who is named beside nobody is asked.
            asked = [bool(one.companies) for one in spans]
        return [replace(one, is_asked=a) for one, a in zip(spans, asked, strict=True)]

    def _joined(self, spans: Sequence[Found], called: set[int]) -> set[int]:
        """Places of what is joined to one that is called: 甲、乙和丙的毛利率."""
        joined: set[int] = set()
        for place in range(1, len(spans)):
            if place - 1 in called | joined and self._joins(spans[place - 1], spans[place]):
                joined.add(place)
        return joined

    def _joins(self, one: Found, other: Found) -> bool:
        return bool(_JOINS.fullmatch(self.text, one.end, other.start))

    def _is_called(self, one: Found) -> bool:
        """Whether a name stands where one is addressed: at the beginning, or in brackets at the
        end; but not where it is told of as somebody's customer or rival."""
        if self.text[: one.start].endswith("(") and self.text[one.end :].strip(" ?!。") == ")":
            return True
        if one.start != self.begin:
            return False
        clause = _CLAUSE_END.split(self.text[one.end :], maxsplit=1)[0]
        return bool(one.companies) or not (_OWN_WORDS.search(clause) and _RELATION.search(clause))

    def _extended(self, one: Found) -> Found:
        """With the legal form behind it."""
        match = _LEGAL_FORM.match(self.text, one.end) if _HAN.match(one.name) else None
        return replace(one, end=match.end()) if match else one

    def _is_beside(self, one: Found, before: Sequence[Found], beside: Sequence[bool]) -> bool:
        text = self.text
        if before and self._joins(before[-1], one):
            # 甲和乙的毛利率 asks about both, 甲和乙的合作 about the first.
            return beside[-1] or bool(_TOGETHER.match(text, one.end))
        said = text[self.begin : one.start]
        if not said:
            return bool(re.match(r"(?:供应链|产业链|概念股?)", text[one.end :]))
        if said not in _ABOUT and _BESIDE.search(said):
            return True
        return bool(_AFTER_BESIDE.match(text[one.end :])) and bool(_HAN.search(said))

    def _speaks_of_itself(self, spans: Sequence[Found]) -> bool:
        inside = [(one.start, one.end) for one in spans]
        return any(
            not any(start <= match.start() < end for start, end in inside)
            for match in _OWN_WORDS.finditer(self.text)
        )

    def without(self, found: Iterable[Found]) -> str:
        """The text without these names."""
        text = self.text
        for one in sorted(found, key=lambda one: -one.start):
            text = f"{text[: one.start]} {text[one.end :]}"
        return text.strip()
