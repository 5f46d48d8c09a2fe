"""Companies are known by code, name, or what is distinctive in the name."""

from __future__ import annotations

import pytest

from assistant.companies import Company, CompanyMatcher, distinctive

DAWN = Company("北京曙海科技股份有限公司", "309001")
DAWN_FOOD = Company("山东曙海食品集团股份有限公司", "609002")
PINE = Company("黑龙江省松垚重工机械股份有限公司", "929003")
MATCHER = CompanyMatcher([DAWN, DAWN_FOOD, PINE])


@pytest.mark.parametrize(
    ("question", "companies", "rest"),
    [
        ("曙海科技的毛利率", [DAWN], "的毛利率"),
        ("曙海食品分红吗", [DAWN_FOOD], "分红吗"),
        ("曙海有没有回购", [DAWN, DAWN_FOOD], "有没有回购"),
        ("309001 产能", [DAWN], "产能"),
        ("松垚重工最近订单怎样", [PINE], "最近订单怎样"),
        ("黑龙江省松垚重工机械股份有限公司的产能", [PINE], "的产能"),
        ("曙海科技和松垚谁的毛利率高", [DAWN, PINE], "和 谁的毛利率高"),
        ("北京的公司毛利率", [], "北京的公司毛利率"),
        ("1309001 元", [], "1309001 元"),
        ("曙海科技", [DAWN], "曙海科技"),
    ],
)
def test_match(question: str, companies: list[Company], rest: str) -> None:
    mention = MATCHER.match(question)
    assert sorted(c.name for c in mention.companies) == sorted(c.name for c in companies)
    assert mention.rest == rest


def test_distinctive() -> None:
    assert distinctive("北京曙海科技股份有限公司")[-1] == "曙海科技"
    assert distinctive("") == ()
