"""The encoder seam: exact vectors of tiny models, and what a caller is told on failure."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Split

from index.embedding.encoder import (
    SHIPPED_NAME,
    Encoder,
    SentenceTransformerEncoder,
    StaticEncoder,
    folder_revision,
    load_encoder,
)
from index.embedding.model_options import ModelOptions
from index.errors import ModelError
from index.normalize import SHIPPED_MODEL
from tests.fakes import save_tiny_bert
from tests.paths import ROOT

# One character, one token: 股 points east, 东 north, 卖 along both; the unknown token is zero.
VOCABULARY = {"[UNK]": 0, "股": 1, "东": 2, "卖": 3}
ROWS = np.array([[0, 0], [3, 0], [0, 4], [1, 1]], dtype=np.float32)

TEXTS = (
    "大股东什么时候能卖股票？",
    "公司 2023 年毛利率為 41.25%",
    "",
    "🙂",
    "AIGC與算力業務",
    "的" * 3000,
)


def write_static_model(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(WordLevel(VOCABULARY, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Split(Regex("."), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(tensors, folder / "model.safetensors")
    static = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
    modules = [{"idx": 0, "name": "0", "path": "", "type": static}]
    (folder / "modules.json").write_text(json.dumps(modules), "utf-8")
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_static_model(tmp_path / "tiny", {"embedding.weight": ROWS})


def test_vector_is_the_normalised_mean_of_the_token_rows(tiny: Path) -> None:
    vectors = StaticEncoder(tiny).encode_queries(["股东", "股", "卖卖"])
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [1, 0], [0.5**0.5, 0.5**0.5]], atol=1e-7)
    assert vectors.dtype == np.float32


def test_text_without_a_known_token_is_all_zero(tiny: Path) -> None:
    vectors = StaticEncoder(tiny).encode_passages(["", "龘", "股龘"])
    np.testing.assert_array_equal(vectors, [[0, 0], [0, 0], [1, 0]])


def test_no_texts_give_no_rows(tiny: Path) -> None:
    assert StaticEncoder(tiny).encode_queries([]).shape == (0, 2)


def test_undecodable_bytes_of_a_command_line_do_no_harm(tiny: Path) -> None:
    np.testing.assert_array_equal(StaticEncoder(tiny).encode_queries(["股\udcff"]), [[1, 0]])


@pytest.mark.parametrize(
    "tensors",
    [
        pytest.param({"embedding.weight": ROWS.astype(np.float16)}, id="float16"),
        pytest.param({"embeddings": ROWS}, id="model2vec"),
        pytest.param(
            {
                "embeddings": np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.int8),
                "weights": np.array([1, 3, 4, 1], dtype=np.float32),
            },
            id="int8-with-weights",
        ),
        pytest.param(
            {"embeddings": ROWS[::-1].copy(), "mapping": np.array([3, 2, 1, 0])}, id="mapping"
        ),
    ],
)
def test_every_layout_gives_the_same_vectors(
    tmp_path: Path, tensors: dict[str, np.ndarray]
) -> None:
    encoder = StaticEncoder(write_static_model(tmp_path / "layout", tensors))
    np.testing.assert_allclose(encoder.encode_queries(["股东"]), [[0.6, 0.8]], atol=1e-7)


def test_revision_follows_the_content_and_not_the_place(tiny: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(tiny, copy)
    (copy / "README.md").write_text("prose", "utf-8")
    assert folder_revision(copy) == folder_revision(tiny)
    save_file({"embedding.weight": ROWS * 2}, copy / "model.safetensors")
    assert folder_revision(copy) != folder_revision(tiny)


def test_a_bare_static_folder_needs_no_sentence_transformers(tiny: Path) -> None:
    encoder = load_encoder(str(tiny))
    assert isinstance(encoder, StaticEncoder)
    assert (encoder.name, encoder.dimension) == ("tiny", 2)


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "~/no/such/folder"])
def test_a_missing_folder_is_named(model: str) -> None:
    with pytest.raises(ModelError, match="there is no such folder"):
        load_encoder(model)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("tokenizer.json", "no tokenizer that can be read"),
        ("model.safetensors", "can't be read"),
    ],
)
def test_a_damaged_file_is_named(tiny: Path, broken: str, message: str) -> None:
    (tiny / broken).write_bytes(b"{}")
    with pytest.raises(ModelError, match=f"{broken}.*{message}"):
        StaticEncoder(tiny)


@pytest.mark.parametrize("missing", ["tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(tiny: Path, missing: str) -> None:
    (tiny / missing).unlink()
    with pytest.raises(ModelError, match=missing):
        StaticEncoder(tiny)


def test_a_table_without_static_rows_is_refused(tmp_path: Path) -> None:
    folder = write_static_model(tmp_path / "other", {"layer.weight": ROWS})
    with pytest.raises(ModelError, match="no table of static embeddings"):
        StaticEncoder(folder)


def test_a_table_too_short_for_its_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = write_static_model(tmp_path / "short", {"embedding.weight": ROWS[:2].copy()})
    with pytest.raises(ModelError, match="more tokens than the model has rows"):
        StaticEncoder(folder)


# The shipped model.


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return load_encoder(SHIPPED_NAME)


def test_the_shipped_model_goes_by_its_name(shipped: Encoder) -> None:
    assert shipped.name == SHIPPED_NAME
    assert load_encoder("static").revision == shipped.revision


@given(texts=st.lists(st.text(max_size=40), max_size=5))
def test_vectors_are_unit_length_or_zero(shipped: Encoder, texts: list[str]) -> None:
    norms = np.linalg.norm(shipped.encode_queries(texts), axis=1)
    assert norms.shape == (len(texts),)
    assert np.all(np.isclose(norms, 1, atol=1e-5) | (norms == 0))


def test_a_batch_is_its_texts_one_by_one(shipped: Encoder) -> None:
    one_by_one = np.concatenate([shipped.encode_passages([text]) for text in TEXTS])
    np.testing.assert_allclose(shipped.encode_passages(TEXTS), one_by_one, atol=1e-6)


def test_traditional_and_full_width_texts_get_the_same_vector(shipped: Encoder) -> None:
    plain = shipped.encode_queries(["公司AIGC业务的毛利率", "大股东什么时候能卖股票"])
    variant = shipped.encode_queries(["公司ＡＩＧＣ業務的毛利率", "大股東什麼時候能賣股票"])
    np.testing.assert_array_equal(plain, variant)


def test_a_paraphrase_is_nearer_than_another_topic(shipped: Encoder) -> None:
    asked = shipped.encode_queries(["限售股啥时候能卖"])[0]
    filed = shipped.encode_passages(["股份解除限售的时间安排", "公司研发人员数量及占比"])
    assert asked @ filed[0] > asked @ filed[1] + 0.2


def test_loading_the_shipped_model_imports_no_heavy_library() -> None:
    code = (
        "import sys; from index.embedding.encoder import load_encoder\n"
        "load_encoder('static').encode_queries(['股'])\n"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'faiss')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.model
def test_sentence_transformers_gives_the_same_vectors(shipped: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(SHIPPED_MODEL), local_files_only=True, device="cpu")
    expected = model.encode(list(TEXTS), show_progress_bar=False)
    np.testing.assert_allclose(shipped.encode_queries(TEXTS), expected, atol=1e-5)


# Any other model, through sentence-transformers.


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights, and a prompt for queries only."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertModel

    folder = tmp_path_factory.mktemp("transformer")
    config = save_tiny_bert(folder / "bert", "股东卖什么时候能公司查询：")
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder / "bert")
    body = Transformer(str(folder / "bert"))
    model = SentenceTransformer(
        modules=[body, Pooling(16)], prompts={"query": "查询：", "document": ""}, device="cpu"
    )
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


@pytest.mark.model
def test_any_sentence_transformers_folder_can_be_used(transformer: Path) -> None:
    encoder = load_encoder(str(transformer), ModelOptions(device="cpu"))
    assert isinstance(encoder, SentenceTransformerEncoder)
    assert (encoder.name, encoder.dimension) == ("model", 16)
    assert encoder.revision == folder_revision(transformer)
    vectors = encoder.encode_passages(["股东卖公司", "什么时候"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode_queries([]).shape == (0, 16)


@pytest.mark.model
def test_the_models_query_prompt_is_put_in_front(transformer: Path) -> None:
    encoder = SentenceTransformerEncoder(str(transformer), ModelOptions(device="cpu"))
    by_hand = encoder.encode_passages(["查询：股东"])
    np.testing.assert_allclose(encoder.encode_queries(["股东"]), by_hand, atol=1e-5)
    assert not np.allclose(encoder.encode_passages(["股东"]), by_hand, atol=1e-3)


@pytest.mark.model
def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]", "utf-8")
    with pytest.raises(ModelError, match="can't be loaded as a sentence-transformers model"):
        load_encoder(str(tmp_path))


@pytest.mark.model
def test_a_name_that_cannot_be_had_says_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="copy the model's folder here"):
        load_encoder("nobody/no-such-model")
