"""Whether a pasted text was filed: verbatim, altered, or not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.differences import aligned
from assistant.proof.pasted import fragments
from assistant.proof.quote import Quoted, _places, check
from assistant.proof.squeezed import folded, squeezed, without_space
from eval.benchmarks.quotes import redone
from index.errors import CallError
from index.intake import build
from index.search.opening import open_index
from index.search.protocol import Index
from index.store.store import Store
from tests.conftest import Call
from tests.fakes import FakeEncoder

MARGIN = "公司毛利率为31.2%，同比增长2.5个百分点，主要系高端产品占比提升所致。"
ORDERS = "目前公司在手订单充足，不存在应披露而未披露的事项（含海外订单）。"
THANKS = "感谢您对公司的关注。"
FILED = f"""证券代码：309001 证券简称：禾木光电
禾木光电股份有限公司投资者关系活动记录表
时间 2024年5月8日
1、公司毛利率如何？
答：{MARGIN}{THANKS}
2、在手订单情况如何？
答：{ORDERS}
{THANKS}
"""
OTHER = f"""证券代码：309002 证券简称：青石股份
青石股份有限公司投资者关系活动记录表
时间 2024年6月1日
1、公司研发投入多少？
答：研发投入1.5亿元。{THANKS}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("quotes")
    for name, text in {"hemu.txt": FILED, "qingshi.txt": OTHER}.items():
        (folder / name).write_text(text, "utf-8")
    with Store.open(folder / "store", create=True) as opened:
        build.add(opened, sorted(folder.glob("*.txt")), FakeEncoder(), processes=1)
        yield opened


@pytest.fixture
def index(store: Store) -> Index:
    return open_index(store, FakeEncoder.dimension)


def quoted(store: Store, index: Index, text: str) -> Quoted:
    found = check(store, index, text)
    for place in found.places:
        filed = store.text(place.filing.sha256)
        if found.status == "verbatim":
            assert not place.changes
        elif len(fragments(text)[-1]) == 1:
            assert redone(filed, place) == fragments(text)[-1][0]
    return found


@pytest.mark.parametrize(
    "text",
    [
        MARGIN,
        "同比增长2.5个百分点",
        "  公司毛利率为 31.2%，\n同比增长2.5 个百分点",
        "公司毛利率为\u200b31.2%，",
        "公司毛利率为31.2%……主要系高端产品占比提升所致。",
        f"“{MARGIN}”",
        f"公司毛利率如何？{MARGIN}",
        f"问：公司毛利率如何？\n答：{MARGIN}\n——禾木光电（309001） · 记录表 · 问题 1",
        f"> **问：** 公司毛利率如何？\n>\n> **答：** {MARGIN}",
        f"1、公司毛利率如何？\n答：{MARGIN}",
    ],
)
def test_verbatim(store: Store, index: Index, text: str) -> None:
    found = quoted(store, index, text)
    assert found.status == "verbatim"
    (place,) = found.places
    assert (place.filing.code, place.pair.number) == ("309001", "1")


def test_every_place_is_told(store: Store, index: Index) -> None:
    found = quoted(store, index, THANKS)
    assert found.status == "verbatim"
    places = {(p.filing.code, p.pair.number) for p in found.places}
    assert places == {("309001", "1"), ("309001", "2"), ("309002", "1")}
    assert len(found.places) == 3


def test_a_text_over_two_pairs_as_the_filing_has_it(store: Store, index: Index) -> None:
    found = quoted(store, index, FILED[FILED.index("主要系") : FILED.index("不存在")])
    assert found.status == "verbatim"
    assert [p.pair.number for p in found.places] == ["1", "2"]


def test_what_an_ellipsis_leaves_out_is_told(store: Store, index: Index) -> None:
    (place,) = quoted(store, index, "公司毛利率为31.2%……主要系").places
    filed = store.text(place.filing.sha256)
    assert [filed[s.start : s.end] for s in place.omitted] == ["，同比增长2.5个百分点，"]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("公司毛利率为31.2%，同比下降2.5个百分点", [("replace", "下降", "增长")]),
        ("公司毛利率为31.3%，同比增长2.5个百分点", [("replace", "31.3%", "31.2%")]),
        ("公司毛利率为3", [("replace", "3", "31.2%")]),
        ("在手订单充足，存在应披露而未披露的事项", [("delete", "", "不")]),
        ("在手订单较为充足，不存在应披露", [("insert", "较为", "")]),
        ("披露的事项(含海外订单)。", [("replace", "(", "（"), ("replace", ")", "）")]),
        ("31.2％，同比增长2.5个百分点", [("replace", "31.2％", "31.2%")]),
        ("公司毛利率为31.2%……同比下降2.5个百分点", [("replace", "下降", "增长")]),
        (f"答：{MARGIN}明年翻一番", [("insert", "明年翻一番", "")]),
    ],
)
def test_altered_word_by_word(
    store: Store, index: Index, text: str, changes: list[tuple[str, str, str]]
) -> None:
    found = quoted(store, index, text)
    assert found.status == "altered"
    told = [(c.kind, c.text, c.filed) for c in found.places[0].changes]
    assert told == changes


