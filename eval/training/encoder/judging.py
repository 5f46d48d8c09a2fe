"""What the judge learns from: question, filed question and answer, and whether it answers.

A row is ``<s> question </s></s> filed question </s></s> answer </s>``; where the filed question
is hidden its place is empty. Of a long answer the judge reads the two pieces about the best one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.training.encoder.batches import TRAIN, Batches, Mined
from eval.training.encoder.mining import Hard
from eval.training.encoder.pack import Numbers
from eval.training.encoder.sequences import BOS, EOS, Chunk, chunked

QUESTION_LIMIT = 80
FILED_LIMIT = 64
ANSWER_LIMIT = 176
_READ = 2
_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Cases:
    """Rows to judge, in ``chunks``, each with its label; ``groups`` names those of one question."""

    chunks: list[Chunk]
    labels: npt.NDArray[np.float32]
    groups: Numbers


@dataclass(frozen=True, slots=True)
class _Case:
    pair: int
    piece: int
    label: float
    shown: bool
    group: int


class JudgeCases:
    """Draws cases without end."""

    def __init__(self, batches: Batches, hard: Hard, groups: int = 320) -> None:
        self.batches, self.hard, self.count = batches, hard, groups
        self.pack, self.writer, self.rng = batches.pack, batches.writer, batches.rng
        pack = self.pack
        labelled = (pack.part == TRAIN) & (pack.relevance >= 0)
        self._labelled = np.flatnonzero(labelled)
        self._random = np.flatnonzero(pack.part == TRAIN)

    def draw(self) -> Cases:
        """The next cases: for most questions one that answers and four that don't."""
        rng, pack = self.rng, self.pack
        texts: list[int] = []
        rows: list[int] = []
        cases: list[_Case] = []
        for row in rng.choice(self.batches.usable, int(self.count * 0.8), replace=False).tolist():
            self._case(texts, rows, cases, int(pack.question[row]), row, row, rng.random() < 0.5)
        for members in rng.choice(
            np.arange(len(self.batches._groups)), int(self.count * 0.2), replace=False
        ):
            asked, other = rng.permutation(self.batches._groups[members])[:2].tolist()
            self._case(texts, rows, cases, int(pack.question[asked]), asked, other, True)
        changed = pack.changed[rng.choice(len(pack.changed), int(self.count * 0.25))]
        for text, row in changed.tolist():
            if pack.part[row] == TRAIN:
                texts.append(text)
                rows.append(row)
                cases.append(self._one(row, 0.0, rng.random() < 0.7, len(texts) - 1))
        for row in rng.choice(self._labelled, int(self.count * 0.15)).tolist():
            texts.append(int(pack.question[row]))
            rows.append(row)
            label = {0.0: 0.05, 0.5: 0.6, 1.0: 1.0}[float(pack.relevance[row])]
            cases.append(self._one(row, label, False, len(texts) - 1))
        return self.written(np.array(texts), np.array(rows), cases)

    def _case(
        self, texts: list[int], rows: list[int], cases: list[_Case],
        text: int, asked: int, right: int, shown: bool,
    ) -> None:  # fmt: skip
        rng = self.rng
        group = len(texts)
        texts.append(text)
        rows.append(asked)
        cases.append(self._one(right, 1.0, shown, group))
        wrong = [*self._of(self.hard.at_home, asked, 2), *self._of(self.hard.anywhere, asked, 1)]
        wrong.append((int(rng.choice(self._random)), -1))
        for pair, piece in wrong:
            if self.pack.answer_key[pair] == self.pack.answer_key[right]:
                continue
            cases.append(_Case(pair, max(piece, 0), 0.0, rng.random() < 0.75, group))

    def _of(self, mined: Mined, row: int, count: int) -> list[tuple[int, int]]:
        found = np.flatnonzero(mined.pairs[row] >= 0)
        chosen = self.rng.permutation(found)[:count]
        return [
            (int(pair), int(text - self.pack.answer[pair]))
            for pair, text in zip(mined.pairs[row, chosen], mined.texts[row, chosen], strict=True)
        ]

    def _one(self, row: int, label: float, shown: bool, group: int) -> _Case:
        return _Case(row, int(self.hard.best_piece[row]), label, shown, group)

    def written(
        self, texts: Numbers, rows: Numbers, cases: list[_Case], as_asked: bool = False
    ) -> Cases:
        """The cases as rows of token ids."""
        writer, pack = self.writer, self.pack
        none = np.zeros(len(texts), dtype=bool)
        flat = writer.flat(texts, none, 96) if as_asked else self.batches.asked(texts, rows)
        asked = np.split(flat.ids, np.cumsum(flat.lengths)[:-1])
        sequences = []
        for case in cases:
            first, pieces = int(pack.answer[case.pair]), int(pack.pieces[case.pair])
            start = max(min(case.piece, pieces - _READ), 0)
            answer = np.concatenate(
                [self._ids(first + n) for n in range(start, min(start + _READ, pieces))]
            )
            question = self._ids(int(pack.question[case.pair])) if case.shown else _NOTHING
            sequences.append(judged(asked[case.group], question, answer))
        return Cases(
            chunked(sequences),
            np.array([case.label for case in cases], dtype=np.float32),
            np.array([case.group for case in cases]),
        )

    def _ids(self, text: int) -> Numbers:
        ids = self.pack.ids[self.pack.starts[text] : self.pack.starts[text + 1]]
        return ids.astype(np.int64)


def judged(asked: Numbers, filed: Numbers, answer: Numbers) -> Numbers:
    """One row for the judge."""
    return np.concatenate((
        [BOS], asked[:QUESTION_LIMIT], [EOS, EOS], filed[:FILED_LIMIT], [EOS, EOS],
        answer[:ANSWER_LIMIT], [EOS],
    )).astype(np.int64)  # fmt: skip
