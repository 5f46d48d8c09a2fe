"""Who and when a question asks about decides what answers it: small filings, many ways to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.answering.answer import Assistant
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.records import Filters
from index.store.store import Store

pytestmark = pytest.mark.model

TODAY = "2026-11-27"
HEAD = """证券代码：{code} 证券简称：{short}
{name}
投资者关系活动记录表
投资者关系活动类别：☑业绩说明会
参与单位名称：线上投资者
时间：{day}
地点：公司会议室
上市公司接待人员：董事会秘书
{more}投资者关系活动主要内容介绍：
"""
FILINGS = {
    "ling-2024": (
        HEAD.format(
            code="301888",
            short="凌岳精密",
            name="江南凌岳精密股份有限公司",
            day="2024年5月10日",
            more="",
        ),
        [
            ("公司2023年度的毛利率是多少？", "2023年度公司综合毛利率为31.2%。"),
            ("公司2023年度的分红方案是怎样的？", "2023年度拟每10股派发现金红利3元（含税）。"),
            ("公司的研发投入是多少？", "2023年研发投入为0.98亿元，占营业收入的7.9%。"),
            ("公司是否有海外建厂计划？", "公司目前没有海外建厂计划。"),
        ],
    ),
    "ling-2025": (
        HEAD.format(
            code="301888",
            short="凌岳精密",
            name="江南凌岳精密股份有限公司",
            day="2025年5月12日",
            more="",
        ),
        [
            (
                "公司2024年度的毛利率是多少？",
                "2024年度公司综合毛利率为33.8%，较上年提升2.6个百分点。",
            ),
            ("公司2024年度的分红方案是怎样的？", "2024年度拟每10股派发现金红利4元（含税）。"),
            ("公司的研发投入是多少？", "2024年研发投入为1.2亿元，占营业收入的8.5%。"),
            ("公司是否有海外建厂计划？", "公司已决定在泰国建设生产基地，预计2026年投产。"),
            ("公司为什么没有进入特斯拉供应链？", "公司产品主要面向工业客户，尚未与该客户合作。"),
        ],
    ),
    "lingke": (
        HEAD.format(
            code="688777",
            short="凌岳科技",
            name="深圳凌岳科技股份有限公司",
            day="2025年4月28日",
            more="",
        ),
        [
            ("公司2024年度的毛利率是多少？", "2024年度公司毛利率为52.1%。"),
            ("公司的在手订单情况如何？", "截至3月末在手订单约8亿元。"),
        ],
    ),
    "renamed": (
        HEAD.format(
            code="600777",
            short="新鼎曜",
            name="新鼎曜能源股份有限公司",
            day="2025年6月3日",
            more="（本公司曾用名：鼎曜电气股份有限公司，曾用简称：鼎曜电气）\n",
        ),
        [
            ("公司储能业务的毛利率是多少？", "2024年储能业务毛利率为18.4%。"),
            ("公司今年的资本开支计划是多少？", "今年资本开支约2.5亿元，主要用于厂房建设。"),
        ],
    ),
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("filings")
    for name, (head, pairs) in FILINGS.items():
        body = "".join(f"{n}、{q}\n答：{a}\n" for n, (q, a) in enumerate(pairs, start=1))
        (folder / f"{name}.txt").write_text(head + body, "utf-8")
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("store"), create=True)
    add(store, [folder], encoder, processes=1)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        yield assistant


def ask(assistant: Assistant, question: str, **more: str) -> Answer:
    return assistant.ask(Query(question, today=TODAY, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("凌岳精密2024年毛利率是多少？", "33.8%"),
        ("301888.SZ 2024年毛利率", "33.8%"),
        ("SZ301888的毛利率2024年是多少", "33.8%"),
        ("sh688777 2024年度毛利率是多少？", "52.1%"),
        ("凌岳精密２０２４年毛利率", "33.8%"),
        ("凌岳精密 FY2024 毛利率", "33.8%"),
        ("凌岳精密24年毛利率是多少", "33.8%"),
        ("凌岳精密二〇二四年度毛利率", "33.8%"),
        ("凌岳精密二零二三年的毛利率", "31.2%"),
        ("凌岳精密前年的毛利率是多少？", "33.8%"),
        ("凌嶽精密前年的毛利率是多少？", "33.8%"),
        ("凌越精密的毛利率2024年", "33.8%"),
        ("凌岳精密23年研发投入", "0.98亿元"),
        ("凌岳精密最近一次的研发投入是多少？", "1.2亿元"),
        ("凌岳精密的研发投入是多少？", "1.2亿元"),
        ("凌岳精密是否有海外建厂计划？", "泰国"),
        ("凌岳精密没有海外建厂计划吗？", "泰国"),
        ("凌岳精密进入特斯拉供应链了吗", "尚未"),
        ("鼎曜电气储能业务的毛利率是多少？", "18.4%"),
        ("新鼎曜今年的资本开支计划是多少", "2.5亿元"),
        ("凌岳精密2024年研发投入达到1.2亿元了吗？", "1.2亿元"),
        ("凌岳精密2024年研发投入达到12000万元了吗？", "1.2亿元"),
        ("凌岳精密 毛利率", "33.8%"),
    ],
)
def test_answered(assistant: Assistant, question: str, said: str) -> None:
    answer = ask(assistant, question)
    assert (answer.decision, answer.reason) == ("answer", None)
    assert said in answer.citations[0].pair.answer
    assert [company.code for company in answer.companies] == [answer.citations[0].filing.code]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("凌岳精密2022年度毛利率是多少？", "not_covered"),
        ("凌岳精密2025年度的分红方案", "not_covered"),
        ("凌岳精密去年的毛利率是多少？", "not_covered"),
        ("凌岳精密今年的毛利率是多少？", "not_covered"),
        ("凌岳精密进入比亚迪供应链了吗", "not_covered"),
        ("凌岳精密分红 每10股派5元", "not_covered"),
        ("600519的毛利率是多少？", "company_not_held"),
        ("贵州茅台2024年的毛利率是多少？", "company_not_held"),
        ("比亚迪2024年度的毛利率是多少？", "company_not_held"),
        ("华为是否有海外建厂计划？", "company_not_held"),
        ("辰曜光电是否有海外建厂计划？", "company_not_held"),
        ("凌岳光电2024年的毛利率", "company_not_held"),
        ("😀", "not_a_question"),
        ("？？？", "not_a_question"),
        ("你好", "not_a_question"),
        ("谢谢，辛苦了", "not_a_question"),
        ("测试", "not_a_question"),
        ("1+1等于几", "not_a_question"),
        ("'; DROP TABLE pairs;--", "not_a_question"),
        ("讲个笑话", "not_a_question"),
    ],
)
def test_not_answered(assistant: Assistant, question: str, reason: str) -> None:
    answer = ask(assistant, question)
    assert (answer.decision, answer.reason) == ("abstain", reason)
    assert answer.confidence < 0.5


def test_what_was_searched_in_vain_is_told(assistant: Assistant) -> None:
    answer = ask(assistant, "凌岳精密2022年度毛利率是多少？")
    assert answer.searched is not None
    assert (answer.searched.filings, answer.searched.until) == (2, "2025-05-12")
    assert ask(assistant, "贵州茅台的毛利率").absent == ("贵州茅台",)


def test_filters_that_nothing_passes(assistant: Assistant) -> None:
    early = Filters(until="2020-01-01")
    answer = assistant.ask(Query("凌岳精密的毛利率", filters=early))
    assert (answer.decision, answer.reason) == ("abstain", "filtered_out")
    other = assistant.ask(Query("凌岳精密的毛利率", filters=Filters(code="688777")))
    assert other.reason == "filtered_out"


def test_a_company_alone_lists_its_newest_pairs(assistant: Assistant) -> None:
    answer = ask(assistant, "凌岳精密")
    assert (answer.decision, answer.reason) == ("abstain", "not_a_question")
    days = [citation.filing.activity_date for citation in answer.citations]
    assert days == ["2025-05-12"] * 5
    assert [citation.pair.number for citation in answer.citations] == list("12345")


def test_an_older_answer_says_that_there_is_a_newer_one(assistant: Assistant) -> None:
    asked = Filters(until="2024-12-31")
    older = assistant.ask(Query("凌岳精密是否有海外建厂计划？", filters=asked)).citations[0]
    assert "没有海外" in older.pair.answer
    assert older.newer is not None
    assert (older.newer.number, older.newer.date) == ("4", "2025-05-12")
    then = Filters(as_of="2024-12-31")
    assert (
        assistant.ask(Query("凌岳精密是否有海外建厂计划？", filters=then)).citations[0].newer
        is None
    )
    assert ask(assistant, "凌岳精密是否有海外建厂计划？").citations[0].newer is None


def test_only_the_named_companys_pairs_are_cited(assistant: Assistant) -> None:
    for question in ("凌岳科技的分红方案", "凌岳科技海外建厂", "凌岳科技2024年毛利率"):
        codes = {citation.filing.code for citation in ask(assistant, question).citations}
        assert codes == {"688777"}


def test_it_is_said_why_a_pair_stands_where_it_does(assistant: Assistant) -> None:
    first = ask(assistant, "凌岳精密2024年的毛利率").citations[0]
    assert first.why is not None
    assert (first.why.company, first.why.time) == (True, True)
    assert 0 < first.why.words <= 1
    assert first.why.meaning >= max(first.why.question, first.why.answer) - 1e-6


def test_the_cases(tmp_path: Path) -> None:
    """Those that came with public bug reports, where they are at hand."""
    import json

    from tests.paths import ROOT

    cases = ROOT.parent / "shared" / "cases" / "asking"
    if not cases.is_dir():
        pytest.skip("no ../shared/cases beside this checkout")
    encoder = load_encoder(None)
    store = Store.open(tmp_path / "store", create=True)
    add(store, [cases / "filings"], encoder, processes=1)
    lines = (cases / "questions.jsonl").read_text("utf-8").splitlines()
    wrong = []
    with Assistant(store, encoder, Calibration.load()) as assistant:
        for case in map(json.loads, lines):
            answer = ask(assistant, case["question"])
            right = case["decision"] in (answer.decision, "any")
            if wanted := case["answer_contains"]:
                right = right and wanted in answer.citations[0].pair.answer
            if not right:
                wrong.append(case["question"])
    assert wrong == []
