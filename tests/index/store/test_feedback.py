"""What readers say is kept in the store, and comes out as a set that ``yuanda evaluate`` takes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from assistant.answering.answer import Assistant
from assistant.answering.feedback import feedback_on, judge
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from index.errors import CallError, StoreError
from index.intake.build import add
from index.store.feedback import Exported, Feedback, changed, export, keep, kept, labels
from index.store.store import Store
from tests.assistant.cli.test_stores import FILING
from tests.conftest import Call
from tests.fakes import UNSEALED, FakeEncoder, read_lines

SHA = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    filing = tmp_path / "filing.txt"
    filing.write_text(
        "甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n有无回购|没有回购。\n", "utf-8"
    )
    store = Store.open(tmp_path / "store", create=True)
    add(store, [filing], FakeEncoder(), read=read_lines)
    return store


def assistant(store: Store, threshold: float = 0.0) -> Assistant:
    return Assistant(store, FakeEncoder(), Calibration.load(), threshold=threshold)


def pressed(turn: int, rank: int, verdict: str) -> dict[str, str]:
    """As a button's data arrive."""
    return {"turn": str(turn), "rank": str(rank), "verdict": verdict}


def test_what_was_said_comes_back(store: Store) -> None:
    said = [
        Feedback("毛利率？", "right", SHA, "1", "answer", 0.75),
        Feedback("天气？", "none", None, None, "answer", 0.5, "2024-01-01T00:00:00+00:00"),
    ]
    for one in said:
        keep(store.folder, one)
    assert kept(store.folder) == said
    with Store.open(store.folder) as again:
        assert kept(again.folder) == said


@pytest.mark.parametrize("change", ["id = 7", "question = '天气'", "verdict = 'none'"])
def test_what_was_changed_is_left_out_and_counted(store: Store, change: str) -> None:
    keep(store.folder, Feedback("毛利率？", "right", SHA, "1", "answer", 0.75))
    keep(store.folder, Feedback("回购？", "right", SHA, "2", "answer", 0.5))
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute(f"UPDATE feedback SET {change} WHERE id = 1")  # noqa: S608
    connection.close()
    assert [said.question for said in kept(store.folder)] == ["回购？"]
    assert changed(store.folder) == 1


def test_an_older_store_can_keep_it(store: Store) -> None:
    store.close()
    older = sqlite3.connect(store.folder / "store.sqlite")
    older.executescript(UNSEALED)
    # As version 3 had it: vectors passage by passage, filings without their pairs' places.
    older.executescript(
        """
        DROP TABLE feedback; DROP TABLE vectors; DROP INDEX filings_listed;
        DROP TRIGGER pair_removed; DROP TABLE removed;
        DELETE FROM meta WHERE key IN ('store', 'dimension');
        ALTER TABLE pairs DROP COLUMN sentences; DROP TABLE text_pieces; DROP INDEX pairs_own;
        DROP INDEX pairs_own_days;
        ALTER TABLE pairs DROP COLUMN company; ALTER TABLE pairs DROP COLUMN code;
        ALTER TABLE pairs DROP COLUMN date; ALTER TABLE pairs DROP COLUMN short_name;
        ALTER TABLE pairs DROP COLUMN tables; ALTER TABLE filings DROP COLUMN former_names;
        ALTER TABLE pairs DROP COLUMN session; ALTER TABLE pairs DROP COLUMN left_out;
        ALTER TABLE filings DROP COLUMN first_pair; ALTER TABLE filings DROP COLUMN pair_count;
        CREATE TABLE passages (
            id INTEGER PRIMARY KEY, pair_id INTEGER NOT NULL, start INTEGER NOT NULL,
            length INTEGER NOT NULL, vector BLOB NOT NULL
        ) STRICT;
        INSERT INTO passages
            SELECT id << 16, id, 0, 3, zeroblob(32) FROM pairs
            UNION ALL SELECT id << 16 | 1, id, 0, 6, zeroblob(32) FROM pairs;
        PRAGMA user_version = 3;
        """
    )
    older.close()
    with Store.open(store.folder) as opened:
        keep(opened.folder, Feedback("毛利率？", "wrong", SHA, "1"))
        assert [one.verdict for one in kept(opened.folder)] == ["wrong"]
        assert opened.counts() == (1, 2)
        answer = assistant(opened).ask(Query("毛利率怎样"))
        assert answer.citations[0].pair.question == "毛利率怎样"


def test_the_last_word_is_the_label() -> None:
    right, wrong = Feedback("甲", "right", SHA, "1"), Feedback("甲", "wrong", SHA, "1")
    other, none = Feedback("甲", "other", SHA, "2"), Feedback("甲", "none")
    misread = Feedback("甲", "parse", SHA, "3")
    assert labels([right]) == [right]
    assert labels([right, other]) == [other]
    assert labels([right, wrong]) == []
    assert labels([other, wrong]) == [other]
    assert labels([right, none]) == [none]
    assert labels([none, Feedback("甲", "wrong")]) == []
    assert labels([right, misread]) == [right]


