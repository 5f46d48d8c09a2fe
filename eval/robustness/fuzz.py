"""Reads damaged and hostile files: ``python -m eval.robustness.fuzz --files 10000 --seed 1``.

Each file is read and split in a worker process that has a limit on time and on memory. A file
may be read, or refused with a reason; 1 is returned where one crashed a worker, hung, raised
another exception, or gave pairs that are not what their spans cut from the text. File ``n`` of
a seed is always the same; ``--only n`` makes just that one, and ``--keep`` keeps it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from eval.measuring.parsing import FILES
from eval.robustness.hostile import Made, docx, page_pdf, paragraph
from eval.robustness.mutations import mutated
from index.records import Box

FINE = ("read", "refused")
_SEED_SIZE = 200_000
_NEAR = 2.0
_SEEDS_A_KIND = 8
_SEEDS = (
    (".pdf", page_pdf(b"BT /F1 12 Tf 20 300 Td (Q1: What?) Tj 0 -20 Td (A1: That.) Tj ET")),
    (".docx", docx(paragraph("问：有何计划？") + paragraph("答：没有。"))),
    (".html", "<html><body><p>问：有何计划？</p><p>答：没有。</p></body></html>".encode()),
    (".txt", "问：有何计划？\n答：没有。\n".encode()),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of file ``number``: read, refused, error, wrong, crash or hang."""

    number: int
    kind: str
    outcome: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """For each file: seconds by the clock, bytes of address space."""

    seconds: float = 60.0
    memory: int = 4 << 30


def seeds(folder: Path = FILES / "train") -> list[Made]:
    """The smaller files of the training part, and a few of two lines."""
    found = list(_SEEDS)
    for suffix in (".pdf", ".docx", ".html", ".txt", ".xlsx", ".csv"):
        files = [p for p in sorted(folder.glob(f"*{suffix}")) if p.stat().st_size <= _SEED_SIZE]
        found += [(suffix, path.read_bytes()) for path in files[:_SEEDS_A_KIND]]
    return found


def make(number: int, seed: int, basis: Sequence[Made]) -> tuple[str, Made]:
    """File ``number`` of a seed, with the name of what was done."""
    return mutated(Random(f"{seed}:{number}"), basis)


def _alike(drawn: Sequence[Sequence[Box]], filed: Sequence[Sequence[Box]]) -> bool:
    """Whether each pair takes up the same part of the page, to ``_NEAR`` points.

    Where a damaged font is replaced, its widths depend on what the process drew before.
    """
    return len(drawn) == len(filed) and all(
        bool(one) == bool(other)
        and (not one or np.allclose(_extent(one), _extent(other), rtol=0, atol=_NEAR))
        for one, other in zip(drawn, filed, strict=True)
    )


def _extent(boxes: Sequence[Box]) -> tuple[float, float, float, float]:
    return (
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


def read_one(path: Path) -> tuple[str, str]:
    """Outcome and reason for one file, in this process."""
    from index.errors import ReadError
    from index.intake.parse import parse
    from index.reading.pdf import draw_page
    from index.reading.sandbox import FAILED
    from index.records import assemble

    try:
        parsed = parse(path)
        if parsed.filing.format == "pdf":
            whole_pairs = [[*p.question_spans, *p.answer_spans] for p in parsed.pairs]
            drawn = draw_page(path, 1, whole_pairs, 300)
            filed = tuple(tuple(b for b in p.boxes if b.page == 1) for p in parsed.pairs)
            if not _alike(drawn.boxes, filed):
                return "wrong", "boxes of the page that is drawn are not the pairs'"
    except ReadError as error:
        if error.reason.startswith(FAILED):  # it names the place
            return "error", error.reason.removeprefix(FAILED).strip(" (")
        fault = _is_fault(error.__cause__)
        return ("error", _place(error.__cause__ or error)) if fault else ("refused", error.reason)
    except Exception as error:  # the very thing that is looked for
        return "error", _place(error)
    for pair in parsed.pairs:
        spans = [*pair.question_spans, *pair.answer_spans]
        if any(not 0 <= s.start <= s.end <= len(parsed.text) for s in spans):
            return "wrong", f"pair {pair.number}: a span outside the text"
        whole = (
            assemble(parsed.text, pair.question_spans),
            assemble(parsed.text, pair.answer_spans),
        )
        if whole != (pair.question, pair.answer):
            return "wrong", f"pair {pair.number} is not what its spans cut"
    return "read", f"{'some' if parsed.pairs else 'no'} pairs"


def _is_fault(cause: BaseException | None) -> bool:
    """Whether what a refusal was made of is a slip in the reader itself."""
    if not isinstance(cause, (AttributeError, AssertionError, LookupError, TypeError)):
        return False
    return "index" in Path(traceback.extract_tb(cause.__traceback__)[-1].filename).parts


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
    return f"{type(error).__name__} at {place}: {error}"[:300]


def _work(connection: Connection, memory: int) -> None:
    """Read the files whose paths come in, until ``None`` does."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (path := connection.recv()) is not None:
        connection.send(read_one(Path(path)))


class _Worker:
    """A process that reads one file at a time, and is started anew when it dies."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.number: int | None = None
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, self._limits.memory))
        self._process.start()
        theirs.close()

    def give(self, number: int, kind: str, path: Path) -> None:
        """Have a file read."""
        self.number, self.kind, self.path = number, kind, path
        self.since = time.monotonic()
        self.connection.send(str(path))

    def take(self) -> Outcome | None:
        """What became of the file; ``None`` while it is being read within its time."""
        seconds = time.monotonic() - self.since
        if self.connection.poll():
            try:
                outcome, reason = self.connection.recv()
            except EOFError:
                self._process.join()
                outcome, reason = "crash", f"exit status {self._process.exitcode}"
                self._start()
        elif seconds > self._limits.seconds:
            self._process.kill()
            self._process.join()
            outcome, reason = "hang", f"more than {self._limits.seconds:.0f} s"
            self._start()
        else:
            return None
        assert self.number is not None  # noqa: S101
        found = Outcome(self.number, self.kind, outcome, reason, round(seconds, 2))
        self.number = None
        return found

    def stop(self) -> None:
        """End the process."""
        with suppress(OSError):
            self.connection.send(None)
        self._process.join(5)
        self._process.kill()


