"""Both indexes against brute force: exact scores, exact filters."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from index.errors import StoreError
from index.search.lexical import LexicalIndex
from index.search.vectors import DenseIndex
from index.store.scope import Runs, Scope, is_question, pairs_of, passage_id
from index.terms import terms, weight
from tests.fakes import make_pair

PAIRS = {
    3: make_pair("1", "公司有没有回购计划", "公司已经回购股份一百万股。"),
    4: make_pair("2", "毛利率下降的原因", "主要由于原材料涨价，毛利率为30.46%。"),
    7: make_pair("3", "海外业务进展", "海外收入占比提高，毛利率高于国内。"),
}
ENTRIES = [(i, pair.question, pair.answer) for i, pair in PAIRS.items()]


@pytest.fixture
def dense() -> DenseIndex:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([passage_id(i // 3, i % 3) for i in range(300)])
    return DenseIndex(8).with_added(ids, vectors.astype(np.float16))


def vectors_of(index: DenseIndex) -> np.ndarray:
    return np.stack([index.scores(v, index.ids()) for v in np.eye(8, dtype=np.float32)], axis=1)


def test_passage_ids_round_trip() -> None:
    ids = np.array([passage_id(5, 0), passage_id(5, 12), passage_id(1 << 40, 65535)])
    assert pairs_of(ids).tolist() == [5, 5, 1 << 40]
    assert is_question(ids).tolist() == [True, False, False]


def test_dense_scores_are_inner_products(dense: DenseIndex) -> None:
    vectors, query = vectors_of(dense), np.eye(8, dtype=np.float32)[2]
    scores, ids = dense.search(query, 10)
    expected = vectors @ query
    order = np.argsort(-expected)[:10]
    np.testing.assert_allclose(scores, expected[order], atol=1e-6)
    assert ids.tolist() == dense.ids()[order].tolist()


def test_dense_filter_is_exact(dense: DenseIndex) -> None:
    vectors, query = vectors_of(dense), np.eye(8, dtype=np.float32)[5]
    allowed = np.array([2, 50, 99])
    scores, ids = dense.search(query, 100, Runs.of(allowed))
    assert sorted(ids.tolist()) == [passage_id(p, i) for p in (2, 50, 99) for i in range(3)]
    rows = np.isin(pairs_of(dense.ids()), allowed)
    np.testing.assert_allclose(scores, np.sort((vectors @ query)[rows])[::-1], atol=1e-6)


def test_dense_removal_leaves_no_vector_behind(dense: DenseIndex) -> None:
    gone = np.array([10, 11])
    less = dense.without(gone)
    assert len(less.ids()) == sum(len(segment.rows) for segment in less.segments) == 294
    found = less.search(np.ones(8, dtype=np.float32), 300)[1]
    assert sorted(found.tolist()) == less.ids().tolist()
    assert not np.isin(pairs_of(found), gone).any()
    assert len(dense.ids()) == 300, "the former state stays as it was"


@pytest.fixture
def lexical() -> LexicalIndex:
    index = LexicalIndex()
    index.update(ENTRIES)
    return index


def bm25(query: str, parts: dict[int, list[str]], pair: int) -> float:
    """BM25 with k1 = 1.2, b = 0.75, by the formula."""
    count = len(parts)
    mean = sum(len(words) for words in parts.values()) / count
    score = 0.0
    for term in set(terms(query)):
        found = sum(term in words for words in parts.values())
        frequency = parts[pair].count(term)
        length = 1.2 * (0.25 + 0.75 * len(parts[pair]) / mean)
        idf = math.log1p((count - found + 0.5) / (found + 0.5))
        score += weight(term) * idf * frequency * 2.2 / (frequency + length)
    return score


def test_lexical_scores_are_bm25(lexical: LexicalIndex) -> None:
    query = "毛利率与回购"
    texts = {i: [*terms(p.question), *terms(p.answer)] for i, p in PAIRS.items()}
    found = dict(lexical.search(query, 10))
    assert found.keys() == {3, 4, 7}
    for pair, score in found.items():
        assert score == pytest.approx(bm25(query, texts, pair), rel=1e-5)
        assert score <= lexical.ceiling(query)


def test_two_characters_find_their_pair(lexical: LexicalIndex) -> None:
    assert lexical.search("回购", 10)[0][0] == 3
    assert [pair for pair, _ in lexical.search("回購", 10)] == [3]
    assert lexical.search("股权激励", 10) == []


def test_lexical_filter_and_removal(lexical: LexicalIndex) -> None:
    assert [p for p, _ in lexical.search("毛利率", 10, Scope(pairs=np.array([7])))] == [7]
    lexical.update([], remove=[4])
    assert lexical.ids().tolist() == [3, 7]
    assert [p for p, _ in lexical.search("毛利率", 10)] == [7]


def test_lexical_index_is_kept_on_disk(tmp_path: Path) -> None:
    LexicalIndex(tmp_path).update(ENTRIES)
    assert LexicalIndex(tmp_path).search("回购", 1)[0][0] == 3


@pytest.mark.parametrize("content", [b"", b"half of it"])
def test_what_a_kill_left_beside_the_lexical_index_does_no_harm(
    tmp_path: Path, content: bytes
) -> None:
    LexicalIndex(tmp_path).update(ENTRIES)
    LexicalIndex(tmp_path).update([], remove=[4])
    (deleted,) = tmp_path.glob("*.del")
    strays = [deleted.name.partition(".")[0] + ".99.del", ".tmpAbc", ".checked.json.abc"]
    for name in strays:
        (tmp_path / name).write_bytes(content)
    opened = LexicalIndex(tmp_path)
    assert opened.ids().tolist() == [3, 7]
    opened.update([], remove=[7])
    assert LexicalIndex(tmp_path).ids().tolist() == [3]
    assert not [name for name in strays if (tmp_path / name).exists()]


@pytest.mark.parametrize("suffix", ["idx", "store", "term", "del"])
def test_a_lexical_file_without_its_end_is_damage(tmp_path: Path, suffix: str) -> None:
    LexicalIndex(tmp_path).update(ENTRIES)
    LexicalIndex(tmp_path).update([], remove=[4])
    (path,) = tmp_path.glob(f"*.{suffix}")
    whole = path.read_bytes()
    for content in (b"", whole[:5], whole[:-3]):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="damaged"):
            LexicalIndex(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("回购", ["回购"]),
        ("17,736,832 股", ["17736832", "股"]),
        ("30.46％", ["30.46%"]),
        ("ＧＰＵ算力", ["gpu", "算力"]),
        ("", []),
        ("，。？", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_words_and_bigrams() -> None:
    assert set(terms("毛利率")) == {"毛利", "利率", "毛利率"}


def test_common_words_weigh_less() -> None:
    assert weight("的") < weight("公司") < weight("毛利率") <= weight("解禁") <= 1.0
    assert weight("利率毛") == weight("率是") == 0.55
    assert weight("30.46%") == 1.0