def test_a_press_says_it_of_the_answer(store: Store) -> None:
    with assistant(store) as asked:
        answer = asked.ask(Query("毛利率怎样"))
        first = answer.citations[0]
        judged = judge(asked, {0: answer}, {}, pressed(0, 1, "right"))
        assert judged == {(0, 1): "right"}
        (said,) = kept(store.folder)
        assert (said.question, said.verdict) == ("毛利率怎样", "right")
        assert (said.filing, said.number) == (first.filing.sha256, first.pair.number)
        assert (said.decision, said.confidence) == ("answer", answer.confidence)
        judged = judge(asked, {0: answer}, judged, pressed(0, 0, "none"))
        assert judged == {(0, 0): "none"}, "an answer can't be right and none"


@pytest.mark.parametrize(
    "press",
    [
        None,
        "right",
        {},
        pressed(1, 1, "right"),
        pressed(0, 9, "right"),
        pressed(0, 1, "fine"),
        pressed(0, 1, "none"),
        pressed(0, 1, "parse"),
        pressed(0, 0, "right"),
        {"turn": "0", "rank": "1", "verdict": ["right"]},
    ],
    ids=str,
)
def test_a_press_that_fits_nothing_says_nothing(store: Store, press: object) -> None:
    with assistant(store) as asked:
        answer = asked.ask(Query("毛利率怎样"))
        assert judge(asked, {0: answer, 1: None}, {}, press) == {}
    assert kept(store.folder) == []


def test_an_abstention_is_judged_as_a_whole(store: Store) -> None:
    with assistant(store, threshold=1.0) as asked:
        answer = asked.ask(Query("今天天气"))
    assert answer.decision == "abstain"
    said = feedback_on(answer, 0, "right")
    assert said is not None
    assert (said.verdict, said.filing, said.number) == ("right", None, None)
    assert feedback_on(answer, 0, "none") is None


def test_what_cannot_be_kept_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr("index.store.feedback.keep", refuse)
    with assistant(store) as asked:
        answers: dict[int, Answer | None] = {0: asked.ask(Query("毛利率怎样"))}
        assert judge(asked, answers, {}, pressed(0, 1, "right")) == {(0, 1): "unkept"}


def test_feedback_leaves_the_indexes_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with assistant(store) as asked:
        asked.ask(Query("毛利率怎样"))
        asked.keep(Feedback("毛利率怎样", "none"))
        opened = []
        monkeypatch.setattr(
            "assistant.answering.answer.open_index", lambda *given: opened.append(given)
        )
        assert asked.ask(Query("毛利率怎样")).citations
        assert opened == []


def test_only_what_is_certain_is_exported(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="no question is labelled"):
        export(store, tmp_path / "set")
    sha256 = store.filings()[0].filing.sha256
    for said in (
        Feedback("毛利多少", "right", sha256, "1"),
        Feedback("买股票吗", "wrong", sha256, "1"),
        Feedback("已移除的", "right", SHA, "1"),
        Feedback("没有的题", "right", sha256, "9"),
    ):
        keep(store.folder, said)
    assert export(store, tmp_path / "set") == Exported(1, 3, 1)
    (row,) = (tmp_path / "set" / "questions.jsonl").read_text("utf-8").splitlines()
    assert json.loads(row) == {"question": "毛利多少", "filing": sha256, "number": "1"}
    copy = tmp_path / "set" / f"{sha256}.txt"
    assert copy.read_bytes() == (tmp_path / "filing.txt").read_bytes()
    with pytest.raises(CallError, match="not empty"):
        export(store, tmp_path / "set")


@pytest.mark.model
def test_what_is_exported_can_be_evaluated(call: Call, tmp_path: Path) -> None:
    filing, store, target = tmp_path / "hemu.txt", tmp_path / "store", tmp_path / "set"
    filing.write_text(FILING, "utf-8")
    (row,) = call("add", filing, "--store", store, "--json").json["files"]
    keep(store, Feedback("产能利用率高吗", "right", row["sha256"], "1", "answer", 0.9))
    keep(store, Feedback("海外进展", "other", row["sha256"], "2", "abstain", 0.1))
    keep(store, Feedback("今天天气", "right", None, None, "abstain", 0.1))
    listed = call("feedback", "--store", store, "--json").json["feedback"]
    assert [said["verdict"] for said in listed] == ["right", "other", "right"]
    assert "海外进展" in call("feedback", "--store", store).out
    exported = call("feedback", "--store", store, "--export", target, "--json")
    assert exported.json == {"labelled": 3, "unlabelled": 0, "filings": 1}
    measured = call("evaluate", target, "--json").json
    assert (measured["queries"], measured["answerable"]) == (3, 2)
    assert measured["measures"]["R@1"]["value"] == 1.0
    assert call("feedback", "--store", store, "--export", target).status == 2
