"""Filed questions that what is being typed may become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.answering.answer import Assistant
from assistant.answering.question import Asked
from assistant.retrieval.completion import MOST, Completer
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.records import Filters, Reading
from index.search import lexical
from index.search.embedded import index_pairs
from index.store.scope import Scope
from index.store.store import Store
from tests.fakes import FakeEncoder, make_pair, read_lines

QUESTIONS = (
    "公司的毛利率是多少？",
    "毛利率为什么下降？",
    "海外收入的占比是多少？",
    "毛利率 为什么下降?",
    "研发费用和毛利率的关系？",
    "<b>毛利率</b>还会升吗？",
    "R&D 投入有多少？",
)


def complete(
    typed: str, questions: tuple[str, ...] = QUESTIONS, within: Sequence[Scope] = (Scope(),)
) -> list[str]:
    pairs = [(i, make_pair(str(i), q, "答复。")) for i, q in enumerate(questions)]
    completer = Completer(index_pairs(pairs, FakeEncoder()))
    known = {i: Reading(question, "答复。") for i, question in enumerate(questions)}
    return completer.complete(typed, lambda _: known, within)


def test_those_that_begin_so_come_first_and_each_once() -> None:
    found = complete("毛利率")
    assert found[0] in (QUESTIONS[1], QUESTIONS[3])
    assert sorted(found[1:]) == sorted([QUESTIONS[0], *QUESTIONS[4:6]])


def test_spelling_width_and_script_make_no_difference() -> None:
    assert complete("海外收入的佔比") == ["海外收入的占比是多少？"]
    assert complete("Ｒ＆Ｄ 投入") == ["R&D 投入有多少？"]


@pytest.mark.parametrize("typed", ["", " ", "毛", "天气预报", "？？", "\u202e", "\0", "a" * 500])
def test_what_fits_none_gets_none(typed: str) -> None:
    assert complete(typed) == []


def test_no_more_than_can_be_looked_through() -> None:
    assert len(complete("毛利率", tuple(f"毛利率第{i}次下降？" for i in range(40)))) == MOST


@pytest.mark.parametrize("few", [0, 1000])
def test_only_what_is_allowed(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "_FEW", few)
    monkeypatch.setattr(lexical, "_NARROW", 0.0)
    found = complete("毛利率", within=[Scope(pairs=np.array([0, 2, 4]))])
    assert found == [QUESTIONS[0], QUESTIONS[4]]
    each = [Scope(pairs=np.array([place])) for place in (0, 4)]
    assert complete("毛利率", within=each) == found
    assert complete("毛利率", within=[Scope(pairs=np.zeros(0, dtype=np.int64))]) == []


def test_a_pair_taken_out_meanwhile_is_passed_over() -> None:
    pairs = [(i, make_pair(str(i), q, "答复。")) for i, q in enumerate(QUESTIONS)]
    completer = Completer(index_pairs(pairs, FakeEncoder()))
    there = {1: Reading(QUESTIONS[1], "答复。")}
    assert completer.complete("毛利率", lambda _: there) == [QUESTIONS[1]]


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    store = Store.open(tmp_path / "store", create=True)
    for name, day, code, question in (
        ("北京甲木科技股份有限公司", "2023-05-01", "309001", "毛利率为什么下降？"),
        ("上海乙水电子股份有限公司", "2024-05-01", "309002", "毛利率何时回升？"),
    ):
        file = tmp_path / f"{day}.txt"
        file.write_text(f"{name}|{day}|{code}\n{question}|毛利率会回升。\n", "utf-8")
        add(store, [file], FakeEncoder(), read=read_lines)
    with Assistant(store, FakeEncoder(), Calibration.load()) as assistant:
        yield assistant


def test_filters_and_named_companies_are_kept_to(assistant: Assistant) -> None:
    assert len(assistant.completions("毛利率")) == 2
    assert assistant.completions("甲木的毛利率") == ["毛利率为什么下降？"]
    assert assistant.completions("毛利率", [Filters(as_of="2023-12-31")]) == ["毛利率为什么下降？"]
    both = Asked("毛利率", companies=("甲木", "乙水"))
    assert len(assistant.completions("毛利率", both.scopes)) == 2
    only = Asked("毛利率", companies=("乙水",), since="2020-01-01")
    assert assistant.completions("毛利率", only.scopes) == ["毛利率何时回升？"]
    assert assistant.completions("乙水的毛利率", [Filters(as_of="2023-12-31")]) == []
    assert len(assistant.completions("毛利率")) == 2


def test_what_is_filed_later_is_offered_too(assistant: Assistant, tmp_path: Path) -> None:
    scope = [Filters(since="2020-01-01")]
    assert len(assistant.completions("毛利率", scope)) == 2
    file = tmp_path / "new.txt"
    file.write_text("北京甲木科技股份有限公司|2025-05-01\n毛利率有目标吗？|没有。\n", "utf-8")
    with Store.open(assistant.folder) as store:
        add(store, [file], FakeEncoder(), read=read_lines)
    assert len(assistant.completions("毛利率", scope)) == 3
