"""Transformers as embedding model and as reranker: tiny ones, made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.retrieval.rerank import CrossEncoderReranker
from index.embedding.encoder import SentenceTransformerEncoder, load_encoder
from index.embedding.model_options import ModelOptions
from index.embedding.models import KNOWN
from index.errors import CallError, ModelError
from index.intake import build
from index.store.store import Store
from tests.conftest import Call
from tests.fakes import read_lines, save_tiny_bert


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokenizer and configuration of a BERT of two layers."""
    folder = tmp_path_factory.mktemp("body")
    save_tiny_bert(folder, "股东卖什么时候能公司查询文：毛利率多少", num_labels=1)
    return folder


@pytest.fixture(scope="module")
def embedding(body: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model without prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    BertModel(BertConfig.from_pretrained(body)).save_pretrained(body / "embedding")
    for file in body.glob("tokenizer*"):
        (body / "embedding" / file.name).write_bytes(file.read_bytes())
    folder = tmp_path_factory.mktemp("embedding")
    modules = [Transformer(str(body / "embedding")), Pooling(16)]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="module")
def cross(body: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder with one label."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("cross")
    torch.manual_seed(0)
    BertForSequenceClassification(BertConfig.from_pretrained(body)).save_pretrained(folder)
    for file in body.glob("tokenizer*"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.model
def test_prompts_are_put_in_front(embedding: Path) -> None:
    plain = load_encoder(str(embedding), ModelOptions("cpu"))
    prompted = load_encoder(
        str(embedding), ModelOptions("cpu", query_prompt="查询：", passage_prompt="文：")
    )
    by_hand = plain.encode_passages(["查询：股东", "文：股东", "股东"])
    np.testing.assert_allclose(prompted.encode_queries(["股东"])[0], by_hand[0], atol=1e-6)
    np.testing.assert_allclose(prompted.encode_passages(["股东"])[0], by_hand[1], atol=1e-6)
    np.testing.assert_allclose(plain.encode_queries(["股东"])[0], by_hand[2], atol=1e-6)
    assert not np.allclose(by_hand[0], by_hand[2], atol=1e-3)


@pytest.mark.model
def test_a_known_model_gets_the_prompts_that_it_lacks(
    embedding: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(embedding)
    known = replace(next(iter(KNOWN.values())), query_prompt="查询：", passage_prompt=None)
    monkeypatch.setitem(KNOWN, name, known)
    encoder = SentenceTransformerEncoder(name, ModelOptions("cpu"))
    by_hand = encoder.encode_passages(["查询：股东", "股东"])
    np.testing.assert_allclose(encoder.encode_queries(["股东"])[0], by_hand[0], atol=1e-6)
    unprompted = SentenceTransformerEncoder(name, ModelOptions("cpu", query_prompt=""))
    np.testing.assert_allclose(unprompted.encode_queries(["股东"])[0], by_hand[1], atol=1e-6)


@pytest.mark.model
def test_the_first_dimensions_are_kept_at_unit_length(embedding: Path) -> None:
    whole = load_encoder(str(embedding), ModelOptions("cpu"))
    short = load_encoder(str(embedding), ModelOptions("cpu", truncate_dim=4))
    assert (whole.dimension, short.dimension) == (16, 4)
    expected = whole.encode_passages(["股东卖公司"])[:, :4]
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(short.encode_passages(["股东卖公司"]), expected, atol=1e-6)


@pytest.mark.model
def test_long_texts_are_cut_where_told(embedding: Path) -> None:
    cut = load_encoder(str(embedding), ModelOptions("cpu", max_length=4))
    vectors = cut.encode_passages(["股东卖公司", "股东时候"])  # [CLS], two characters, [SEP]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


@pytest.mark.model
def test_a_lower_precision_gives_nearly_the_same(embedding: Path) -> None:
    whole = load_encoder(str(embedding), ModelOptions("cpu"))
    half = load_encoder(str(embedding), ModelOptions("cpu", dtype="bfloat16"))
    assert str(next(half._model.parameters()).dtype) == "torch.bfloat16"  # type: ignore[attr-defined]
    vectors = half.encode_passages(["股东卖公司"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, whole.encode_passages(["股东卖公司"]), atol=0.05)


@pytest.mark.model
def test_what_changes_passages_changes_the_revision(embedding: Path) -> None:
    def revision(**told: Any) -> str:
        return load_encoder(str(embedding), ModelOptions("cpu", **told)).revision

    plain = revision()
    assert revision(query_prompt="查询：", dtype="bfloat16", batch_size=2) == plain
    others = {revision(passage_prompt="文："), revision(truncate_dim=4), revision(max_length=9)}
    assert len(others | {plain}) == 4


@pytest.mark.model
def test_a_store_refuses_another_prompt(embedding: Path, tmp_path: Path) -> None:
    filed = tmp_path / "a.txt"
    filed.write_text("甲公司|2024-01-01\n股东什么时候能卖|什么时候能卖", "utf-8")
    with Store.open(tmp_path / "store", create=True) as store:
        added = build.add(store, [filed], load_encoder(str(embedding)), read=read_lines)
        assert added.count("added") == 1
        with pytest.raises(ModelError, match="built with the model"):
            store.check_model(load_encoder(str(embedding), ModelOptions(passage_prompt="文：")))


@pytest.mark.model
def test_a_cross_encoder_scores_question_and_pair(cross: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    reranker = CrossEncoderReranker(str(cross), ModelOptions("cpu"))
    scores = reranker.scores("毛利率", ["毛利率多少", "股东卖", "什么时候"])
    tokenizer = AutoTokenizer.from_pretrained(cross)
    model = AutoModelForSequenceClassification.from_pretrained(cross).eval()
    inputs = tokenizer([("毛利率", "股东卖")], return_tensors="pt")
    with torch.inference_mode():
        expected = torch.sigmoid(model(**inputs).logits)[0, 0].item()
    assert scores[1] == pytest.approx(expected, abs=1e-5)
    assert len(set(scores)) == 3


@pytest.mark.model
def test_a_cross_encoder_answers_on_the_command_line(call: Call, cross: Path) -> None:
    plain = call("ask", "毛利率", "--json").json
    said = call("ask", "毛利率", "--json", "--reranker", cross, "--reranker-option", "device=cpu")
    assert said.status == 0
    assert f"with the reranker {cross.name}" in said.err
    numbers = [{c["pair"]["number"] for c in answer["citations"]} for answer in (plain, said.json)]
    assert numbers[0]
    scores = [c["score"] for c in said.json["citations"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.model
def test_a_reranker_refuses_what_it_has_not(cross: Path) -> None:
    with pytest.raises(CallError, match="takes no prompts"):
        CrossEncoderReranker(str(cross), ModelOptions(truncate_dim=4))
    with pytest.raises(ModelError, match="no such folder"):
        CrossEncoderReranker("./nowhere")
