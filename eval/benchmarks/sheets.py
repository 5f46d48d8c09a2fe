"""Asking the same rows as one sheet and as many: ``python -m eval.benchmarks.sheets``.

Rows of generated filings (``eval.benchmarks.scale.generate``), each with its company, code and
day: all in one sheet, and a sheet for each few of a company. Both stores are asked the same
questions, by turns; half of these name a company, and each is asked with and without filters.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

from assistant.answering.answer import Assistant
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.scale.generate import Asked, Market
from eval.benchmarks.scale.timing import milliseconds, percentiles
from eval.output import put_out
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.records import Filters
from index.store.store import Store

_HEADER = ["股票代码", "公司全称", "公司简称", "提问内容", "回复内容", "回复时间"]
# Rows of each of the many sheets, at most.
_FEW = 35


def written(folder: Path, pairs: int) -> tuple[Path, Path, int]:
    """One sheet, a folder with the same rows in many, and how many these are."""
    by_company: dict[str, list[list[str]]] = defaultdict(list)
    every = []
    for parsed, _ in Market(pairs).filings():
        filing = parsed.filing
        for pair in parsed.pairs:
            head = [filing.code or "", filing.company, filing.short_name]
            row = [*head, pair.question, pair.answer, filing.activity_date or ""]
            by_company[filing.code or ""].append(row)
            every.append(row)
    many = folder / "many"
    many.mkdir()
    count = 0
    for code, rows in by_company.items():
        for start in range(0, len(rows), _FEW):
            _write(many / f"{code}-{start}.csv", rows[start : start + _FEW])
            count += 1
    return _write(folder / "one.csv", every), many, count


def _write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([_HEADER, *rows])
    return path


def measure(folder: Path, pairs: int, questions: int) -> dict[str, Any]:
    """Milliseconds a question, and in how many the two stores quote the same rows."""
    encoder = load_encoder(None)
    one, many, count = written(folder, pairs)
    for name, path in (("a", one), ("b", many)):
        with Store.open(folder / name, create=True) as store:
            add(store, [path], encoder)
    asked = Market(pairs).questions(questions)
    result: dict[str, Any] = {"rows": pairs, "sheets": count, "questions": questions}
    calibration = Calibration.load()
    with (
        Assistant(Store.open(folder / "a"), encoder, calibration) as whole,
        Assistant(Store.open(folder / "b"), encoder, calibration) as parts,
    ):
        for name in ("plain", "company", "since"):
            times: dict[str, list[float]] = {"one_sheet_ms": [], "many_sheets_ms": []}
            for one_asked in asked[:10]:
                whole.ask(_query(one_asked, name)), parts.ask(_query(one_asked, name))
            for each in asked:
                query = _query(each, name)
                times["one_sheet_ms"].append(milliseconds(partial(whole.ask, query)))
                times["many_sheets_ms"].append(milliseconds(partial(parts.ask, query)))
            alike = sum(
                _quoted(whole.ask(_query(each, name))) == _quoted(parts.ask(_query(each, name)))
                for each in asked
            )
            result[name] = {
                **{side: percentiles(own) for side, own in times.items()},
                "same_first_answer": alike,
            }
    return result


def _query(asked: Asked, name: str) -> Query:
    filters = {
        "plain": Filters(),
        "company": Filters(code=asked.code),
        "since": Filters(since="2022-01-01"),
    }
    return Query(asked.question, filters=filters[name])


def _quoted(answer: Answer) -> tuple[str, ...]:
    first = answer.citations[:1]
    return tuple(f"{c.filing.code} {c.filing.activity_date} {c.pair.answer}" for c in first)


def main() -> None:
    """Print the measures as JSON, or write them where asked."""
    parser = argparse.ArgumentParser(prog="eval.benchmarks.sheets", description=__doc__)
    parser.add_argument("--rows", type=int, default=17_409)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        put_out(measure(Path(folder), arguments.rows, arguments.questions), arguments.json)


if __name__ == "__main__":
    main()
