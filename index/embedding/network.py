"""A small BERT by onnxruntime in 8 bits: no torch is imported, and a question takes milliseconds.

The graph comes from ``graph.onnx`` and the weights from safetensors, where they stand in float16 or
as int8 rows with one factor each; they are rounded to 8 bits when they are read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.errors import ModelError
from index.quiet import onnxruntime

if TYPE_CHECKING:
    import onnxruntime as ort

Floats = npt.NDArray[np.float32]

HIDDEN, HEADS, INNER = 384, 12, 1536
# Rows of like length go through together, so many tokens at most: more no longer fit the caches.
_TOKENS = 2048
_TABLE = "embeddings.word_embeddings.weight"
_PLACES = "embeddings.position_embeddings.weight"
_KINDS = "embeddings.token_type_embeddings.weight"


class Network:
    """Runs a graph over rows of token ids.

    ``weights`` maps the names of transformers' BertModel to arrays; matrices may be float16.

    Raises:
        ModelError: the graph or a weight is missing or of another form.
    """

    def __init__(self, graph: Path, weights: dict[str, npt.NDArray[Any]]) -> None:
        ort = onnxruntime()
        try:
            self._table = weights[_TABLE]
            places = weights[_PLACES].astype(np.float32)
            self._places = places + weights[_KINDS][0].astype(np.float32)
            options = ort.SessionOptions()
            # Texts run side by side, each on one processor.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            given = _given(weights)
            self._kept = [ort.OrtValue.ortvalue_from_numpy(array) for array in given.values()]
            options.add_external_initializers(list(given), self._kept)
            self._session: ort.InferenceSession = ort.InferenceSession(
                graph.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's are of no common kind
            raise ModelError(f"{graph.parent}: no model that can be run ({error})") from error
        self._pooled = "means" in {given.name for given in self._session.get_inputs()}
        self.longest = len(self._places)

    def __call__(self, rows: Sequence[npt.NDArray[np.int64]]) -> Floats:
        """The graph's output for each row, in their order."""
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        found: list[Floats] = [np.zeros(0, dtype=np.float32)] * len(rows)
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and len(rows[order[end]]) * (end + 1 - start) <= _TOKENS:
                end += 1
            some = order[start:end]
            for row, output in zip(some, self._run([rows[n] for n in some]), strict=True):
                found[row] = output
            start = end
        return np.stack(found)

    def _run(self, rows: Sequence[npt.NDArray[np.int64]]) -> Floats:
        lengths = np.array([len(row) for row in rows], dtype=np.int32)
        embedded = np.zeros((len(rows), int(lengths.max()), HIDDEN), dtype=np.float32)
        for number, row in enumerate(rows):
            np.add(self._table[row], self._places[: len(row)], out=embedded[number, : len(row)])
        inputs = {"embedded": embedded, "lengths": lengths}
        if self._pooled:
            inside = np.arange(embedded.shape[1]) < lengths[:, None]
            inputs["means"] = (inside / lengths[:, None]).astype(np.float32)[:, None]
        (output,) = self._session.run(None, inputs)
        outputs: Floats = output.reshape(len(rows), -1)
        return outputs


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_weights(*paths: Path, flat: bool = False) -> dict[str, npt.NDArray[Any]]:
    """The tensors of safetensors files; int8 rows (``NAME.rows``, ``NAME.factor``) as float32.

    ``flat`` leaves these as they are.

    Raises:
        ModelError: one is missing or can't be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    tensors: dict[str, npt.NDArray[Any]] = {}
    for path in paths:
        try:
            tensors |= load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{path} can't be read: {error}") from error
    for name in [name for name in tensors if name.endswith(".rows") and not flat]:
        whole = name.removesuffix(".rows")
        factor = tensors.pop(f"{whole}.factor").astype(np.float32)
        tensors[whole] = tensors.pop(name).astype(np.float32) * factor
    return tensors


def _given(weights: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The weights under the names and in the form of the graph."""
    given: dict[str, npt.NDArray[Any]] = {}
    for name, array in weights.items():
        if name in (_TABLE, _PLACES, _KINDS):
            continue
        if name.endswith(".even"):
            given[f"{name}ed"] = 1 / array
        elif name == "classifier.weight":
            given[name] = np.ascontiguousarray(array.astype(np.float32).T)
        elif array.ndim == 2:
            whole = name.removesuffix(".weight")
            even = weights.get(f"{_of_attention(whole)}.even")
            wide = array.astype(np.float32) if even is None else array * even
            given[f"{whole}.eighths"], given[f"{whole}.factors"] = _eighths(wide)
        else:
            given[name] = array.astype(np.float32)
    for name in [name for name in given if name.endswith(".self.query.bias")]:
        whole = name.removesuffix(".query.bias")
        parts = [given.pop(f"{whole}.{part}.bias") for part in ("query", "key", "value")]
        given[f"{whole}.bias"] = np.concatenate(parts)
    return given


def _of_attention(name: str) -> str:
    """Query, key and value are made of the same input: the name of what they belong to."""
    whole, _, part = name.rpartition(".")
    return whole if part in ("query", "key", "value") else name


def _eighths(wide: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int8], Floats]:
    """A matrix turned, in 8 bits, and the factor of each of its columns."""
    factors = np.maximum(np.abs(wide).max(1), 1e-9) / 127
    rounded = np.rint(wide / factors[:, None]).astype(np.int8)
    return np.ascontiguousarray(rounded.T), factors
