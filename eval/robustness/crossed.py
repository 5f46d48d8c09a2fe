"""The reader on many more files: ``python -m eval.robustness.crossed [--files 300] [--seed 1]``.

Renders the training and development filings again, each file with a layout, a mark, a look and
traits drawn by chance, and scores the reader on them as ``eval.measuring.parsing`` does. What fails
here is there to be learnt from; the test filings are left alone. Needs what rendering needs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from eval.collection.assign import HERE, Assignment
from eval.collection.content import Content, read_all
from eval.collection.marks import MARKS
from eval.collection.render import render_all
from eval.measuring.parsing import read_wanted, score, table

_LAYOUTS = ("szse-table", "sse-run", "bse-run", "briefing", "minutes")
_TRAITS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pdf": (("printed",), ("composed",)),
    "docx": ((), ("text-box",), ("nested-table",)),
    "html": (("word",), ("portal",), ("word", "nested-table")),
    "txt": (("extracted",), ("wrapped",), ("typed",), ("extracted", "gb18030")),
}


def deal(
    filings: Sequence[Content], suffixes: Sequence[str], count: int, rng: Random
) -> Iterator[tuple[Content, Assignment]]:
    """``count`` files to be rendered, each of a filing of its own name, so of its own look."""
    number = 0
    while number < count:
        content = rng.choice(filings)
        suffix, layout = rng.choice(suffixes), rng.choice(_LAYOUTS)
        mark = rng.choice([m for m in MARKS if m != "sheet"])
        traits = rng.choice(_TRAITS[suffix])
        if (mark == "auto-number" and suffix != "docx") or (mark, suffix) == ("bold-bare", "txt"):
            continue
        if layout == "minutes" and not content.presentation:
            continue
        if "nested-table" in traits and layout != "szse-table":
            traits = tuple(t for t in traits if t != "nested-table")
        number += 1
        own = replace(content, id=f"{content.id}-{number}")
        yield own, Assignment(own.id, suffix, layout, mark, traits)


def main() -> None:
    """Print fails and measures."""
    parser = argparse.ArgumentParser(prog="eval.robustness.crossed", description=__doc__)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", nargs="+", default=list(_TRAITS), choices=list(_TRAITS))
    parser.add_argument("--fails", type=int, default=40, help="how many fails to print")
    parser.add_argument("--keep", type=Path, help="folder for the files")
    arguments = parser.parse_args()
    from index.intake.parse import parse
    from index.reading.sandbox import read_here

    filings = [f for f in read_all(HERE / "filings") if f.split != "test"]
    dealt = list(deal(filings, arguments.formats, arguments.files, Random(arguments.seed)))
    with tempfile.TemporaryDirectory() as folder:
        out = arguments.keep or Path(folder)
        list(render_all([content for content, _ in dealt], [a for _, a in dealt], out))
        read_here()
        result = score(read_wanted(out, ("train", "dev")), parse)
    for miss in result["fails"][: arguments.fails]:
        print(f"{miss['file']}  {miss['kind']}\n    {miss['expected']}\n    {miss['got']}")
    print(table(result))


if __name__ == "__main__":
    main()
