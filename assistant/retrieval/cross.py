"""The judge that ships: a small cross-encoder of the encoder's body and table of tokens.

It reads the question, the filed question and the part of the answer that has most of the
question's tokens, and gives log-odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.retrieval.decide import Calibration
from assistant.retrieval.interaction import Rows
from index.embedding.hub import folder_revision
from index.embedding.network import Network, read_weights
from index.embedding.transformer import PRETRAINED
from index.normalize import read_tokenizer, well_formed
from index.records import Reading

FOLDER = Path(__file__).with_name("judge")
_TABLE = "embeddings.word_embeddings.weight"
_BEGIN, _END = 0, 2
# In tokens, as in training.
_QUESTION, _FILED, _ANSWER = 80, 64, 176

Ids = npt.NDArray[np.int64]


class CrossEncoderJudge:
    """Gives log-odds that a pair answers a question.

    Raises:
        ModelError: a file of the judge or of the encoder is missing or damaged.
    """

    def __init__(self) -> None:
        self._tokenizer = read_tokenizer(PRETRAINED)
        self._network = _network()
        self.name = f"yuanda-judge-zh {folder_revision(FOLDER)[:12]}"

    def logits(self, question: str, readings: Sequence[Reading]) -> Rows:
        """Log-odds that each pair answers the question, of shape ``(len(readings),)``."""
        if not readings:
            return np.zeros(0)
        asked = self._ids(question)[:_QUESTION]
        rows = [self._row(asked, reading) for reading in readings]
        return self._network(rows)[:, 0].astype(np.float64)

    def _row(self, asked: Ids, reading: Reading) -> Ids:
        parts = (
            asked,
            self._ids(reading.question)[:_FILED],
            part_of(asked, self._ids(reading.answer)),
        )
        row = [_BEGIN]
        for number, ids in enumerate(parts):
            row += [_END, _END] * (number > 0) + ids.tolist()
        return np.array([*row, _END], dtype=np.int64)

    def _ids(self, text: str) -> Ids:
        encoding = self._tokenizer.encode(well_formed(text), add_special_tokens=False)
        return np.array(encoding.ids, dtype=np.int64)


def judge_for(calibration: Calibration) -> CrossEncoderJudge | None:
    """The judge that ships, where the calibration was made with it."""
    if calibration.judged is None:
        return None
    judge = CrossEncoderJudge()
    return judge if judge.name == calibration.judged.judge else None


def part_of(asked: Ids, answer: Ids, size: int = _ANSWER) -> Ids:
    """The run of ``size`` tokens of the answer, from a half of it on, with most of what is asked.

    The first one of several; the whole answer where it is short.
    """
    if len(answer) <= size:
        return answer
    starts = range(0, len(answer) - size // 2, size // 2)
    shared = np.isin(answer, asked)
    best = max(starts, key=lambda at: len(set(answer[at : at + size][shared[at : at + size]])))
    return answer[best : best + size]


@cache
def _network() -> Network:
    weights = read_weights(FOLDER / "judge.safetensors", FOLDER / "evenness.safetensors")
    weights[_TABLE] = read_weights(PRETRAINED / "model.safetensors")[_TABLE]
    return Network(FOLDER / "graph.onnx", weights)
