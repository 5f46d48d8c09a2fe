"""Any other model: options, prompts, a reranker, its calibration, and what is known to fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.retrieval import calibration
from assistant.retrieval.calibration import load_calibration, mismatch
from assistant.settings import Settings
from index.embedding import hub
from index.embedding.encoder import load_encoder
from index.embedding.model_options import OPTIONS, ModelOptions
from index.embedding.models import KNOWN
from index.errors import CallError, ModelError
from index.store.store import Store
from tests.conftest import Call
from tests.fakes import FakeEncoder, LengthReranker
from tests.paths import ROOT

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


def test_the_static_model_refuses_what_it_has_not() -> None:
    with pytest.raises(CallError, match="takes no prompt"):
        load_encoder("static", ModelOptions(query_prompt="query: "))
    assert load_encoder("static", ModelOptions(device="cpu", dtype="float16")).dimension


# Loading


def test_what_is_told_reaches_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    # Stands for the back-ends, whose packages don't go with the versions that tests pass with.
    monkeypatch.setattr("index.embedding.hub._check_backend", lambda _: None)
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


# Calibration


def test_the_shipped_calibration_is_for_the_shipped_model() -> None:
    assert mismatch(None, load_encoder(None)) is None


def test_a_shipped_model_may_have_a_calibration_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "SHIPPED", tmp_path / "calibration.json")
    own = tmp_path / "calibration-fake.json"
    assert calibration.shipped_for("fake") == tmp_path / "calibration.json"
    own.write_text("{}", "utf-8")
    assert calibration.shipped_for("fake") == calibration.shipped_for("../fake") == own
    assert calibration.shipped_for("") == tmp_path / "calibration.json"


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
    shipped = ROOT / "assistant/retrieval/calibration.json"
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
