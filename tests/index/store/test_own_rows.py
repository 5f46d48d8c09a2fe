"""Sheets of many companies: filters, names, days and quotes go by a pair's own row."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assistant.answering.answer import Assistant
from assistant.answering.cite import fault
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.records import Filters
from index.search.snapshot import open_indexes
from index.store.contents import Filed
from index.store.pieces import PIECE
from index.store.scope import Scope
from index.store.store import Store
from index.upkeep.verify import verify
from tests.fakes import FakeEncoder

HEADER = ["股票代码", "公司简称", "提问内容", "回复内容", "回复时间"]
ROWS = [
    ["002999", "星河精密", "公司毛利率是多少？", "星河毛利率约三成。", "2024-05-16"],
    ["601888", "云岫科技", "公司毛利率是多少？", "云岫毛利率约两成。", "2024-05-16"],
    ["002999", "星河精密", "公司有回购计划吗？", "星河暂无回购计划。", "2023-03-01"],
    ["002999", "星河精密", "公司有回购计划吗？", "星河拟回购一亿元。", "2025-06-20"],
    ["601888", "云岫科技", "海外产能如何？", "云岫海外产能充足。", ""],
]


def sheet(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    plain = tmp_path / "in" / "b.txt"
    plain.parent.mkdir()
    plain.write_text(
        "证券代码：301999 证券简称：远山医药\n远山医药股份有限公司\n投资者关系活动记录表\n"
        "时间：2024年5月20日\n问：公司毛利率是多少？\n答：远山毛利率约四成。\n",
        "utf-8",
    )
    sheet(tmp_path / "in" / "a.csv", ROWS)
    store = Store.open(tmp_path / "store", create=True)
    add(store, [tmp_path / "in"], FakeEncoder(), processes=1)
    return store


FILTERS = [
    Filters(),
    Filters(company="星河"),
    Filters(code="601888"),
    Filters(since="2024-05-16"),
    Filters(until="2023-12-31"),
    Filters(as_of="2024-05-18"),
    Filters(code="002999", since="2025-01-01"),
    Filters(company="远山"),
    Filters(company="无"),
]


@pytest.mark.parametrize("filters", FILTERS)
def test_filters_go_by_the_row(store: Store, filters: Filters) -> None:
    indexes = open_indexes(store, FakeEncoder.dimension)
    wanted = store.pair_ids(filters)
    assert indexes.catalogue.pairs(Scope(filters)).tolist() == wanted.tolist()
    found = [pair for pair, _ in indexes.matching("公司毛利率回购海外产能", 9, Scope(filters))]
    assert sorted(found) == wanted.tolist()
    listed = {entry.filing.sha256 for entry in store.filings(filters)}
    filed = store.filed(wanted.tolist()).values()
    assert listed == {one.filing.sha256 for one in filed if isinstance(one, Filed)}


def test_what_each_filter_leaves(store: Store) -> None:
    left = [len(store.pair_ids(filters)) for filters in FILTERS]
    assert left == [6, 3, 2, 5, 1, 3, 1, 1, 0]


def test_a_citation_is_of_its_rows_company_and_day(store: Store) -> None:
    with Assistant(store, FakeEncoder(), Calibration.load(), 0.0) as assistant:
        assert {company.short for company in assistant.companies()} == {
            *("星河精密", "云岫科技", "远山医药"),
        }
        first = assistant.ask(Query("星河精密的毛利率是多少？", top_k=1)).citations[0]
        assert (first.pair.answer, first.filing.company) == ("星河毛利率约三成。", "星河精密")
        assert (first.filing.code, first.filing.exchange) == ("002999", "SZSE")
        assert first.filing.activity_date == "2024-05-16"
        other = assistant.ask(Query("601888 毛利率", top_k=1)).citations[0]
        assert (other.pair.code, other.filing.exchange) == ("601888", "SSE")
        query = Query("回购计划", filters=Filters(code="002999"), top_k=1)
        days = {
            citation.filing.activity_date
            for citation in assistant.ask(Query("回购计划", top_k=9)).citations
            if "回购" in citation.pair.question
        }
        assert days == {"2023-03-01", "2025-06-20"}
        answer = assistant.ask(query)
        timeline = assistant.history(query, answer)
        assert timeline is None or timeline.code == "002999"


def test_readings_have_their_rows_year(store: Store) -> None:
    ids = store.pair_ids().tolist()
    assert [store.readings([pair])[pair].year for pair in ids] == [
        *("2024", "2024", "2023", "2025", "2025", "2024"),
    ]


def test_a_removed_sheet_leaves_the_catalogue(store: Store, tmp_path: Path) -> None:
    open_indexes(store, FakeEncoder.dimension)
    sheet(tmp_path / "in" / "c.csv", [["300001", "晨光电子", "海外如何？", "晨光很好。", ""]])
    add(store, [tmp_path / "in" / "c.csv"], FakeEncoder(), processes=1)
    store.remove(str(tmp_path / "in" / "a.csv"))
    catalogue = open_indexes(store, FakeEncoder.dimension).catalogue
    assert catalogue.pairs().tolist() == store.pair_ids().tolist() == [6, 7]


def test_it_is_proved_again(store: Store) -> None:
    assert verify(store).failed == ()


@pytest.fixture
def long(tmp_path: Path) -> Store:
    """A sheet whose text is many pieces; a row lies across each end of one."""
    rows = [
        ["002999", "星河精密", f"第{n}问，产能如何？", f"第{n}答，" + "产能充足。" * 400, ""]
        for n in range(120)
    ]
    store = Store.open(tmp_path / "store", create=True)
    add(store, [sheet(tmp_path / "a.csv", rows)], FakeEncoder(), processes=1)
    return store


def test_a_long_text_is_read_around_a_pair(long: Store) -> None:
    (entry,) = long.filings()
    text, pairs = long.text(entry.filing.sha256), long.pairs_of(entry.filing.sha256)
    assert len(text) > 20 * PIECE
    filed = long.filed(long.pair_ids().tolist())
    for pair, own in zip(pairs, filed.values(), strict=True):
        assert isinstance(own, Filed)
        assert own.pair == pair
        assert own.text == text[own.offset : own.offset + len(own.text)]
        assert own.offset <= pair.start
        assert pair.end <= own.offset + len(own.text)
        assert len(own.text) <= 2 * PIECE
        assert fault(long, own) is None
    assert verify(long).failed == ()


def test_a_piece_that_was_changed_proves_nothing(long: Store) -> None:
    first, other = long.pair_ids()[[0, 40]].tolist()
    filed = long.filed([other])[other]
    assert isinstance(filed, Filed)
    start = filed.pair.start // PIECE * PIECE
    long._connection.execute("UPDATE text_pieces SET text = zeroblob(9) WHERE start = ?", (start,))
    assert fault(long, long.filed([first])[first]) is None
    damage = fault(long, long.filed([other])[other])
    assert damage is not None
    assert "extracted text was changed" in damage.reason
    assert verify(long).failed
