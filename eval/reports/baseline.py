"""The regression gate: ``python -m eval.reports.baseline``, which ``make evaluate`` runs.

Asks the development part of the written collection and compares with the committed baseline,
query by query: whether the first pair answers (``found``, the answerable queries) and whether the
reader was served right (``served``, all queries). Where either is significantly worse (paired
randomisation test, one-sided, p < 0.05), the exit status is 1. ``--write`` makes the run the
baseline, for a change that is worth what it costs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.decide import Calibration
from eval.measuring.measures import Outcome
from eval.measuring.runs import write
from eval.measuring.significance import randomisation_test
from eval.measuring.systems import ask_all, yuanda
from eval.reports.evaluate import report, table
from eval.sets.corpora import open_corpus
from eval.sets.written import COLLECTION
from index.embedding.encoder import Encoder, load_encoder
from index.errors import CallError, YuandaError

BASELINE = Path(__file__).parent.parent / "results" / "baseline-dev.json"
LEVEL = 0.05
DONE, WORSE = 0, 1

# Measure to query to 0 or 1.
Values = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measure's mean in the baseline and now; ``p`` is that of its being worse."""

    measure: str
    before: float
    now: float
    p: float
    lost: tuple[str, ...]
    won: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether it is significantly worse."""
        return self.p < LEVEL


def values_of(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """What the gate watches, for each query."""
    return {
        "found": {o.query_id: int(o.right) for o in outcomes if o.relevant},
        "served": {o.query_id: int(o.served) for o in outcomes},
    }


def judge(baseline: Values, now: Values) -> list[Verdict]:
    """A verdict for each measure; ``CallError`` where the queries aren't the baseline's."""
    if {m: v.keys() for m, v in baseline.items()} != {m: v.keys() for m, v in now.items()}:
        raise CallError(
            "the labelled queries are not those of the baseline; "
            "make a new one: python -m eval.reports.baseline --write"
        )
    return [_verdict(name, before, now[name]) for name, before in baseline.items()]


def _verdict(name: str, before: Mapping[str, int], now: Mapping[str, int]) -> Verdict:
    old = np.array([before[query] for query in before], dtype=float)
    new = np.array([now[query] for query in before], dtype=float)
    return Verdict(
        name,
        float(old.mean()),
        float(new.mean()),
        randomisation_test(new, old, "less"),
        lost=tuple(q for q in before if now[q] < before[q]),
        won=tuple(q for q in before if now[q] > before[q]),
    )


def dump(values: Values, encoder: Encoder) -> str:
    """A baseline as JSON, a line for each query, so that a change reads as a diff."""
    rows = [
        f"  {json.dumps(query)}: "
        + json.dumps({name: queries[query] for name, queries in values.items() if query in queries})
        for query in values["served"]
    ]
    head = {
        "made_by": "python -m eval.reports.baseline --write",
        "model": f"{encoder.name} {encoder.revision[:12]}",
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
    return "{\n" + "".join(lines) + ' "queries": {\n' + ",\n".join(rows) + "\n }\n}\n"


def load(path: Path) -> dict[str, dict[str, int]]:
    """What ``dump`` wrote; ``CallError`` where there is none."""
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        queries: dict[str, dict[str, int]] = document["queries"]
    except OSError as error:
        raise CallError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError):
        raise CallError(f"{path}: not a baseline") from None
    return {
        name: {query: row[name] for query, row in queries.items() if name in row}
        for name in ("found", "served")
    }


def told(verdicts: Sequence[Verdict]) -> str:
    """The verdicts for a terminal."""
    lines = [f"{'against the baseline':<22}{'before':>8}{'now':>8}{'lost':>6}{'won':>6}{'p':>8}"]
    for v in verdicts:
        counts = f"{len(v.lost):>6}{len(v.won):>6}{v.p:>8.4f}"
        mark = "  significantly worse" if v.worse else ""
        lines.append(f"{v.measure:<22}{v.before:>8.4f}{v.now:>8.4f}{counts}{mark}")
    lost = [f"{v.measure}, lost: {' '.join(v.lost)}" for v in verdicts if v.worse]
    return "\n".join(lines + lost)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0: as good as the baseline; 1: significantly worse; 2: can't be compared."""
    parser = argparse.ArgumentParser(description="Compare with the committed baseline.")
    parser.add_argument("--write", action="store_true", help="make this run the baseline")
    parser.add_argument("--baseline", type=Path, default=BASELINE, metavar="FILE")
    parser.add_argument("--collection", type=Path, default=COLLECTION, metavar="DIR")
    arguments = parser.parse_args(argv)
    try:
        return _gate(arguments)
    except YuandaError as error:
        parser.error(str(error))


def _gate(arguments: argparse.Namespace) -> int:
    encoder, calibration = load_encoder(), Calibration.load()
    corpus = open_corpus(arguments.collection, encoder, "dev")
    outcomes = ask_all(yuanda(corpus, calibration), corpus.queries, calibration.threshold)
    print(table(report(arguments.collection, "dev", encoder, "hybrid", outcomes)), end="\n\n")
    values = values_of(outcomes)
    if arguments.write:
        write(arguments.baseline, dump(values, encoder))
        print(f"{arguments.baseline}: written")
        return DONE
    verdicts = judge(load(arguments.baseline), values)
    print(told(verdicts))
    return WORSE if any(v.worse for v in verdicts) else DONE


if __name__ == "__main__":
    raise SystemExit(main())
