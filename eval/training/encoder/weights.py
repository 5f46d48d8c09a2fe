"""Weights in files of at most 15 MiB: what a run leaves behind, and what shipping starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

_LARGEST = 15 * 2**20
_EMBEDDINGS = "embeddings.word_embeddings.weight"


@torch.no_grad()
def rounded_rows(weight: Tensor) -> None:
    """Round each row to 127 steps of its largest value, in place: what eight bits can hold."""
    factor = (weight.abs().amax(1, keepdim=True) / 127).clamp_min(1e-8).half().float()
    weight.copy_((weight / factor).round().clamp(-127, 127) * factor)


def eight_bit_rows(array: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """A matrix as int8 and one float16 factor for each row."""
    largest = np.maximum(np.abs(array).max(1, keepdims=True) / 127, 1e-8)
    factor = largest.astype(np.float16)
    wide = array / factor.astype(np.float32)
    return np.clip(np.round(wide), -127, 127).astype(np.int8), factor


def save_embeddings(model: nn.Module, out: Path) -> None:
    """The table of tokens in eight bits."""
    table = model.state_dict()[_EMBEDDINGS].float().cpu().numpy()
    rows, factor = eight_bit_rows(table)
    save_file({"rows": rows, "factor": factor}, out / "embeddings.safetensors")


def save_body(model: nn.Module, out: Path, name: str, eight_bits: bool = False) -> None:
    """All but the table of tokens, in float16 or (matrices) in eight bits, in parts."""
    part: dict[str, Any] = {}
    size, number = 0, 0
    for key, tensor in model.state_dict().items():
        if key.endswith(_EMBEDDINGS) or key.endswith("position_ids"):
            continue
        array = tensor.float().cpu().numpy()
        if eight_bits and array.ndim == 2:
            rows, factor = eight_bit_rows(array)
            stored = {f"{key}.rows": rows, f"{key}.factor": factor}
        else:
            stored = {key: array.astype(np.float16)}
        more = sum(value.nbytes for value in stored.values())
        if size + more > _LARGEST:
            save_file(part, out / f"{name}-{number}.safetensors")
            part, size, number = {}, 0, number + 1
        part.update(stored)
        size += more
    save_file(part, out / f"{name}-{number}.safetensors")
