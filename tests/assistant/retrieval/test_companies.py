"""Companies are known by code, name, or what is distinctive in the name."""

from __future__ import annotations

import pytest

from assistant.retrieval.companies import Company, CompanyMatcher, names_of

DAWN = Company("北京曙海科技股份有限公司", "309001")
DAWN_FOOD = Company("山东曙海食品集团股份有限公司", "609002")
PINE = Company("黑龙江省松垚重工机械股份有限公司", "929003")
MATCHER = CompanyMatcher([DAWN, DAWN_FOOD, PINE])


def test_what_is_known_is_taken_over() -> None:
    one = CompanyMatcher([DAWN])
    both = one.knowing([DAWN, DAWN_FOOD])
    every = both.knowing([DAWN, DAWN_FOOD, PINE])
    assert both.companies == (DAWN, DAWN_FOOD)
    assert every._known == MATCHER._known
    assert every.knowing([DAWN, DAWN_FOOD, PINE]) is every
    assert one.companies == (DAWN,)
    assert all(found == (DAWN,) for found in one._known.values()), "it is left as it was"
    assert every.knowing([PINE, DAWN])._known == CompanyMatcher([PINE, DAWN])._known


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


def test_a_place_is_no_name_where_the_short_name_is_the_distinctive_part() -> None:
    yuhe = Company("山东昱禾制药股份有限公司", "309003", "昱禾制药")
    matcher = CompanyMatcher([yuhe])
    assert matcher.match("河南和山东卖得怎么样").companies == ()
    assert matcher.match("昱禾账上的现金").companies == (yuhe,)


def test_an_ordinary_word_is_no_name() -> None:
    light = Company("上海光明乳业股份有限公司", "609004", "光明乳业")
    bot = Company("沈阳新松机器人自动化股份有限公司", "309005", "机器人")
    matcher = CompanyMatcher([light, bot])
    assert matcher.match("行业前景光明吗").companies == ()
    assert matcher.match("光明乳业的奶源").companies == (light,)
    assert matcher.match("机器人的订单").companies == (bot,)


def test_names() -> None:
    assert names_of("北京曙海科技股份有限公司") == (
        *("北京曙海科技股份有限公司", "北京曙海科技"),
        *("曙海", "曙海科", "曙海科技"),
    )
    assert names_of("") == ()
