"""What is trained on: real pairs, groups of one answer, and the older sets by their nearness.

Nothing of a development or test part gets into training, nor a pair whose question or answer
(of 20 characters or more) stands there word for word.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.sets import real
from eval.sets.real import RealPair
from eval.sets.split import one_spelling
from eval.training.encoder.politeness import plain_part
from eval.training.pairs import TOPICS, read_topics
from eval.training.sources import read_rows
from index.errors import YuandaError
from index.parse import parse

LONG = 20
_SAYS_SOMETHING = 15
_CANNED = 3
_ELSEWHERE = re.compile(
    r"(?:请|敬请|详见|参见|查阅|关注).{0,20}(?:公告|年报|年度报告|定期报告|前述|回复)"
)
_ELSEWHERE_AT_MOST = 40


@dataclass(frozen=True, slots=True)
class Other:
    """Rows of one older set: how many are taken, and how often an epoch draws one."""

    name: str
    rows: int
    share: float


OTHERS = (
    Other("afqmc", 8000, 0.3),
    Other("atec_bq", 12000, 0.3),
    Other("insqabench", 2600, 0.7),
    Other("finqwen_prospectus_headings", 8000, 0.6),
    Other("fincuge_news_title", 3600, 0.7),
    Other("fin_eva_ant", 3864, 0.7),
    Other("finglm", 2000, 0.6),
    Other("disc_finllm", 368, 1.0),
    Other("laws_md", 2000, 0.3),
    Other("legalqa", 1984, 0.4),
    Other("cmrc2018_train", 4000, 0.5),
    Other("simclue_part", 8000, 0.3),
    Other("nli_zh", 4000, 0.2),
    Other("chinese_sts", 5000, 0.2),
    Other("oppo_xiaobu_dev", 3000, 0.2),
    Other("alpaca_zh", 4000, 0.3),
    Other("csl", 1500, 0.4),
    Other("qbqtc", 5000, 0.4),
)


@dataclass(frozen=True, slots=True)
class OtherPair:
    """Two texts that match, perhaps one labelled as not matching, and how often it is drawn."""

    anchor: str
    match: str
    unlike: str
    share: float


def real_pairs(folder: Path) -> list[RealPair]:
    """Real pairs of the training and development parts, those kept out of training taken away."""
    everything = [*real.briefings(folder), *real.platform(folder), *filed_pairs(folder)]
    kept_out: set[str] = set()
    for pair in everything:
        if pair.part != "train":
            kept_out.update(one_spelling(t) for t in (pair.question, pair.answer) if len(t) >= LONG)
    kept: list[RealPair] = []
    for pair in everything:
        if pair.part == "test" or not pair.question.strip() or not pair.answer.strip():
            continue
        texts = [one_spelling(t) for t in (pair.question, pair.answer) if len(t) >= LONG]
        if pair.part == "train" and not kept_out.isdisjoint(texts):
            continue
        kept.append(pair)
    return kept


def filed_pairs(folder: Path) -> Iterator[RealPair]:
    """The pairs of the real filings that are no test's."""
    for path, company, day, part in real.filings(folder):
        if part == "test":
            continue
        try:
            parsed = parse(path)
        except YuandaError:
            continue
        for pair in parsed.pairs:
            yield RealPair(pair.question, pair.answer, company, day, "filings", part)


def usable(pairs: Sequence[RealPair]) -> list[bool]:
    """Whether each pair's answer says something of its own."""
    times = Counter(one_spelling(pair.answer) for pair in pairs)
    return [_says_something(pair, times[one_spelling(pair.answer)]) for pair in pairs]


def _says_something(pair: RealPair, times: int) -> bool:
    start, end = plain_part(pair.answer)
    if end - start < _SAYS_SOMETHING or times > _CANNED or pair.relevance == 0:
        return False
    if plain_part(pair.question)[0] == len(pair.question):
        return False
    pointed = _ELSEWHERE.search(pair.answer)
    return not (pointed and end - start < _ELSEWHERE_AT_MOST)


def other_pairs(folder: Path, kept_out: set[str], seed: int) -> list[OtherPair]:
    """Pairs of the older sets and of the topics, in a fixed order."""
    rng = random.Random(seed)
    found: list[OtherPair] = []
    for other in OTHERS:
        rows = list(read_rows(folder / f"{other.name}.jsonl.gz"))
        unlike: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if not row.match:
                unlike[row.a].append(row.b)
        matches = [row for row in rows if row.match and row.a != row.b and row.a and row.b]
        matches = [
            r for r in matches if kept_out.isdisjoint((one_spelling(r.a), one_spelling(r.b)))
        ]
        for row in rng.sample(matches, min(len(matches), other.rows)):
            against = unlike.get(row.a)
            negative = rng.choice(against) if against else ""
            found.append(OtherPair(row.a, row.b, negative, other.share))
    for phrases in read_topics(TOPICS):
        ways = [(a, b) for a in phrases for b in phrases if a < b]
        for one, other_way in rng.sample(ways, min(8, len(ways))):
            found.append(OtherPair(one, other_way, "", 0.3))
    return [replace(pair, match=pair.match[:400]) for pair in found]
