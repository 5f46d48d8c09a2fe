"""Training pairs as token ids: read, derived, and drawn into batches with noise.

Derived pairs make more of the texts that are nearest to filings: a prospectus heading
without the company's name, and one sentence of a passage against the rest of it (the
inverse cloze task of Lee, Chang and Toutanova, 2019). ``topics/`` adds, for each thing that
investors ask about, ways to ask it. Noise on the token level (a word cut into its
characters, a token dropped, a token exchanged) stands in for typos, and makes a word and
its characters mean the same.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from eval.training.sources import SOURCES, Row, read_rows

Ids = npt.NDArray[np.int32]
Indexes = npt.NDArray[np.int64]

_SENTENCE_END = re.compile(r"(?<=[。！？；\n])")
_CLOZE = {
    "finqwen_prospectus_headings": 1.0,
    "fincuge_news_title": 1.0,
    "cmrc2018_train": 0.5,
    "xinwenlianbo": 0.3,
    "cail2019_rc": 0.3,
    "alpaca_zh": 0.3,
    "insqabench": 1.0,
}
_UNMATCHED_SHARE = 0.3
TOPICS = Path(__file__).with_name("topics")
_TOPIC_SHARE = 2.0
_OPENINGS = (
    *(
        "",
        "",
        "",
        "请问",
        "请问公司",
        "公司",
        "贵公司",
        "你们公司",
        "想问一下",
        "想了解",
        "麻烦问下",
    ),
    *("董秘您好，", "请介绍一下", "请说明", "关于", "能否介绍", "看到"),
)
_CLOSINGS = (
    "",
    "",
    "",
    "？",
    "呢？",
    "情况",
    "情况如何？",
    "怎么样",
    "，谢谢！",
    "的问题",
    "是什么情况",
)


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts and the examples over them, as row numbers into ``texts``.

    ``anchors`` and ``positives`` belong together; ``negatives`` holds a text that was
    labelled as not matching the anchor, or -1; ``groups`` the topic where examples of one
    topic must not be each other's negatives, or -1; ``origins`` the number of the source;
    ``shares`` the expected draws per epoch.
    """

    texts: list[str]
    anchors: Indexes
    positives: Indexes
    negatives: Indexes
    groups: Indexes
    origins: Indexes
    shares: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TokenLists:
    """Many lists of token ids in one array: list ``i`` is ``ids[starts[i]:starts[i + 1]]``."""

    ids: Ids
    starts: Indexes


class _Collector:
    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.rows: list[tuple[int, int, int, int, int, float]] = []
        self.origin = 0

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def add(
        self, a: str, b: str, share: float, negative: str | None = None, group: int = -1
    ) -> None:
        if a and b:
            number = -1 if negative is None else self.number(negative)
            texts = self.number(a), self.number(b), number
            self.rows.append((*texts, group, self.origin, share))


def collect_examples(folder: Path, seed: int) -> Examples:
    """All examples of ``folder``, in a fixed order for a given seed."""
    rng = random.Random(seed)
    collector = _Collector()
    for collector.origin, source in enumerate(SOURCES):
        rows = list(read_rows(folder / f"{source.name}.jsonl.gz"))
        _add_labelled(collector, rows, source.share, rng)
        if source.name == "finqwen_prospectus_headings":
            for row in rows:
                collector.add(row.a.rpartition("：")[2], row.b, source.share)
        if source.name in _CLOZE:
            for row in rows:
                sentence, rest = cloze(row.b, rng)
                collector.add(sentence, rest, _CLOZE[source.name])
    collector.origin = len(SOURCES)
    _add_topics(collector, rng)
    table = np.array([row[:5] for row in collector.rows], dtype=np.int64)
    shares = np.array([row[5] for row in collector.rows])
    anchors, positives, negatives, groups, origins = table.T
    return Examples(list(collector.numbers), anchors, positives, negatives, groups, origins, shares)


def _add_labelled(
    collector: _Collector, rows: Sequence[Row], share: float, rng: random.Random
) -> None:
    unlike: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if not row.match:
            unlike[row.a].append(row.b)
            unlike[row.b].append(row.a)
    matched: set[str] = set()
    for row in rows:
        if row.match and row.a != row.b:
            negatives = unlike.get(row.a)
            negative = rng.choice(negatives) if negatives else None
            collector.add(row.a, row.b, share, negative)
            matched.update((row.a, row.b))
    for text in sorted(unlike.keys() - matched):
        # Without a partner the text is its own, under two different noises.
        collector.add(text, text, share * _UNMATCHED_SHARE, rng.choice(unlike[text]))


def _add_topics(collector: _Collector, rng: random.Random) -> None:
    for topic, phrases in enumerate(read_topics(TOPICS)):
        for one in phrases:
            for other in phrases:
                if one < other:
                    collector.add(
                        rng.choice(_OPENINGS) + one + rng.choice(_CLOSINGS),
                        rng.choice(_OPENINGS) + other + rng.choice(_CLOSINGS),
                        _TOPIC_SHARE,
                        group=topic,
                    )


