"""Any other model: options, prompts, a reranker, its calibration, and what is known to fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.answer import Assistant
from assistant.calibration import load_calibration, mismatch
from assistant.decide import Calibration, Ranked
from assistant.records import Query
from assistant.rerank import DEPTH, CrossEncoderReranker, rerank
from assistant.settings import Settings
from index import build, hub
from index.encoder import SentenceTransformerEncoder, load_encoder
from index.errors import CallError, ModelError
from index.model_options import OPTIONS, ModelOptions
from index.models import KNOWN
from index.records import Reading
from index.store import Store
from tests.conftest import Call
from tests.fakes import FakeEncoder, read_lines

CHARACTERS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"股东卖什么时候能公司查询文：毛利率多少",
]


class LengthReranker:
    """The longer a text, the better."""

    name = "length"

    def __init__(self) -> None:
        self.read: list[tuple[str, str]] = []

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Their lengths; remembers what it read."""
        self.read += [(question, text) for text in texts]
        return [float(len(text)) for text in texts]


# Options


def test_options_are_read_from_texts() -> None:
    told = {
        "device": "cuda:1",
        "backend": "onnx",
        "dtype": "float16",
        "batch_size": "8",
        "max_length": "512",
        "truncate_dim": "256",
        "query_prompt": "query: ",
        "passage_prompt": "",
        "kwargs": '{"file_name": "onnx/model_O3.onnx"}',
    }
    assert set(told) == set(OPTIONS)
    options = ModelOptions.read(told)
    assert options == ModelOptions(
        "cuda:1", "onnx", "float16", 8, 512, 256, "query: ", "", {"file_name": "onnx/model_O3.onnx"}
    )
    assert options.loading() == {
        "device": "cuda:1",
        "backend": "onnx",
        "model_kwargs": {"file_name": "onnx/model_O3.onnx", "dtype": "float16"},
    }


def test_an_empty_text_is_the_default_but_an_empty_prompt_is_none() -> None:
    assert ModelOptions.read({"device": "", "batch_size": ""}) == ModelOptions()
    assert ModelOptions.read({"query_prompt": ""}).query_prompt == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("backend", "tensorflow"),
        ("dtype", "int3"),
        ("batch_size", "0"),
        ("batch_size", "many"),
        ("truncate_dim", "-1"),
        ("kwargs", "[1]"),
        ("kwargs", "{"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(CallError, match=name):
        ModelOptions.read({name: value})


def test_settings_name_every_option() -> None:
    environ = {f"YUANDA_MODEL_{name.upper()}": name for name in OPTIONS}
    environ |= {"YUANDA_RERANKER": "some/reranker", "YUANDA_RERANKER_DEVICE": "cpu"}
    settings = Settings.read(environ | {"YUANDA_CALIBRATION": "~/own.json"})
    assert settings.model_options == {name: name for name in OPTIONS}
    assert settings.model is None
    assert settings.reranker == "some/reranker"
    assert settings.reranker_options == {"device": "cpu"}
    assert settings.calibration == Path.home() / "own.json"


def test_the_command_line_goes_before_the_environment(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUANDA_MODEL_BATCH_SIZE", "none")
    refused = call("ask", "毛利率", "--model-option", "device=cpu")
    assert (refused.status, "batch_size=none" in refused.err) == (2, True)
    assert call("ask", "毛利率", "--model-option", "batch-size=4").status == 0
    assert call("ask", "毛利率", "--model-option", "device").status == 2


def test_the_shipped_model_refuses_what_it_has_not() -> None:
    with pytest.raises(CallError, match="takes no prompt"):
        load_encoder(None, ModelOptions(query_prompt="query: "))
    assert load_encoder(None, ModelOptions(device="cpu", dtype="float16")).dimension


# Loading


def test_what_is_told_reaches_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    # Stands for the back-ends, whose packages don't go with the versions that tests pass with.
    monkeypatch.setattr("index.hub._check_backend", lambda _: None)
    calls: list[tuple[str, dict[str, Any]]] = []
    options = ModelOptions("cpu", "openvino", "bfloat16", kwargs={"ov_config": {}})
    hub.load(lambda model, **told: calls.append((model, told)), "a/model", options, truncate_dim=64)
    assert calls == [
        (
            "a/model",
            {
                "local_files_only": True,
                "device": "cpu",
                "backend": "openvino",
                "model_kwargs": {"ov_config": {}, "dtype": "bfloat16"},
                "truncate_dim": 64,
            },
        )
    ]


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_a_back_end_that_is_not_installed_names_its_packages(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(hub._PACKAGES, backend, "no_such_package.at_all")
    with pytest.raises(ModelError, match=rf"sentence-transformers\[{backend}\]"):
        hub.load(FakeEncoder, "some/model", ModelOptions(backend=backend))


# Reranking


def ranked(count: int) -> list[Ranked]:
    return [Ranked(pair, float(-pair), 1 / (1 + pair)) for pair in range(count)]


def readings(pairs: Sequence[int]) -> list[Reading]:
    return [Reading("问" * (pair_id + 1), "答") for pair_id in pairs]


def test_the_first_ten_are_ordered_anew_and_the_rest_stays() -> None:
    reranker = LengthReranker()
    anew = rerank(ranked(13), "毛利率", readings, reranker)
    assert [r.pair_id for r in anew] == [*reversed(range(DEPTH)), 10, 11, 12]
    assert reranker.read[0] == ("毛利率", "问\n答")
    assert len(reranker.read) == DEPTH


def test_confidence_goes_with_the_pair_and_scores_still_fall() -> None:
    before = ranked(13)
    anew = rerank(before, "毛利率", readings, LengthReranker())
    sure = {r.pair_id: r.confidence for r in before}
    assert all(r.confidence == sure[r.pair_id] for r in anew)
    assert [r.score for r in anew] == [r.score for r in before]


def test_equal_scores_keep_their_order() -> None:
    def equal(pairs: Sequence[int]) -> list[Reading]:
        return [Reading("问", "答")] * len(pairs)

    before = ranked(5)
    assert rerank(before, "?", equal, LengthReranker()) == before


def test_places_with_equal_scores_come_apart() -> None:
    before = [replace(r, score=2.0) for r in ranked(12)]
    anew = rerank(before, "毛利率", readings, LengthReranker())
    by_score = sorted(anew, key=lambda r: (-r.score, r.pair_id))
    assert [r.pair_id for r in by_score] == [*reversed(range(DEPTH)), 10, 11]
    assert anew[0].score == pytest.approx(2.0)


def test_nothing_to_order_is_not_read() -> None:
    reranker = LengthReranker()
    assert rerank([], "?", readings, reranker) == []
    assert rerank(ranked(1), "?", readings, reranker) == ranked(1)
    assert rerank(ranked(3), "?", readings, None) == ranked(3)
    assert reranker.read == []


def test_the_assistant_shows_the_rerankers_first(tmp_path: Path) -> None:
    filed = tmp_path / "a.txt"
    filed.write_text(
        "甲公司|2024-01-01\n毛利率是多少|毛利率四成\n毛利率如何变化|毛利率上升了很多很多", "utf-8"
    )
    encoder = FakeEncoder()
    firsts = {}
    for reranker in (None, LengthReranker()):
        store = Store.open(tmp_path / "store", create=True)
        build.add(store, [filed], encoder, read=read_lines)
        with Assistant(store, encoder, Calibration.load(), reranker=reranker) as assistant:
            firsts[reranker] = assistant.ask(Query("毛利率是多少")).citations[0].pair.number
    assert list(firsts.values()) == ["1", "2"]


# Calibration


def test_the_shipped_calibration_is_for_the_shipped_model() -> None:
    assert mismatch(None, load_encoder(None)) is None


def test_a_calibration_for_other_models_is_named(tmp_path: Path) -> None:
    said = mismatch(None, FakeEncoder())
    assert said
    assert "not for fake 1" in said
    assert "with the reranker length" in str(mismatch(None, FakeEncoder(), LengthReranker()))
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"model": "fake 1", "reranker": "length"}), "utf-8")
    assert mismatch(own, FakeEncoder(), LengthReranker()) is None
    assert mismatch(own, FakeEncoder())


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"shortlist": 1}'])
def test_what_is_no_calibration_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "own.json"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(CallError, match=r"own\.json"):
        load_calibration(path)


