"""Labelled sets in BEIR form, made of what there is: ``python -m eval.sets.labelled``.

``answers SPLIT FOLDER`` makes one of a part of the collection: each filed question is a query for
its own answer, and all filed questions are hidden, so that nothing but the answers can be found.
``pairs FILE FOLDER`` makes one of a file of matching texts (gzip JSON lines with a, b and label).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

from eval.sets.written import Split, read_pairs
from eval.training.sources import read_rows


def of_answers(split: Split) -> list[tuple[str, str]]:
    """Each filed question of a split with its answer."""
    return [(filed.pair.question, filed.pair.answer) for filed in read_pairs(split)]


def of_pairs(path: Path) -> list[tuple[str, str]]:
    """The matching texts of a file."""
    return [(row.a, row.b) for row in read_rows(path) if row.match]


def write_beir(folder: Path, matches: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Write queries with the texts that answer them, each once; how many of either there are."""
    matches = list(matches)
    queries = {text: f"q{i}" for i, text in enumerate(dict.fromkeys(q for q, _ in matches))}
    documents = {text: f"d{i}" for i, text in enumerate(dict.fromkeys(d for _, d in matches))}
    labels = dict.fromkeys((queries[q], documents[d]) for q, d in matches)
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    _write(
        folder / "corpus.jsonl", ({"_id": i, "title": "", "text": d} for d, i in documents.items())
    )
    _write(folder / "queries.jsonl", ({"_id": i, "text": q} for q, i in queries.items()))
    rows = [f"{query}\t{document}\t1" for query, document in labels]
    head = "query-id\tcorpus-id\tscore"
    (folder / "qrels" / "test.tsv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return len(queries), len(documents)


def _write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), "utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    """Write one set."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    answers = kinds.add_parser("answers", help="filed questions against their own answers")
    answers.add_argument("split", choices=get_args(Split))
    pairs = kinds.add_parser("pairs", help="a file of matching texts")
    pairs.add_argument("file", type=Path)
    for kind in (answers, pairs):
        kind.add_argument("folder", type=Path)
    arguments = parser.parse_args(argv)
    made = of_answers(arguments.split) if arguments.kind == "answers" else of_pairs(arguments.file)
    queries, documents = write_beir(arguments.folder, made)
    print(f"{arguments.folder}: {queries} queries, {documents} documents")


if __name__ == "__main__":
    main()
