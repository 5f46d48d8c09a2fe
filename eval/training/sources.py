"""Where the training pairs come from, and how much of each an epoch takes.

Each file holds gzip JSON lines ``{"a", "b", "kind", "label"}``; label 0 marks a labelled
non-match. ``share`` is the expected number of times that a row is drawn per epoch: what is
near to questions about a company's business is drawn more often than its size would have
it, law, news and counselling less.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """One file of pairs: its name without ending, its share and its licence as stated."""

    name: str
    share: float
    licence: str


@dataclass(frozen=True, slots=True)
class Row:
    """Two texts that belong together (``match``) or were labelled as not doing so."""

    a: str
    b: str
    match: bool


SOURCES = (
    Source("afqmc", 1.5, "none"),
    Source("atec_bq", 1.2, "MIT"),
    Source("insqabench", 3.0, "Apache-2.0"),
    Source("finqwen_prospectus_headings", 2.0, "none"),
    Source("fincuge_news_title", 2.0, "none"),
    Source("fin_eva_ant", 3.0, "CC BY 4.0"),
    Source("finglm", 1.0, "none"),
    Source("disc_finllm", 3.0, "Apache-2.0"),
    Source("laws_md", 0.3, "none"),
    Source("cail2019_rc", 0.6, "none"),
    Source("legalqa", 0.6, "none"),
    Source("cmrc2018_train", 2.0, "CC BY-SA 4.0"),
    Source("cmrc2018_trial", 2.0, "CC BY-SA 4.0"),
    Source("smilechat_long", 0.15, "CC0"),
    Source("nli_zh", 0.6, "mixed / none"),
    Source("simclue_part", 0.8, "mixed / none"),
    Source("chinese_sts", 0.6, "mixed / none"),
    Source("sohu2021_short", 0.6, "mixed / none"),
    Source("oppo_xiaobu_dev", 0.6, "mixed / none"),
    Source("kgclue", 0.4, "none"),
    Source("alpaca_zh", 0.8, "none"),
    Source("huatuo_llama", 0.3, "Apache-2.0"),
    Source("csl", 0.8, "none"),
    Source("qbqtc", 1.0, "none"),
    Source("xinwenlianbo", 0.7, "MIT"),
)


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of one gzip JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Row(row["a"], row["b"], bool(row["label"]))
