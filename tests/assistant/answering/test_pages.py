"""Where a quote stands: the page with its marks, or the passage in its surroundings."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

import ui
from assistant.answering import pages
from assistant.answering.answer import Assistant
from assistant.answering.pages import (
    Mark,
    PageView,
    PassageView,
    Run,
    passage_view,
    split_page,
    view,
)
from assistant.answering.question import Asked
from assistant.chat.labels import LABELS
from assistant.chat.views import Turn
from assistant.records import Answer, Citation
from assistant.retrieval.decide import Calibration
from index.files import sha256_of
from index.intake.parse import parse
from index.records import Box, Filing, Pair, ParsedFiling, Span
from index.store.store import Store
from tests.fakes import FakeEncoder, make_pair
from tests.paths import ROOT

FILED = sorted((ROOT / "eval/collection/files/dev").glob("*.pdf"))[:3]


def cited(path: Path, pair: Pair, kind: str = "pdf") -> Citation:
    filing = Filing(str(path), sha256_of(path), kind)  # type: ignore[arg-type]
    return Citation(1, 1.0, 0.9, filing, pair)


def two_pages(path: Path) -> tuple[Citation, str]:
    """A question low on page 1 whose answer goes on at the top of page 2, of 3 pages."""
    canvas = Canvas(str(path), pagesize=(400, 500))
    lines = [["Head", "Asked here", "Answer one"], ["answer two"], ["last"]]
    for number, page in enumerate(lines):
        for line, said in enumerate(page):
            canvas.drawString(40, (400 if number else 100) - 30 * line, said)
        canvas.showPage()
    canvas.save()
    text = "Head\r\nAsked here\r\nAnswer one\nanswer two\nlast"

    def span(said: str) -> Span:
        return Span(text.index(said), text.index(said) + len(said))

    pair = replace(
        make_pair("1", "Asked here", "Answer one answer two"),
        start=6,
        end=span("answer two").end,
        question_spans=(span("Asked here"),),
        answer_spans=(span("Answer one"), span("answer two")),
        pages=(1, 2),
    )
    return cited(path, pair), text


def test_question_and_answer_are_marked_on_their_pages(tmp_path: Path) -> None:
    path = tmp_path / "filing.pdf"
    citation, text = two_pages(path)
    first = view(path, text, citation)
    assert isinstance(first, PageView)
    assert (first.page, first.pages, first.width, first.height) == (1, 3, 400, 500)
    question, answer = first.marks
    assert (question.kind, answer.kind) == ("question", "answer")
    assert question.left == answer.left == pytest.approx(10, abs=0.5)
    # Base lines at 70 and 40 points of 500.
    assert question.top + question.height == pytest.approx(86, abs=1)
    assert answer.top + answer.height == pytest.approx(92, abs=1)
    second, third = view(path, text, citation, 2), view(path, text, citation, 3)
    assert isinstance(second, PageView)
    assert isinstance(third, PageView)
    assert [m.kind for m in second.marks] == ["answer"]
    assert second.marks[0].top + second.marks[0].height == pytest.approx(20, abs=1)
    assert third.marks == ()


def test_marks_lie_on_ink(tmp_path: Path) -> None:
    path = tmp_path / "filing.pdf"
    citation, text = two_pages(path)
    shown = view(path, text, citation)
    assert isinstance(shown, PageView)
    picture = Image.open(io.BytesIO(shown.png)).convert("L")
    assert picture.width == 1240
    for mark in shown.marks:
        x, y = picture.width / 100, picture.height / 100
        place = (mark.left * x, mark.top * y, (mark.left + mark.width) * x, 0.0)
        box = tuple(map(round, (*place[:3], (mark.top + mark.height) * y)))
        assert picture.crop(box).getextrema()[0] < 64  # type: ignore[arg-type]


def rectangle(mark: Mark, shown: PageView) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mark, in points."""
    x, y = shown.width / 100, shown.height / 100
    right, bottom = mark.left + mark.width, mark.top + mark.height
    return mark.left * x, mark.top * y, right * x, bottom * y


