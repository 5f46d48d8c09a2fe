"""One stage of learning: steps until its time is used up, with checkpoints to go on from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

_WARM_UP = 0.06
_CLIP = 1.0
_SAVE_EVERY = 600.0
_SAY_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's name, its seconds, its highest rate and how many steps at most."""

    name: str
    seconds: float
    rate: float
    steps: int = 10**9


def learn(
    model: nn.Module,
    loss: Callable[[], Tensor],
    stage: Stage,
    work: Path,
    midway: Callable[[], None] | None = None,
) -> dict[str, float]:
    """Minimise ``loss`` (one step's batch) for the stage's time; the rate falls by a cosine.

    Goes on from ``work/<name>.pt`` where it was interrupted. ``midway`` is called once, at half of
    the time.
    """
    path = work / f"{stage.name}.pt"
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
        lr=stage.rate, betas=(0.9, 0.98), eps=1e-6, fused=next(model.parameters()).is_cuda,
    )  # fmt: skip
    spent, step, half = 0.0, 0, False
    if path.is_file():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step, half = state["spent"], state["step"], state["half"]
        print(f"{stage.name}: goes on at step {step}", flush=True)
    began, saved, said, running = time.monotonic() - spent, time.monotonic(), 0.0, 0.0
    while True:
        now = time.monotonic()
        done = max((now - began) / stage.seconds, step / stage.steps)
        if done >= 1:
            break
        if midway and done >= 0.5 and not half:
            half = True
            midway()
            model.train()
            continue
        for group in optimizer.param_groups:
            group["lr"] = stage.rate * _factor(done)
        value = loss()
        torch.autograd.backward(value)
        nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if now - said > _SAY_EVERY or step <= 2:
            running = float(value.detach())
            print(f"{stage.name}: {done:.2f} step {step} loss {running:.4f}", flush=True)
            said = now
        if now - saved > _SAVE_EVERY:
            saved = now
            _save(path, model, optimizer, now - began, step, half)
    return {"steps": step, "loss": running, "seconds": round(time.monotonic() - began, 1)}


def _factor(done: float) -> float:
    if done < _WARM_UP:
        return (done + 0.002) / (_WARM_UP + 0.002)
    return 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))


def _save(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer,
    spent: float, step: int, half: bool,
) -> None:  # fmt: skip
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    fresh = path.with_suffix(".new")
    torch.save({**state, "spent": spent, "step": step, "half": half}, fresh)
    fresh.replace(path)
