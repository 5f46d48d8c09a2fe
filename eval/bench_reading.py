"""How long reading takes against PDFium alone: ``python -m eval.bench_reading [--json FILE]``.

Both do the same pages in one process, by turns: PDFium gives the pages' text; Yuanda reads,
splits and boxes the pairs. The ratio of the best rounds is what counts; seconds depend on the
machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from eval.parsing import FILES
from index.parse import parse
from index.reading.apart import read_here


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
    works: dict[str, Callable[[Path], object]] = {"pdfium": text_alone, "yuanda": parse}
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            for path in paths:
                work(path)
            best[name] = min(best[name], time.perf_counter() - start)
    pages = sum(text_alone(path) for path in paths)
    seconds = {name: round(value, 4) for name, value in best.items()}
    ratio = round(best["yuanda"] / best["pdfium"], 3)
    return {"files": len(paths), "pages": pages, "rounds": rounds, **seconds, "ratio": ratio}


def main() -> None:
    """Print the measures as JSON, and write them where asked."""
    parser = argparse.ArgumentParser(prog="eval.bench_reading", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    read_here()
    paths = sorted(path for split in ("train", "dev") for path in (FILES / split).glob("*.pdf"))
    text = json.dumps(measure(paths, arguments.rounds))
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
