"""Pairs as the tokens of their sentences: kept as worked out, and read together from there."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.interaction import COVERAGE, cover
from index.embedding import sentences
from index.embedding.sentences import (
    encoded,
    is_current,
    model,
    norms,
    sentences_in,
    sentences_of,
    weights,
)
from index.intake.build import add
from index.records import Reading
from index.store.store import Store
from index.upkeep.doctor import examine
from index.upkeep.mending import Mender
from tests.fakes import FakeEncoder, read_lines

QUESTION, ANSWER = "毛利率为什么下降？产能呢？", "主要受原材料影响。\n预计明年回升；产能已满。"
TEXTS = st.text(st.sampled_from("毛利率产能回购的。？；!\n ，a1Ａ\u200b"), max_size=60)


def kept(question: str, answer: str) -> Reading:
    (own,) = encoded([(question, answer)])
    return Reading(question, answer, sentences=own)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_what_is_kept_is_what_the_texts_say(pairs: list[tuple[str, str]]) -> None:
    found = sentences_in([kept(*pair) for pair in pairs])
    wanted = [
        (place, is_question, model().tokens([one])[0])
        for place, pair in enumerate(pairs)
        for is_question, text in zip((True, False), pair, strict=True)
        for one in sentences_of(text)
    ]
    wanted = [one for one in wanted if len(one[2])]
    assert found.pairs[found.owner].tolist() == [place for place, *_ in wanted]
    assert found.filed.tolist() == [filed for _, filed, _ in wanted]
    parts = np.split(found.tokens, found.starts[1:])
    for (_, _, tokens), own, norm in zip(wanted, parts, found.norms, strict=False):
        assert own.tolist() == tokens.tolist()
        units = model().rows(tokens) / np.linalg.norm(model().rows(tokens), axis=1)[:, None]
        summed = weights()[tokens] @ units
        assert norm == pytest.approx(np.linalg.norm(summed), rel=1e-4)
    assert len(found.starts) == len(wanted)


@given(TEXTS)
def test_sentences_hold_all_that_says_anything(text: str) -> None:
    # What parts sentences belongs to the one before; before the very first it belongs to none.
    assert "".join(sentences_of(text)) == text.lstrip("。！？；!?;\n")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), TEXTS)
def test_read_from_what_is_kept_or_from_the_text(
    pairs: list[tuple[str, str]], question: str
) -> None:
    readings = [kept(*pair) for pair in pairs]
    bare = [replace(reading, sentences=None) for reading in readings]
    mixed = [*readings[::2], *bare[1::2]]
    wanted = cover(question, bare)
    # What is multiplied side by side is rounded in another way by some processors.
    np.testing.assert_allclose(cover(question, readings), wanted, atol=1e-6)
    np.testing.assert_allclose(cover(question, mixed), [*wanted[::2], *wanted[1::2]], atol=1e-6)


def test_bytes_of_another_model_are_not_read() -> None:
    reading = kept(QUESTION, ANSWER)
    assert reading.sentences is not None
    other = replace(reading, sentences=b"\0\0\0\0" + reading.sentences[4:])
    assert is_current(reading.sentences)
    assert not is_current(other.sentences)
    # Had they been read, these would name no token at all.
    none = replace(reading, sentences=b"\0\0\0\0" + struct.pack("<II", 0, 0))
    np.testing.assert_array_equal(cover(QUESTION, [none]), cover(QUESTION, [reading]))


def test_a_token_that_is_covered_as_well_as_another_counts_the_same() -> None:
    # However rounding orders the words that are covered whole.
    (row,) = cover("毛利率和产能以及天气", [kept("毛利率和产能", "")])
    asked = model().tokens(["毛利率和产能以及天气"])[0]
    own = weights()[asked] / weights()[asked].sum()
    units = model().rows(asked) / norms()[asked][:, None]
    said = model().tokens(["毛利率和产能"])[0]
    best = (units @ (model().rows(said) / norms()[said][:, None]).T).max(axis=1)
    left, total = 0.3, 0.0
    for cosine, share in sorted(zip(best.tolist(), own.tolist(), strict=True)):
        total += min(left, share) * cosine
        left -= min(left, share)
    assert row[COVERAGE.index("least")] == pytest.approx(total / 0.3, abs=1e-5)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    path = tmp_path / "filing.txt"
    said = "毛利率为什么下降？|受原材料影响。\n产能呢？|产能已满。"
    path.write_text(f"甲乙公司|2024-05-01\n{said}\n", "utf-8")
    with Store.open(tmp_path / "store", create=True) as opened:
        add(opened, [path], FakeEncoder(), read=read_lines)
        yield opened


def test_filed_pairs_have_theirs_and_the_doctor_mends(store: Store) -> None:
    ids = store.pair_ids().tolist()
    own = {pair: reading.sentences for pair, reading in store.readings(ids).items()}
    assert all(map(is_current, own.values()))
    assert {one.status for one in examine(store, Mender(FakeEncoder, read_lines))} == {"sound"}
    store.keep_sentences([(ids[0], b"old!")])
    assert [pair for pair, *_ in store.unread(sentences.made_with())] == [ids[0]]
    found = {one.what: one for one in examine(store, Mender(FakeEncoder, read_lines))}
    assert (found["sentences"].status, found["sentences"].detail) == ("mended", "1 pairs")
    assert {pair: r.sentences for pair, r in store.readings(ids).items()} == own


def test_a_pair_that_is_gone_is_left_out(store: Store) -> None:
    ids = store.pair_ids().tolist()
    assert list(store.readings([*ids, 999])) == ids
    assert store.readings([]) == {}
