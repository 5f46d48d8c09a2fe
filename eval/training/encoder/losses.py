"""What is minimised: contrast within a batch at several dimensions, and likeness to a teacher."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from eval.training.encoder.batches import Bags, Batch

TEMPERATURE = 0.025
# Matryoshka: the first so many dimensions have to do by themselves, with what weight.
DIMENSIONS = {384: 1.0, 256: 0.4, 128: 0.3, 64: 0.2}
_SAME = 0.7


def allowed_pairs(batch: Batch, vocabulary: int, device: torch.device) -> Tensor:
    """Whether document ``d`` may stand against query ``q``: not where wording or answer is one.

    The company isn't in the text, so that the same question at another company counts as one.
    """
    count = batch.query_bags.count
    question_keys = torch.from_numpy(batch.question_keys).to(device)
    answer_keys = torch.from_numpy(batch.answer_keys).to(device)
    same = question_keys[:count, None] == question_keys
    same |= answer_keys[:count, None] == answer_keys
    questions = _bag_matrix(batch.query_bags, vocabulary, device)
    answers = _bag_matrix(batch.answer_bags, vocabulary, device)
    same[:, :count] |= _overlap(questions, questions) >= _SAME
    same |= _overlap(answers[:count], answers) >= _SAME
    allowed = ~same
    allowed[:, :count].fill_diagonal_(True)
    return allowed


def document_scores(queries: Tensor, passages: Tensor, documents: Tensor) -> Tensor:
    """The best cosine of each query with any passage of each document."""
    scores = queries @ passages.T
    # Not by plain indexing, whose gradient sorts.
    chosen = scores.index_select(1, documents.clamp_min(0).flatten())
    per_piece = chosen.view(len(queries), *documents.shape)
    return per_piece.masked_fill(documents < 0, -1e4).amax(-1)


def contrastive(queries: Tensor, passages: Tensor, documents: Tensor, allowed: Tensor) -> Tensor:
    """InfoNCE both ways, summed over the dimensions by their weights."""
    count = len(queries)
    target = torch.arange(count, device=queries.device)
    total = queries.new_zeros(())
    for dimension, weight in DIMENSIONS.items():
        q = F.normalize(queries[:, :dimension], dim=-1)
        p = F.normalize(passages[:, :dimension], dim=-1)
        scores = document_scores(q, p, documents) / TEMPERATURE
        scores = scores.masked_fill(~allowed, -1e4)
        there = F.cross_entropy(scores, target)
        back = F.cross_entropy(scores[:, :count].T, target)
        total = total + weight * (there + back) / 2
    return total / sum(DIMENSIONS.values())


def distillation(
    queries: Tensor, passages: Tensor, documents: Tensor, allowed: Tensor,
    teacher_queries: Tensor, teacher_passages: Tensor,
) -> Tensor:  # fmt: skip
    """How far the vectors are from the teacher's, and how they order the batch's documents."""
    q, p = F.normalize(queries, dim=-1), F.normalize(passages, dim=-1)
    apart = 2 - (q * teacher_queries).sum(-1).mean() - (p * teacher_passages).sum(-1).mean()
    ours = document_scores(q, p, documents).masked_fill(~allowed, -1e4) / TEMPERATURE
    theirs = document_scores(teacher_queries, teacher_passages, documents)
    theirs = theirs.masked_fill(~allowed, -1e4) / TEMPERATURE
    order = F.kl_div(
        F.log_softmax(ours, -1), F.log_softmax(theirs, -1), log_target=True, reduction="batchmean"
    )
    return 8 * apart + order


def _bag_matrix(bags: Bags, vocabulary: int, device: torch.device) -> Tensor:
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    matrix = torch.zeros(bags.count, vocabulary, device=device, dtype=kind)
    rows, tokens = torch.from_numpy(bags.rows).to(device), torch.from_numpy(bags.tokens).to(device)
    matrix[rows, tokens] = 1
    return matrix


def _overlap(one: Tensor, other: Tensor) -> Tensor:
    shared = (one @ other.T).float()
    sizes = one.sum(1, dtype=torch.float32)[:, None] + other.sum(1, dtype=torch.float32)
    return shared / (sizes - shared).clamp_min(1)
