"""How well ``yuanda quote`` tells verbatim, altered and not filed apart, and how fast.

    python -m eval.benchmarks.quotes PAIRS.jsonl.gz --json eval/results/quotes.json

PAIRS are JSON lines with ``question, answer, company``. Four fifths of the companies are filed,
one fifth is only asked about. What is asked: pieces of filed pairs as they are, the same altered
in one of seven ways, and pieces of the others' answers. Whether a piece is filed word for word,
and where, is told beside by reading all pairs through.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import random
import re
import tempfile
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assistant.proof.pasted import fragments
from assistant.proof.quote import Place, check
from assistant.proof.squeezed import squeezed, without_space
from index.embedding.encoder import load_encoder
from index.intake import build
from index.search.opening import open_index
from index.search.protocol import Index
from index.store.store import Store

_EACH = 300
_SEED = 20240912
_OPPOSITES = {
    "增长": "下降",
    "下降": "增长",
    "提升": "降低",
    "已": "未",
    "有": "没有",
    "是": "不是",
}


def _digit(text: str, rng: random.Random) -> str | None:
    at = [i for i, ch in enumerate(text) if ch.isascii() and ch.isdigit()]
    if not at:
        return None
    i = rng.choice(at)
    return text[:i] + str((int(text[i]) + rng.randint(1, 9)) % 10) + text[i + 1 :]


def _opposite(text: str, rng: random.Random) -> str | None:
    there = [word for word in _OPPOSITES if word in text]
    if not there:
        return None
    word = rng.choice(there)
    return text.replace(word, _OPPOSITES[word], 1)


def _dropped(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) // 4, len(text) // 2)
    return text[:start] + text[start + rng.randint(1, 6) :]


def _inserted(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) // 4, len(text) * 3 // 4)
    return text[:at] + rng.choice(["大幅", "可能", "不", "预计将", "显著"]) + text[at:]


def _width(text: str, _rng: random.Random) -> str | None:
    halved = text.translate(str.maketrans("，：；？！（）", ",:;?!()"))
    return halved if halved != text else None


def _spliced(text: str, _rng: random.Random) -> str:
    third = len(text) // 3
    return text[:third] + text[2 * third :]


def _appended(text: str, rng: random.Random) -> str:
    return text + rng.choice(["，明年将翻一番", "，并已签订重大合同", "，远超市场预期"])


ALTERED: dict[str, Callable[[str, random.Random], str | None]] = {
    "digit": _digit,
    "opposite": _opposite,
    "dropped": _dropped,
    "inserted": _inserted,
    "width": _width,
    "spliced": _spliced,
    "appended": _appended,
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    content = arguments.pairs.read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(content).splitlines()]
    filed = [row for row in rows if not _is_apart(row["company"])]
    apart = [row for row in rows if _is_apart(row["company"])]
    with tempfile.TemporaryDirectory() as folder:
        _write(filed, Path(folder) / "sheets")
        with Store.open(Path(folder) / "store", create=True) as store:
            build.add(store, [Path(folder) / "sheets"], load_encoder(), processes=1)
            found = _measure(store, filed, apart)
    found["pairs_sha256"] = hashlib.sha256(content).hexdigest()
    print(json.dumps(found, ensure_ascii=False, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _is_apart(company: str) -> bool:
    return hashlib.sha256(company.encode()).digest()[0] % 5 == 0


def _write(rows: list[dict[str, Any]], folder: Path) -> None:
    folder.mkdir()
    by_company = defaultdict(list)
    for row in rows:
        by_company[row["company"]].append(row)
    for number, (company, own) in enumerate(by_company.items()):
        with (folder / f"{number}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["公司简称", "问题", "回答"])
            writer.writerows([company, row["question"], row["answer"]] for row in own)


def _measure(store: Store, filed: list[dict[str, Any]], apart: list[dict[str, Any]]) -> Any:
    rng = random.Random(_SEED)
    index = open_index(store, store.dimension or 0)
    with store.snapshot():
        texts = [without_space(q + a) for _, q, a in store.texts(np.sort(store.pair_ids()))]
        asked = _Asked(store, index, texts)
        for _ in range(_EACH):
            asked.verbatim(_piece(rng, filed))
        for kind, alter in ALTERED.items():
            for piece in _some(rng, filed, alter):
                asked.altered(kind, *piece)
        for _ in range(_EACH):
            asked.unfiled(_piece(rng, apart))
    return {"filed_pairs": len(texts), **asked.told()}


def _piece(rng: random.Random, rows: list[dict[str, Any]]) -> str:
    """Some 30 to 200 characters from a clause's beginning on of an answer long enough."""
    while True:
        answer = str(rng.choice(rows)["answer"]).strip()
        starts = [0, *(m.end() for m in re.finditer(r"[，。；！]", answer))]
        piece = answer[(start := rng.choice(starts)) : start + rng.randint(30, 200)]
        if len(without_space(piece)) >= 30 and not re.search(r"\d$|…|\.\.\.", piece):
            return piece


