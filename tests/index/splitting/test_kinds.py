"""Kinds of faults that real filings show: each with several variants."""

from __future__ import annotations

import pytest

from index.reading.document import Document
from index.records import Pair
from index.splitting import SplitText, split
from index.splitting.spelling import compatible, plain

HEAD = "某某股份有限公司\n投资者关系活动记录表\n时间：2025年5月12日\n主要内容介绍：\n"


def parsed(body: str, head: str = HEAD) -> SplitText:
    return split(Document(head + body, "docx"))


def found(body: str) -> list[tuple[str, str, str]]:
    return [(p.number, p.question, p.answer) for p in parsed(body).pairs]


def answers(body: str) -> list[str]:
    return [pair.answer for pair in parsed(body).pairs]


ASKED = ("公司产能如何？", "公司分红吗？")
SAID = ("产能利用率处于高位。", "公司会分红的。")
MARKS = [
    ("（{n}）问：", "答："),
    ("({n}) 问：", "答："),
    ("{n}、问：", "答："),
    ("{n}. 提问：", "回复："),
    ("问题 {n}\n", "回复\n"),
    ("问题{n}：\n", "答："),
    ("Q{n}：", "A{n}："),
    ("Q {n}: ", "A: "),
    ("Q{n}、", "A；"),
    ("Q{n}：", "A;"),
    ("Ｑ{n}：", "Ａ{n}："),
    ("{n}：", "答："),
    ("Question {n}: ", "Answer: "),
    ("Q{n}. ", "Answer {n}: "),
    ("問題{n}：", "答覆："),
    ("第{n}个问题：", "回答："),
]


@pytest.mark.parametrize(("question", "answer"), MARKS)
def test_marks_are_no_part_of_what_they_mark(question: str, answer: str) -> None:
    body = "".join(
        f"{question.format(n=n)}{asked}\n{answer.format(n=n)}{said}\n"
        for n, (asked, said) in enumerate(zip(ASKED, SAID, strict=True), start=1)
    )
    assert found(body) == [("1", ASKED[0], SAID[0]), ("2", ASKED[1], SAID[1])]


@pytest.mark.parametrize("quarter", ["Q4 或者是明年上半年", "Q1、Q2 的毛利率", "Q3 和 Q4 的订单"])
def test_a_quarter_at_a_lines_beginning_is_no_mark(quarter: str) -> None:
    body = f"Q1：产能如何？\nA1：今年{SAID[0]}\n{quarter}会更好。\nQ2：分红吗？\nA2：分红。\n"
    assert [pair.number for pair in parsed(body).pairs] == ["1", "2"]
    assert quarter in answers(body)[0]


@pytest.mark.parametrize(
    "row",
    [
        "附件清单（如有）\n无",
        "附件清单（如\n有）\n无",
        "附 件 清 单\n（如有）",
        "附\n件\n清\n单\n无",
        "关于本次活\n动是否涉及\n应披露重大\n信息的说明\n否",
        "本次活动是否涉\n及应披露重大信\n息的说明\n否",
        "关于本次活 动是\n否涉及应披 露重\n大信息的说明",
        "日期\n2025年5月12日",
        "日 期 2025年5月12日",
        "无\n日期 2025 年 5 月 12 日",
        "附件清单 参会名单",
        "以上问题系根据现场交流整理。",
    ],
)
def test_the_forms_next_row_is_no_part_of_the_last_answer(row: str) -> None:
    assert (
        answers(f"1、产能如何？\n答：{SAID[0]}\n2、分红吗？\n答：{SAID[1]}\n{row}\n")[1] == SAID[1]
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("一、上午场", "二、下午场"),
        ("第一场：线上交流", "第二场：现场调研"),
        ("【5月13日上午】", "【5月13日下午】"),
        ("（一）电话会议", "（二）现场参观"),
        ("上午场次", "下午场次"),
    ],
)
def test_numbers_begin_anew_with_a_session(first: str, second: str) -> None:
    session = "1、产能如何？\n答：高位。\n2、分红吗？\n答：分红。\n"
    pairs = parsed(f"{first}\n{session}{second}\n{session}").pairs
    assert [pair.number for pair in pairs] == ["1", "2", "1", "2"]
    assert [pair.session for pair in pairs] == [first, first, second, second]
    assert [pair.answer for pair in pairs] == ["高位。", "分红。"] * 2


def test_items_of_an_answer_are_no_session() -> None:
    body = (
        "1、公司怎么看未来？\n答：主要看以下问题：\n1、需求如何；\n2、价格如何。\n"
        "2、分红吗？\n答：分红。\n"
    )
    assert [pair.session for pair in parsed(body).pairs] == [None, None]
    assert len(parsed(body).pairs) == 2


@pytest.mark.parametrize(
    "marks", [("Q{}：", "A{}："), ("问题{}：", "回答："), ("{}、", "答："), ("问：", "答：")]
)
def test_several_pairs_in_one_paragraph(marks: tuple[str, str]) -> None:
    asked, said = marks
    body = "".join(
        f"{asked.format(n)}业务{n}如何？{said.format(n)}业务{n}稳步增长。" for n in range(1, 4)
    )
    assert [pair[1:] for pair in found(f"{body}\n")] == [
        (f"业务{n}如何？", f"业务{n}稳步增长。") for n in range(1, 4)
    ]


