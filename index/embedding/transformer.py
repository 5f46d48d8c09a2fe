"""The pretrained model that ships: its folder loads with plain sentence-transformers as well.

Questions and passages are encoded by onnxruntime in 8 bits (``index.embedding.network``), which
imports no torch; where a device is named, passages go through sentence-transformers on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.embedding.hub import folder_revision
from index.embedding.model_options import ModelOptions
from index.embedding.network import Network, processors, read_weights
from index.normalize import read_tokenizer, well_formed

Vectors = npt.NDArray[np.float32]
Rows = list[npt.NDArray[np.int64]]

PRETRAINED = Path(__file__).parents[1] / "pretrained"
PRETRAINED_NAME = "yuanda-e5-zh"
# As the folder's own settings say.
LONGEST = 192
_QUERY, _PASSAGE = "query: ", "passage: "
# Texts that one thread encodes at a time.
_SHARE = 64


class Passages(Protocol):
    """What encodes passages on a device."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors."""
        ...


class TransformerEncoder:
    """The shipped pretrained model: six layers, 384 dimensions, Matryoshka (256, 128, 64).

    A text's vector doesn't depend on what is encoded beside it, but for rounding of float32.
    Where ``options`` name a device, passages are encoded by what ``on_device`` makes of the folder
    and the options.

    Raises:
        ModelError: a file of the model is missing or damaged.
    """

    name = PRETRAINED_NAME
    dimension = 384

    def __init__(
        self,
        options: ModelOptions | None = None,
        on_device: Callable[[str, ModelOptions], Passages] | None = None,
    ) -> None:
        self._options, self._make = options or ModelOptions(), on_device
        self._tokenizer = read_tokenizer(PRETRAINED)
        self._network = shipped_network()
        self._device: Passages | None = None
        self.revision = _revision()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked."""
        return self._encode(texts, _QUERY)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed."""
        if self._options.device and self._make:
            self._device = self._device or self._make(str(PRETRAINED), self._options)
            return self._device.encode_passages(texts)
        return self._encode(texts, _PASSAGE)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        rows: Rows = [
            _shortened(self._tokenizer.encode(prompt + well_formed(text)).ids) for text in texts
        ]
        if len(rows) <= _SHARE or processors() == 1:
            return self._network(rows)
        # Texts of like length together: less is padded.
        order = np.argsort([len(row) for row in rows], kind="stable")
        shares = [order[n : n + _SHARE] for n in range(0, len(order), _SHARE)]
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(processors()) as threads:
            encoded = threads.map(lambda share: self._network([rows[n] for n in share]), shares)
            for share, found in zip(shares, encoded, strict=True):
                vectors[share] = found
        return vectors


@cache
def shipped_network() -> Network:
    """The encoder's network, read once per process."""
    weights = read_weights(PRETRAINED / "model.safetensors", PRETRAINED / "evenness.safetensors")
    return Network(PRETRAINED / "graph.onnx", weights)


@cache
def _revision() -> str:
    return folder_revision(PRETRAINED)


def _shortened(ids: Sequence[int]) -> npt.NDArray[np.int64]:
    """At most ``LONGEST`` ids, the last of them the end."""
    if len(ids) > LONGEST:
        ids = [*ids[: LONGEST - 1], ids[-1]]
    return np.array(ids, dtype=np.int64)
