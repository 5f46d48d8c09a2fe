"""Companies are known by code, name, or what is distinctive in the name."""

from __future__ import annotations

import pytest

from assistant.understanding.companies import Company, CompanyMatcher
from assistant.understanding.names import beginnings, full_names

DAWN = Company("北京曙海科技股份有限公司", "309001")
DAWN_FOOD = Company("山东曙海食品集团股份有限公司", "609002")
PINE = Company("黑龙江省松垚重工机械股份有限公司", "929003")
MATCHER = CompanyMatcher([DAWN, DAWN_FOOD, PINE])


def test_what_is_known_is_taken_over() -> None:
    one = CompanyMatcher([DAWN])
    both = one.knowing([DAWN, DAWN_FOOD])
    assert both.companies == (DAWN, DAWN_FOOD)
    assert both.knowing([DAWN, DAWN_FOOD]) is both
    assert one.match("曙海食品的毛利率").companies != both.match("曙海食品的毛利率").companies
    assert one.companies == (DAWN,)


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
    name = "北京曙海科技股份有限公司"
    assert full_names(name, "*ST曙海") == (name, "北京曙海科技", "*st曙海", "曙海", "曙海科技")
    assert beginnings(name) == ("曙海",)
    assert full_names("") == beginnings("") == ()


HELD = CompanyMatcher(
    [
        Company("江南星河精密股份有限公司", "301999", "星河精密"),
        Company("深圳星河科技股份有限公司", "688988", "星河科技"),
        Company("新启明能源股份有限公司", "600998", "新启明", ("启明电气股份有限公司", "启明电气")),
        Company("蘇江機械股份有限公司", "301997", "蘇江機械"),
        Company("山东朗泽机器人股份有限公司", "301996", "机器人"),
    ]
)


@pytest.mark.parametrize(
    ("question", "shorts"),
    [
        ("301999.SZ 2024年毛利率", ["星河精密"]),
        ("sz.301999毛利率", ["星河精密"]),
        ("SH688988的毛利率", ["星河科技"]),
        ("688988 产能", ["星河科技"]),
        ("６８８９８８的产能", ["星河科技"]),
        ("苏江机械分红吗", ["蘇江機械"]),
        ("蘇江機械分紅嗎", ["蘇江機械"]),
        ("启明电气的储能", ["新启明"]),
        ("请问星河精密股份有限公司的产能", ["星河精密"]),
        ("江南星河精密股份有限公司产能", ["星河精密"]),
        ("公司产能多大？（星河精密）", ["星河精密"]),
        ("王总您好！星河精密：公司的产能", ["星河精密"]),
        ("星河精密有没有给星河科技供货", ["星河精密"]),
        ("星河精密和星河科技的毛利率", ["星河精密", "星河科技"]),
        ("星河精密与星河科技的合作", ["星河精密"]),
        ("机器人2024年的订单", ["机器人"]),
        ("机器人业务的订单", []),
        ("公司的机器人订单", []),
        ("公司给星河科技供货吗", []),
        ("关税对星河科技的订单有没有影响", ["星河科技"]),
        ("涨价对新启明影响大吗", ["新启明"]),
        ("公司2024年688988万元的订单", []),
        ("毛利率是多少", []),
    ],
)
def test_who_is_asked_about(question: str, shorts: list[str]) -> None:
    assert [company.short for company in HELD.match(question).companies] == shorts


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("星河精蜜的毛利率", "星河精密"),
        ("星合精密2024年毛利率", "星河精密"),
        ("请问星河静密的毛利率", "星河精密"),
        ("星海精密的毛利率", None),  # sounds otherwise: another company
        ("星河精工的毛利率", None),
        ("星河数科的毛利率", None),
    ],
)
def test_a_name_mistyped_by_its_sound(question: str, short: str | None) -> None:
    mention = HELD.match(question)
    if short is None:
        # Whoever goes by that name, if filings don't speak of it, isn't here.
        assert mention.perhaps
    else:
        assert [company.short for company in mention.companies] == [short]


@pytest.mark.parametrize(
    ("question", "absent", "perhaps"),
    [
        ("贵州茅台2024年的毛利率", ("贵州茅台",), ""),
        ("600519的毛利率", ("600519",), ""),
        ("SZ301888的毛利率", ("301888",), ""),
        ("光明乳业，请问公司的奶源", ("光明乳业",), ""),
        ("公司的奶源在哪里？（光明乳业）", ("光明乳业",), ""),
        ("茅台的分红", ("茅台",), ""),
        ("华为是否有海外建厂计划？", (), "华为"),
        ("辰曜光电2024年毛利率", (), "辰曜光电"),
        ("星河数科的毛利率", (), "星河数科"),
        ("杭州辰曜光电有限公司的毛利率", (), "杭州辰曜光电有限公司"),
        ("消费电子的毛利率", (), ""),
        ("海外收入2024年占比", (), ""),
        ("产品价格2024年的走势", (), ""),
        ("公司给比亚迪供货吗", (), ""),
        ("2024年10月的订单", (), ""),
    ],
)
def test_who_is_asked_about_and_not_held(
    question: str, absent: tuple[str, ...], perhaps: str
) -> None:
    mention = HELD.match(question)
    assert (mention.absent, mention.perhaps) == (absent, perhaps)
    assert not mention.companies or mention.perhaps


@pytest.mark.parametrize(
    ("question", "parties"),
    [
        ("公司给比亚迪供货吗", ("比亚迪",)),
        ("比亚迪是公司的客户吗", ("比亚迪",)),
        ("星河精密进入特斯拉供应链了吗", ("特斯拉",)),
        ("公司与星河科技有没有合作", ("星河科技",)),
        ("公司提高通道数量了吗", ()),  # holds 高通
    ],
)
def test_who_is_named_beside(question: str, parties: tuple[str, ...]) -> None:
    assert HELD.match(question).parties == parties


def test_names_and_codes_of_one_company_are_one() -> None:
    old, new = (
        Company("启明电气股份有限公司", "600998"),
        Company("新启明能源股份有限公司", "600998"),
    )
    bare = Company("新启明能源股份有限公司", None)
    matcher = CompanyMatcher([old, bare, new])
    (company,) = matcher.companies
    assert company.name == new.name
    assert set(company.keys) == {(c.name, c.code) for c in (old, bare, new)}
    assert matcher.match("启明电气的毛利率").companies == (company,)


def test_a_common_beginning_names_nobody_in_a_large_store() -> None:
    many = [
        Company(f"天润{a}{b}股份有限公司", None) for a in "甲乙丙丁戊己庚" for b in "子丑寅卯辰巳"
    ]
    matcher = CompanyMatcher([*many, Company("曙海医疗股份有限公司", "309001")])
    assert len(matcher.companies) > 40
    assert matcher.match("伊利、天润都增长了吗").companies == ()
    assert matcher.match("设备是曙海那种吗").companies == ()
    assert [c.code for c in matcher.match("曙海的设备").companies] == ["309001"]
