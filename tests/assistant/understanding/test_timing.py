"""Which time a question is about, in all spellings, and which pairs are about it."""

from __future__ import annotations

from datetime import date

import pytest

from assistant.understanding.timing import fits, when
from index.normalize import normalize
from index.records import Reading

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("question", "years", "parts", "months"),
    [
        ("2024年的毛利率", "2024", "", ""),
        ("２０２４年的毛利率", "2024", "", ""),
        ("24年毛利率", "2024", "", ""),
        ("二〇二四年度毛利率", "2024", "", ""),
        ("二零二四年三季度", "2024", "三季度", ""),
        ("一三年的收入", "2013", "", ""),
        ("FY2024毛利率", "2024", "", ""),
        ("FY24", "2024", "", ""),
        ("2025Q2订单", "2025", "二季度", ""),
        ("25Q3的订单", "2025", "三季度", ""),
        ("Q1 2025 收入", "2025", "第一季度", ""),
        ("3Q24收入", "2024", "三季度", ""),
        ("2024H1净利润", "2024", "半年", ""),
        ("1H24净利润", "2024", "半年", ""),
        ("2024年半年报", "2024", "半年", ""),
        ("去年的毛利率", "2025", "", ""),
        ("上年度的分红", "2025", "", ""),
        ("前年的毛利率", "2024", "", ""),
        ("明年的资本开支", "2027", "", ""),
        ("今年的毛利率", "2026", "", ""),
        ("去年四季度", "2025", "四季度", ""),
        ("上个季度收入", "2026", "三季度", ""),
        ("本季度收入", "2026", "四季度", ""),
        ("今年三月的订单", "2026", "", "3"),
        ("去年十二月的订单", "2025", "", "12"),
        ("上个月的订单", "2026", "", "10"),
        ("2024-05-10的调研", "2024", "", "5"),
        ("2022年和2023年的收入", "2022 2023", "", ""),
        ("2022年至2024年的分红", "2022 2023 2024", "", ""),
        ("2024年以来的订单", "2024 2025 2026", "", ""),
        ("毛利率较去年下降的原因", "", "", ""),
        ("最近三年的分红", "", "", ""),
        ("投资2000万元的项目", "", "", ""),
        ("第三季度毛利率", "", "三季度", ""),
    ],
)
def test_the_time_asked_of(question: str, years: str, parts: str, months: str) -> None:
    asked, _ = when(normalize(question), TODAY)
    assert asked.years == set(years.split())
    assert asked.parts == set(parts.split())
    assert asked.months == set(months.split())


@pytest.mark.parametrize(
    ("question", "latest"),
    [
        ("最新的在手订单", True),
        ("目前有回购计划吗", True),
        ("最近一次的研发投入", True),
        ("最近三年的分红", False),
        ("毛利率是多少", False),
    ],
)
def test_whether_the_newest_is_asked_for(question: str, latest: bool) -> None:
    assert when(normalize(question), TODAY)[0].latest is latest


ANNUAL = "2024年度业绩说明会"


@pytest.mark.parametrize(
    ("asked", "question", "answer", "day", "occasion", "right"),
    [
        ("2024年毛利率", "公司2024年度毛利率？", "33.8%。", "2025-05-12", "", True),
        ("2025年毛利率", "公司2024年度毛利率？", "33.8%。", "2025-05-12", "", False),
        ("2024年研发", "研发投入多少？", "2024年研发投入为1.2亿元。", "2025-05-12", "", True),
        ("2025年研发", "研发投入多少？", "2024年研发投入为1.2亿元。", "2025-05-12", "", False),
        ("2024 年研发", "研发投入？", "2024 年研发投入 1.2 亿元。", "2025-05-12", "", True),
        ("2024年研发", "去年研发投入多少？", "1.2亿元。", "2025-05-12", "", True),
        ("2025年研发", "今年研发投入多少？", "1.2亿元。", "2025-05-12", "", True),
        ("2024年研发", "研发投入多少？", "1.2亿元。", "2025-05-12", ANNUAL, True),
        ("2024年研发", "研发投入多少？", "1.2亿元。", "2025-11-12", "", False),
        ("2025年研发", "研发投入多少？", "1.2亿元。", "2025-11-12", "", True),
        ("2023年收入", "收入为何下降？", "较2023年下降3%。", "2024-09-12", "", True),
        ("2024年三季度收入", "2024年上半年收入？", "8亿元。", "2024-08-12", "", False),
        ("2024年上半年收入", "上半年收入？", "8亿元。", "2024-08-12", "", True),
        ("2024年全年收入", "2024年一季度收入？", "8亿元。", "2024-05-12", "", False),
        ("去年收入", "收入多少？", "8亿元。", "2024-05-12", "", False),
        ("今年资本开支", "今年的资本开支？", "约2亿元。", "2025-05-12", "", True),
        ("今年资本开支", "今年的资本开支？", "约2亿元。", "2021-05-12", "", False),
        ("2024年收入", "收入多少？", "8亿元。", None, "", True),
    ],
)
def test_whether_a_pair_is_about_it(
    asked: str, question: str, answer: str, day: str | None, occasion: str, right: bool
) -> None:
    reading = Reading(question, answer, day and day[:4], day=day, occasion=occasion)
    assert fits(when(normalize(asked), TODAY)[0], reading) is right