def _some(
    rng: random.Random,
    rows: list[dict[str, Any]],
    alter: Callable[[str, random.Random], str | None],
) -> Iterator[tuple[str, str]]:
    count = 0
    while count < _EACH:
        piece = _piece(rng, rows)
        changed = alter(piece, rng)
        if changed and without_space(changed) != without_space(piece):
            count += 1
            yield piece, changed


class _Asked:
    """What was asked so far, and what came of it."""

    def __init__(self, store: Store, index: Index, texts: list[str]) -> None:
        self._store, self._index, self._texts = store, index, texts
        self._status: dict[str, Counter[str]] = defaultdict(Counter)
        self._seconds: list[float] = []

    def verbatim(self, piece: str) -> None:
        status, places = self._check(piece)
        holding = sum(without_space(piece) in text for text in self._texts)
        pairs = {(p.filing.sha256, p.pair.start) for p in places}
        row = self._status["verbatim"]
        row[status] += 1
        row["pairs that have it"] += holding
        row["of these told"] += len(pairs) if status == "verbatim" else 0

    def altered(self, kind: str, piece: str, changed: str) -> None:
        status, places = self._check(changed)
        row = self._status[f"altered: {kind}"]
        sought = "".join(fragments(changed)[-1])
        if any(sought in text for text in self._texts):
            row["filed so elsewhere"] += 1
            row["of these verbatim"] += status == "verbatim"
            return
        row[status] += 1
        if status == "altered":
            row["changes make the text of the filing"] += self._redone(places[0]) == sought
            row["the source's words"] += without_space(piece)[:12] in self._words(places[0])

    def unfiled(self, piece: str) -> None:
        status, _ = self._check(piece)
        is_filed = any(without_space(piece) in text for text in self._texts)
        self._status["another company's, filed so here, too" if is_filed else "not filed"][
            status
        ] += 1

    def _check(self, text: str) -> tuple[str, tuple[Place, ...]]:
        began = time.perf_counter()
        found = check(self._store, self._index, text)
        self._seconds.append(time.perf_counter() - began)
        return found.status, found.places

    def _words(self, place: Place) -> str:
        return without_space(place.pair.question + place.pair.answer)

    def _redone(self, place: Place) -> str:
        return redone(self._store.text(place.filing.sha256), place)

    def told(self) -> dict[str, Any]:
        """The counts, and the time a text took in milliseconds."""
        took = np.array(self._seconds) * 1000
        return {
            "asked": len(took),
            "status": {kind: dict(row) for kind, row in self._status.items()},
            "ms": {f"p{p}": round(float(np.percentile(took, p)), 1) for p in (50, 90, 99)},
        }


def redone(text: str, place: Place) -> str:
    """The pasted text, made from the filing's by the changes that were told."""
    body = squeezed(text, (*place.pair.question_spans, *place.pair.answer_spans))
    out: list[str] = []
    at = bisect_left(body.places, place.start)
    for change in place.changes:
        start, end = (bisect_left(body.places, edge) for edge in (change.start, change.end))
        out += [body.text[at:start], change.text]
        at = max(at, end)
    return "".join([*out, body.text[at : bisect_left(body.places, place.end)]])


if __name__ == "__main__":
    main()
