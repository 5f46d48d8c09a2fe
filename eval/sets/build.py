"""Rebuild the labelled sets of real questions: ``python -m eval.sets.build --out DIR``.

Into ``DIR/PART/SET`` for the parts train, dev and test, split by company (``split``): the sets
``briefings`` and ``answers`` (``eval.sets.briefings``), ``platform`` (``eval.sets.platform``), and
``filings`` (``eval.sets.filings``) where the written questions are at hand. Each is a folder
that ``yuanda evaluate`` takes. The texts are other people's: keep DIR outside the repository.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from eval.sets import briefings, filings, platform
from eval.sets.split import Part
from eval.sets.writing import write_set

DATA = Path(__file__).parents[3] / "shared" / "data" / "real"
# Pairs of results briefings in a set. All of a company's pairs are there or none.
MOST = 3000


def build(data: Path, out: Path, part: Part, most: int, questions: Path | None) -> None:
    """Write a part's sets, and tell how large they are."""
    found = briefings.read(data, part, most)
    made = {
        "briefings": briefings.with_questions(found),
        "answers": briefings.answers_alone(found),
        "platform": platform.read(data, part),
    }
    for name, (documents, queries) in made.items():
        write_set(out / part / name, documents, queries)
        answered = sum(bool(query.relevant) for query in queries)
        print(
            f"{out / part / name}: {len(documents)} pairs, {len(queries)} questions, "
            f"{answered} with an answer"
        )
    if questions:
        count = filings.write(data, questions, part, out / part / "filings")
        print(f"{out / part / 'filings'}: {count} questions")


def main(argv: Sequence[str] | None = None) -> None:
    """Rebuild all parts, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the real material")
    parser.add_argument("--out", type=Path, required=True, help="a folder outside the repository")
    parser.add_argument("--parts", nargs="+", choices=get_args(Part), default=get_args(Part))
    parser.add_argument("--most", type=int, default=MOST, help="pairs of briefings in a set")
    parser.add_argument("--questions", type=Path, help="written questions on the real filings")
    arguments = parser.parse_args(argv)
    if not (arguments.data / "results_briefings.jsonl.gz").is_file():
        parser.error(f"{arguments.data}: the real material isn't there; name its folder by --data")
    for part in arguments.parts:
        build(arguments.data, arguments.out, part, arguments.most, arguments.questions)


if __name__ == "__main__":
    main()
