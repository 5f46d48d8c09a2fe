"""The sentence that answers best is emphasised, and not a character of the answer changes."""

from __future__ import annotations

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.emphasis import best_sentence
from assistant.answering.pages import passage_view
from assistant.chat.cards import answer_card
from assistant.chat.labels import LABELS
from assistant.chat.quotes import verbatim
from assistant.records import Answer, Citation
from index.records import Filing, Pair, Span, assemble, slice_spans
from tests.fakes import make_pair

SHARES = "公司股东减持股份四百万股，用于归还借款。承诺自今日起六个月内不再减持。"
STAFF = "研发人员占员工的四成，今年新招应届生三十人。"
ANSWER = f"感谢您的关注。\n{SHARES}\n{STAFF}"


def emphasised(question: str, answer: str) -> str | None:
    best = best_sentence(question, answer)
    return best and answer[best.start : best.end]


def test_the_sentence_that_covers_the_question_is_found() -> None:
    assert emphasised("研发人员有多少？", ANSWER) == STAFF
    assert emphasised("大股东为什么减持股份？", ANSWER) == SHARES.partition("。")[0] + "。"


@pytest.mark.parametrize("answer", ["", "\n", "。。", STAFF, f"  {STAFF}\n", "一。"])
def test_in_one_sentence_none_stands_out(answer: str) -> None:
    assert best_sentence("研发人员有多少？", answer) is None


def test_nothing_is_emphasised_where_none_stands_out() -> None:
    assert best_sentence("研发人员有多少？", f"{STAFF}{STAFF}") is None
    assert best_sentence("今天天气好吗？", ANSWER) is None
    assert best_sentence("", ANSWER) is None


@given(
    st.text("研发人员减持股份 。！？；;.!?\n\t<>&\"'\u202e\u0000a1", max_size=60),
    st.text(max_size=9),
)
def test_it_is_a_slice_without_space_around_it(answer: str, question: str) -> None:
    best = best_sentence(question or "研发人员", answer)
    if best is not None:
        said = answer[best.start : best.end]
        assert said
        assert said == said.strip()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.data())
def test_what_is_shown_is_the_answer(answer: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(answer)))
    span = Span(start, data.draw(st.integers(start, len(answer))))
    for shown in (verbatim(answer, span), verbatim(answer, None)):
        assert shown.replace('<mark class="best">', "").replace("</mark>", "").unescape() == answer


def test_the_card_holds_the_answer_as_it_was_filed() -> None:
    answer = f"{ANSWER}<b>&amp;\n\n{STAFF[:-3]}"
    filing = Filing(path="a.txt", sha256="0" * 64, format="text", title="纪要", company="甲公司")
    citation = Citation(1, 1.0, 0.9, filing, make_pair("1", "有多少人？", answer))
    best = Span(answer.index(STAFF), answer.index(STAFF) + len(STAFF))
    card = answer_card(
        Answer("有多少人？", "answer", 0.9, (citation,), 1.0), "zh", emphasis=lambda _: best
    )
    root = lxml.html.fromstring(str(card))
    assert [e.text_content() for e in root.iter("blockquote")] == [answer]
    assert [e.text_content() for e in root.iter("mark")] == [LABELS["zh"]["best"], STAFF]


PIECES = st.lists(st.text("研发ab1 .\n", max_size=5), max_size=6)


@given(PIECES, st.data())
def test_a_slice_of_what_is_assembled_is_found_in_the_text(
    pieces: list[str], data: st.DataObject
) -> None:
    text, spans = "#".join(pieces), []
    for piece in pieces:
        start = spans[-1].end + 1 if spans else 0
        spans.append(Span(start, start + len(piece)))
    whole = assemble(text, spans)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    found = slice_spans(text, spans, Span(start, end))
    # A space that a line wrap stood for is in no span.
    assert "".join(assemble(text, found).split()) == "".join(whole[start:end].split())
    assert all(any(s.start <= f.start < f.end <= s.end for s in spans) for f in found)


def test_a_passage_shows_it_within_the_answer() -> None:
    text = f"前文\n有多少人？|{ANSWER}\n后文"
    pair: Pair = make_pair("1", "有多少人？", ANSWER, offset=3)
    best = best_sentence("研发人员有多少？", ANSWER)
    assert best is not None
    spans = slice_spans(text, pair.answer_spans, best)
    shown = passage_view(text, pair, best=spans)
    assert "".join(run.text for run in shown.runs) == text
    assert [run.text for run in shown.runs if run.best] == [STAFF]
    assert "".join(run.text for run in shown.runs if run.kind == "answer") == ANSWER
