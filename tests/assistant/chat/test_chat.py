"""What the chat's callbacks give to Gradio, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ui
from assistant.answering.answer import Assistant
from assistant.answering.question import Asked
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.records import ParsedFiling
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