def read_topics(path: Path) -> list[list[str]]:
    """The phrasings of each topic, of all files of a folder."""
    files = sorted(path.glob("*.txt"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [line.split("|") for line in lines if line and not line.startswith("#")]


def cloze(passage: str, rng: random.Random) -> tuple[str, str]:
    """One sentence of ``passage`` and the rest, or two empty texts where it is too short."""
    sentences = [part for part in _SENTENCE_END.split(passage) if part.strip()]
    long_enough = [n for n, part in enumerate(sentences) if len(part) >= 8]
    if len(sentences) < 3 or not long_enough:
        return "", ""
    chosen = rng.choice(long_enough)
    return sentences[chosen], "".join(sentences[:chosen] + sentences[chosen + 1 :])


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenLists:
    """The token ids of all texts, unknown tokens left out."""
    unknown = 0
    parts: list[Ids] = []
    lengths = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), 4096):
        encodings = tokenizer.encode_batch_fast(
            list(texts[start : start + 4096]), add_special_tokens=False
        )
        for offset, encoding in enumerate(encodings):
            ids = np.array(encoding.ids, dtype=np.int32)
            parts.append(ids[ids != unknown])
            lengths[start + offset] = len(parts[-1])
    return TokenLists(np.concatenate(parts), np.concatenate(([0], np.cumsum(lengths))))


class Noise:
    """Cuts words into characters, drops and exchanges tokens, each at random."""

    def __init__(self, tokenizer: Tokenizer, split: float, drop: float, swap: float) -> None:
        vocabulary = tokenizer.get_vocab()
        characters = [np.zeros(0, dtype=np.int32)] * len(vocabulary)
        for piece, number in vocabulary.items():
            known = [vocabulary[c] for c in piece if c in vocabulary]
            characters[number] = np.array(known if number else [number], dtype=np.int32)
        self._counts = np.array([len(row) for row in characters])
        self._flat = np.concatenate(characters)
        self._starts = np.concatenate(([0], np.cumsum(self._counts)))[:-1]
        self._split, self._drop, self._swap = split, drop, swap

    def __call__(self, ids: Ids, lengths: Indexes, rng: np.random.Generator) -> tuple[Ids, Indexes]:
        """Noisy ``ids`` and the new length of each list; no list loses its last token."""
        owner = np.repeat(np.arange(len(lengths)), lengths)
        cut = rng.random(len(ids)) < self._split
        copies = np.where(cut, self._counts[ids], 1)
        within = np.arange(int(copies.sum())) - np.repeat(np.cumsum(copies) - copies, copies)
        first, was_cut = np.repeat(ids, copies), np.repeat(cut, copies)
        ids = np.where(was_cut, self._flat[self._starts[first] + within * was_cut], first)
        owner = np.repeat(owner, copies)
        swapped = rng.random(len(ids)) < self._swap
        ids[swapped] = rng.permutation(ids)[: int(swapped.sum())]
        keep = rng.random(len(ids)) >= self._drop
        keep[np.flatnonzero(np.diff(owner, prepend=-1))] = True
        return ids[keep], np.bincount(owner[keep], minlength=len(lengths))


def gather(
    lists: TokenLists, rows: Indexes, limit: int, rng: np.random.Generator
) -> tuple[Ids, Indexes]:
    """The ids of ``rows`` one after another, and their lengths.

    Of a list longer than ``limit`` a window is taken, from its head in half of the cases.
    """
    full = lists.starts[rows + 1] - lists.starts[rows]
    lengths = np.minimum(full, limit)
    slack = full - lengths
    offset = (rng.random(len(rows)) * (slack + 1)).astype(np.int64)
    starts = lists.starts[rows] + np.where(rng.random(len(rows)) < 0.5, 0, offset)
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return lists.ids[np.repeat(starts, lengths) + within], lengths


def draw_batches(
    examples: Examples, size: int, chunk: int, rng: np.random.Generator
) -> Iterator[Indexes]:
    """One epoch of example numbers in batches of ``size``, drawn by their shares.

    A batch is put together of chunks of one source each, so that many of a row's negatives
    are of its own kind, and harder to tell apart.
    """
    whole = np.floor(examples.shares)
    extra = rng.random(len(whole)) < examples.shares - whole
    drawn = np.repeat(np.arange(len(whole)), (whole + extra).astype(np.int64))
    rng.shuffle(drawn)
    drawn = drawn[np.argsort(examples.origins[drawn], kind="stable")]
    chunks = drawn[: len(drawn) // size * size].reshape(-1, chunk)
    yield from rng.permutation(chunks, axis=0).reshape(-1, size)
