"""What the chat's callbacks give to Gradio, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ui
from assistant.answering.answer import Assistant
from assistant.answering.feedback import Judged, judge
from assistant.answering.question import Asked
from assistant.chat.labels import LABELS
from assistant.chat.views import FULL_TURNS, MOST_TURNS, Turn, following, kept, take_turn, talk_html
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.records import ParsedFiling
from index.store.feedback import kept as said_of
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines

CODES = {"first.txt": "309001", "second.txt": "309002"}


def read_coded(path: Path) -> ParsedFiling:
    parsed = read_lines(path)
    return replace(parsed, filing=replace(parsed.filing, code=CODES[path.name]))


def write(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(f"{name}公司|2024-01-10\n毛利率怎样|毛利率为三成。\n", "utf-8")
    return path


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Assistant]:
    store = Store.open(tmp_path / "store", create=True)
    add(store, [write(tmp_path, "first.txt")], FakeEncoder(), read=read_coded)
    with Assistant(store, FakeEncoder(), Calibration.load()) as assistant:
        yield assistant


def test_what_is_chosen_is_there_to_choose(chat: Assistant, tmp_path: Path) -> None:
    choices = ui.choices_of(chat)
    listed = {key for some in choices.values() for _, key in some}
    assert listed == {"309001", ""}
    known = Asked("毛利率", companies=("309001",))
    assert list(ui.chosen(chat, known, listed, "zh")) == list(known.conditions)
    # One that came after the page was opened, and one that is in no store.
    with Store.open(chat.folder) as other:
        add(other, [write(tmp_path, "second.txt")], FakeEncoder(), read=read_coded)
    chat.refresh()
    for code in ("309002", "688999"):
        update, *_, kind = ui.chosen(chat, Asked("毛利率", companies=(code,)), listed, "zh")
        assert update["value"] == [code]
        assert code in [key for _, key in update["choices"]]
        assert kind["value"] is None
    *_, kind = ui.chosen(chat, Asked("毛利率", activity="路演活动"), listed, "en")
    assert ("路演活动", "路演活动") in kind["choices"]


def test_what_was_refused_is_not_remembered(chat: Assistant) -> None:
    asked, refused = Asked("毛利率怎样"), Asked("长" * 100_000)
    turns = kept([take_turn(chat, asked)])
    turns = kept([*turns, take_turn(chat, refused, turns)])
    assert [turn.asked for turn in turns] == [asked, Asked("长" * 40)]
    assert LABELS["zh"]["long"].split("{")[0] in talk_html(chat, turns, (), "zh")
    # The next question follows what was answered.
    assert following(chat, Asked("那毛利率呢"), turns).previous == "毛利率怎样"
    dated = Asked("产能", since="2024-13-01")
    turns = kept([*turns, take_turn(chat, dated, turns)])
    assert LABELS["zh"]["date"].split("{")[0] in talk_html(chat, turns, (), "zh")


def test_of_a_long_talk_the_old_answers_are_let_go(chat: Assistant) -> None:
    turns: list[Turn] = []
    for _ in range(MOST_TURNS + 3):
        turns = kept([*turns, take_turn(chat, Asked("毛利率怎样"), turns)])
    assert len(turns) == MOST_TURNS
    assert sum(turn.answer is not None for turn in turns) == FULL_TURNS
    shown = talk_html(chat, [*turns, take_turn(chat, Asked("毛利率"), turns)], (), "en")
    assert LABELS["en"]["past"] in shown
    assert LABELS["en"]["full"] in shown


def test_the_same_judgement_is_kept_once(chat: Assistant) -> None:
    answer = chat.ask(Asked("毛利率怎样").query())
    pressed = {"turn": 0, "rank": 1, "verdict": "right"}
    judged: Judged = {}
    for _ in range(5):
        judged = judge(chat, {0: answer}, judged, pressed)
        judge(chat, {0: answer}, {}, pressed)  # another reader, or the page loaded again
    judge(chat, {0: answer}, judged, {**pressed, "verdict": "wrong"})
    assert [one.verdict for one in said_of(chat.folder)] == ["right", "wrong"]


def test_judgements_have_an_end(chat: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.store.feedback.MOST", 2)
    for number in range(4):
        answer = chat.ask(Asked(f"毛利率怎样{number}").query())
        judged = judge(chat, {0: answer}, {}, {"turn": 0, "rank": 1, "verdict": "right"})
        assert judged == {(0, 1): "right" if number < 2 else "unkept"}
    assert len(said_of(chat.folder)) == 2
