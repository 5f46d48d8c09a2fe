"""Rows of token ids to vectors, with or without gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel

from eval.training.encoder.bert import pooled
from eval.training.encoder.pack import Numbers
from eval.training.encoder.sequences import PAD, Chunk, Writer, chunked

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast() -> Any:
    """bfloat16 on a GPU, float32 elsewhere."""
    return torch.autocast("cuda", torch.bfloat16, enabled=DEVICE.type == "cuda")


def placed(model: nn.Module) -> None:
    """Move a model to the device, in place."""
    nn.Module.to(model, DEVICE)


def vectors_of(model: BertModel, chunks: Sequence[Chunk]) -> Tensor:
    """Vectors of all rows in their order, float32, not normalised."""
    parts: list[Tensor] = []
    with autocast():
        for chunk in chunks:
            ids = torch.from_numpy(chunk.matrix).to(DEVICE, non_blocking=True)
            parts.append(pooled(model, ids, (ids != PAD).long()))
    order = torch.from_numpy(np.concatenate([chunk.rows for chunk in chunks])).to(DEVICE)
    gathered = torch.cat(parts)
    return torch.empty_like(gathered).index_copy(0, order, gathered)


@torch.no_grad()
def all_vectors(model: BertModel, writer: Writer, texts: Numbers, role: str) -> Tensor:
    """Unit vectors (half precision on a GPU) of texts in the role of query or passage."""
    model.train(False)
    parts = []
    for start in range(0, len(texts), 16384):
        some = texts[start : start + 16384]
        rows = writer.queries(some) if role == "query" else writer.passages(some)
        vectors = F.normalize(vectors_of(model, chunked(rows, 65536)), dim=-1)
        parts.append(vectors.half() if DEVICE.type == "cuda" else vectors)
    return torch.cat(parts)
