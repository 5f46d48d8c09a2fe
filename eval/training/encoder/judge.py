"""The judge itself: a cross-encoder of the encoder's body, its loss and its measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import BertForSequenceClassification, BertModel

from eval.training.encoder.bert import config_of
from eval.training.encoder.encoding import DEVICE, autocast, placed
from eval.training.encoder.judging import Cases, JudgeCases, _Case
from eval.training.encoder.measuring import Measure, Question
from eval.training.encoder.pack import PARTS, Numbers
from eval.training.encoder.sequences import PAD

_SMOOTH = 0.02
_IN_GROUP = 0.3
_JUDGED = 10
_ASKED = 400


def judge_from(body: BertModel, dropout: float) -> BertForSequenceClassification:
    """A judge with the encoder's body, whose embeddings of tokens stay as they are."""
    config = config_of(
        body.config.vocab_size, body.config.num_hidden_layers, num_labels=1,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    judge = BertForSequenceClassification(config)
    judge.bert.load_state_dict(body.state_dict(), strict=False)
    judge.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    placed(judge)
    return judge


def logits_of(judge: BertForSequenceClassification, cases: Cases) -> Tensor:
    """One logit for each case, in their order."""
    parts = []
    with autocast():
        for chunk in cases.chunks:
            ids = torch.from_numpy(chunk.matrix).to(DEVICE, non_blocking=True)
            parts.append(judge(input_ids=ids, attention_mask=(ids != PAD).long()).logits[:, 0])
    order = torch.from_numpy(np.concatenate([chunk.rows for chunk in cases.chunks])).to(DEVICE)
    gathered = torch.cat(parts).float()
    return torch.empty_like(gathered).index_copy(0, order, gathered)


def judge_loss(judge: BertForSequenceClassification, cases: Cases) -> Tensor:
    """Each case by itself, and within a question the one that answers against the others."""
    logits = logits_of(judge, cases)
    labels = torch.from_numpy(cases.labels).to(DEVICE)
    alone = F.binary_cross_entropy_with_logits(logits, labels.clamp(_SMOOTH, 1 - _SMOOTH))
    groups = torch.from_numpy(cases.groups).to(DEVICE)
    count = int(cases.groups.max()) + 1
    total = torch.zeros(count, device=DEVICE).index_add(0, groups, logits.clamp(-15, 15).exp())
    first = labels > 0.99
    within = (total[groups[first]].log() - logits[first].clamp(-15, 15)).mean()
    return alone + _IN_GROUP * within


@torch.no_grad()
def measure_judge(
    judge: BertForSequenceClassification, encoder: BertModel, measure: Measure, cases: JudgeCases
) -> dict[str, Any]:
    """On development companies: AUC and accuracy over what the encoder finds, and the order."""
    judge.train(False)
    report: dict[str, Any] = {}
    for name, asked in measure.sets.items():
        some = asked[:_ASKED]
        report[name] = _over(judge, encoder, measure, cases, some)
    pack = measure.pack
    dev = PARTS.index("dev")
    changed = pack.changed[pack.part[pack.changed[:, 1]] == dev]
    for shown in (True, False):
        scores = [
            _judged(judge, cases, texts, changed[:, 1], shown)
            for texts in (pack.question[changed[:, 1]], changed[:, 0])
        ]
        name = f"changed questions, filed one {'shown' if shown else 'hidden'}"
        report[name] = auc(scores[0], scores[1])
    rows = np.flatnonzero((pack.part == dev) & (pack.relevance >= 0))
    said = _judged(judge, cases, pack.question[rows], rows, False)
    fully, not_at_all = pack.relevance[rows] == 1, pack.relevance[rows] == 0
    report["labelled relevance"] = auc(said[fully], said[not_at_all])
    return report


def _judged(
    judge: BertForSequenceClassification, cases: JudgeCases, texts: Numbers, rows: Numbers,
    shown: bool,
) -> np.ndarray[Any, Any]:  # fmt: skip
    listed = [_Case(int(row), 0, 0.0, shown, n) for n, row in enumerate(rows)]
    return logits_of(judge, cases.written(texts, rows, listed, as_asked=True)).cpu().numpy()


def _over(
    judge: BertForSequenceClassification, encoder: BertModel, measure: Measure,
    cases: JudgeCases, asked: Sequence[Question],
) -> dict[str, Any]:  # fmt: skip
    scores = measure.scores(encoder, asked)
    listed: list[_Case] = []
    right: list[bool] = []
    for number, (question, row) in enumerate(zip(asked, scores, strict=True)):
        for place in np.argsort(-row)[:_JUDGED]:
            shown = not question.hidden[place]
            listed.append(_Case(int(question.pairs[place]), 0, 0.0, shown, number))
            right.append(bool(question.right[place]))
    texts = np.array([question.text for question in asked])
    written = cases.written(texts, np.full(len(texts), -1), listed, as_asked=True)
    logits = logits_of(judge, written).cpu().numpy()
    truth = np.array(right)
    first = np.arange(0, len(truth), _JUDGED)
    table = logits.reshape(-1, _JUDGED) if len(truth) == _JUDGED * len(asked) else None
    found: dict[str, Any] = {
        "n": len(truth),
        "AUC": auc(logits[truth], logits[~truth]),
        "accuracy": round(float(((logits > 0) == truth).mean()), 4),
        "AUC of the first by its confidence": auc(logits[first][truth[first]],
                                                  logits[first][~truth[first]]),
        "R@1 before": round(float(truth[first].mean()), 4),
    }  # fmt: skip
    if table is not None:
        best = table[:, :].argmax(1) + first
        found["R@1 in the judge's order"] = round(float(truth[best].mean()), 4)
        three = table[:, :3].argmax(1) + first
        found["R@1, the first three in the judge's order"] = round(float(truth[three].mean()), 4)
    return found


def auc(positive: np.ndarray[Any, Any], negative: np.ndarray[Any, Any]) -> float:
    """How often one of the first is above one of the second."""
    if not len(positive) or not len(negative):
        return float("nan")
    order = np.argsort(np.concatenate((negative, positive)), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    above = ranks[len(negative) :].sum() - len(positive) * (len(positive) + 1) / 2
    return round(float(above / (len(positive) * len(negative))), 4)
