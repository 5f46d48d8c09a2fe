"""Embedding on a Ray cluster: the same vectors, in the same order."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from index.embedding.encoder import load_encoder
from index.embedding.model_options import ModelOptions
from index.embedding.transformer import TransformerEncoder
from index.errors import CallError, ModelError
from index.intake import bulk
from index.intake.bulk import LOCAL, RayEncoder, bulk_encoder
from tests.conftest import Call
from tests.paths import ROOT

SAMPLE = ROOT / "index" / "sample"


def test_without_a_cluster_it_is_the_usual_encoder() -> None:
    encoder, together = bulk_encoder(None, None, ModelOptions())
    assert isinstance(encoder, TransformerEncoder)
    assert together == 64


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CallError, match=r"yuanda\[ray\]"):
        RayEncoder(LOCAL)
    said = call("add", SAMPLE, "--ray", "local")
    assert said.status == 2
    assert "yuanda[ray]" in said.err


@pytest.fixture(scope="module")
def encoder() -> Iterator[RayEncoder]:
    pytest.importorskip("ray", reason="needs the extra: pip install '.[ray]'")
    made = RayEncoder(LOCAL)
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore")
def test_the_cluster_embeds_alike(encoder: RayEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_TOGETHER", 100)
    own = load_encoder()
    assert (encoder.name, encoder.revision) == (own.name, own.revision)
    texts = [f"第{number}次回购股份的金额为{number * 7}万元\ud800" for number in range(1000)]
    assert np.array_equal(encoder.encode_passages(texts), own.encode_passages(texts))
    assert np.array_equal(encoder.encode_queries(texts[:3]), own.encode_queries(texts[:3]))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_no_cluster_is_said(address: str) -> None:
    pytest.importorskip("ray", reason="needs the extra: pip install '.[ray]'")
    with pytest.raises(ModelError, match="no Ray cluster"):
        RayEncoder(address)
