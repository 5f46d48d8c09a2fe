"""Labelled sets made of filed questions and of files of pairs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from eval.sets.datasets import is_beir, read_beir
from eval.sets.labelled import main
from eval.sets.written import read_pairs


def test_filed_questions_ask_for_their_own_answers(tmp_path: Path) -> None:
    main(["answers", "dev", str(tmp_path)])
    assert is_beir(tmp_path)
    made, filed = read_beir(tmp_path), read_pairs("dev")
    texts = {document.id: document.text for document in made.documents}
    assert {document.title for document in made.documents} == {""}
    answers = {(q.text, texts[name]) for q in made.queries for name in q.relevant}
    assert answers == {(p.pair.question, p.pair.answer) for p in filed}
    assert not set(texts.values()) & {p.pair.question for p in filed}


def test_matching_texts_make_a_set(tmp_path: Path) -> None:
    rows = [("甲", "一", 1), ("甲", "二", 1), ("乙", "一", 1), ("乙", "三", 0)]
    file = tmp_path / "pairs.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"a": a, "b": b, "label": n}) + "\n" for a, b, n in rows)
    main(["pairs", str(file), str(tmp_path / "set")])
    made = read_beir(tmp_path / "set")
    assert {q.text: len(q.relevant) for q in made.queries} == {"甲": 2, "乙": 1}
    assert [document.text for document in made.documents] == ["一", "二"]