def test_the_command_line_takes_a_calibration(call: Call, tmp_path: Path) -> None:
    missing = call("ask", "毛利率", "--calibration", tmp_path / "none.json")
    assert (missing.status, "none.json" in missing.err) == (2, True)
    shipped = Path(__file__).parent.parent / "assistant" / "calibration.json"
    own = tmp_path / "own.json"
    own.write_text(json.dumps({**json.loads(shipped.read_text()), "model": "other 1"}), "utf-8")
    said = call("ask", "毛利率", "--json", "--calibration", own)
    assert (said.status, "calibrated for other 1" in said.err) == (0, True)
    assert "calibrated" not in call("ask", "毛利率", "--json").err


# What is known


def test_models_that_fit_are_listed(call: Call, tmp_path: Path) -> None:
    listed = call("models", "--json", "--store", tmp_path / "store").json
    assert listed["store"] is None
    assert listed["shipped"]["dimension"] == load_encoder(None).dimension
    assert {m["name"] for m in listed["models"]} == set(KNOWN)
    assert all(m["source"].startswith("https://") for m in listed["models"])
    assert not any(m["cached"] for m in listed["models"])
    text = call("models").out
    assert all(name in text for name in KNOWN)


def test_models_says_which_one_the_store_uses(call: Call, tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        store.set_model(FakeEncoder())
    assert call("models", "--json", "--store", tmp_path / "store").json["store"]["model"] == "fake"
    assert "uses fake" in call("models", "--store", tmp_path / "store").out


# A tiny transformer, and a tiny cross-encoder, made on the spot.


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokenizer and configuration of a BERT of two layers."""
    from transformers import BertConfig, BertTokenizerFast

    folder = tmp_path_factory.mktemp("body")
    vocabulary = {character: number for number, character in enumerate(CHARACTERS)}
    BertTokenizerFast(vocab=vocabulary).save_pretrained(folder)
    BertConfig(
        vocab_size=len(CHARACTERS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=1,
    ).save_pretrained(folder)
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
