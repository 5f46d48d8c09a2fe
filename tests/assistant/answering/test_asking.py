"""Filters, addresses and follow-ups: what a question is asked under, and how that is shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from assistant.answering.answer import Assistant
from assistant.answering.question import LONGEST, Asked, chips, reads_as_follow_up, without_link
from assistant.answering.side_by_side import columns
from assistant.chat import cards
from assistant.chat.views import following, take_turn, talk_html
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from assistant.understanding.companies import Company
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.records import Filters
from index.store.store import Store
from tests.assistant.answering.test_history import cited
from tests.paths import ROOT

DEV = ROOT / "eval/collection/files/dev"
FULL = Asked(
    "毛利率 & 产能?",
    ("309112", "无代码公司"),
    since="2023-01-01",
    until="2024-12-31",
    as_of="2025-01-01",
    activity="业绩说明会",
    previous="海外收入+占比",
)
HEMU, TONGYE = Company("禾木股份有限公司", "309001", "禾木股份"), Company("桐野公司", None)

words = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=","), max_size=9)


def test_an_address_says_all_that_was_asked() -> None:
    assert Asked.at(FULL.address) == FULL
    assert Asked.at("?q=毛利率").conditions == ([], None, None, None, None)
    assert Asked.at(
        {"q": " 毛利率 ", "code": "309112,,309112", "lang": "en", "until": ""}
    ) == Asked("毛利率", ("309112",))


@given(words.map(str.strip), st.lists(words.map(str.strip).filter(bool), unique=True), words)
def test_any_address_is_read_as_it_was_written(
    question: str, companies: list[str], activity: str
) -> None:
    asked = Asked(question, tuple(companies), activity=activity.strip() or None)
    read = Asked.at(asked.address)
    assert (read.question, read.activity) == (asked.question, asked.activity)
    assert set(read.companies) == set(asked.companies)


def test_filters_of_the_page_are_read_as_they_are_shown() -> None:
    assert Asked.of(FULL.question, *FULL.conditions).conditions == FULL.conditions
    assert Asked.of(" 产能 ", None, "", None, " 2024-01-01 ", "") == Asked(
        "产能", as_of="2024-01-01"
    )


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked("产能"), None),
        (Asked(""), "empty"),
        (Asked("长" * (LONGEST + 1)), "long"),
        (Asked("产能", previous="长" * (LONGEST + 1)), "long"),
        (Asked("产能", as_of="2024-5-1"), "date"),
        (Asked("产能", since="20240501"), "date"),
        (Asked("产能", until="2024-02-30"), "date"),
        (Asked("产能", tuple("12345")), "many"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: Asked, problem: str | None) -> None:
    assert asked.problem == problem


def test_a_question_is_asked_under_its_filters() -> None:
    query = FULL.query("309112")
    assert query.filters == Filters(
        None, "309112", "2023-01-01", "2024-12-31", "2025-01-01", "业绩说明会"
    )
    assert query.previous == FULL.previous
    assert FULL.query("无代码公司").filters.company == "无代码公司"
    assert not Asked("产能").query().filters


@pytest.mark.parametrize(
    ("question", "follows"),
    [
        ("那毛利率呢？", True),
        ("海外呢?", True),
        ("其中预制菜占多少", True),
        ("它的产能是多少", True),
        ("毛利率是多少？", False),
        ("还有没有减持计划？", False),
        ("那" + "很长的问题" * 8, False),
    ],
)
def test_a_follow_up_reads_as_one(question: str, follows: bool) -> None:
    assert reads_as_follow_up(question) is follows


@pytest.mark.parametrize(
    ("question", "core"),
    [("那毛利率呢？", "毛利率"), ("其中，预制菜占多少", "预制菜占多少"), ("那呢？", "那呢？")],
)
def test_what_ties_it_to_the_last_question_is_not_searched(question: str, core: str) -> None:
    assert without_link(question) == core


def test_each_chip_takes_one_condition_away() -> None:
    known = (Company("砺晶", "309112"), Company("无代码公司", None))
    shown = chips(FULL, known, (), None)
    left = [Asked.at(chip.address) for chip in shown]
    assert [asked.companies for asked in left[:2]] == [("无代码公司",), ("309112",)]
    assert [asked.since for asked in left] == [FULL.since] * 2 + [None] + [FULL.since] * 4
    assert [asked.as_of for asked in left].count(None) == 1
    assert left[-1].previous is None
    assert all(chip.is_set for chip in shown)


def test_companies_that_a_question_names_are_offered() -> None:
    one, two = (chips(Asked("产能"), (), named, None) for named in ((HEMU,), (HEMU, TONGYE)))
    assert [(c.label, c.text, Asked.at(c.address).companies) for c in (*one, *two)] == [
        ("offer_company", "禾木股份", ("309001",)),
        ("offer_side", "禾木股份、桐野公司", ("309001", "桐野公司")),
    ]
    (offered,) = chips(Asked("产能"), (), (), "禾木的毛利率")
    assert Asked.at(offered.address).previous == "禾木的毛利率"
    assert not offered.is_set


def test_the_year_that_a_question_names_is_offered() -> None:
    (offered,) = chips(Asked("23年的产能"), (), (), None)
    asked = Asked.at(offered.address)
    assert (offered.label, offered.text, offered.is_set) == ("offer_year", "2023", False)
    assert (asked.question, asked.since, asked.until) == ("23年的产能", "2023-01-01", "2023-12-31")
    assert all(chip.is_set for chip in chips(asked, (), (), None))
    assert chips(Asked("2023年和2024年的产能"), (), (), None) == ()


def test_the_activity_that_a_question_names_is_offered() -> None:
    (offered,) = chips(Asked("業績說明會上说的产能"), (), (), None)
    asked = Asked.at(offered.address)
    assert (offered.label, offered.is_set, asked.activity) == (
        "offer_activity",
        False,
        "业绩说明会",
    )
    assert all(chip.is_set for chip in chips(asked, (), (), None))
    assert chips(Asked("业绩说明会和现场参观"), (), (), None) == ()


def test_each_company_is_asked_by_itself() -> None:
    def ask(query: Query) -> Answer:
        if query.filters.code == "309001":
            return Answer(query.question, "answer", 0.9, (cited(1, "2024-05-01", "产能"),), 1.0)
        near = (cited(1, "2023-05-01", "别的"), cited(2, "2022-05-01", "别的"))
        return Answer(query.question, "abstain", 0.1, near, 1.0)

    asked = Asked("产能", ("309001", "桐野公司"))
    left, right = columns(asked, (HEMU, TONGYE), ask)
    assert left.quoted is not None
    assert right.quoted is None
    ranks = [c.rank for column in (left, right) for c in column.answer.citations]
    assert ranks == [1, 2, 3]
    card = cards.side_card("产能", (left, right), cards.chips_row((), "?q=x", "zh"), "zh")
    tree = html.fragment_fromstring(str(card), create_parent="div")
    assert [e.text_content() for e in tree.xpath(".//blockquote")] == ["2024-05-01之答"]
    assert len(tree.xpath(".//article")) == 2
    assert len(tree.xpath(".//article[contains(@class, 'none')]")) == 1


@pytest.mark.parametrize("text", ["<script>x</script>", '" onclick="x', "{{ 7 * 7 }}"])
def test_what_is_asked_stays_text(text: str) -> None:
    asked = Asked(text, (text,), activity=text, previous=text)
    shown = chips(asked, (Company(text, None, text),), (), None)
    markup = cards.chips_row(shown, asked.address, "zh") + cards.contents([text, text], "zh")
    tree = html.fragment_fromstring(str(markup), create_parent="div")
    assert not tree.xpath(".//script | .//@onclick")
    assert [e.text_content() for e in tree.xpath(".//a")] == [text, text]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("several"), create=True)
    names = ("lijing-2023-09-14.docx", "shengye-2023-07-06.docx", "muyu-2023-06-08.docx")
    add(store, [DEV / name for name in names], encoder, processes=1)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        yield assistant


@pytest.mark.model
def test_a_follow_up_keeps_the_company_of_the_question_before(assistant: Assistant) -> None:
    first = take_turn(assistant, Asked("砺晶的海外收入占比是多少？"))
    assert first.answer is not None
    asked = following(assistant, Asked("那良率呢？"), [first])
    assert asked.previous == first.asked.question
    turn = take_turn(assistant, asked, [first])
    assert turn.answer is not None
    assert turn.answer.decision == "answer"
    assert turn.answer.question == "那良率呢？"
    assert "长晶良率" in turn.answer.citations[0].pair.question
    third = following(assistant, Asked("那产能呢？"), [first, turn])
    assert turn.answer.understood == third.previous
    assert turn.answer.companies == first.answer.companies
    other = take_turn(assistant, following(assistant, Asked("那沐屿的产能呢？"), [first]), [first])
    assert other.answer is not None
    assert {c.filing.code for c in other.answer.citations} == {other.answer.companies[0].code}
    assert other.answer.companies != first.answer.companies
    assert following(assistant, Asked("那产能呢？"), []).previous is None


@pytest.mark.model
def test_a_thread_keeps_its_company_where_one_can_see_it(assistant: Assistant) -> None:
    first = take_turn(assistant, Asked("砺晶的海外收入占比是多少？"))
    asked = following(assistant, Asked("长晶良率现在是多少？"), [first])
    assert asked.companies == ("309112",)
    turn = take_turn(assistant, asked, [first])
    assert next(chip.label for chip in turn.chips) == "chip_company"
    assert following(assistant, Asked("沐屿的产能是多少？"), [first, turn]).companies == ()
    assert following(assistant, Asked("贵州茅台的产能是多少？"), [first, turn]).companies == ()
    assert following(assistant, Asked("产能", ("609208",)), [first]).companies == ("609208",)


@pytest.mark.model
def test_several_companies_make_columns(assistant: Assistant) -> None:
    turn = take_turn(assistant, Asked("目前产能是多少？", ("309112", "609208", "999999")))
    codes = [c.quoted and c.quoted.filing.code for c in turn.columns]
    assert codes == ["309112", "609208", None]
    assert len({citation.rank for citation in turn.citations}) == len(turn.citations)
    shown = talk_html(assistant, [turn], (), "zh")
    for column in turn.columns[:2]:
        assert column.quoted is not None
        assert column.quoted.pair.answer in shown
