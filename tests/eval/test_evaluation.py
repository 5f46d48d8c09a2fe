"""The harness: queries, slices, runs, significance, comparisons, reports and the gate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assistant.retrieval.decide import Calibration, Further, Threshold
from assistant.retrieval.logistic import Linear
from assistant.retrieval.retrieve import EVIDENCE
from eval.measuring.curves import Bin, Point, chosen, reliability, risk_coverage
from eval.measuring.measures import Outcome
from eval.measuring.runs import read_records, record_lines, trec_run
from eval.measuring.slices import slices_of
from eval.measuring.systems import Found, ask_all, yuanda
from eval.reports import baseline
from eval.reports.ablations import Ablations, Parts, retriever_of
from eval.reports.compare import rows, untrained
from eval.reports.compare import table as compared_table
from eval.reports.evaluate import report, table
from eval.reports.plots import Bar, bar_plot
from eval.reports.report import html_report
from eval.reports.rivals import UntrainedEncoder, bm25, characters, words
from eval.sets.corpora import open_corpus
from eval.sets.datasets import LabelledQuery
from index.errors import CallError
from tests.conftest import Call
from tests.fakes import FakeEncoder, outcome
from tests.paths import ROOT

WEIGHTS = Linear(-4.0, {"similarity": 8.0, "company": 1.0, "other_company": -1.0})
SURE = Linear(0.0, {"logit": 1.0})
CALIBRATION = Calibration(WEIGHTS, WEIGHTS, SURE, Further(), threshold=Threshold.at(0.5))


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Two companies' filings and four questions on them, one of them in the test part."""
    folder = tmp_path / "collection"
    (folder / "filings").mkdir(parents=True)
    for name, company, topics in (
        ("a-2023", "北京甲乙科技股份有限公司", ("毛利率", "回购")),
        ("b-2024", "上海丙丁电子股份有限公司", ("产能", "分红")),
    ):
        filing = {
            "id": name,
            "split": "dev",
            "company": {"name": company, "code": None, "exchange": None},
            "activity_types": [],
            "activity_date": f"{name[2:]}-05-06",
            "filed_date": None,
            "pairs": [{"question": f"{word}如何", "answer": [f"{word}很好。"]} for word in topics],
        }
        (folder / "filings" / f"{name}.json").write_text(json.dumps(filing), "utf-8")

    def question(number: int, text: str, answer: tuple[str, int] | None, **more: Any) -> str:
        answers = [{"filing": answer[0], "pair": answer[1]}] if answer else []
        row = {"id": f"q{number}", "split": "dev", "question": text, "answers": answers}
        return json.dumps(row | {"style": "plain", "lang": "zh"} | more) + "\n"

    (folder / "questions-x.jsonl").write_text(
        question(1, "毛利率多少", ("a-2023", 0))
        + question(2, "分红多少", ("b-2024", 1), style="keyword")
        + question(3, "研发多少", None, kind="off-topic")
        + question(4, "订单", None, split="test"),
        "utf-8",
    )
    return folder


def test_the_collection_is_a_labelled_set(collection: Path) -> None:
    corpus = open_corpus(collection, FakeEncoder())
    assert corpus.split == "dev"
    assert corpus.document_ids == ("a-2023#0", "a-2023#1", "b-2024#0", "b-2024#1")
    assert [q.id for q in corpus.queries] == ["q1", "q2", "q3"]
    assert dict(corpus.queries[1].slices) == {
        "company": "上海丙丁电子股份有限公司",
        "year": "2024",
        "type": "one answer",
        "lang": "zh",
        "style": "keyword",
    }
    assert corpus.queries[2].slices["type"] == "off-topic"
    assert [q.id for q in open_corpus(collection, FakeEncoder(), "test").queries] == ["q4"]


def test_only_a_set_with_splits_takes_one(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="no splits"):
        open_corpus(tmp_path, FakeEncoder(), "dev")


