"""The parts of the training recipe that a wrong index would spoil in silence."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from eval.training.export import quantise
from eval.training.measure import bm25_scores, first_relevant_rank
from eval.training.pairs import (
    TOPICS,
    Examples,
    Noise,
    TokenLists,
    cloze,
    draw_batches,
    gather,
    read_topics,
)
from eval.training.vocabulary import choose_pieces

LISTS = TokenLists(np.array([1, 2, 3, 4, 5, 6], dtype=np.int32), np.array([0, 1, 6]))


@pytest.fixture
def tokenizer() -> Tokenizer:
    vocabulary = {"[UNK]": 0, "回": 1, "购": 2, "回购": 3, "股": 4}
    return Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106


def noisy(
    tokenizer: Tokenizer, split: float, drop: float, swap: float
) -> tuple[list[int], list[int]]:
    ids = np.array([3, 4, 3], dtype=np.int32)
    rng = np.random.default_rng(1)
    out, lengths = Noise(tokenizer, split, drop, swap)(ids, np.array([1, 2]), rng)
    return out.tolist(), lengths.tolist()


def test_no_noise_changes_nothing(tokenizer: Tokenizer) -> None:
    assert noisy(tokenizer, 0, 0, 0) == ([3, 4, 3], [1, 2])


def test_every_word_can_be_cut_into_its_characters(tokenizer: Tokenizer) -> None:
    assert noisy(tokenizer, 1, 0, 0) == ([1, 2, 4, 1, 2], [2, 3])


def test_dropping_leaves_each_text_its_first_token(tokenizer: Tokenizer) -> None:
    assert noisy(tokenizer, 0, 1, 0) == ([3, 4], [1, 1])


def test_gather_takes_lists_in_order_and_windows_of_long_ones() -> None:
    rng = np.random.default_rng(1)
    ids, lengths = gather(LISTS, np.array([1, 0]), 5, rng)
    assert (ids.tolist(), lengths.tolist()) == ([2, 3, 4, 5, 6, 1], [5, 1])
    windows = {tuple(gather(LISTS, np.array([1]), 3, rng)[0].tolist()) for _ in range(200)}
    assert windows == {(2, 3, 4), (3, 4, 5), (4, 5, 6)}


def test_batches_follow_the_shares_and_keep_sources_apart() -> None:
    zeros = np.zeros(200, dtype=np.int64)
    origins = np.repeat([0, 1], 100)
    shares = np.where(origins == 0, 2.0, 0.5)
    examples = Examples([], zeros, zeros, zeros, zeros, origins, shares)
    batches = list(draw_batches(examples, 10, 10, np.random.default_rng(1)))
    drawn = origins[np.concatenate(batches)]
    assert (drawn == 0).sum() == 200
    assert 30 <= (drawn == 1).sum() <= 70
    assert all(len(set(origins[batch])) == 1 for batch in batches)


def test_cloze_takes_one_sentence_out() -> None:
    passage = "公司上半年收入增长较快。毛利率保持稳定的水平。研发投入继续加大力度。"
    sentence, rest = cloze(passage, random.Random(1))
    assert sentence in passage
    assert sentence not in rest
    assert len(sentence) + len(rest) == len(passage)
    assert cloze("太短。", random.Random(1)) == ("", "")


def test_every_phrase_belongs_to_one_topic() -> None:
    phrases = [phrase for topic in read_topics(TOPICS) for phrase in topic]
    assert len(phrases) == len(set(phrases))


def test_development_questions_are_not_trained_on() -> None:
    trained = {phrase for topic in read_topics(TOPICS) for phrase in topic}
    lines = Path(TOPICS).with_name("domain_dev.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert not {way for row in rows for way in row[2].split("|")} & trained


def test_vocabulary_holds_common_characters_and_then_the_commonest_words() -> None:
    from collections import Counter

    words = Counter({"回购": 9, "毛利率": 5, "稀罕词": 1, "，": 99})
    pieces = choose_pieces(words, Counter("𠮷" * 5 + "，" * 99), 6763 + 36 + 1 + 1 + 2)
    known = [piece for piece, _ in pieces]
    assert {"回购", "毛利率", "𠮷", "龃", "a", "0"} <= set(known)
    assert "稀罕词" not in known
    assert "，" not in known
    assert known[:2] == ["[UNK]", "回购"]


def test_int8_rows_keep_the_vectors() -> None:
    table = np.random.default_rng(1).standard_normal((50, 64)).astype(np.float32)
    rows, factors = quantise(table)
    assert rows.dtype == np.int8
    assert not rows[0].any()
    back = rows[1:] * factors[1:, None]
    cosine = (back * table[1:]).sum(1) / np.linalg.norm(back, axis=1)
    np.testing.assert_allclose(cosine / np.linalg.norm(table[1:], axis=1), 1, atol=1e-3)


def test_a_tie_counts_against_the_relevant_passage() -> None:
    scores = np.array([[0.5, 0.5, 0.1], [0.9, 0.5, 0.1]])
    relevant = np.array([[True, False, False], [True, False, True]])
    assert first_relevant_rank(scores, relevant).tolist() == [2, 1]


def test_bm25_by_hand() -> None:
    # Each passage has three words and five bigrams; 回购 is both, in query and passage.
    passages = ["公司回购股份", "公司业务介绍", "公司业务发展"]
    scores = bm25_scores(["回购"], passages)
    idf = np.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    np.testing.assert_allclose(scores, [[2 * idf * 2 * 2.2 / (2 + 1.2), 0, 0]], rtol=1e-5)