def test_pieces_in_another_order_are_no_quote(store: Store, index: Index) -> None:
    found = quoted(store, index, "主要系高端产品占比提升……公司毛利率为31.2%")
    assert found.status == "altered"
    assert [c.text for c in found.places[0].changes] == ["公司毛利率为31.2%"]


@pytest.mark.parametrize(
    "text", ["量子计算机明年投产并实现收入", "hello world", "毛利率很高很高很高"]
)
def test_not_filed(store: Store, index: Index, text: str) -> None:
    assert quoted(store, index, text) == Quoted("not_filed")


def test_a_harmed_filing_is_not_named(store: Store, index: Index) -> None:
    filing = next(e.filing for e in store.filings() if e.filing.code == "309002")
    copy = store.original(filing)
    content = copy.read_bytes()
    try:
        copy.write_bytes(content + b" ")
        assert check(store, index, "研发投入1.5亿元").status == "not_filed"
        assert {p.filing.code for p in check(store, index, THANKS).places} == {"309001"}
    finally:
        copy.write_bytes(content)
    assert check(store, index, "研发投入1.5亿元").status == "verbatim"


@pytest.mark.parametrize("text", ["", " \n", "是", "文" * 20_001])
def test_nothing_to_look_for(text: str) -> None:
    with pytest.raises(CallError):
        fragments(text)


@given(st.text(alphabet="公司毛利率为31.2%，。同比增长 \n%ABc", min_size=1))
def test_any_text_is_aligned_by_changes_that_make_it(text: str) -> None:
    solid = without_space(text)
    found = aligned(solid, MARGIN) if solid else None
    if found:
        out, at = [], found.start
        for change in found.changes:
            assert MARGIN[change.start : change.end] == change.filed
            out += [MARGIN[at : change.start], change.text]
            at = change.end
        assert "".join([*out, MARGIN[at : found.end]]) == solid


@given(st.text())
def test_squeezing_keeps_the_places(text: str) -> None:
    found = squeezed(text)
    assert "".join(text[place] for place in found.places) == found.text == without_space(text)
    assert len(folded(text)) == len(text)


@pytest.mark.parametrize(
    ("pasted", "filed"),
    [
        ("啊" * 9000, "啊" * 9000 + "呀"),
        ("啊呀" * 5000, "呀啊啊" * 4000),
        ("，。" * 6000, "。" * 9000),
    ],
    ids=["same", "turns", "signs"],
)
def test_texts_made_to_be_slow_are_not(pasted: str, filed: str) -> None:
    began = time.process_time()
    aligned(pasted, filed)
    assert time.process_time() - began < 20


def test_a_long_text_is_aligned_too() -> None:
    filed = "".join(f"第{n}项收入为{n}万元，同比增长{n}%。" for n in range(1000))
    pasted = filed.replace("第500项收入为500万元", "第500项收入为900万元")
    found = aligned(pasted, filed)
    assert found
    assert [(c.text, c.filed) for c in found.changes] == [("900万", "500万")]


def test_a_flood_of_digits_ends() -> None:
    began = time.process_time()
    assert _places("1" * 200_000, ("1" * 50,), 0) is None
    assert time.process_time() - began < 10


def test_the_command(call: Call, store: Store, tmp_path: Path) -> None:
    where = ("--store", store.folder, "--json")
    found = call("quote", "同比下降2.5个百分点，主要系高端", *where)
    assert (found.status, found.json["status"]) == (0, "altered")
    (place,) = found.json["places"]
    assert place["filing"]["code"] == "309001"
    assert (place["number"], place["pages"]) == ("1", [])
    assert place["changes"][0] == {
        "kind": "replace",
        "text": "下降",
        "filed": "增长",
        "start": FILED.index("增长"),
        "end": FILED.index("增长") + 2,
    }
    file = tmp_path / "quote.txt"
    file.write_bytes(ORDERS.encode("gb18030"))
    assert call("quote", "--file", file, *where).json["status"] == "verbatim"
    told = call("quote", "同比下降2.5个百分点，主要系高端", "--store", store.folder).out
    assert "原文是「增长」，所引是「下降」" in told
    assert call("quote", "--store", store.folder).status == 2
    assert call("quote", " ", "--store", store.folder).status == 2
    assert call("quote", "--file", tmp_path / "none", "--store", store.folder).status == 2
    assert call("quote", "甲乙", "--store", tmp_path / "none").status == 2


def test_an_empty_store_has_filed_nothing(call: Call, tmp_path: Path) -> None:
    Store.open(tmp_path / "store", create=True).close()
    found = call("quote", "同比下降", "--store", tmp_path / "store", "--json")
    assert (found.status, found.json) == (0, {"status": "not_filed", "places": []})
