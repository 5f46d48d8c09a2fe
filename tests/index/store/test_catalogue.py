"""Scopes come to the pairs that the database's own conditions give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.intake.build import add
from index.records import Filters, ParsedFiling
from index.search.snapshot import open_indexes
from index.store.catalogue import Catalogue, Listed
from index.store.scope import Runs, Scope
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines

FILTERS = [
    Filters(),
    Filters(company="甲"),
    Filters(company="甲公司", since="2024-01-02"),
    Filters(code="309003"),
    Filters(since="2024-01-03"),
    Filters(until="2024-01-03"),
    Filters(as_of="2024-01-04"),
    Filters(activity="现场参观"),
    Filters(company="丙"),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Eight filings of two companies; one without a date."""
    for day in range(8):
        date = f"2024-01-0{day + 1}" if day != 5 else ""
        lines = "".join(f"产能如何{n}|已满{day}\n" for n in range(day % 3 + 1))
        name = "甲公司" if day % 2 else "乙公司"
        (tmp_path / f"{day}.txt").write_text(f"{name}|{date}\n{lines}", "utf-8")

    def read(path: Path) -> ParsedFiling:
        parsed, day = read_lines(path), int(path.stem)
        filing = replace(
            parsed.filing,
            code=f"30900{day}" if day % 4 else None,
            filed_date="2024-01-05" if day == 2 else None,
            activity_types=("现场参观", "其他") if day in (1, 6) else (),
        )
        return replace(parsed, filing=filing)

    store = Store.open(tmp_path / "store", create=True)
    add(store, sorted(tmp_path.glob("*.txt")), FakeEncoder(), read=read, processes=1)
    store.remove(str(tmp_path / "3.txt"))
    return store


@pytest.mark.parametrize("filters", FILTERS)
def test_filters_as_the_database_has_them(store: Store, filters: Filters) -> None:
    catalogue = Catalogue(store.listed())
    wanted = store.pair_ids(filters)
    every = store.pair_ids()
    assert catalogue.pairs(Scope(filters)).tolist() == wanted.tolist()
    assert catalogue.within(every, Scope(filters)).tolist() == np.isin(every, wanted).tolist()
    half = every[::2]
    assert (
        catalogue.pairs(Scope(filters, pairs=half)).tolist()
        == np.intersect1d(wanted, half).tolist()
    )


@pytest.mark.parametrize("filters", FILTERS)
def test_the_lexical_index_filters_by_itself(store: Store, filters: Filters) -> None:
    indexes = open_indexes(store, FakeEncoder().dimension)
    every = store.pair_ids()
    for pairs in (None, every[::2]):
        scope = Scope(filters, pairs=pairs)
        wanted = store.pair_ids(filters)
        wanted = wanted if pairs is None else np.intersect1d(wanted, pairs)
        assert sorted(pair for pair, _ in indexes.matching("产能", 50, scope)) == wanted.tolist()
        assert sorted(indexes.questions("产能如何", 50, scope).tolist()) == wanted.tolist()
    scores = dict(indexes.matching("产能", 50))
    for pair, score in indexes.matching("产能", 50, Scope(filters)):
        assert score == scores[pair], "a filter adds nothing to a score"


def test_the_filing_of_a_pair(store: Store) -> None:
    listed = store.listed()
    catalogue = Catalogue(listed)
    for filing in listed:
        for pair in range(filing.first, filing.first + filing.size):
            assert catalogue.filing_of(pair) == filing
    assert catalogue.filing_of(0) == Listed(0, 0)
    assert catalogue.filing_of(99) == Listed(99, 0)


@given(st.sets(st.integers(0, 60)))
def test_runs_are_the_ids_that_they_are_of(ids: set[int]) -> None:
    rising = np.array(sorted(ids), dtype=np.int64)
    runs = Runs.of(rising)
    assert runs.ids().tolist() == rising.tolist()
    assert (runs.first[1:] > runs.ends[:-1]).all(), "none could be joined to the one before"
    one_by_one = Runs(rising, np.ones(len(rising), dtype=np.int64)).joined()
    assert one_by_one.first.tolist() == runs.first.tolist()
    assert one_by_one.count.tolist() == runs.count.tolist()


def test_companies(store: Store) -> None:
    catalogue = Catalogue(store.listed())
    assert catalogue.count == len(store.pair_ids())
    companies = store.companies()
    for name, code, *_ in companies:
        pairs = catalogue.pairs(Scope(companies=((name, code),))).tolist()
        assert pairs
        filings = [filed.filing for filed in store.filed(pairs).values()]
        assert {filing.company for filing in filings} == {name}
        assert {filing.code for filing in filings} == {code}
    assert catalogue.pairs(Scope(companies=())).tolist() == []


def test_a_later_state_reads_what_has_changed(store: Store, tmp_path: Path) -> None:
    former, then = store.catalogue(), store.changes()
    assert store.catalogue() is former
    read: list[int] = []
    listed = store.listed

    def counted(after: int = 0) -> list[Listed]:
        found = listed(after)
        read.append(len(found))
        return found

    store.listed = counted  # type: ignore[method-assign]
    store.remove(str(tmp_path / "2.txt"))
    for name, company in (("8", "丙公司"), ("9", "甲公司")):
        (tmp_path / f"{name}.txt").write_text(f"{company}|2024-02-0{name}\n产能如何|满", "utf-8")
        add(store, [tmp_path / f"{name}.txt"], FakeEncoder(), read=read_lines, processes=1)
    store._last = then, former
    read.clear()
    later = store.catalogue()
    assert read == [2], "those that were added"
    anew = Catalogue(listed())
    every = store.pair_ids()
    for filters in FILTERS:
        scope = Scope(filters)
        assert later.pairs(scope).tolist() == anew.pairs(scope).tolist()
        assert later.within(every, scope).tolist() == anew.within(every, scope).tolist()
    for pair in range(int(every[-1]) + 2):
        assert later.filing_of(pair) == anew.filing_of(pair)
    assert store._last == (store.changes(), later)
    # That of a state that the store has never had tells nothing.
    for strange in (then._replace(store="other"), then._replace(added=10**6)):
        store._last = strange, Catalogue()
        assert store.catalogue().pairs().tolist() == every.tolist()


def test_what_no_filing_has_is_outside() -> None:
    catalogue = Catalogue([Listed(10, 2, "甲"), Listed(20, 1, "乙")])
    pairs = np.array([5, 10, 11, 12, 20, 21])
    scope = Scope(companies=(("甲", None), ("乙", None)))
    assert catalogue.within(pairs, scope).tolist() == [False, True, True, False, True, False]
    assert Catalogue().within(pairs, scope).tolist() == [False] * 6
    assert Catalogue().pairs(Scope(pairs=pairs)).tolist() == pairs.tolist()