@pytest.mark.parametrize("empty", [1, 2, 3])
@pytest.mark.parametrize("mark", ["答：", "A：", "回复："])
def test_a_question_without_an_answer_is_no_pair(empty: int, mark: str) -> None:
    body = "".join(
        f"{n}、业务{n}如何？\n{mark}{'' if n == empty else f'业务{n}稳步增长。'}\n"
        for n in range(1, 4)
    )
    result = parsed(body)
    kept = [n for n in range(1, 4) if n != empty]
    assert [(p.number, p.question, p.answer) for p in result.pairs] == [
        (str(n), f"业务{n}如何？", f"业务{n}稳步增长。") for n in kept
    ]
    assert f"question {empty} has no answer and is left out: 业务{empty}如何？" in result.warnings


def test_numbers_that_lack_are_told_and_cost_nothing() -> None:
    body = "".join(f"{n}、业务{n}如何？\n业务{n}稳步增长。\n" for n in (1, 2, 3, 5, 6))
    result = parsed(body)
    assert [pair.number for pair in result.pairs] == ["1", "2", "3", "5", "6"]
    assert result.warnings == ("question numbers jump from 3 to 5",)


@pytest.mark.parametrize("thanks", ["谢谢！", "谢谢。", "谢谢董秘！", "辛苦了！", "感谢"])
@pytest.mark.parametrize("greeting", ["您好，", "尊敬的投资者，您好！", "投资者您好！"])
def test_thanks_are_the_questions_and_a_greeting_begins_the_answer(
    thanks: str, greeting: str
) -> None:
    body = f"1、公司产能如何？{thanks}\n{greeting}产能充足。\n2、分红吗？\n{greeting}分红。\n"
    assert [pair[1:] for pair in found(body)] == [
        (f"公司产能如何？{thanks}", f"{greeting}产能充足。"),
        ("分红吗？", f"{greeting}分红。"),
    ]


@pytest.mark.parametrize(
    ("boxes", "kinds"),
    [
        ("\uf052特定对象调研 \uf0a3分析师会议\n\uf0a3现场参观", ("特定对象调研",)),
        ("\uf0fe特定对象调研 □分析师会议 \uf0fe现场参观", ("特定对象调研", "现场参观")),
        ("□特定对象调研 □分析师会议\n☑ 其他（电话会\n议）", ("其他（电话会议）",)),
        ("“选中\n项请打√”\n□特定对象调研 √业绩说明会 □其他", ("业绩说明会",)),
        ("（请在选项前打√）□特定对象调研 □业绩说明会", ()),
        ("特定对象调研 分析师会议 媒体采访 业绩说明会 路演活动 现场参观 其他", ()),
        ("业绩说明会", ("业绩说明会",)),
        ("□√ 特定对象调研 □分析师会议", ("特定对象调研",)),
        ("☑业绩说\n明会 □路演\n活动 □其他", ("业绩说明会",)),
    ],
)
def test_what_is_ticked(boxes: str, kinds: tuple[str, ...]) -> None:
    head = f"某某股份有限公司\n投资者关系活动类别 {boxes}\n时间：2025年5月12日\n主要内容：\n"
    result = parsed("1、产能如何？\n答：高位。\n", head)
    assert result.head.get("activity_types", ()) == kinds


@pytest.mark.parametrize(
    ("tail", "day"),
    [
        ("日期 20\n2\n4\n年\n5\n月\n9\n日", "2024-05-09"),
        ("日期 2024年5月9日", "2024-05-09"),
        ("日期：二〇二四年五月九日", "2024-05-09"),
        ("日期 2025年4月\n24 / 24", None),
    ],
)
def test_the_day_of_filing_in_a_narrow_cell(tail: str, day: str | None) -> None:
    result = parsed(f"1、产能如何？\n答：高位。\n2、分红吗？\n答：分红。\n{tail}\n")
    assert result.head.get("filed_date") == day


@pytest.mark.parametrize(
    ("filed", "read"),
    [
        ("⼀、⼤⽴", "一、大立"),
        ("⻓⻛", "长风"),
        ("證券代碼：３０１", "证券代码：301"),
        ("\uf0fe", "☑"),
    ],
)
def test_one_spelling_of_the_same_length(filed: str, read: str) -> None:
    assert plain(filed) == read
    assert len(compatible(filed)) == len(filed)


def test_a_quote_keeps_the_filings_own_characters() -> None:
    (pair, _) = parsed("⼀、公司第⼀⼤客户是谁？\n答：⼤⽴公司。\n⼆、分红吗？\n答：分红。\n").pairs
    assert isinstance(pair, Pair)
    assert (pair.number, pair.question, pair.answer) == ("一", "公司第⼀⼤客户是谁？", "⼤⽴公司。")


def test_an_answer_that_holds_what_looks_like_the_next_question_is_told() -> None:
    body = (
        "问题1：产能如何？\n答：高位。\n2、分红吗？\n答：分红的。\n"
        "问题3：毛利率如何？\n答：稳定。\n"
    )
    result = parsed(body)
    assert len(result.pairs) == 2
    assert any("looks like a question: 2、分红吗？" in warning for warning in result.warnings)