def fuzz(
    numbers: Iterable[int],
    seed: int,
    *,
    jobs: int = 2,
    limits: Limits | None = None,
    keep: Path | None = None,
    keep_fine: bool = False,
) -> Iterator[Outcome]:
    """Make and read files; those that went wrong, or all, are copied to the folder ``keep``."""
    basis, left, limits = seeds(), iter(numbers), limits or Limits()
    workers = [_Worker(limits) for _ in range(jobs)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            while True:
                for worker in workers:
                    if worker.number is None and (number := next(left, None)) is not None:
                        kind, (suffix, content) = make(number, seed, basis)
                        path = Path(folder) / f"{seed}-{number}{suffix}"
                        path.write_bytes(content)
                        worker.give(number, kind, path)
                busy = [worker for worker in workers if worker.number is not None]
                if not busy:
                    return
                wait([worker.connection for worker in busy], timeout=0.5)
                for worker in busy:
                    if (found := worker.take()) is None:
                        continue
                    if keep and (keep_fine or found.outcome not in FINE):
                        keep.mkdir(parents=True, exist_ok=True)
                        (keep / worker.path.name).write_bytes(worker.path.read_bytes())
                    worker.path.unlink()
                    yield found
    finally:
        for worker in workers:
            worker.stop()


def summary(found: Sequence[Outcome]) -> dict[str, Any]:
    """Counts by outcome, by reason and by what was done; the slowest; all that went wrong."""
    reasons = Counter(_general(o.reason) for o in found if o.outcome == "refused")
    kinds = {k: Counter(o.outcome for o in found if o.kind == k) for k in {o.kind for o in found}}
    slowest = sorted(found, key=lambda o: -o.seconds)[:5]
    return {
        "files": len(found),
        "outcomes": dict(Counter(o.outcome for o in found).most_common()),
        "refused": dict(reasons.most_common()),
        "kinds": {kind: dict(kinds[kind]) for kind in sorted(kinds)},
        "slowest": [asdict(o) for o in slowest],
        "wrong": [asdict(o) for o in found if o.outcome not in FINE],
    }


def _general(reason: str) -> str:
    return "".join("0" if c.isdigit() else c for c in reason)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 1 where a file was neither read nor refused."""
    parser = argparse.ArgumentParser(prog="python -m eval.robustness.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60, help="limit for a file")
    parser.add_argument("--only", type=int, action="append", metavar="N", help="just this file")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for the files that went wrong")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    numbers = options.only or range(options.files)
    found = []
    for outcome in fuzz(
        numbers,
        options.seed,
        jobs=options.jobs,
        limits=Limits(options.seconds),
        keep=options.keep,
        keep_fine=bool(options.only),
    ):
        found.append(outcome)
        if outcome.outcome not in FINE:
            print(f"{outcome.outcome.upper():6} {outcome}", flush=True)
    result = {"seed": options.seed, **summary(sorted(found, key=lambda o: o.number))}
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(json.dumps({k: result[k] for k in ("outcomes", "refused")}, ensure_ascii=False, indent=1))
    for outcome in result["slowest"]:
        print(f"{outcome['seconds']:7.2f} s  {outcome['number']} {outcome['kind']}")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
