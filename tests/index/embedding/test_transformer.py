"""The pretrained model: one set of vectors by both readers, whatever is encoded beside a text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.embedding import transformer
from index.embedding.encoder import StaticEncoder, load_encoder
from index.embedding.model_options import ModelOptions
from index.embedding.network import Network, read_weights
from index.embedding.transformer import LONGEST, PRETRAINED, PRETRAINED_NAME, TransformerEncoder
from index.errors import ModelError

pytestmark = pytest.mark.model

TEXTS = [
    "公司的毛利率为什么下降？",
    "报告期内，公司毛利率较去年同期下降两个百分点，主要系原材料价格上涨所致。",
    "公司2024年上半年实现营业收入12.3亿元，同比增长15%。",
    "尊敬的投资者您好，感谢您的关注！",
    "ABC Co., Ltd. 的海外订单",
    "公司未来三年没有减持计划。" * 30,
]


@pytest.fixture(scope="module")
def encoder() -> TransformerEncoder:
    return TransformerEncoder()


def test_vectors_are_those_of_sentence_transformers(encoder: TransformerEncoder) -> None:
    plain = load_encoder(str(PRETRAINED))
    for ours, theirs in (
        (encoder.encode_queries(TEXTS), plain.encode_queries(TEXTS)),
        (encoder.encode_passages(TEXTS), plain.encode_passages(TEXTS)),
    ):
        assert ours.shape == theirs.shape == (len(TEXTS), 384)
        assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
        assert (ours * theirs).sum(axis=1).min() > 0.999


def test_a_text_has_the_same_vector_alone_and_among_many(encoder: TransformerEncoder) -> None:
    many = encoder.encode_passages(TEXTS * 30)
    alone = np.concatenate([encoder.encode_passages([text]) for text in TEXTS])
    assert many.reshape(30, len(TEXTS), 384) == pytest.approx(np.stack([alone] * 30), abs=1e-5)


def test_a_question_is_nearest_to_what_answers_it(encoder: TransformerEncoder) -> None:
    (question,) = encoder.encode_queries(["毛利率下滑的原因"])
    similarities = encoder.encode_passages(TEXTS[1:]) @ question
    assert similarities.argmax() == 0


def test_traditional_characters_and_wide_letters_make_no_difference(
    encoder: TransformerEncoder,
) -> None:
    ours = encoder.encode_queries(["請問公司ＡＢＣ的併購計劃", "请问公司abc的并购计划"])
    assert ours[0] == pytest.approx(ours[1])


@pytest.mark.parametrize("text", ["", " ", "\ud800公司", "\x00", "公" * 10_000])
def test_any_text_has_a_vector(encoder: TransformerEncoder, text: str) -> None:
    assert np.isfinite(encoder.encode_passages([text])).all()


def test_what_is_longer_than_the_longest_is_cut(encoder: TransformerEncoder) -> None:
    long = "公司产品销量增长。" * LONGEST
    assert encoder.encode_passages([long, long + "尾"])[1] == pytest.approx(
        encoder.encode_passages([long])[0], abs=1e-5
    )


def test_nothing_to_encode(encoder: TransformerEncoder) -> None:
    assert encoder.encode_passages([]).shape == (0, 384)


def test_fewer_dimensions_come_by_sentence_transformers() -> None:
    small = load_encoder(PRETRAINED_NAME, ModelOptions(truncate_dim=128))
    assert small.encode_queries(["公司"]).shape == (1, 128)


def test_models_by_name() -> None:
    assert isinstance(load_encoder("static"), StaticEncoder)
    assert isinstance(load_encoder(PRETRAINED_NAME), TransformerEncoder)


def test_a_question_needs_no_torch() -> None:
    program = (
        "import sys; from index.embedding.encoder import load_encoder;"
        f"load_encoder({PRETRAINED_NAME!r}).encode_queries(['公司']);"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("name", ["graph.onnx", "model.safetensors", "evenness.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_model_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    folder = tmp_path / "pretrained"
    shutil.copytree(PRETRAINED, folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "cut":
        (folder / name).write_bytes(content[: len(content) // 2])
    monkeypatch.setattr(transformer, "PRETRAINED", folder)
    with pytest.raises(ModelError, match=r"pretrained"):
        transformer.shipped_network.__wrapped__()


def test_a_weight_that_is_missing_is_named() -> None:
    weights = read_weights(PRETRAINED / "model.safetensors", PRETRAINED / "evenness.safetensors")
    del weights["encoder.layer.3.output.dense.weight"]
    with pytest.raises(ModelError, match="no model that can be run"):
        Network(PRETRAINED / "graph.onnx", weights)