def test_every_query_is_asked_and_counted(collection: Path) -> None:
    corpus = open_corpus(collection, FakeEncoder())
    first, second, third = ask_all(yuanda(corpus, CALIBRATION), corpus.queries, 0.5)
    assert (first.ranking[0], first.answered, first.right, first.served) == (
        *("a-2023#0", True),
        *(True, True),
    )
    assert second.right
    assert (third.answered, third.served) == (False, True)
    assert first.milliseconds > 0
    document = report(collection, corpus.split, FakeEncoder(), "hybrid", (first, second, third))
    assert (document["queries"], document["answerable"]) == (3, 2)
    assert document["measures"]["served"]["value"] == 1.0
    assert document["slices"]["style"].keys() == {"plain", "keyword"}
    assert "keyword" in table(document)


def test_a_reranker_is_measured_as_it_is_used(collection: Path) -> None:
    class Backwards:
        name = "backwards"

        def scores(self, _question: str, texts: Sequence[str]) -> Sequence[float]:
            return range(len(texts))

    corpus = open_corpus(collection, FakeEncoder())
    plain = ask_all(yuanda(corpus, CALIBRATION), corpus.queries, 0.5)
    turned = ask_all(yuanda(corpus, CALIBRATION, reranker=Backwards()), corpus.queries, 0.5)
    assert [t.ranking for t in turned] == [p.ranking[::-1] for p in plain]
    assert len(plain[0].ranking) > 1


def test_ties_are_broken_by_id() -> None:
    def system(_query: LabelledQuery) -> list[Found]:
        return [Found("c", 1.0), Found("b", 2.0), Found("a", 1.0)]

    (asked,) = ask_all(system, [LabelledQuery("q", "", {"a": 1})], 0.5)
    assert asked.ranking == ("b", "a", "c")


def test_nothing_found_is_not_answered() -> None:
    (asked,) = ask_all(lambda _query: [], [LabelledQuery("q", "", {"a": 1})], 0.0)
    assert (asked.ranking, asked.answered, asked.served) == ((), False, False)


def test_slices_count_every_query() -> None:
    outcomes = [
        outcome("1", True, style="plain"),
        outcome("2", False, style="typo"),
        outcome("3", True, style="typo"),
        Outcome("4", (), {}, answered=False, confidence=0.0),
    ]
    groups = slices_of(outcomes)
    assert groups.keys() == {"style"}
    assert [(g.value, g.queries, g.answerable) for g in groups["style"]] == [
        *(("-", 1, 0), ("plain", 1, 1), ("typo", 2, 2)),
    ]
    assert groups["style"][2].measures["R@1"].value == 0.5


def test_records_come_back(tmp_path: Path) -> None:
    outcomes = (outcome("1", True), outcome("2", False, answered=False))
    path = tmp_path / "records.jsonl"
    path.write_text(record_lines(outcomes), "utf-8")
    assert read_records(path) == outcomes
    path.write_text('{"query": 1}\n', "utf-8")
    with pytest.raises(CallError, match="not records"):
        read_records(path)


def test_trec_run() -> None:
    assert trec_run([outcome("1", True)], "x").splitlines() == [
        *("1 Q0 a 1 2.000000 x", "1 Q0 b 2 1.000000 x"),
    ]


def test_bm25_finds_by_words_and_company(collection: Path) -> None:
    corpus = open_corpus(collection, FakeEncoder())
    assert characters("毛利率 ３％！") == ["毛", "利", "率", "3"]
    assert words("毛利率，多少") == ["毛利率", "多少"]
    for cut in (characters, words):
        found = ask_all(bm25(corpus, cut), corpus.queries, 0.5)
        assert [o.right for o in found] == [True, True, False]
    asked = bm25(corpus, words)
    assert {f.document for f in asked(LabelledQuery("q", "丙丁", {}))} <= {"b-2024#0", "b-2024#1"}
    among = frozenset({"a-2023#1"})
    assert [f.document for f in asked(LabelledQuery("q", "很好", {}, among))] == ["a-2023#1"]
    assert list(asked(LabelledQuery("q", "？", {}))) == []


