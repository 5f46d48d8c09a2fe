"""The exchanges' form on a page: labels in a narrow column beside the questions, lines that are
wrapped at the column's edge."""

from __future__ import annotations

import pytest

from index.records import Pair
from tests.index.splitting.test_furniture import Put, pairs

# The questions' column: where it begins, and how many letters a full line has.
LEFT, LETTERS, LABEL = 160.0, 36, 75.0


def wrapped(*paragraphs: str) -> list[str]:
    """Lines of paragraphs, wrapped at the column's edge."""
    return [p[at : at + LETTERS] for p in paragraphs for at in range(0, len(p), LETTERS)]


def column(lines: list[str], first: float = 12) -> list[Put]:
    return [(said, LEFT, 80 + 18 * (first + i), 10.5) for i, said in enumerate(lines)]


def bare(found: list[Pair]) -> list[tuple[str, str, str]]:
    return [(p.number, "".join(p.question.split()), "".join(p.answer.split())) for p in found]


HEAD: list[Put] = [
    ("某某股份有限公司", 250, 80, 10.5),
    ("投资者关系活动记录表", 250, 98, 10.5),
    ("时间 2025年5月12日", LABEL, 116, 10.5),
]
LONG = "公司持续加大研发投入，产品结构不断优化，海外客户的订单稳步增长，产能利用率处于较高的水平"
ANSWER = f"{LONG}。{LONG}，感谢关注。"


@pytest.mark.parametrize(
    "question",
    [
        "请问公司产能如何？",
        "公司对全年的展望是否有变化，海外新工厂投产之后的产能利用率会到一个什么水平，请管理层介绍",
        "看到公司三季度的毛利率有所提升，想问一下原因是什么，未来的趋势怎么看，是否能够维持在目前的水平上，谢谢",
        "请介绍订单的情况，",
        "公司的订单情况和产能情况怎么样的",
        "公司今年是否有并购的计划？有没有看好的方向？目前的进展到了哪一个阶段，是否可以介绍一下具体的情况？谢谢！",
        "您好，请问公司的订单、价格和产能的情况，以及这三项对全年业绩的影响分别是多少，望董秘告知，感谢",
    ],
    ids=range(7),
)
@pytest.mark.parametrize(("mark", "greeting"), [("", ""), ("", "您好，"), ("答：", "")])
def test_a_question_ends_where_its_paragraph_does(question: str, mark: str, greeting: str) -> None:
    body = wrapped(
        f"1、{question}",
        f"{mark}{greeting}{ANSWER}",
        "2、公司会分红吗？",
        f"{mark}{greeting}{ANSWER}",
        f"3、{question}",
        f"{mark}{greeting}{ANSWER}",
    )
    assert bare(pairs([*HEAD, *column(body)])) == [
        ("1", question, greeting + ANSWER),
        ("2", "公司会分红吗？", greeting + ANSWER),
        ("3", question, greeting + ANSWER),
    ]


@pytest.mark.parametrize(
    "halves",
    [
        ("投资者关系活动", "主要内容介绍"),
        ("投资者关系活", "动主要内容介"),
        ("活动主要内容", "介绍"),
    ],
)
def test_a_labels_halves_before_question_and_answer(halves: tuple[str, str]) -> None:
    body = column(
        wrapped("1、公司产能如何？", f"答：{ANSWER}", "2、公司会分红吗？", f"答：{ANSWER}")
    )
    first, second = body[0], body[1]
    labelled = [
        (f"{halves[0]} {first[0]}", LABEL, first[2], 10.5),
        (f"{halves[1]} {second[0]}", LABEL, second[2], 10.5),
        *body[2:],
    ]
    assert bare(pairs([*HEAD, *labelled])) == [
        ("1", "公司产能如何？", ANSWER),
        ("2", "公司会分红吗？", ANSWER),
    ]


@pytest.mark.parametrize(
    "closing",
    [
        "公司高管结束语：感谢各位投资者的参与，公司将继续努力。",
        "三、会议结束。",
        "四、管理层总结",
        "交流过程中，公司参会人员严格遵守相关规定，没有出现未公开重大信息泄露的情况。",
        "接待过程中，公司与投资者进行了充分的交流与沟通，严格按照相关规定执行。",
        "业绩说明会全部内容可在全景网查阅。",
        "本次说明会的详细内容请登录“上证路演中心”查看。",
        "交流沟通过程中，严格按照有关制度规定执行，没有出现信息泄露的情况。",
        "以上为本次调研的主要内容。",
    ],
)
def test_closing_words_are_in_no_pair(closing: str) -> None:
    body = wrapped(
        "一、公司基本情况介绍",
        ANSWER,
        "二、投资者问答环节",
        "Q1：公司产能如何？",
        f"A1：{ANSWER}",
        "Q2：公司会分红吗？",
        f"A2：{ANSWER}",
        closing,
    )
    assert bare(pairs([*HEAD, *column(body)])) == [
        ("1", "公司产能如何？", ANSWER),
        ("2", "公司会分红吗？", ANSWER),
    ]


@pytest.mark.parametrize("items", [("1、订单情况；", "2、产能情况。"), ("一、订单；", "二、产能")])
def test_a_question_with_items_of_its_own(items: tuple[str, str]) -> None:
    question = ("想请教两个问题：", *items)
    body = wrapped("1、公司产能如何？", ANSWER, f"2、{question[0]}", *question[1:], ANSWER)
    assert bare(pairs([*HEAD, *column(body)]))[1] == ("2", "".join(question), ANSWER)


def test_a_number_without_its_stop_between_two_others() -> None:
    body = wrapped(
        "1、公司产能如何？", ANSWER, "2 请正面答复订单的情况", ANSWER, "3、公司会分红吗？", ANSWER
    )
    assert [number for number, *_ in bare(pairs([*HEAD, *column(body)]))] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "line", ["2 亿元的订单在手", "3 季度的情况更好", "37.28%，", "1.6T 的产品", "90,782,552.83 元"]
)
def test_a_line_that_begins_with_a_figure_is_no_question(line: str) -> None:
    said = f"{LONG[:LETTERS]}{line}，{LONG}。"
    body = wrapped("1、公司产能如何？", said, "2、公司会分红吗？", ANSWER)
    assert bare(pairs([*HEAD, *column(body)])) == [
        ("1", "公司产能如何？", said.replace(" ", "")),
        ("2", "公司会分红吗？", ANSWER),
    ]
