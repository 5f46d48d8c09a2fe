"""The training loop: mean of token rows, contrastive loss over the batch.

InfoNCE in both directions (van den Oord, Li and Vinyals, 2018) with the other rows of the
batch and the labelled non-matches as negatives, dense Adam at a high rate that falls off as
a cosine: what sentence-transformers' static embeddings are trained with, in a loop of its
own that is several times as fast on a CPU.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from eval.training.pairs import Examples, Indexes, Noise, TokenLists, draw_batches, gather

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a run depends on, beside the data."""

    seed: int = 20240912
    vocabulary: int = 48_000
    dimension: int = 256
    window: int = 10
    epochs: int = 5
    batch: int = 2048
    chunk: int = 2048
    rate: float = 0.05
    scale: float = 20.0
    anchor_tokens: int = 48
    passage_tokens: int = 160
    warm_up: float = 0.1
    split: float = 0.05
    drop: float = 0.05
    swap: float = 0.01

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def train(
    examples: Examples,
    lists: TokenLists,
    noise: Noise,
    start: npt.NDArray[np.float32],
    settings: Settings,
) -> tuple[npt.NDArray[np.float32], list[dict[str, float]]]:
    """The trained table (tokens × dimension) and a log line per epoch."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    table = torch.from_numpy(start).to(DEVICE, copy=True).requires_grad_()
    optimiser = torch.optim.Adam([table], lr=settings.rate, fused=True)
    steps = math.ceil(settings.epochs * float(examples.shares.sum()) / settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: _rate_at(step / steps, settings.warm_up)
    )
    log: list[dict[str, float]] = []
    for epoch in range(settings.epochs):
        began, losses = time.perf_counter(), []
        for batch in draw_batches(examples, settings.batch, settings.chunk, rng):
            loss = _loss(table, examples, lists, noise, batch, rng, settings)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        line = {
            "epoch": epoch + 1,
            "steps": len(losses),
            "loss": round(sum(losses) / len(losses), 4),
            "seconds": round(time.perf_counter() - began, 1),
        }
        print(line, file=sys.stderr, flush=True)
        log.append(line)
    return table.detach().cpu().numpy(), log


def _rate_at(progress: float, warm_up: float) -> float:
    if progress < warm_up:
        return (progress + 1e-3) / warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warm_up) / (1 - warm_up))))


def _loss(
    table: torch.Tensor,
    examples: Examples,
    lists: TokenLists,
    noise: Noise,
    batch: Indexes,
    rng: np.random.Generator,
    settings: Settings,
) -> torch.Tensor:
    anchors, positives = examples.anchors[batch], examples.positives[batch]
    negatives = examples.negatives[batch]
    others = np.concatenate((positives, negatives[negatives >= 0]))

    def encode(rows: Indexes, limit: int) -> torch.Tensor:
        ids, lengths = noise(*gather(lists, rows, limit, rng), rng)
        offsets = torch.from_numpy(np.cumsum(lengths) - lengths).to(DEVICE)
        tokens = torch.from_numpy(ids).long().to(DEVICE)
        sums = functional.embedding_bag(tokens, table, offsets, mode="sum")
        return functional.normalize(sums, dim=1)

    left = encode(anchors, settings.anchor_tokens)
    right = encode(others, settings.passage_tokens)
    scores = settings.scale * left @ right.T
    target = torch.arange(len(batch), device=DEVICE)
    # Another row that holds the same text is no negative.
    same = (others[None, :] == positives[:, None]) | (others[None, :] == anchors[:, None])
    same[:, : len(batch)] |= anchors[None, :] == anchors[:, None]
    groups = examples.groups[batch]
    same[:, : len(batch)] |= (groups[None, :] == groups[:, None]) & (groups[None, :] >= 0)
    same[np.arange(len(batch)), np.arange(len(batch))] = False
    scores = scores.masked_fill(torch.from_numpy(same).to(DEVICE), -1e4)
    forward = functional.cross_entropy(scores, target)
    backward = functional.cross_entropy(scores[:, : len(batch)].T, target)
    return (forward + backward) / 2
