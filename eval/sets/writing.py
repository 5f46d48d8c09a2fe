"""Labelled sets written as folders in BEIR form, with what is known of documents and queries."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.sets.datasets import Document, LabelledQuery


def write_set(
    folder: Path, documents: Iterable[Document], queries: Sequence[LabelledQuery]
) -> None:
    """Write a labelled set; what is empty is left out of its row."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    write_rows(folder / "corpus.jsonl", map(_document_row, documents))
    write_rows(folder / "queries.jsonl", map(_query_row, queries))
    labels = [
        f"{q.id}\t{document}\t{grade}" for q in queries for document, grade in q.relevant.items()
    ]
    head = "query-id\tcorpus-id\tscore"
    (folder / "qrels" / "test.tsv").write_text("\n".join([head, *labels]) + "\n", "utf-8")


def without_missing(queries: Iterable[LabelledQuery], held: Collection[str]) -> list[LabelledQuery]:
    """Queries with only those labels whose documents are held; without those that had others."""
    kept = []
    for query in queries:
        right = {key: grade for key, grade in query.relevant.items() if key in held}
        if right or not query.relevant:
            kept.append(replace(query, relevant=right))
    return kept


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write JSON lines."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), "utf-8")


def _document_row(document: Document) -> dict[str, Any]:
    row = {"_id": document.id, "title": document.title, "text": document.text}
    more = {name: getattr(document, name) for name in ("company", "code", "date", "event")}
    return row | {name: value for name, value in more.items() if value}


def _query_row(query: LabelledQuery) -> dict[str, Any]:
    filters = {n: getattr(query.filters, n) for n in query.filters.__slots__}
    kept = {name: value for name, value in filters.items() if value}
    more = {"names": query.names, "today": query.today, "previous": query.previous}
    return {
        "_id": query.id,
        "text": query.text,
        **query.slices,
        **({"filters": kept} if kept else {}),
        **{name: value for name, value in more.items() if value},
    }
