"""A company's answers to one question at several dates, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markupsafe import Markup

from assistant.answering.answer import Assistant
from assistant.answering.changes import Figure, changes, figures, marked
from assistant.answering.crops import Crop
from assistant.answering.history import Timeline, steps, timeline
from assistant.answering.report import RECOGNISED
from assistant.answering.side_by_side import Column
from assistant.chat import cards
from assistant.chat.labels import LABELS
from assistant.records import Answer, Citation, Query
from assistant.retrieval.decide import Calibration
from assistant.understanding.companies import Company
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.records import Filing, Filters
from index.store.store import Store
from tests.fakes import make_pair
from tests.paths import ROOT

DEV = ROOT / "eval/collection/files/dev"
OLD = "目前产能利用率约为 85%，产能紧张，公司计划扩产 2,000 吨。"
NEW = "目前产能利用率约为 92.5%，产能紧张，公司计划明年扩产 3,000 吨。"

pieces = st.lists(
    st.one_of(
        st.sampled_from(
            ["毛利率", "产能", "，", "。", "2023年", "12.5%", "-3 亿元", "８英寸", "\n", " "]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    ),
    max_size=30,
).map("".join)


def texts_of(kind: str, older: str, newer: str) -> tuple[list[str], list[str]]:
    gone, fresh = changes(older, newer)
    return [r.text for r in gone if r.kind == kind], [r.text for r in fresh if r.kind == kind]


@given(st.lists(pieces, min_size=1, max_size=4))
def test_the_runs_are_the_texts(texts: list[str]) -> None:
    assert ["".join(run.text for run in runs) for runs in marked(texts)] == texts


@given(pieces, pieces)
def test_marks_say_what_is_not_in_the_other(older: str, newer: str) -> None:
    gone, fresh = changes(older, newer)
    assert "".join(run.text for run in gone) == older
    assert "".join(run.text for run in fresh) == newer
    assert {run.kind for run in gone} <= {"same", "removed", "number"}
    assert {run.kind for run in fresh} <= {"same", "added", "number"}


@given(pieces)
def test_what_did_not_change_is_not_marked(text: str) -> None:
    gone, fresh = changes(text, text)
    assert {run.kind for run in (*gone, *fresh)} <= {"same"}


def test_numbers_are_marked_with_their_units() -> None:
    assert texts_of("number", OLD, NEW) == (["85%", "2,000 吨"], ["92.5%", "3,000 吨"])
    assert texts_of("added", OLD, NEW)[1] == ["明年"]
    assert texts_of("removed", OLD, NEW)[0] == []


@pytest.mark.parametrize(
    ("older", "newer", "changed"),
    [
        ("净流出 3,180 万元", "净流出 3180万元", []),
        ("占比 12.5％", "占比１２.５%", []),
        ("2023年收入5亿元", "2024年收入5亿元", []),
        ("净额为3亿元", "净额为-3亿元", ["-3亿元"]),
        ("毛利率为3.1%", "毛利率为负3.1%", ["负3.1%"]),
        ("提高2个百分点", "提高2%", ["2%"]),
        ("出货400G模块", "出货800G模块", []),
    ],
)
def test_a_number_is_another_by_value_and_unit(older: str, newer: str, changed: list[str]) -> None:
    assert texts_of("number", older, newer)[1] == changed


def test_an_answer_written_anew_is_marked_by_its_numbers_alone() -> None:
    older = "上半年境外收入占比为 17.3%，主要向一家欧洲厂商供货。"
    newer = "关税的影响很小。直接出口美国的不到 0.5%，外销共 17.3%。"
    assert texts_of("number", older, newer) == ([], ["0.5%"])
    assert texts_of("added", older, newer)[1] == []


def test_between_two_dates_both_sides_count() -> None:
    middle = marked(
        ["甲产品已经量产，进展顺利。", "甲产品即将量产，进展顺利。", "甲产品准备量产，进展顺利。"]
    )[1]
    assert [(run.kind, run.text) for run in middle] == [
        ("same", "甲产品"),
        ("only", "即将"),
        ("same", "量产，进展顺利。"),
    ]


def test_numbers_of_the_same_thing_stand_side_by_side() -> None:
    assert figures(OLD, NEW) == (
        Figure("目前产能利用率约为 85%", "目前产能利用率约为 92.5%"),
        Figure("公司计划扩产 2,000 吨", "公司计划明年扩产 3,000 吨"),
    )


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("毛利率为 30%", "毛利率为 30%"),
        ("毛利率为 30%", "研发费用率为 31%"),
        ("毛利率为 30%", "毛利率为 3 亿元"),
        ("预付由 20% 提高到 30%", "预付由 25% 提高到 35%"),
    ],
)
def test_numbers_that_may_be_of_different_things_do_not(older: str, newer: str) -> None:
    assert figures(older, newer) == ()


def cited(rank: int, day: str, question: str, confidence: float = 0.9) -> Citation:
    filing = Filing(f"{day}.txt", day * 6, "text", company="禾木", code="309001", activity_date=day)
    return Citation(rank, 1.0, confidence, filing, make_pair("1", question, f"{day}之答", rank))


class FakeAsk:
    """Answers with what is filed that the filters let through, in that order."""

    def __init__(self, *filed: Citation) -> None:
        self.filed = filed
        self.asked: list[Query] = []

    def __call__(self, query: Query) -> Answer:
        self.asked.append(query)
        since, until = query.filters.since or "", query.filters.until or "9"
        found = [c for c in self.filed if since <= (c.filing.activity_date or "") <= until]
        best = tuple(found[: query.top_k])
        return Answer(query.question, "answer" if best else "abstain", 0.9, best, 1.0)


def near_unless_other(texts: object, _: object) -> list[float]:
    return [0.0 if "别的" in text else 0.9 for text in texts]  # type: ignore[attr-defined]


def test_a_timeline_is_newest_first_and_one_answer_a_day() -> None:
    filed = (
        cited(1, "2024-05-01", "产能"),
        cited(2, "2023-05-01", "产能"),
        cited(3, "2023-05-01", "产能利用率"),
        cited(4, "2025-05-01", "产能如何"),
        cited(5, "2022-05-01", "别的"),
        cited(6, "2021-05-01", "产能", confidence=0.3),
    )
    ask = FakeAsk(*filed)
    query = Query("产能", top_k=2)
    found = timeline(query, ask(query), ask, near_unless_other)
    assert found is not None
    assert (found.company, found.code) == ("禾木", "309001")
    assert [c.filing.activity_date for c in found.entries] == [
        "2025-05-01",
        "2024-05-01",
        "2023-05-01",
    ]
    assert [c.rank for c in found.entries] == [4, 1, 2]
    assert {query.filters.code for query in ask.asked[1:]} == {"309001"}


def test_no_timeline_where_nothing_is_answered_or_only_once() -> None:
    ask = FakeAsk(cited(1, "2024-05-01", "产能"), cited(2, "2022-05-01", "别的"))
    query = Query("产能")
    assert timeline(query, ask(query), ask, near_unless_other) is None
    abstained = replace(ask(query), decision="abstain")
    assert timeline(query, abstained, FakeAsk(), near_unless_other) is None
    assert timeline(query, Answer("产能", "abstain", 0.0, (), 1.0), ask, near_unless_other) is None


def test_the_card_shows_each_answer_word_for_word() -> None:
    old, new = cited(2, "2023-05-01", "产能"), cited(1, "2024-05-01", "产能")
    said = {"old": f"{OLD}<script>x</script>", "new": NEW}
    old = replace(old, pair=replace(old.pair, answer=said["old"]))
    new = replace(new, pair=replace(new.pair, answer=said["new"]))
    card = cards.timeline_card(Timeline("禾木", "309001", (new, old)), "zh", 3)
    tree = html.fragment_fromstring(str(card), create_parent="div")
    shown = [e.text_content() for e in tree.xpath(".//blockquote")]
    assert shown == [said["new"], said["old"]]
    assert [e.text for e in tree.xpath(".//blockquote[1]/mark[@class='is-number']")][:2] == [
        "92.5%",
        "3,000 吨",
    ]
    assert tree.xpath(".//button/@data-rank") == ["1", "2"]
    assert not tree.xpath(".//script")


def test_what_was_recognised_says_so_here_too() -> None:
    """Read off a picture, a quote is not verbatim, wherever it stands."""
    read, filed = cited(1, "2024-05-01", "产能"), cited(2, "2023-05-01", "产能")
    read = replace(read, filing=replace(read.filing, recognised=True))
    company = Company("禾木", "309001")
    asked = [Column(company, Answer("产能", "answer", 0.9, (c,), 1.0)) for c in (read, filed)]

    def pictures(citation: Citation) -> list[Crop]:
        return [Crop(1, b"png")] if citation is read else []

    dated = cards.timeline_card(Timeline("禾木", "309001", (read, filed)), "zh", 0, pictures)
    beside = cards.side_card("产能", asked, Markup(), "zh", 0, pictures)
    for card, path in ((dated, ".//li"), (beside, ".//article")):
        first, second = html.fragment_fromstring(str(card), create_parent="div").xpath(path)
        assert first.xpath(".//*[@class='recognised']/text()") == [RECOGNISED]
        assert len(first.xpath(".//img")) == 1
        assert not second.xpath(".//*[@class='recognised'] | .//img")
    assert beside.count(LABELS["zh"]["answer"]) == 1


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("dated"), create=True)
    names = ("lijing-2023-09-14.docx", "lijing-2025-04-24.docx")
    add(store, [DEV / name for name in names], encoder, processes=1)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        yield assistant


@pytest.mark.model
def test_two_filings_of_one_company_make_a_timeline(assistant: Assistant) -> None:
    query = Query("砺晶的海外收入占比是多少？")
    found = assistant.history(query, assistant.ask(query))
    assert found is not None
    assert [c.filing.activity_date for c in found.entries] == ["2025-04-24", "2023-09-14"]
    assert [(f.older, f.newer) for f in steps(found)[0].figures] == [
        ("2023 年上半年公司境外收入占比为 17.3%", "２０２４年公司境外收入占比为３１.５%")
    ]


@pytest.mark.model
def test_what_was_filed_later_is_not_seen(assistant: Assistant) -> None:
    # The meeting of 2025-04-24 was filed the day after.
    query = Query("砺晶的海外收入占比是多少？", filters=Filters(as_of="2025-04-24"))
    answer = assistant.ask(query)
    assert {c.filing.activity_date for c in answer.citations} == {"2023-09-14"}
    assert assistant.history(query, answer) is None
