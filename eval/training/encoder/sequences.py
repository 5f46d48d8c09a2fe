"""Texts as rows of token ids: courtesy taken away, words dropped, misspelled, cut, put in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from eval.training.encoder.pack import Numbers, Pack

BOS, PAD, EOS, UNKNOWN = 0, 1, 2, 3
QUERY_LIMIT = 96
PASSAGE_LIMIT = 160
_FUNCTION = (
    "的 了 吗 呢 啊 呀 请问 请 您 您好 你好 是 在 有 和 与 对 为 什么 为什么 如何 怎么 怎样 "
    "怎么样 是否 有没有 有无 公司 贵公司 你们 我们 目前 现在 能否 可以 能 会 多少 哪些 以及 还 又 "
    "就 也 都 情况 介绍 一下 谈 看 看到 认为 方面 具体 想 一 个 这 那 等 把 被 由 从 到 ， "
    "。 ？ ！ ? , . ! ： :"
)
_SPLIT, _DROP, _SWAP = 0.08, 0.05, 0.05


@dataclass(frozen=True, slots=True)
class Flat:
    """Rows one after another: row ``r`` has ``lengths[r]`` of ``ids``."""

    ids: Numbers
    lengths: Numbers

    def owners(self) -> Numbers:
        """The row of each id."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


class Writer:
    """Makes rows of token ids of texts by their numbers, in the role of a query or a passage."""

    def __init__(self, pack: Pack, tokenizer: Tokenizer) -> None:
        self.pack = pack
        vocabulary = tokenizer.get_vocab()
        self.query = _ids(tokenizer, "query:")
        self.passage = _ids(tokenizer, "passage:")
        self.function = np.zeros(len(vocabulary), dtype=bool)
        for word in _FUNCTION.split():
            for piece in (word, "▁" + word):
                if piece in vocabulary:
                    self.function[vocabulary[piece]] = True
        self.ends = np.isin(np.arange(len(vocabulary)), [vocabulary[c] for c in "？?。；;！"])
        characters = [
            [vocabulary[c] for c in piece if c in vocabulary] or [number]
            for piece, number in sorted(vocabulary.items(), key=lambda item: item[1])
        ]
        self._counts = np.array([len(row) for row in characters])
        self._flat = np.concatenate([np.array(row) for row in characters])
        self._starts = np.concatenate(([0], np.cumsum(self._counts)))[:-1]

    def flat(self, texts: Numbers, strip: npt.NDArray[np.bool_], limit: int) -> Flat:
        """The ids of texts, without courtesy where ``strip`` says so, at most ``limit`` each."""
        pack = self.pack
        starts = pack.starts[texts] + pack.head[texts] * strip
        ends = pack.starts[texts + 1] - pack.tail[texts] * strip
        lengths = np.minimum(np.maximum(ends - starts, 0), limit)
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return Flat(pack.ids[np.repeat(starts, lengths) + within].astype(np.int64), lengths)

    def keywords(self, flat: Flat, which: npt.NDArray[np.bool_]) -> Flat:
        """Function words dropped of the rows in ``which``, where anything is left of them."""
        keep = ~(self.function[flat.ids] & np.repeat(which, flat.lengths))
        left = np.bincount(flat.owners()[keep], minlength=len(flat.lengths))
        keep |= np.repeat(left < 2, flat.lengths)
        return _kept(flat, keep)

    def misspelled(
        self, flat: Flat, which: npt.NDArray[np.bool_], rng: np.random.Generator
    ) -> Flat:
        """Words cut into characters, tokens dropped and exchanged, in the rows of ``which``."""
        noisy = np.repeat(which, flat.lengths)
        cut = noisy & (rng.random(len(flat.ids)) < _SPLIT)
        copies = np.where(cut, self._counts[flat.ids], 1)
        within = np.arange(int(copies.sum())) - np.repeat(np.cumsum(copies) - copies, copies)
        first, was_cut = np.repeat(flat.ids, copies), np.repeat(cut, copies)
        ids = np.where(was_cut, self._flat[self._starts[first] + within * was_cut], first)
        owners = np.repeat(flat.owners(), copies)
        noisy = np.repeat(noisy, copies)
        swapped = noisy & (rng.random(len(ids)) < _SWAP)
        ids[swapped] = rng.permutation(ids)[: int(swapped.sum())]
        lengths = np.bincount(owners, minlength=len(flat.lengths))
        keep = ~(noisy & (rng.random(len(ids)) < _DROP)) | np.repeat(lengths < 3, lengths)
        return _kept(Flat(ids, lengths), keep)

    def one_part(self, flat: Flat, which: npt.NDArray[np.bool_], rng: np.random.Generator) -> Flat:
        """One of the sentences of the rows in ``which``, of those that have several."""
        ends = np.cumsum(flat.lengths)
        keep = np.ones(len(flat.ids), dtype=bool)
        for row in np.flatnonzero(which):
            start = int(ends[row] - flat.lengths[row])
            marks = np.flatnonzero(self.ends[flat.ids[start : ends[row]]]) + 1
            borders = [0, *marks.tolist(), int(flat.lengths[row])]
            parts = [(a, b) for a, b in pairwise(borders) if b - a >= 6]
            if len(parts) > 1:
                a, b = parts[rng.integers(len(parts))]
                keep[start : ends[row]] = False
                keep[start + a : start + b] = True
        return _kept(flat, keep)

    def named(self, flat: Flat, names: Sequence[int]) -> Flat:
        """A company's name before each row, where ``names`` has the number of its text."""
        pack = self.pack
        parts, lengths, at = [], [], 0
        for name, length in zip(names, flat.lengths.tolist(), strict=True):
            start, end = pack.starts[name : name + 2] if name >= 0 else (0, 0)
            before = pack.ids[start:end]
            parts.append(np.concatenate((before, flat.ids[at : at + length])))
            lengths.append(len(parts[-1]))
            at += length
        return Flat(np.concatenate(parts).astype(np.int64), np.array(lengths))

    def rows(self, flat: Flat, prefix: Numbers) -> list[Numbers]:
        """Whole rows: begin, prefix, ids, end."""
        cuts = np.split(flat.ids, np.cumsum(flat.lengths)[:-1])
        return [np.concatenate(([BOS], prefix, ids, [EOS])) for ids in cuts]

    def queries(self, texts: Numbers) -> list[Numbers]:
        """Texts as questions asked, as they are."""
        flat = self.flat(texts, np.zeros(len(texts), dtype=bool), QUERY_LIMIT)
        return self.rows(flat, self.query)

    def passages(self, texts: Numbers) -> list[Numbers]:
        """Texts as filed passages, as they are."""
        flat = self.flat(texts, np.zeros(len(texts), dtype=bool), PASSAGE_LIMIT)
        return self.rows(flat, self.passage)