def within(box: Box, area: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = area
    across = left - 0.01 <= box.x0 <= box.x1 <= right + 0.01
    return across and top - 0.01 <= box.y0 <= box.y1 <= bottom + 0.01


@pytest.mark.parametrize("path", FILED, ids=lambda p: p.stem)
def test_marks_are_the_pairs_boxes(path: Path) -> None:
    pair = max(parse(path).pairs, key=lambda pair: len(pair.pages))
    for page in pair.pages:
        shown = pages.page_view(path, pair, page)
        boxes = [box for box in pair.boxes if box.page == page]
        rectangles = [rectangle(mark, shown) for mark in shown.marks]
        for box in boxes:
            assert any(within(box, r) for r in rectangles)
        for left, top, right, bottom in rectangles:
            edges = [b for b in boxes if within(b, (left, top, right, bottom))]
            assert left == pytest.approx(min(b.x0 for b in edges))
            assert top == pytest.approx(min(b.y0 for b in edges))
            assert right == pytest.approx(max(b.x1 for b in edges))
            assert bottom == pytest.approx(max(b.y1 for b in edges))
            assert bottom - top < 20  # one line
        kinds = [mark.kind for mark in shown.marks]
        assert kinds == sorted(kinds, reverse=True)  # "question" before "answer"


def test_low_punctuation_is_marked_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "filing.pdf"
    citation, _ = two_pages(path)
    line = [Box(1, 10, 10, 30, 20), Box(1, 31, 18, 34, 22), Box(1, 38, 11, 60, 20)]
    apart = [Box(1, 75, 10, 80, 20), Box(1, 10, 19, 90, 29), Box(1, 10, 40, 40, 50)]
    found = pages.DrawnPage(1, 100, 100, b"", ((), (*line, *apart)))
    monkeypatch.setattr(pages, "draw_page", lambda *_: found)
    marks = pages.page_view(path, citation.pair, 1).marks
    assert [(m.left, m.top, m.width, m.height) for m in marks] == [
        (10, 10, 50, 12),
        (75, 10, 5, 10),
        (10, 19, 80, 10),
        (10, 40, 30, 10),
    ]


def test_a_page_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "filing.pdf"
    citation, text = two_pages(path)
    drawn: list[int] = []
    draw = pages.draw_page
    monkeypatch.setattr(
        pages, "draw_page", lambda copy, page, spans: drawn.append(page) or draw(copy, page, spans)
    )
    shown = [view(path, text, citation, page) for page in (1, 2, 1, None, 2)]
    assert drawn == [1, 2]
    assert shown[0] == shown[2] == shown[3]


def test_a_harmed_copy_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "filing.pdf"
    citation, text = two_pages(path)
    with path.open("ab") as file:
        file.write(b"%")
    with pytest.raises(KeyError):
        view(path, text, citation)
    path.unlink()
    with pytest.raises(KeyError):
        view(path, text, citation)


def test_what_cannot_be_drawn_is_shown_as_text(tmp_path: Path) -> None:
    path = tmp_path / "filing.pdf"
    citation, text = two_pages(path)
    assert isinstance(view(path, text, citation, 4), PassageView)
    path.write_bytes(b"%PDF-1.4 nothing")
    shown = view(path, text, cited(path, citation.pair))
    assert isinstance(shown, PassageView)
    assert [run.text for run in shown.runs if run.kind == "question"] == ["Asked here"]


def test_a_text_shows_the_passage(tmp_path: Path) -> None:
    path = tmp_path / "filing.txt"
    text = "head\nasked|said\nrest"
    path.write_text(text, "utf-8")
    shown = view(path, text, cited(path, make_pair("1", "asked", "said", 5), "text"))
    assert shown == PassageView(
        (
            Run(None, "head\n"),
            Run("question", "asked"),
            Run(None, "|"),
            Run("answer", "said"),
            Run(None, "\nrest"),
        ),
        before=False,
        after=False,
    )


def test_a_passage_ends_where_its_surroundings_do() -> None:
    pair = make_pair("1", "asked", "said", 5)
    shown = passage_view("0123 asked said 6789", replace(pair, start=5, end=15), around=2)
    assert "".join(run.text for run in shown.runs) == "3 asked said 6"
    assert shown.before
    assert shown.after


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=6),
    st.integers(0, 9),
    st.integers(0, 20),
)
def test_a_passage_is_the_text_itself(
    pieces: list[tuple[int, int, bool]], start: int, around: int
) -> None:
    question: list[Span] = []
    answer: list[Span] = []
    end = start
    for gap, length, asks in pieces:
        (question if asks else answer).append(Span(end + gap, end + gap + length))
        end += gap + length
    text = "".join(map(chr, range(0x4E00, 0x4E00 + end + 5)))
    pair = replace(
        make_pair("1", "", ""),
        start=start,
        end=end,
        question_spans=tuple(question),
        answer_spans=tuple(answer),
    )
    shown = passage_view(text, pair, around)
    assert "".join(r.text for r in shown.runs) == text[max(start - around, 0) : end + around]
    for kind, spans in (("question", question), ("answer", answer)):
        marked = "".join(run.text for run in shown.runs if run.kind == kind)
        assert marked == "".join(text[span.start : span.end] for span in spans)


