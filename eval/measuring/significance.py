"""Whether two systems differ by more than chance: ``python -m eval.measuring.significance A B``.

A paired randomisation test (Smucker, Allan & Carterette 2007, "A comparison of statistical
significance tests for information retrieval evaluation"): were the systems alike, each query's
difference could as well have the other sign. The p-value is the share of random sign flips whose
mean difference is as large as the one observed. A and B are files that
``yuanda evaluate --records`` wrote.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from eval.measuring.measures import Outcome, retrieval_scores
from eval.measuring.runs import read_records
from index.errors import CallError, YuandaError

ROUNDS = 10_000
_BLOCK = 1 << 22

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Means of two systems over the same queries; ``p`` is that of their difference."""

    first: float
    second: float
    p: float


def randomisation_test(
    first: Values,
    second: Values,
    alternative: Literal["two-sided", "less"] = "two-sided",
    rounds: int = ROUNDS,
    seed: int = 0,
) -> float:
    """p-value for the difference between two systems' values, both in the queries' order.

    ``less``: that the first system is worse. Never 0: the observed order counts as one round.
    """
    differences = first - second
    # Queries on which both do the same have no sign to flip.
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    observed = differences.sum()
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK // len(differences))
    extreme = 0
    for start in range(0, rounds, block):
        flips = random.integers(0, 2, (min(block, rounds - start), len(differences)), dtype=np.int8)
        sums = (1 - 2 * flips) @ differences
        # Sums of the same numbers in another order may differ in their last digits.
        if alternative == "less":
            extreme += int((sums <= observed + 1e-9).sum())
        else:
            extreme += int((np.abs(sums) >= abs(observed) - 1e-9).sum())
    return (1 + extreme) / (1 + rounds)


def values_of(outcomes: Sequence[Outcome]) -> dict[str, Values]:
    """Each query's value: of retrieval for the answerable ones, of service for all."""
    values = retrieval_scores([o for o in outcomes if o.relevant])
    values["served"] = np.array([o.served for o in outcomes], dtype=float)
    return values


def compare(
    first: Sequence[Outcome], second: Sequence[Outcome], names: Sequence[str] | None = None
) -> dict[str, Comparison]:
    """Both systems by measure; ``CallError`` where they weren't asked the same queries."""
    other = {o.query_id: o for o in second}
    if {o.query_id: o.relevant for o in first} != {i: o.relevant for i, o in other.items()}:
        raise CallError("the two runs are not over the same labelled queries")
    ours, theirs = values_of(first), values_of([other[o.query_id] for o in first])
    return {
        name: Comparison(
            float(ours[name].mean()) if len(ours[name]) else 0.0,
            float(theirs[name].mean()) if len(theirs[name]) else 0.0,
            randomisation_test(ours[name], theirs[name]),
        )
        for name in names or ours
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print both systems' means and the p-values; exit status 2 where they can't be compared."""
    parser = argparse.ArgumentParser(description="Two saved runs: means, differences, p-values.")
    parser.add_argument("first", type=Path, metavar="A")
    parser.add_argument("second", type=Path, metavar="B")
    arguments = parser.parse_args(argv)
    try:
        found = compare(read_records(arguments.first), read_records(arguments.second))
    except YuandaError as error:
        parser.error(str(error))
    print(f"{'measure':<12}{'A':>8}{'B':>8}{'A - B':>9}{'p':>9}")
    for name, c in found.items():
        print(f"{name:<12}{c.first:>8.4f}{c.second:>8.4f}{c.first - c.second:>+9.4f}{c.p:>9.4f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
