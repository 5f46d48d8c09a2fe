"""The hardest wrong passages of each training question, found by the model itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import BertModel

from eval.training.encoder.batches import TRAIN, Mined
from eval.training.encoder.encoding import DEVICE, all_vectors
from eval.training.encoder.pack import Numbers, Pack
from eval.training.encoder.sequences import Writer

_KEPT = 8
_LOOKED_AT = 24
# A wrong passage nearer than this share of the right one's cosine is as likely right itself.
_NEARER = 0.98
_SAME_QUESTION = 0.9


@dataclass(frozen=True, slots=True)
class Hard:
    """Mined passages of any company and of the same one, and the best piece of each own answer."""

    anywhere: Mined
    at_home: Mined
    best_piece: Numbers


@torch.no_grad()
def mine(model: BertModel, writer: Writer, rows: Numbers | None = None) -> Hard:
    """Hard passages for every usable training pair (or for ``rows``), against all of its part."""
    pack = writer.pack
    asked = np.flatnonzero((pack.part == TRAIN) & (pack.usable > 0)) if rows is None else rows
    part = pack.part[asked[0]]
    pool = np.flatnonzero(pack.part == part)
    owner = np.repeat(pool, pack.pieces[pool])
    within = np.arange(len(owner)) - np.repeat(
        np.cumsum(pack.pieces[pool]) - pack.pieces[pool], pack.pieces[pool]
    )
    texts = pack.answer[owner] + within
    queries = all_vectors(model, writer, pack.question[asked], "query")
    passages = all_vectors(model, writer, texts, "passage")
    questions = all_vectors(model, writer, pack.question[pool], "query")
    return _sorted_out(pack, asked, pool, owner, texts, queries, passages, questions)


def _sorted_out(
    pack: Pack, asked: Numbers, pool: Numbers, owner: Numbers, texts: Numbers,
    queries: Tensor, passages: Tensor, questions: Tensor,
) -> Hard:  # fmt: skip
    total = len(pack.question)
    tables = [np.full((total, _KEPT), -1, dtype=np.int64) for _ in range(4)]
    best = np.zeros(total, dtype=np.int64)
    place = np.full(total, -1)
    place[pool] = np.arange(len(pool))
    owners = torch.from_numpy(owner).to(DEVICE)
    columns = {
        name: torch.from_numpy(getattr(pack, name)).to(DEVICE)
        for name in ("company", "question_key", "answer_key")
    }
    for start in range(0, len(asked), 1024):
        rows = torch.from_numpy(asked[start : start + 1024]).to(DEVICE)
        scores = (queries[start : start + 1024] @ passages.T).float()
        own = owners == rows[:, None]
        right, at = scores.masked_fill(~own, -1).max(1)
        best[asked[start : start + 1024]] = (
            texts[at.cpu().numpy()] - pack.answer[asked[start : start + 1024]]
        )
        wrong = own.clone()
        for name in ("question_key", "answer_key"):
            wrong |= columns[name][owners] == columns[name][rows][:, None]
        wrong |= scores > _NEARER * right[:, None]
        near = questions[torch.from_numpy(place[asked[start : start + 1024]]).to(DEVICE)]
        alike = (near @ questions.T) > _SAME_QUESTION
        wrong |= alike[:, torch.from_numpy(place[owner]).to(DEVICE)]
        scores = scores.masked_fill(wrong, -1)
        for number in (0, 2):
            if number:
                home = columns["company"][owners] == columns["company"][rows][:, None]
                scores = scores.masked_fill(~home | (columns["company"][rows][:, None] < 0), -1)
            value, found = scores.topk(min(_LOOKED_AT, scores.shape[1]), dim=1)
            _keep(tables, number, asked[start : start + 1024], value, found, owner, texts)
    return Hard(Mined(tables[0], tables[1]), Mined(tables[2], tables[3]), best)


def _keep(
    tables: list[Numbers], number: int, rows: Numbers, value: Tensor, found: Tensor,
    owner: Numbers, texts: Numbers,
) -> None:  # fmt: skip
    """The best piece of each of the first few pairs."""
    values, places = value.cpu().numpy(), found.cpu().numpy()
    for row, scores, pieces in zip(rows, values, places, strict=True):
        seen: dict[int, int] = {}
        for score, piece in zip(scores.tolist(), pieces.tolist(), strict=True):
            if score <= 0 or len(seen) == _KEPT:
                break
            seen.setdefault(int(owner[piece]), int(texts[piece]))
        tables[number][row, : len(seen)] = list(seen.values())
        tables[number + 1][row, : len(seen)] = list(seen)
