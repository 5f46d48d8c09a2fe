"""Each filed question as a query for its own answer, with all filed questions hidden.

    python -m eval.reports.hidden --split test --json eval/results/hidden-test.json

Only the answers are indexed, and no line of it was written for the purpose: what is asked is what
people asked. Answers that stand in several filings word for word all count. The weights are those
that ship, which were fitted on pairs with their questions.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.decide import Calibration, rank
from assistant.retrieval.retrieve import Retrieval, Retriever
from assistant.understanding.companies import Company, CompanyMatcher
from eval.measuring.measures import Outcome, measure
from eval.measuring.significance import compare
from eval.output import put_out
from eval.sets.corpora import readings_in
from eval.sets.written import FiledPair, Split, read_pairs
from index.embedding.encoder import Encoder, load_encoder
from index.records import Reading
from index.search.snapshot import index_pairs

SYSTEMS: tuple[Retrieval, ...] = ("hybrid", "dense", "lexical")
_SHOWN = ("R@1", "R@5", "MRR@10")


def without_question(filed: FiledPair) -> FiledPair:
    """The answer alone."""
    return replace(filed, pair=replace(filed.pair, question="", question_spans=()))


def retriever_over(pairs: Sequence[FiledPair], encoder: Encoder) -> Retriever:
    """A retriever over written pairs; pair ids are places in ``pairs``."""
    places: dict[Company, list[int]] = {}
    for place, p in enumerate(pairs):
        key = Company(p.filing.company, p.filing.code, p.filing.short_name)
        places.setdefault(key, []).append(place)
    return Retriever(
        encoder,
        index_pairs(
            [(place, p.pair) for place, p in enumerate(pairs)],
            encoder,
            {(company.name, company.code): np.array(ids) for company, ids in places.items()},
        ),
        CompanyMatcher(places),
    )


def outcomes(pairs: Sequence[FiledPair], system: Retrieval) -> list[Outcome]:
    """What came of each filed question, in the order of the pairs."""
    answers = [without_question(filed) for filed in pairs]
    retriever, calibration = retriever_over(answers, load_encoder()), Calibration.load()
    read = readings_in(
        [filed.pair for filed in answers], [filed.filing.activity_date for filed in answers]
    )
    same: dict[str, list[str]] = {}
    for filed in answers:
        same.setdefault(filed.pair.answer, []).append(filed.name)

    def readings_of(places: Sequence[int]) -> list[Reading]:
        return [read[place] for place in places]

    found = []
    for filed in pairs:
        retrieved = retriever.retrieve(filed.pair.question)
        ranked = rank(retrieved, calibration, readings_of, system)
        found.append(
            Outcome(
                query_id=filed.name,
                ranking=tuple(pairs[one.pair_id].name for one in ranked),
                relevant=dict.fromkeys(same[filed.pair.answer], 1),
                answered=True,
                confidence=ranked[0].confidence if ranked else 0.0,
                scores=tuple(one.score for one in ranked),
            )
        )
    return found


def measured(split: Split) -> dict[str, Any]:
    """Measures of each system on a split's filings, and how likely the hybrid's lead is chance."""
    pairs = read_pairs(split)
    by_system = {system: outcomes(pairs, system) for system in SYSTEMS}
    return {
        "split": split,
        "queries": len(pairs),
        "systems": [
            {
                "system": system,
                "measures": {
                    name: asdict(value) for name, value in measure(found).items() if name in _SHOWN
                },
                "p": {
                    name: None if system == "hybrid" else value
                    for name, value in _chances(by_system["hybrid"], found).items()
                },
            }
            for system, found in by_system.items()
        ],
    }


def _chances(hybrid: Sequence[Outcome], other: Sequence[Outcome]) -> dict[str, float]:
    return {name: one.p for name, one in compare(hybrid, other, _SHOWN).items()}


def main() -> None:
    """Measure, and print or write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("train", "dev", "test"), default="dev")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    put_out(measured(arguments.split), arguments.json)


if __name__ == "__main__":
    main()