@pytest.mark.parametrize(
    ("pressed", "place"),
    [
        ({"turn": "2", "rank": "1", "page": "3"}, (2, 1, 3)),
        ({"turn": "0", "rank": "1"}, (0, 1, None)),
        ({"turn": "x"}, None),
        ({"turn": [1]}, None),
        ("12", None),
        (None, None),
    ],
)
def test_a_button_names_a_place(pressed: object, place: tuple[int, int, int | None] | None) -> None:
    assert ui.place_of(pressed) == place


def test_a_place_that_is_not_in_the_talk_shows_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        assistant = Assistant(store, FakeEncoder(), Calibration.load())
        citation = cited(Path(__file__), make_pair("1", "asked", "said"), "text")
        answer = Answer("asked", "answer", 0.9, (citation,), 1.0)
        for place in (None, (1, 1, None), (-1, 1, None), (2, 1, None), (0, 2, None), (0, -1, None)):
            where = place and ui.Place(*place)
            assert (
                ui.page_html(
                    assistant, [Turn(Asked("asked"), answer), Turn(Asked(""))], where, "zh"
                )
                == ""
            )
        # The citation's filing isn't in the store.
        shown = ui.page_html(assistant, [Turn(Asked("asked"), answer)], ui.Place(0, 1), "zh")
        assert LABELS["zh"]["gone"] in shown


@pytest.mark.parametrize("path", FILED, ids=lambda path: path.stem)
def test_a_split_page_has_each_pair_on_it_where_it_is_quoted(path: Path) -> None:
    parsed = parse(path)
    for page in range(1, (parsed.filing.pages or 0) + 1):
        shown = split_page(parsed, page)
        assert shown
        assert (shown.page, shown.pages) == (page, parsed.filing.pages)
        own = [place for place, pair in enumerate(parsed.pairs) if page in pair.pages]
        assert [marks.pair for marks in shown.pairs] == own
        for marks in shown.pairs:
            pair = parsed.pairs[marks.pair]
            assert marks.number == pair.number
            cited_alone = view(path, parsed.text, cited(path, pair), page)
            assert isinstance(cited_alone, PageView)
            assert marks.marks == cited_alone.marks


def test_a_split_page_is_the_first_with_a_pair_or_the_nearest(tmp_path: Path) -> None:
    citation, text = two_pages(tmp_path / "a.pdf")
    late = replace(citation.pair, pages=(2,))
    filing = replace(citation.filing, pages=3)
    parsed = ParsedFiling(filing, (late,), text)
    asked = {None: 2, 0: 1, 10**9: 3, 3: 3}
    shown = {page: split_page(parsed, page) for page in asked}
    assert {page: one and one.page for page, one in shown.items()} == asked
    assert split_page(ParsedFiling(replace(filing, format="text"), (late,), text)) is None
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 another")
    assert split_page(parsed) is None
