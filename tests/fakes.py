"""Stand-ins whose results a reader can work out by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.measuring.measures import Outcome
from index.embedding.encoder import Vectors
from index.files import sha256_of
from index.records import Filing, Pair, ParsedFiling, Span

# One dimension for each of these words: a text's vector counts them, at unit length.
WORDS = ("毛利率", "回购", "减持", "产能", "海外", "分红", "研发", "订单")


class FakeEncoder:
    """Counts ``WORDS``: texts with the same one of them have cosine 1, with none are zero."""

    name = "fake"
    revision = "1"
    dimension = len(WORDS)

    def __init__(self, revision: str = "1") -> None:
        self.revision = revision
        self.encoded: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages; remembers them in ``encoded``."""
        self.encoded += texts
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[t.count(w) for w in WORDS] for t in texts], dtype=np.float32)
        counts = counts.reshape(-1, self.dimension)
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        vectors: Vectors = counts / np.maximum(lengths, 1e-9)
        return vectors


def make_pair(number: str, question: str, answer: str, offset: int = 0) -> Pair:
    """A pair as ``read_lines`` cuts it from ``question|answer`` at ``offset``."""
    middle = offset + len(question) + 1
    end = middle + len(answer)
    return Pair(
        number=number,
        question=question,
        answer=answer,
        start=offset,
        end=end,
        question_spans=(Span(offset, middle - 1),),
        answer_spans=(Span(middle, end),),
    )


def read_lines(path: Path) -> ParsedFiling:
    """A reader for tests: a line ``company|date``, ``company|date|code`` or ``|``, then lines
    ``question|answer``."""
    text = path.read_text("utf-8")
    head, _, body = text.partition("\n")
    company, date, code = (*head.split("|"), "", "")[:3]
    filing = Filing(
        path=str(path),
        sha256=sha256_of(path),
        format="text",
        title="投资者关系活动记录表",
        company=company,
        code=code or "309001",
        activity_date=date or None,
    )
    pairs, offset = [], len(head) + 1
    for number, line in enumerate(body.split("\n"), start=1):
        question, mark, answer = line.partition("|")
        if mark:
            pairs.append(make_pair(str(number), question, answer, offset))
        offset += len(line) + 1
    return ParsedFiling(filing, tuple(pairs), text)


def outcome(query: str, right: bool, answered: bool = True, style: str = "plain") -> Outcome:
    """An answerable query whose document ``a`` is found first or not at all."""
    ranking = ("a", "b") if right else ("b",)
    return Outcome(
        query,
        ranking,
        {"a": 1},
        answered=answered,
        confidence=0.75,
        scores=(2.0, 1.0)[: len(ranking)],
        milliseconds=1.5,
        slices={"style": style},
    )


class LengthReranker:
    """The longer a text, the better."""

    name = "length"

    def __init__(self) -> None:
        self.read: list[tuple[str, str]] = []

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Their lengths; remembers what it read."""
        self.read += [(question, text) for text in texts]
        return [float(len(text)) for text in texts]


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def save_tiny_bert(folder: Path, characters: str, **more: Any) -> Any:
    """The configuration of a BERT of two layers, saved with a tokenizer of these characters."""
    from transformers import BertConfig, BertTokenizerFast

    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    vocabulary = {character: number for number, character in enumerate(known)}
    BertTokenizerFast(vocab=vocabulary).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(known),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        **more,
    )
    config.save_pretrained(folder)
    return config


# What takes a database back to version 6, before its rows had seals.
UNSEALED = """
DROP TABLE places;
DROP INDEX filings_listed;
CREATE INDEX filings_listed ON filings (
    company, code, short_name, activity_date, filed_date, activity_types, first_pair, pair_count
);
ALTER TABLE filings DROP COLUMN text_crc;
ALTER TABLE filings DROP COLUMN listed_crc;
ALTER TABLE filings DROP COLUMN seal;
ALTER TABLE pairs DROP COLUMN said_crc;
ALTER TABLE pairs DROP COLUMN sentences_crc;
ALTER TABLE pairs DROP COLUMN seal;
ALTER TABLE vectors DROP COLUMN crc;
ALTER TABLE feedback DROP COLUMN crc;
"""
