"""Labelled sets are read whole, and what is wrong in them is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.sets.datasets import is_beir, read_beir, read_questions
from index.errors import CallError


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    write_rows(
        tmp_path / "corpus.jsonl",
        [{"_id": "d1", "title": "回购", "text": "公司已回购股份。"}, {"_id": "d2", "text": "无。"}],
    )
    write_rows(
        tmp_path / "queries.jsonl",
        [{"_id": "q1", "text": "回购了吗"}, {"_id": "q2", "text": "天气"}],
    )
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n", "utf-8"
    )
    return tmp_path


def test_beir(beir: Path) -> None:
    dataset = read_beir(beir)
    assert is_beir(beir)
    assert [(d.id, d.title) for d in dataset.documents] == [("d1", "回购"), ("d2", "")]
    assert [dict(q.relevant) for q in dataset.queries] == [{"d1": 1}, {}]
    assert dataset.queries[0].candidates is None


def test_candidates(beir: Path) -> None:
    write_rows(beir / "candidates.jsonl", [{"query_id": "q1", "candidates": ["d2"]}])
    assert read_beir(beir).queries[0].candidates == {"d2"}


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("corpus.jsonl", "{broken", "corpus.jsonl, line 1"),
        ("corpus.jsonl", '{"_id": 1, "text": ""}', '"_id" must be a string'),
        ("queries.jsonl", "[]", "not a JSON object"),
        ("qrels/test.tsv", "h\nq1\td9\t1\n", "no document 'd9'"),
        ("qrels/test.tsv", "h\nq1 d1 1\n", "line 2"),
    ],
)
def test_what_is_wrong_is_named(beir: Path, file: str, content: str, named: str) -> None:
    (beir / file).write_text(content, "utf-8")
    with pytest.raises(CallError, match=named):
        read_beir(beir)


def test_questions(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "questions.jsonl",
        [
            {"question": "毛利率", "filing": "a.txt", "number": 1},
            {"question": "天气", "filing": None, "number": None},
        ],
    )
    first, second = read_questions(tmp_path)
    assert (first.filing, first.number, second.filing) == ("a.txt", "1", None)


def test_a_labelled_question_needs_a_number(tmp_path: Path) -> None:
    write_rows(tmp_path / "questions.jsonl", [{"question": "毛利率", "filing": "a.txt"}])
    with pytest.raises(CallError, match="number"):
        read_questions(tmp_path)
