"""Development measures: briefings within their company, and platform questions among all answers.

A pair's score is the best cosine of any of its passages. Beside the vectors alone: BM25 over
pairs of characters, and both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertModel

from eval.training.encoder.encoding import all_vectors
from eval.training.encoder.pack import PARTS, Numbers, Pack
from eval.training.encoder.sequences import Writer

DEV = PARTS.index("dev")
_FILED = 1200
_POOL = 5500
_WEIGHTS = (0.2, 0.35, 0.5, 0.7, 1.0)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its text, the pairs that stand against each other, and which are right.

    ``hidden`` are the pairs whose own question doesn't count.
    """

    text: int
    pairs: Numbers
    right: npt.NDArray[np.bool_]
    hidden: npt.NDArray[np.bool_]


def questions_of(pack: Pack, seed: int = 7) -> dict[str, list[Question]]:
    """The three development sets."""
    rng = np.random.default_rng(seed)
    dev = np.flatnonzero(pack.part == DEV)
    asked = dev[pack.usable[dev] > 0]
    homes = {int(c): dev[pack.company[dev] == c] for c in np.unique(pack.company[dev]) if c >= 0}
    groups: list[Question] = []
    for row in np.unique(pack.groups[:, 1]):
        if pack.part[row] == DEV and pack.usable[row] > 0:
            groups.append(_within(pack, int(row), homes[int(pack.company[row])], False))
    filed = rng.permutation(asked[pack.company[asked] >= 0])[:_FILED]
    alone = [_within(pack, int(row), homes[int(pack.company[row])], True) for row in filed]
    platform = asked[pack.company[asked] < 0]
    others = np.flatnonzero((pack.company < 0) & (pack.part != DEV))
    more = rng.permutation(dev[pack.company[dev] >= 0])
    at_platform = np.flatnonzero((pack.company < 0) & (pack.part == DEV))
    pool = np.concatenate((at_platform, others, more))[:_POOL]
    return {
        "briefings, paraphrase": groups,
        "briefings, answers alone": alone,
        "platform": [_within(pack, int(row), pool, True) for row in platform],
    }


def _within(pack: Pack, row: int, pool: Numbers, all_hidden: bool) -> Question:
    right = pack.answer_key[pool] == pack.answer_key[row]
    hidden = np.full(len(pool), all_hidden)
    hidden |= pack.question_key[pool] == pack.question_key[row]
    return Question(int(pack.question[row]), pool, right, hidden)


