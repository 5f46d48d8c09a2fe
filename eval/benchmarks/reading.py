"""How long reading takes against PDFium alone: ``python -m eval.benchmarks.reading [--json FILE]``.

All do the same pages, by turns: PDFium gives the pages' text in this process; Yuanda reads, splits
and boxes the pairs in this process, and as ``yuanda add`` does, in a process for each processor.
The ratio of the best rounds to PDFium's is what counts; seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from eval.measuring.parsing import FILES
from eval.output import put_out
from index.intake.parse import parse
from index.intake.workers import processes_for, read_ahead
from index.reading.sandbox import read_here


def text_alone(path: Path) -> int:
    """PDFium's text of all pages; gives their number."""
    import pypdfium2

    with closing(pypdfium2.PdfDocument(path)) as pdf:
        for number in range(len(pdf)):
            with closing(pdf[number]) as page, closing(page.get_textpage()) as textpage:
                textpage.get_text_range()
        return len(pdf)


def measure(paths: list[Path], rounds: int) -> dict[str, float]:
    """Best seconds of each over all files, their ratio, and the pages read."""
    processes = processes_for(len(paths))
    works: dict[str, Callable[[Sequence[Path]], object]] = {
        "pdfium": lambda paths: [text_alone(path) for path in paths],
        "one_process": lambda paths: [parse(path) for path in paths],
        "processes": lambda paths: in_processes(paths, processes),
    }
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work(paths)
            best[name] = min(best[name], time.perf_counter() - start)
    alone = best.pop("pdfium")
    return {
        "files": len(paths),
        "pages": sum(map(text_alone, paths)),
        "rounds": rounds,
        "number_of_processes": processes,
        "pdfium_seconds": round(alone, 4),
        **{f"ratio_{name}": round(seconds / alone, 3) for name, seconds in best.items()},
    }


def in_processes(paths: Sequence[Path], processes: int) -> int:
    """Read all in so many processes, their start included; gives the number of pairs."""
    read = read_ahead(paths, lambda path: path, processes=processes)
    return sum(len(outcome().pairs) for _, outcome in read if outcome)


def main() -> None:
    """Print the measures as JSON, or write them where asked."""
    parser = argparse.ArgumentParser(prog="eval.benchmarks.reading", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=20, help="how often each file is read")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    read_here()
    paths = sorted(path for split in ("train", "dev") for path in (FILES / split).glob("*.pdf"))
    document = measure(paths * arguments.copies, arguments.rounds)
    put_out(document, arguments.json)


if __name__ == "__main__":
    main()