def padded(rows: Sequence[Numbers]) -> npt.NDArray[np.int64]:
    """Rows as one matrix, filled up with padding to a multiple of eight."""
    longest = max(len(row) for row in rows)
    matrix = np.full((len(rows), -(-longest // 8) * 8), PAD, dtype=np.int64)
    for number, row in enumerate(rows):
        matrix[number, : len(row)] = row
    return matrix


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of like length as one matrix, and which rows they are."""

    rows: Numbers
    matrix: Numbers


def chunked(rows: Sequence[Numbers], tokens: int = 32_768) -> list[Chunk]:
    """Rows in chunks of like length, each of at most about ``tokens``."""
    lengths = np.array([len(row) for row in rows])
    order = np.argsort(lengths, kind="stable")
    chunks: list[Chunk] = []
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and lengths[order[end]] * (end + 1 - start) <= tokens:
            end += 1
        which = order[start:end]
        chunks.append(Chunk(which, padded([rows[n] for n in which])))
        start = end
    return chunks


def _ids(tokenizer: Tokenizer, text: str) -> Numbers:
    return np.array(tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.int64)


def _kept(flat: Flat, keep: npt.NDArray[np.bool_]) -> Flat:
    lengths = np.bincount(flat.owners()[keep], minlength=len(flat.lengths))
    return Flat(flat.ids[keep], lengths)
