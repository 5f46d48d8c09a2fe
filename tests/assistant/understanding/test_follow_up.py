"""A follow-up takes from the question before what it leaves out, and nothing else."""

from __future__ import annotations

import pytest

from assistant.understanding.companies import Company, CompanyMatcher
from assistant.understanding.follow_up import understood

MATCHER = CompanyMatcher(
    [
        Company("江南砺晶精密股份有限公司", "301999", "砺晶精密"),
        Company("深圳晟野科技股份有限公司", "688988", "晟野科技"),
    ]
)
BEFORE = "砺晶2024年的毛利率是多少？"


@pytest.mark.parametrize(
    ("question", "codes", "rest", "before"),
    [
        ("晟野呢", ["688988"], "2024年的毛利率是多少?", ""),
        ("那晟野呢？", ["688988"], "2024年的毛利率是多少?", ""),
        ("688988呢", ["688988"], "2024年的毛利率是多少?", ""),
        ("2023年呢", ["301999"], "2023年 的毛利率是多少?", ""),
        ("那前年呢？", ["301999"], "前年 的毛利率是多少?", ""),
        ("晟野2023年呢", ["688988"], "2023年 的毛利率是多少?", ""),
        ("为什么下降", ["301999"], "为什么下降", "2024年的毛利率是多少?"),
        ("原因是什么？", ["301999"], "原因是什么?", "2024年的毛利率是多少?"),
        ("那产能呢？", ["301999"], "产能", "2024年的毛利率是多少?"),
        ("其中海外占多少", ["301999"], "海外占多少", "2024年的毛利率是多少?"),
        ("分红方案是怎样的？", ["301999"], "分红方案是怎样的?", ""),
        ("晟野的分红方案", ["688988"], "的分红方案", ""),
    ],
)
def test_what_is_understood(question: str, codes: list[str], rest: str, before: str) -> None:
    found = understood(question, BEFORE, MATCHER)
    assert [company.code for company in found.mention.companies] == codes
    assert "".join(found.mention.rest.split()) == "".join(rest.split())
    assert found.before.strip() == before


def test_a_company_that_is_not_held_takes_the_others_place() -> None:
    mention = understood("贵州茅台呢", BEFORE, MATCHER).mention
    assert (mention.companies, mention.absent) == ((), ("贵州茅台",))


def test_beside_who_is_asked_others_are_parties() -> None:
    mention = understood("给比亚迪供货吗", BEFORE, MATCHER).mention
    assert [company.code for company in mention.companies] == ["301999"]
    assert mention.parties == ("比亚迪",)


def test_what_asks_nothing_by_itself_is_told() -> None:
    assert not understood("为什么下降", BEFORE, MATCHER).has_topic
    assert understood("那产能呢？", BEFORE, MATCHER).has_topic
    assert not understood("产能是多少", None, MATCHER).follows