def test_untrained_vectors_know_the_same_words_only() -> None:
    encoder = UntrainedEncoder(["毛利率", "产能", "减持"])
    same, other, unknown = encoder.encode_passages(["毛利率", "减持", "天气"])
    asked = encoder.encode_queries(["毛利率"])[0]
    assert asked @ same == pytest.approx(1.0, abs=1e-5)
    assert abs(asked @ other) < 0.3
    assert not unknown.any()


def test_untrained_averaging_is_a_system(collection: Path) -> None:
    corpus = open_corpus(collection, FakeEncoder())
    found = ask_all(untrained(corpus, CALIBRATION), corpus.queries, 0.5)
    assert [o.right for o in found[:2]] == [True, True]


def test_an_ablated_retriever_lacks_its_part(collection: Path) -> None:
    corpus = open_corpus(collection, FakeEncoder())

    def first(**parts: bool) -> Any:
        found = retriever_of(corpus, Parts(**parts)).retrieve("丙丁的分红")
        row = found.evidence[found.pairs.tolist().index(3)]
        return SimpleNamespace(**dict(zip(EVIDENCE, row.tolist(), strict=True)))

    whole = first()
    assert (whole.question_similarity, whole.company) == (pytest.approx(1.0), 1)
    assert whole.lexical > 0
    assert first(company_match=False).company == 0
    assert first(lexical=False).lexical == 0.0
    # What only the question says is lost where the answer alone is embedded.
    assert first(question_vectors=False).question_similarity == first().answer_similarity


def test_an_ablation_is_fitted_without_its_part(collection: Path) -> None:
    for path in (collection / "questions-x.jsonl", *(collection / "filings").glob("*.json")):
        path.write_text(path.read_text("utf-8").replace('"dev"', '"train"'), "utf-8")
    corpus = open_corpus(collection, FakeEncoder(), "train")
    ablations = Ablations(FakeEncoder(), collection)
    for parts in (Parts(), Parts(late_interaction=False)):
        found = ask_all(ablations.system(corpus, parts), corpus.queries, 0.5)
        assert [o.right for o in found[:2]] == [True, True]


def test_systems_are_compared_with_the_first() -> None:
    good = tuple(outcome(str(i), True) for i in range(20))
    bad = tuple(outcome(str(i), i < 10) for i in range(20))
    first, second = rows({"hybrid": good, "other": bad})
    assert set(first["p"].values()) == {None}
    assert second["measures"]["R@1"]["value"] == 0.5
    assert second["p"]["R@1"] < 0.01
    head = {"dataset": "x", "queries": 20, "answerable": 20, "model": "fake"}
    lines = compared_table(head | {"systems": [first, second]}).splitlines()
    assert lines[-1].startswith("other                       0.5000  0.00")


def sure(confidence: float, right: bool) -> Outcome:
    return replace(outcome(str(confidence), right, confidence >= 0.5), confidence=confidence)


def test_risk_and_coverage() -> None:
    outcomes = [sure(0.9, True), sure(0.6, False), sure(0.6, True), sure(0.2, False)]
    assert risk_coverage(outcomes) == [
        *(Point(0.25, 0.0), Point(0.75, pytest.approx(1 / 3)), Point(1.0, 0.5)),
    ]
    assert chosen(outcomes) == Point(0.75, pytest.approx(1 / 3))
    # A query with nothing found counts, though no threshold answers it.
    nothing = replace(outcomes[0], ranking=(), confidence=0.0, answered=False)
    assert risk_coverage([outcomes[0], nothing]) == [Point(0.5, 0.0)]
    assert chosen([nothing]) is None


def test_reliability_has_the_bins_of_the_calibration_error() -> None:
    outcomes = [sure(0.95, True), sure(1.0, False), sure(0.25, False)]
    assert reliability(outcomes) == [Bin(0.25, 0.0, 1), Bin(pytest.approx(0.975), 0.5, 2)]


