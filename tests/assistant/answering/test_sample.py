"""The shipped model over the sample filing: what people are shown first must be right."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from opencc import OpenCC

from assistant.answering.answer import Assistant
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.store.store import Store
from tests.paths import ROOT
from ui import SAMPLE_EXAMPLES

pytestmark = pytest.mark.model

QUESTIONS = [
    json.loads(line)
    for line in (ROOT / "eval" / "sample" / "questions.jsonl").read_text("utf-8").splitlines()
]
ANSWERABLE = [q for q in QUESTIONS if q["filing"]]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("store"), create=True)
    add(store, [ROOT / "index" / "sample"], encoder)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        yield assistant


def cited(answer: Answer) -> list[str]:
    return [c.pair.number for c in answer.citations]


def test_the_right_pair_comes_first(assistant: Assistant) -> None:
    assert len(ANSWERABLE) >= 60
    found = [cited(assistant.ask(Query(q["question"])))[0] for q in ANSWERABLE]
    missed = [
        (q["question"], number)
        for q, number in zip(ANSWERABLE, found, strict=True)
        if number != q["number"]
    ]
    assert len(missed) <= 0.05 * len(ANSWERABLE), missed


def test_most_is_answered_and_little_of_it_wrongly(assistant: Assistant) -> None:
    answers = [(q, assistant.ask(Query(q["question"]))) for q in QUESTIONS]
    answered = [(q, a) for q, a in answers if a.decision == "answer"]
    right = [q for q, a in answered if q["number"] == cited(a)[0]]
    assert len(right) >= 0.75 * len(ANSWERABLE)
    assert len(answered) - len(right) <= 0.15 * len(answered)


def test_traditional_characters_find_the_same(assistant: Assistant) -> None:
    traditional = OpenCC("s2t").convert
    for question in (q["question"] for q in QUESTIONS):
        asked = traditional(question)
        here, there = assistant.ask(Query(question)), assistant.ask(Query(asked))
        assert cited(here)[0] == cited(there)[0], asked
        assert here.decision == there.decision, asked


@pytest.mark.parametrize(
    ("question", "number"), list(zip(SAMPLE_EXAMPLES, ["1", "5", "4", None], strict=True))
)
def test_the_examples_on_the_first_page_show_what_it_can(
    assistant: Assistant, question: str, number: str | None
) -> None:
    answer = assistant.ask(Query(question))
    assert answer.decision == ("answer" if number else "abstain")
    assert number in {None, cited(answer)[0]}
