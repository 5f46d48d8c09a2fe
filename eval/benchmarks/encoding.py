"""What the shipped models cost on one core: ``python -m eval.benchmarks.encoding``.

Processor time, so that what else runs on the machine counts little: of one question (median), of
one pair as ``yuanda add`` embeds it (its question and its answer in pieces), and of three pairs
read by the judge. Questions and pairs are the written collection's development part.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.cross import CrossEncoderJudge
from eval.sets.written import read_pairs, read_written
from index.embedding.encoder import SHIPPED_NAME, load_encoder
from index.embedding.passages import passages_of
from index.embedding.transformer import PRETRAINED_NAME
from index.records import Reading


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("eval/results/encoding.json"))
    parser.add_argument("--pairs", type=int, default=120)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pairs = [filed.pair for filed in read_pairs("dev")][: options.pairs]
    questions = [question.question for question in read_written("dev")][:100]
    texts = [passage.text for pair in pairs for passage in passages_of(pair)]
    report: dict[str, Any] = {"made_by": "python -m eval.benchmarks.encoding"}
    report |= {"pairs": len(pairs), "passages": len(texts), "questions": len(questions)}
    for name in (PRETRAINED_NAME, SHIPPED_NAME):
        encoder = load_encoder(name)
        encoder.encode_queries(questions[:1])
        asked = [_cost(partial(encoder.encode_queries, [question])) for question in questions]
        whole = _cost(partial(encoder.encode_passages, texts))
        report[name] = {
            "question_ms": round(1000 * float(np.median(asked)), 2),
            "pairs_per_second": round(len(pairs) / whole, 1),
        }
    judge = CrossEncoderJudge()
    readings = [Reading(pair.question, pair.answer) for pair in pairs]
    threes = [
        _cost(partial(judge.logits, questions[n], readings[n : n + 3]))
        for n in range(min(len(questions), len(readings) - 3))
    ]
    report[judge.name.split()[0]] = {"three_pairs_ms": round(1000 * float(np.median(threes)), 1)}
    options.out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


def _cost(call: Callable[[], object]) -> float:
    """Seconds of processor time."""
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