def test_bars_are_as_long_as_their_values() -> None:
    plot = bar_plot("R@1", [Bar("<b>", 0.5, 0.4, 0.6, 10), Bar("whole", 1.0, 1.0, 1.0, 1)])
    assert 'width="105.0" height="12"' in plot
    assert 'width="210.0" height="12"' in plot
    assert "&lt;b&gt;" in plot


def test_the_report_is_one_page_that_trusts_no_text() -> None:
    attack = "<script>alert(1)</script>"
    outcomes = (
        replace(outcome(attack, False), slices={"style": attack}),
        outcome("2", True),
        Outcome("3", (), {}, answered=False, confidence=0.0),
    )
    document = report(Path(attack), "dev", FakeEncoder(), "hybrid", outcomes)
    page = html_report(document, outcomes, {attack: f"怎么样{attack}"})
    assert "<script" not in page
    assert f"怎么样{attack.replace('<', '&lt;').replace('>', '&gt;')}" in page
    assert page.count("<svg") == 4
    for outside in ("http", "url(", "@import", "src=", "href="):
        assert outside not in page


def test_the_report_of_an_empty_set() -> None:
    document = report(Path("none"), None, FakeEncoder(), "hybrid", ())
    assert "None." in html_report(document, (), {})


def test_the_gate_lets_chance_pass_and_stops_what_is_worse() -> None:
    before = baseline.values_of([outcome(str(i), i < 90) for i in range(100)])
    one_less = baseline.values_of([outcome(str(i), i < 89) for i in range(100)])
    ten_less = baseline.values_of([outcome(str(i), i < 80) for i in range(100)])
    assert [v.worse for v in baseline.judge(before, before)] == [False, False]
    assert [v.worse for v in baseline.judge(before, one_less)] == [False, False]
    assert [v.worse for v in baseline.judge(before, ten_less)] == [True, True]
    assert [v.worse for v in baseline.judge(ten_less, before)] == [False, False]
    found, _ = baseline.judge(before, one_less)
    assert (found.before, found.now, found.lost, found.won) == (0.9, 0.89, ("89",), ())
    with pytest.raises(CallError, match="--write"):
        baseline.judge(before, baseline.values_of([outcome("1", True)]))


def test_the_gate(
    collection: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [
        {"id": f"q{i}", "split": "dev", "question": "毛利率多少", "style": "plain", "lang": "zh"}
        | {"answers": [{"filing": "a-2023", "pair": 0}]}
        for i in range(10)
    ]
    (collection / "questions-x.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    monkeypatch.setattr("eval.reports.baseline.load_encoder", FakeEncoder)
    monkeypatch.setattr(Calibration, "load", lambda: CALIBRATION)
    file = tmp_path / "baseline.json"
    call = ["--baseline", str(file), "--collection", str(collection)]
    with pytest.raises(SystemExit, match="2"):
        baseline.main(call)
    assert baseline.main([*call, "--write"]) == 0
    assert baseline.main(call) == 0
    # The same store, but a ranking that prefers what is least alike.
    upside_down = Linear(-4.0, {"similarity": -8.0})
    worse = replace(CALIBRATION, shortlist=upside_down, final=upside_down)
    monkeypatch.setattr(Calibration, "load", lambda: worse)
    capsys.readouterr()
    assert baseline.main(call) == 1
    assert "significantly worse" in capsys.readouterr().out


@pytest.mark.model
def test_one_call_writes_run_records_and_report(call: Call, tmp_path: Path) -> None:
    run, records, page = (tmp_path / name for name in ("run.txt", "records.jsonl", "page.html"))
    sample = ROOT / "eval" / "sample"
    called = call("evaluate", sample, "--run", run, "--records", records, "--html", page, "--json")
    assert called.status == 0
    kept = read_records(records)
    assert len(kept) == called.json["queries"]
    assert sum(bool(o.relevant) for o in kept) == called.json["answerable"]
    assert len({line.split()[0] for line in run.read_text("utf-8").splitlines()}) == len(kept)
    assert page.read_text("utf-8").count("<svg") >= 2
