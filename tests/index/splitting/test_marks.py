"""Every rule of the grammar of marks reads its own example."""

from __future__ import annotations

import pytest

from index.splitting.marks import (
    ANSWER_RULES,
    INLINE_ANSWER,
    LOOSE_ANSWER,
    QUESTION_RULES,
    AnswerRule,
    QuestionRule,
    answer_mark,
    asks,
    follows,
    named_speaker,
    number_of,
    requests,
    value_of,
)


@pytest.mark.parametrize("rule", QUESTION_RULES, ids=lambda rule: rule.name)
def test_a_question_rule_reads_its_example(rule: QuestionRule) -> None:
    match = rule.pattern.match(rule.example)
    assert match
    assert rule.example[match.end() :].rstrip("？") == "产能如何"


@pytest.mark.parametrize("rule", ANSWER_RULES, ids=lambda rule: rule.example)
def test_an_answer_rule_reads_its_example(rule: AnswerRule) -> None:
    match = rule.pattern.match(rule.example)
    assert match
    # A mark may stand alone on its line.
    assert rule.example[match.end() :] in ("产能充足", "")
    assert answer_mark(rule.example) == match.end()


@pytest.mark.parametrize(
    ("line", "rule", "number", "rest"),
    [
        ("问题 1、产能如何", "word-number", "1", "产能如何"),
        ("问题一：产能如何", "word-number", "一", "产能如何"),
        ("投资者提问3：产能如何", "word-number", "3", "产能如何"),
        ("Q12: 产能如何", "q-number", "12", "产能如何"),
        ("q1、产能如何", "q-number", "1", "产能如何"),
        ("问：产能如何", "word", None, "产能如何"),
        ("追问：产能如何", "word", None, "产能如何"),
        ("【提问】产能如何", "bracketed-word", None, "产能如何"),
        ("3.1、产能如何", "number", "3.1", "产能如何"),
        ("8.9月份有解禁吗", "number", "8", "9月份有解禁吗"),
        ("2．1.6T产品送样了吗", "number", "2", "1.6T产品送样了吗"),
        ("３．产能如何", "number", "3", "产能如何"),
        ("（十二）产能如何", "bracketed", "十二", "产能如何"),
        ("二十一、产能如何", "han", "二十一", "产能如何"),
    ],
)
def test_marks_as_filed(line: str, rule: str, number: str | None, rest: str) -> None:
    pattern = next(r.pattern for r in QUESTION_RULES if r.name == rule)
    match = pattern.match(line)
    assert match
    assert number_of(match) == number
    assert line[match.end() :] == rest


@pytest.mark.parametrize("line", ["17.2%，同比下降", "2.5亿元的订单", "3.5 倍", "1.5个百分点"])
def test_a_wrapped_figure_is_no_number(line: str) -> None:
    pattern = next(r.pattern for r in QUESTION_RULES if r.name == "number")
    assert not pattern.match(line)


@pytest.mark.parametrize(
    "text",
    [
        "产能如何？",
        "产能如何?）",
        "产能利用率有多少",
        "欧洲经销商的库存恢复正常了吗",
        "请介绍公司的产能。",
        "今年一季度还亏了，请说明原因。",
        "打算自建还是找人合作",
    ],
)
def test_what_asks(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "公司产能充足。",
        "主要原因如下：",
        "敬请投资者注意风险。",
        "公司不清楚他们如何考虑。",
        "二、活动情况",
    ],
)
def test_what_does_not_ask(text: str) -> None:
    assert not asks(text)


def test_a_request_is_one_sentence() -> None:
    assert requests("请谈谈公司的战略")
    assert not requests("请放心。公司经营正常。")
    assert not requests("请" + "介绍" * 100)


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        ("产能如何？答：充足", "产能如何？", "充足"),
        ("产能如何？【答】充足", "产能如何？", "充足"),
        ("产能A3：充足", "产能", "充足"),
        ("产能如何？公司回复：充足", "产能如何？", "充足"),
        ("产能如何？回\n答：充足", "产能如何？", "充足"),
    ],
)
def test_an_answer_behind_its_question(line: str, before: str, after: str) -> None:
    match = INLINE_ANSWER.search(line)
    assert match
    assert (line[: match.start()], line[match.end() :]) == (before, after)


def test_a_product_is_no_answer_mark() -> None:
    assert not INLINE_ANSWER.search("产品A：充足")
    assert not INLINE_ANSWER.search("ETFA：充足")


def test_an_answer_mark_without_a_question_mark_before_it() -> None:
    match = LOOSE_ANSWER.search("恢复正常了吗公司回复：充足")
    assert match
    assert match.group() == "公司回复："


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("师健伟：您好", "师健伟"),
        ("董事会秘书 师健伟先生：您好", "师健伟"),
        ("Dr. Kenji Mori：您好", "Dr. Kenji Mori"),
        ("多少答复：您好", None),
        ("其中：", None),
    ],
)
def test_names_before_a_colon(line: str, name: str | None) -> None:
    assert named_speaker(line) == name


def test_a_known_name_marks_an_answer() -> None:
    assert answer_mark("师健伟：您好", frozenset({"师健伟"})) == 4
    assert answer_mark("师健伟：您好") == 0


def test_numbers_that_follow() -> None:
    assert [value_of(n) for n in ("3", "3.2", "一", "十", "二十一")] == [
        (3, 0), (3, 2), (1, 0), (10, 0), (21, 0),
    ]  # fmt: skip
    assert follows((1, 0), (2, 0))
    assert follows((2, 0), (2, 1))
    assert follows((2, 1), (2, 2))
    assert follows((2, 3), (3, 1))
    assert not follows((1, 0), (3, 0))
    assert not follows((2, 0), (1, 0))
