"""Train the shipped embedding model from the folder of pairs, and measure it."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from eval.training.charsmap import compile_charsmap, normalisation_rules
from eval.training.cooccurrence import Table, cooccurrence_table, frequency_weights
from eval.training.export import write_model
from eval.training.measure import measure_all
from eval.training.pairs import Noise, TokenLists, collect_examples, tokenize
from eval.training.sources import SOURCES, read_rows
from eval.training.train import DEVICE, Settings, train
from eval.training.vocabulary import (
    build_tokenizer,
    choose_pieces,
    count_words,
    empty_tokenizer,
    sample_texts,
)
from index.embedding.encoder import StaticEncoder

# What the vocabulary is counted from: enough of each source, and no more than it takes.
_CHARACTERS_PER_SOURCE = 4_000_000
# Rows are scaled so that Adam's steps, which do not depend on it, are small beside them.
_ROW_LENGTH = 16.0


def main() -> None:
    options = _parse()
    settings = replace(Settings(), seed=options.seed, epochs=options.epochs)
    torch.set_num_threads(options.threads)
    began = time.perf_counter()

    _say("vocabulary")
    tokenizer = learn_tokenizer(options.data, settings)
    _say("pairs")
    examples = collect_examples(options.data, settings.seed)
    lists = tokenize(tokenizer, examples.texts)
    _say(f"{len(examples.anchors):,} examples over {len(examples.texts):,} texts")
    start = starting_table(lists, tokenizer, settings)
    _say("training")
    noise = Noise(tokenizer, settings.split, settings.drop, settings.swap)
    table, log = train(examples, lists, noise, start, settings)
    write_model(options.out, tokenizer, table)
    seconds = round(time.perf_counter() - began)

    _say("measuring")
    random = np.random.default_rng(settings.seed).standard_normal(start.shape).astype(np.float32)
    systems = {
        "random rows": random,
        "random rows, frequency weighted": random * frequency_weights(lists, len(random)),
        "co-occurrence only": start,
        "trained": table,
    }
    report: dict[str, Any] = {
        "settings": settings.as_dict(),
        "examples": len(examples.anchors),
        "texts": len(examples.texts),
        "tokens": len(lists.ids),
        "sources": {source.name: source.share for source in SOURCES},
        "log": log,
        "seconds": seconds,
        "threads": options.threads,
        "device": DEVICE.type,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "measures": {
            name: measure_all(options.dev or options.data.parent / "dev", tokenizer, rows)
            for name, rows in systems.items()
        },
        "latency": encoding_latency(StaticEncoder(options.out)),
    }
    options.results.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, ensure_ascii=False)
    options.results.write_text(text + "\n", "utf-8")
    print(json.dumps(report["measures"]["trained"], indent=1, ensure_ascii=False))


def learn_tokenizer(folder: Path, settings: Settings) -> Tokenizer:
    """The tokenizer of ``settings.vocabulary`` pieces, counted over all sources."""
    charsmap = compile_charsmap(normalisation_rules())
    normalizer = empty_tokenizer(charsmap).normalizer
    words: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for source in SOURCES:
        rows = read_rows(folder / f"{source.name}.jsonl.gz")
        texts = [text for row in rows for text in (row.a, row.b)]
        sample = sample_texts(texts, _CHARACTERS_PER_SOURCE, settings.seed)
        plain = (normalizer.normalize_str(text) for text in sample)
        count_words(plain, words, characters, weight=round(10 * source.share))
    return build_tokenizer(charsmap, choose_pieces(words, characters, settings.vocabulary))


def starting_table(lists: TokenLists, tokenizer: Tokenizer, settings: Settings) -> Table:
    """Co-occurrence vectors, weighted by frequency, at the scale that training expects."""
    tokens = tokenizer.get_vocab_size()
    table = cooccurrence_table(lists, tokens, settings.dimension, settings.window, settings.seed)
    return _ROW_LENGTH * table * frequency_weights(lists, tokens)


def encoding_latency(encoder: StaticEncoder, repeats: int = 2000) -> dict[str, float]:
    """Milliseconds to encode one question: median and 99th percentile, in one process."""
    question = ["公司的限售股份什么时候可以上市流通？"]
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        encoder.encode_queries(question)
        times.append(1000 * (time.perf_counter() - began))
    p50, p99 = np.percentile(times, [50, 99])
    return {"p50_ms": round(float(p50), 4), "p99_ms": round(float(p99), 4)}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training pairs")
    parser.add_argument("--dev", type=Path, help="folder of the development pairs (beside data)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--results", type=Path, default=Path("eval/results/model.json"))
    parser.add_argument("--seed", type=int, default=Settings().seed)
    parser.add_argument("--epochs", type=int, default=Settings().epochs)
    parser.add_argument("--threads", type=int, default=3)
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
