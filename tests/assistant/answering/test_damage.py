"""A failure is not an answer: what is missing or damaged is said wherever one asks."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assistant.answering.answer import Assistant
from assistant.answering.report import answer_json, answer_text
from assistant.chat.cards import answer_card
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from assistant.server.api import create_app
from assistant.server.mcp_tools import _DAMAGED, Asking, _ask
from index.intake.build import add
from index.records import Filters
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines

QUESTION = "有无回购"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "w").mkdir()
    for name, company, pair in (
        ("a", "甲公司", "有无回购|没有回购。"),
        ("b", "乙公司", "产能如何|产能已满。"),
    ):
        (tmp_path / "w" / f"{name}.txt").write_text(f"{company}|2024-01-10\n{pair}\n", "utf-8")
    with Store.open(tmp_path / "store", create=True) as store:
        add(store, [tmp_path / "w"], FakeEncoder(), read=read_lines)
    return tmp_path / "store"


@pytest.fixture
def copy(folder: Path) -> Path:
    with Store.open(folder) as store:
        filing = next(e.filing for e in store.filings() if e.filing.company == "甲公司")
        return store.original(filing)


def opened(folder: Path) -> Assistant:
    return Assistant(Store.open(folder), FakeEncoder(), Calibration.load(), threshold=0.5)


def asked(folder: Path, question: str = QUESTION, **filters: str) -> Answer:
    with opened(folder) as assistant:
        return assistant.ask(Query(question, filters=Filters(**filters)))


def change(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "store.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def is_told(answer: Answer) -> None:
    """It shows nothing of 甲公司, and doesn't say that nothing is filed."""
    assert answer.damaged
    assert all(c.filing.company == "乙公司" for c in answer.citations)
    assert answer_json(answer)["reason"] == "evidence_damaged"
    said = answer_text(answer)
    assert "证据" in said
    assert "无官方答复：" not in said
    card = answer_card(answer, "zh")
    assert "证据" in card
    assert "已披露的问答没有涵盖" not in card


def test_a_sound_store_says_nothing_of_damage(folder: Path) -> None:
    answer = asked(folder)
    assert answer.damaged == ()
    assert answer_json(answer)["reason"] is None


@pytest.mark.parametrize("harm", ["gone", "changed", "unreadable"])
def test_a_harmed_copy_is_said(folder: Path, copy: Path, harm: str) -> None:
    copy.unlink()
    if harm == "changed":
        copy.write_text("other", "utf-8")
    elif harm == "unreadable":
        copy.mkdir()
    answer = asked(folder)
    is_told(answer)
    reason = {"gone": "is gone", "changed": "was changed", "unreadable": "can't be read"}[harm]
    assert reason in answer.damaged[0].reason


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pairs SET answer = '没有减持。' WHERE id = 1",
        "UPDATE pairs SET question = '有无减持' WHERE id = 1",
        "UPDATE pairs SET number = '9' WHERE id = 1",
        "UPDATE pairs SET pages = '[7]' WHERE id = 1",
        "UPDATE pairs SET boxes = '{' WHERE id = 1",
        "UPDATE pairs SET filing_id = 2 WHERE id = 1",
        "UPDATE filings SET company = '丙公司' WHERE id = 1",
        "UPDATE filings SET code = '309009' WHERE id = 1",
        "UPDATE filings SET title = '公告' WHERE id = 1",
        "UPDATE filings SET activity_date = '2025-01-10' WHERE id = 1",
        "UPDATE filings SET filed_date = '2025-01-10' WHERE id = 1",
        "UPDATE filings SET activity_types = '{' WHERE id = 1",
        "UPDATE filings SET sha256 = 'x' || substr(sha256, 2) WHERE id = 1",
        "UPDATE filings SET text = zeroblob(9) WHERE id = 1",
        "UPDATE filings SET text = (SELECT text FROM filings WHERE id = 2) WHERE id = 1",
    ],
)
def test_a_changed_row_is_said_and_not_shown(folder: Path, statement: str) -> None:
    change(folder, statement)
    is_told(asked(folder))


@pytest.mark.parametrize("column", ["company", "activity_date", "activity_types", "code"])
def test_a_filing_that_left_its_scope_by_damage_may_be_in_any(folder: Path, column: str) -> None:
    """What its head said isn't known: so it isn't said that nobody has answered."""
    change(folder, f"UPDATE filings SET {column} = 'x' WHERE id = 1")  # noqa: S608
    answer = asked(folder, company="甲公司")
    assert answer.decision == "abstain"
    assert answer.damaged
    assert answer.damaged[0].path.endswith("a.txt")


def test_one_bad_row_leaves_the_others_to_be_asked(folder: Path) -> None:
    change(folder, "UPDATE filings SET text = zeroblob(9) WHERE id = 1")
    answer = asked(folder, "产能如何")
    assert [c.filing.company for c in answer.citations] == ["乙公司"]


def test_health_is_not_well_where_evidence_is_harmed(folder: Path, copy: Path) -> None:
    with opened(folder) as assistant:
        assert assistant.damaged() == ()
        copy.write_text("other", "utf-8")
        assistant.ask(Query(QUESTION))
        assert [one.reason for one in assistant.damaged()] == [
            "the store's copy of the file was changed"
        ]
    change(folder, "UPDATE filings SET text = zeroblob(9) WHERE id = 2")
    with opened(folder) as assistant:
        assert len(assistant.damaged()) == 2
        health = TestClient(create_app(assistant), base_url="http://127.0.0.1:7860").get("/health")
    assert health.status_code == 503
    assert "damaged" in health.json()["error"]


def test_a_program_is_told_too(folder: Path, copy: Path) -> None:
    copy.unlink()
    with opened(folder) as assistant:
        said = _ask(assistant, Asking(question=QUESTION))
    assert _DAMAGED in str(said.content)


def test_copies_that_the_database_does_not_know_are_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older database was put back: what it lacks may answer."""
    monkeypatch.setattr("index.store.transactions._ADDING", -1.0)
    change(folder, "DELETE FROM filings WHERE id = 1")
    answer = asked(folder)
    assert answer.decision == "abstain"
    assert "doctor --rebuild" in answer.damaged[0].reason