class Measure:
    """Measures encoders on the development sets; BM25 is reckoned once."""

    def __init__(self, writer: Writer, tokenizer: Tokenizer) -> None:
        self.writer, self.pack = writer, writer.pack
        self.sets = questions_of(self.pack)
        self._pieces = [tokenizer.id_to_token(n) for n in range(tokenizer.get_vocab_size())]
        self.words = {name: self._bm25(asked) for name, asked in self.sets.items()}

    def text(self, number: int) -> str:
        """A text as the tokenizer left it."""
        start, end = self.pack.starts[number : number + 2]
        return "".join(self._pieces[i] for i in self.pack.ids[start:end]).replace("▁", " ")

    def _answer(self, row: int) -> str:
        first = int(self.pack.answer[row])
        return " ".join(self.text(first + n) for n in range(int(self.pack.pieces[row])))

    def _bm25(self, asked: Sequence[Question]) -> list[Floats]:
        found: list[Floats] = []
        shared: dict[tuple[int, int, bool], Any] = {}
        for question in asked:
            # A pool is the same array for all questions of a company, or of the platform.
            key = (int(question.pairs[0]), len(question.pairs), bool(question.hidden.all()))
            if key not in shared:
                texts = [
                    ("" if key[2] else self.text(int(self.pack.question[row])) + " ")
                    + self._answer(int(row))
                    for row in question.pairs
                ]
                shared[key] = (Bm25(texts), texts)
            index, texts = shared[key]
            if not question.hidden.all():
                texts = list(texts)
                for place in np.flatnonzero(question.hidden):
                    texts[place] = self._answer(int(question.pairs[place]))
                index = Bm25(texts)
            found.append(index.scores(self.text(question.text)))
        return found

    def bm25(self) -> dict[str, Any]:
        """The measures of BM25 alone."""
        return {name: _ranked(asked, self.words[name]) for name, asked in self.sets.items()}

    def __call__(self, model: BertModel, dimension: int = 384) -> dict[str, Any]:
        """R@1 and R@5 on each set, by the vectors and by both."""
        report: dict[str, Any] = {}
        for name, asked in self.sets.items():
            scores = self.scores(model, asked, dimension)
            report[name] = _ranked(asked, scores)
            for weight in _WEIGHTS:
                both = [
                    _standard(dense) + weight * _standard(words)
                    for dense, words in zip(scores, self.words[name], strict=True)
                ]
                report[f"{name}, with {weight} BM25"] = _ranked(asked, both)
        return report

    def scores(
        self, model: BertModel, asked: Sequence[Question], dimension: int = 384
    ) -> list[Floats]:
        """The score of every pair of each question."""
        pack = self.pack
        rows = np.unique(np.concatenate([question.pairs for question in asked]))
        counts = pack.pieces[rows]
        owner = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        texts = pack.answer[rows][owner] + within
        answers = _cut(all_vectors(model, self.writer, texts, "passage"), dimension)
        filed = _cut(all_vectors(model, self.writer, pack.question[rows], "passage"), dimension)
        asked_texts = np.array([question.text for question in asked])
        queries = _cut(all_vectors(model, self.writer, asked_texts, "query"), dimension)
        by_piece = queries @ answers.T
        of = torch.from_numpy(owner).to(by_piece.device).expand_as(by_piece)
        empty = by_piece.new_full((len(asked), len(rows)), -1)
        by_answer = empty.scatter_reduce(1, of, by_piece, "amax").cpu().numpy()
        by_question = (queries @ filed.T).cpu().numpy()
        found: list[Floats] = []
        for number, question in enumerate(asked):
            places = np.searchsorted(rows, question.pairs)
            shown = np.where(question.hidden, -1, by_question[number, places])
            found.append(np.maximum(by_answer[number, places], shown))
        return found


class Bm25:
    """BM25 over pairs of neighbouring characters."""

    def __init__(self, texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> None:
        self._terms: dict[str, int] = {}
        rows, columns = [], []
        for row, text in enumerate(texts):
            for term in _bigrams(text):
                rows.append(row)
                columns.append(self._terms.setdefault(term, len(self._terms)))
        shape = (len(texts), max(len(self._terms), 1))
        counts = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        counts.sum_duplicates()
        lengths = np.asarray(counts.sum(1)).ravel()
        norm = k1 * (1 - b + b * lengths / max(lengths.mean(), 1e-9))
        present = np.bincount(counts.indices, minlength=shape[1])
        idf = np.log1p((len(texts) - present + 0.5) / (present + 0.5))
        of = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
        counts.data = counts.data * (k1 + 1) / (counts.data + norm[of]) * idf[counts.indices]
        self._matrix = counts.tocsc()

    def scores(self, question: str) -> Floats:
        """The score of every text."""
        columns = [self._terms[t] for t in set(_bigrams(question)) if t in self._terms]
        total: Floats = np.asarray(self._matrix[:, columns].sum(1), dtype=np.float32).ravel()
        return total


def _bigrams(text: str) -> list[str]:
    plain = "".join(c for c in text if c.isalnum())
    return [plain[n : n + 2] for n in range(len(plain) - 1)]


def _standard(scores: Floats) -> Floats:
    centred: Floats = (scores - scores.mean()) / max(float(scores.std()), 1e-6)
    return centred


def _cut(vectors: Tensor, dimension: int) -> Tensor:
    return F.normalize(vectors.float()[:, :dimension], dim=-1)


def _ranked(asked: Sequence[Question], scores: Sequence[Floats]) -> dict[str, float]:
    ranks = []
    for question, row in zip(asked, scores, strict=True):
        best = row[question.right].max()
        ranks.append(int((row[~question.right] >= best).sum()))
    place = np.array(ranks)
    return {
        "n": len(ranks),
        "R@1": round(float((place < 1).mean()), 4),
        "R@5": round(float((place < 5).mean()), 4),
    }
