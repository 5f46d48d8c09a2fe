"""The call: exit statuses, help, ``ask`` and ``evaluate``."""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli.main import _parser
from tests.conftest import Call
from tests.paths import ROOT

MARGIN = "外购和共建两种模式，哪种毛利率更高？"
POEM = "帮我写一首诗"
FILING_KEYS = {
    *("path", "sha256", "format", "title", "company", "code", "exchange", "activity_types"),
    *("activity_date", "filed_date", "place", "participants", "hosts", "pages"),
}
PAIR_KEYS = {
    *("number", "question", "answer", "start", "end", "pages", "boxes"),
    *("session", "company", "code", "date", "tables", "left_out"),
}


def subparsers() -> dict[str, argparse.ArgumentParser]:
    found = [a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0].choices)


def test_every_command_and_option_explains_itself() -> None:
    listed = next(a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    helps = {choice.dest: choice.help for choice in listed._choices_actions}
    assert helps.keys() == subparsers().keys()
    assert all(helps.values())
    for name, parser in subparsers().items():
        silent = [a.dest for a in parser._actions if not a.help]
        assert not silent, f"{name}: no help for {silent}"


def test_the_reference_names_every_command_and_option() -> None:
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    for name, parser in subparsers().items():
        assert f"`yuanda {name}" in text
        options = [o for a in parser._actions for o in a.option_strings if o.startswith("--")]
        assert [o for o in options if o not in text and o != "--help"] == []


@pytest.mark.parametrize("command", ["", *subparsers()])
def test_help(call: Call, command: str) -> None:
    helped = call(*command.split(), "--help")
    assert helped.status == 0
    assert "usage: yuanda" in helped.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sing"],
        ["add"],
        ["ask"],
        ["ask", "甲", "--batch", "questions.txt"],
        ["ask", "  "],
        ["ask", "甲", "--top-k", "0"],
        ["ask", "甲", "--since", "2024-02-30"],
        ["ask", "甲", "--store", "no/such/store"],
        ["ask", "--batch", "no/such/file"],
        ["list"],
        ["verify", "--store", "no/such/store"],
        ["remove", "abcd", "--store", "no/such/store"],
        ["evaluate", "no/such/set"],
        ["evaluate", "eval/sample", "--retriever", "guess"],
        ["evaluate", "eval/sample", "--split", "dev"],
        ["ui", "--port", "99999"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_says_why(call: Call, arguments: list[str]) -> None:
    called = call(*arguments)
    assert called.status == 2
    assert called.out == ""
    assert called.err.startswith(("yuanda: ", "usage: "))
    assert "Traceback" not in called.err


def test_a_wrong_setting_is_a_wrong_call(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUANDA_THRESHOLD", "1.5")
    called = call("list")
    assert called.status == 2
    assert "YUANDA_THRESHOLD=1.5" in called.err


def test_the_command_line_starts_light() -> None:
    code = (
        "import sys; from assistant.cli.main import _parser; _parser();"
        "heavy = ['torch', 'sentence_transformers', 'gradio', 'faiss', 'numpy', 'tantivy'];"
        "print(*[m for m in heavy if m in sys.modules])"
    )
    started = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (started.returncode, started.stdout.strip(), started.stderr) == (0, "", "")


@pytest.mark.model
def test_without_a_store_the_sample_answers_and_says_so(call: Call) -> None:
    asked = call("ask", MARGIN, "--json", "--top-k", 2)
    assert asked.status == 0
    assert "sample" in asked.err
    answer = asked.json
    assert answer.keys() == {
        *("question", "decision", "confidence", "reason", "companies", "absent", "searched"),
        "understood",
        *("citations", "elapsed_ms"),
    }
    assert answer["question"] == MARGIN
    assert answer["decision"] == "answer"
    assert answer["elapsed_ms"] > 0
    assert [c["rank"] for c in answer["citations"]] == [1, 2]
    first = answer["citations"][0]
    assert first.keys() == {"rank", "score", "confidence", "filing", "pair", "newer"}
    assert first["filing"].keys() == FILING_KEYS
    assert first["pair"].keys() == PAIR_KEYS
    assert first["confidence"] == answer["confidence"]
    assert first["pair"]["answer"].endswith("毛利率更高。")
    assert "\\u" not in asked.out


@pytest.mark.model
def test_a_terminal_reads_the_answer_in_full(call: Call) -> None:
    pair = call("ask", MARGIN, "--json").json["citations"][0]["pair"]
    asked = call("ask", MARGIN)
    assert asked.status == 0
    assert f"问：{pair['question']}\n答：{pair['answer']}" in asked.out


@pytest.mark.model
def test_a_batch_takes_filters_and_refuses_other_keys(call: Call, tmp_path: Path) -> None:
    rows = [
        {"question": MARGIN, "company": None, "since": "2030-01-01"},
        {"question": MARGIN, "colour": "red"},
        {"question": MARGIN, "until": "yesterday"},
        {"question": MARGIN, "code": 832888},
        {"question": MARGIN, "previous": "并行科技的毛利率"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    asked = call("ask", "--batch", file, "--json", "--top-k", 1)
    assert asked.status == 1
    early, colour, day, code, last = asked.lines
    assert (early["decision"], early["reason"]) == ("abstain", "filtered_out")
    assert "'colour'" in colour["error"]
    assert "'colour'" in asked.err
    assert "'until'" in day["error"]
    assert "'code'" in code["error"]
    assert last["citations"]


@pytest.mark.model
def test_it_is_explained(call: Call) -> None:
    rows = call("ask", MARGIN, "--json", "--explain", "--top-k", 7).json["explain"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0].keys() >= {"company", "time", "words", "meaning", "score", "confidence"}
    assert rows[0]["company"] is None
    assert "置信度" in call("ask", MARGIN, "--explain").out


@pytest.mark.model
def test_years_are_counted_from_the_day_given(call: Call) -> None:
    question = "去年有什么计划"
    days = [call("ask", question, "--json", "--explain", "--today", day) for day in ("2025-03-01",)]
    assert days[0].json["explain"][0]["time"] is not None
    assert call("ask", question, "--today", "tomorrow").status == 2


@pytest.mark.model
def test_it_abstains_with_what_is_related(call: Call) -> None:
    answer = call("ask", POEM, "--json").json
    assert answer["decision"] == "abstain"
    assert len(answer["citations"]) == 5
    text = call("ask", POEM).out
    assert text.startswith("无官方答复")
    assert "答：" not in text


@pytest.mark.model
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--company", "并行科技"], 5),
        (["--company", "别家"], 0),
        (["--code", "309999"], 0),
        (["--since", "2024-09-12", "--until", "2024-09-12"], 5),
        (["--since", "2024-09-13"], 0),
        (["--until", "2024-09-11"], 0),
        (["--as-of", "2024-09-11"], 0),
        (["--activity", "特定对象调研"], 5),
        (["--activity", "路演活动"], 0),
        (["--previous", "毛利率如何？"], 5),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_filters(call: Call, options: list[str], found: int) -> None:
    asked = call("ask", MARGIN, "--json", *options)
    assert asked.status == 0
    assert len(asked.json["citations"]) == found
    assert asked.json["decision"] == ("answer" if found else "abstain")


@pytest.mark.model
def test_a_batch_keeps_the_order(call: Call, tmp_path: Path) -> None:
    questions = [POEM, MARGIN, "公司股份限售情况"]
    plain = tmp_path / "plain.txt"
    plain.write_text("\ufeff" + "\r\n".join(questions) + "\n\n", "utf-8", newline="")
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(
            json.dumps({"question": q, "as_of": None}, ensure_ascii=False) + "\n" for q in questions
        ),
        "utf-8",
    )
    for file in (plain, rows):
        asked = call("ask", "--batch", file, "--json", "--top-k", 1)
        assert asked.status == 0
        assert [line["question"] for line in asked.lines] == questions
        assert [line["decision"] for line in asked.lines] == ["abstain", "answer", "answer"]
        assert [line["citations"][0]["pair"]["number"] for line in asked.lines[1:]] == ["1", "5"]


@pytest.mark.model
@pytest.mark.parametrize(
    "bad",
    [
        '{"question": 5}',
        '{"query": "甲"}',
        '{"question": "甲"',
        '{"question": " "}',
        '{"question": "\\ud800"}',
        '{"a":' * 100_000,
    ],
    ids=["number", "no question", "cut off", "blank", "half a character", "deep"],
)
def test_a_bad_line_of_a_batch_is_a_row_of_its_own(call: Call, tmp_path: Path, bad: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(f"{bad}\n{MARGIN}\n", "utf-8")
    asked = call("ask", "--batch", file, "--json")
    assert asked.status == 1
    assert asked.lines[0].keys() == {"question", "error"}
    assert asked.lines[0]["question"] == bad
    assert asked.lines[1]["decision"] == "answer"
    assert "line 1" in asked.err
    text = call("ask", "--batch", file)
    assert text.status == 1
    assert '"error"' not in text.out


@pytest.mark.model
def test_a_batch_that_is_not_utf8_is_a_wrong_call(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "questions.txt"
    file.write_bytes(MARGIN.encode("gb18030"))
    asked = call("ask", "--batch", file, "--json")
    assert asked.status == 2
    assert "UTF-8" in asked.err


@pytest.mark.model
def test_a_question_of_odd_bytes_does_not_end_in_a_traceback(call: Call) -> None:
    # How Python hands over an argument whose bytes are not UTF-8.
    assert call("ask", "毛利\udcff", "--json").status == 2


MEASURES = {"R@1", "R@5", "MRR@10", "nDCG@10", "coverage", "wrong_among_answered", "ECE"}


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    documents = {"d1": "公司股票回购计划已经实施完毕。", "d2": "海外工厂的产能利用率为八成。"}
    queries = {"q1": "股票回购做完了吗", "q2": "海外工厂产能利用率多少", "q3": "今天吃什么"}
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": i, "title": "", "text": t}) + "\n" for i, t in documents.items())
    )
    (folder / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": i, "text": t}) + "\n" for i, t in queries.items())
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
    return folder


@pytest.mark.model
@pytest.mark.parametrize("retriever", ["hybrid", "dense", "lexical"])
def test_evaluate_a_beir_set(call: Call, beir: Path, tmp_path: Path, retriever: str) -> None:
    run = tmp_path / "run.txt"
    called = call("evaluate", beir, "--json", "--run", run, "--retriever", retriever)
    assert called.status == 0
    report = called.json
    assert report.keys() >= {
        *("dataset", "retriever", "model", "queries", "answerable", "measures", "latency_ms")
    }
    assert (report["retriever"], report["queries"], report["answerable"]) == (retriever, 3, 2)
    assert report["measures"].keys() >= MEASURES
    for measure in report["measures"].values():
        assert measure.keys() == {"value", "low", "high"}
    assert report["measures"]["R@1"]["value"] == 1.0
    assert report["latency_ms"].keys() == {"p50", "p99"}
    rows = [line.split() for line in run.read_text().splitlines()]
    assert all(len(row) == 6 and row[1] == "Q0" and float(row[4]) is not None for row in rows)
    assert [row[2] for row in rows if row[0] in {"q1", "q2"} and row[3] == "1"] == ["d1", "d2"]


@pytest.mark.model
def test_evaluate_filings_with_questions(call: Call) -> None:
    called = call("evaluate", ROOT / "eval" / "sample", "--json")
    assert called.status == 0
    assert called.json["queries"] > called.json["answerable"] > 0
    assert called.json["measures"].keys() >= MEASURES
    table = call("evaluate", ROOT / "eval" / "sample")
    assert table.status == 0
    assert set(table.out.split()) >= MEASURES


@pytest.mark.model
def test_evaluate_a_run_that_cannot_be_written_is_a_wrong_call(call: Call, beir: Path) -> None:
    called = call("evaluate", beir, "--run", beir / "no" / "run.txt")
    assert called.status == 2
    assert called.err.startswith("yuanda: ")


@pytest.mark.model
def test_a_port_in_use_is_a_wrong_call(tmp_path: Path) -> None:
    code = "import sys; from assistant.cli.main import main; sys.exit(main(sys.argv[1:]))"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        started = subprocess.run(
            [sys.executable, "-c", code, "ui", "--port", port],
            cwd=ROOT,
            env=os.environ | {"YUANDA_STORE": str(tmp_path / "none"), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    assert started.returncode == 2
    assert f"can't listen at 127.0.0.1:{port}" in started.stderr
    assert "Traceback" not in started.stderr
