"""Scanned PDFs: read by a recogniser where there is one, marked as recognised, never verbatim."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from assistant.answering import report
from assistant.answering.crops import crops
from assistant.answering.pages import PageView, split_page, view
from assistant.chat import cards
from assistant.records import Answer, Citation
from index.errors import ReadError, ScannedError
from index.intake import build, workers
from index.intake.parse import parse
from index.reading import read, recogniser, scanned
from index.reading.order import in_order
from index.reading.page_progress import listening
from index.reading.pdf import draw_page
from index.reading.recogniser import Seen
from index.records import ParsedFiling, Span
from index.store.store import Store
from index.upkeep.verify import verify
from tests.conftest import Call
from tests.fakes import FakeEncoder
from tests.paths import ROOT

PRINTED = ROOT / "eval" / "collection" / "files" / "dev" / "muyu-2024-11-05.pdf"
# What the fake recogniser sees: pieces with their left and upper edges, in hundredths.
FORM = (
    (("测试股份有限公司投资者关系活动记录表", 20, 5),),
    (("证券代码：309001", 10, 10), ("证券简称：测试股份", 60, 10.4)),
    (("问题1：公司的毛利率怎样？", 10, 20),),
    (("答：毛利率为31.5%，保持稳定。", 10, 24),),
    (("问题2：公司有回购计划吗？", 10, 30),),
    (("答：目前没有回购计划。", 10, 34),),
)


def pictures(pages: list[bytes | None], size: tuple[float, float] = (595, 842)) -> bytes:
    """A PDF with a picture on each page; where there is none, with text."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size)
    for png in pages:
        if png is None:
            canvas.drawString(72, 700, "Q1: What is the plan? A: None.")
        else:
            canvas.drawImage(ImageReader(io.BytesIO(png)), 0, 0, *size)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def noise() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((60, 80), 50).save(out, "PNG")
    return out.getvalue()


def seen(form: tuple[tuple[tuple[str, float, float], ...], ...] = FORM) -> tuple[Seen, ...]:
    return tuple(
        Seen(text, x / 100, y / 100, x / 100 + 0.3, y / 100 + 0.02)
        for row in form[::-1]
        for text, x, y in row
    )


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pictures([noise()]))
    return path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recogniser that sees ``FORM`` on every picture."""
    monkeypatch.setattr(recogniser, "available", lambda: True)
    monkeypatch.setattr(recogniser, "recogniser", lambda: lambda _png: seen())


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recogniser, "available", lambda: False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", create=True) as opened:
        yield opened


def cited(parsed: ParsedFiling) -> Citation:
    return Citation(1, 1.0, 0.9, parsed.filing, parsed.pairs[0])


@pytest.mark.usefixtures("lacking")
def test_without_the_extra_it_is_said_what_to_install(scan: Path, call: Call) -> None:
    with pytest.raises(ScannedError, match=r"pip install 'yuanda\[ocr\]'.*pip install '\.\[ocr\]'"):
        read(scan)
    done = call("add", scan, "--json", "--store", scan.parent / "s")
    assert done.status == 1
    [row] = done.json["files"]
    assert row["status"] == "failed"
    assert "yuanda[ocr]" in row["error"]


def test_lines_are_read_in_order_with_their_boxes(scan: Path) -> None:
    document = scanned.read_scanned(scan, lambda _png: seen())
    assert document.recognised
    assert document.page_starts == (0,)
    assert document.text.split("\n") == ["\t".join(text for text, *_ in row) for row in FORM]
    line = document.text.index("答：毛利率")
    whole = Span(line, line + len("答：毛利率为31.5%，保持稳定。"))
    ((box,), (part,), (title, upper, code)) = document.boxes_of(
        [[whole], [Span(line + 2, whole.end)], [Span(0, document.text.index("\n问题1"))]]
    )
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((59.5, 202.08, 238, 218.92))
    # 答： is as wide as four of the 29 columns, since the figures are half as wide as the rest.
    assert part.x0 == pytest.approx(59.5 + 178.5 * 4 / 29, abs=0.01)
    assert (part.y0, part.x1) == (box.y0, box.x1)
    assert title.y0 < upper.y0 < code.y1
    assert upper.x1 < code.x0


def piece(text: str, x0: float, x1: float, y: float) -> Seen:
    return Seen(text, x0 / 100, y / 100, x1 / 100, (y + 2) / 100)


def test_a_form_is_read_cell_by_cell() -> None:
    answers = [piece(f"line {n}", 30, 90, 40 + 3 * n) for n in range(7)]
    page = [
        piece("title", 25, 75, 5),
        piece("time", 10, 18, 20), piece("today", 30, 50, 20),
        piece("place", 10, 18, 26), piece("here", 30, 50, 26), piece("and there", 30, 50, 29),
        # In the middle of its cell, and wrapped.
        piece("main con", 10, 22, 47.5), piece("tents", 10, 18, 50.5), *answers,
        piece("annex", 10, 18, 66), piece("none", 30, 50, 66),
    ]  # fmt: skip
    assert [[s.text for s in row] for row in in_order(page)] == [
        ["title"],
        ["time", "today"],
        ["place", "here"],
        ["and there"],
        ["main con", "tents", "line 0"],
        *([f"line {n}"] for n in range(1, 7)),
        ["annex", "none"],
    ]
    # What goes on from the page before stands before the first label of the page.
    assert [[s.text for s in row] for row in in_order([
        *answers, piece("annex", 10, 18, 66), piece("none", 30, 50, 66),
        piece("date", 10, 18, 72), piece("today", 30, 50, 72),
    ])] == [*([s.text] for s in answers), ["annex", "none"], ["date", "today"]]  # fmt: skip


PLACES = st.tuples(st.integers(0, 90), st.integers(1, 60), st.integers(0, 95))


@given(st.lists(PLACES, max_size=30))
def test_every_piece_is_read_once(places: list[tuple[int, int, int]]) -> None:
    page = [piece(str(n), x, x + wide, y) for n, (x, wide, y) in enumerate(places)]
    found = [s.text for row in in_order(page) for s in row]
    assert sorted(found) == sorted(s.text for s in page)


def test_plain_lines_are_read_from_top_to_bottom() -> None:
    page = [piece("Q1", 10, 14, 10), piece("what?", 16, 60, 10), piece("A long answer", 10, 90, 14)]
    page += [piece("ends.", 10, 20, 18), piece("Q2", 10, 14, 22), piece("when?", 16.2, 60, 22)]
    found = [s.text for row in in_order(page[::-1]) for s in row]
    assert found == [s.text for s in page]


def test_pages_are_drawn_at_200_dots_an_inch(tmp_path: Path) -> None:
    path = tmp_path / "wide.pdf"
    path.write_bytes(pictures([noise(), noise()], (842, 595)))
    sizes = []

    def look(png: bytes) -> tuple[Seen, ...]:
        sizes.append(Image.open(io.BytesIO(png)).size)
        return seen()

    told = []
    with listening(lambda file, page, pages: told.append((file, page, pages))):
        assert len(scanned.read_scanned(path, look).page_starts) == 2
    assert told == [(path, 1, 2), (path, 2, 2)]
    assert sizes == [(pytest.approx(2339, abs=1), pytest.approx(1653, abs=1))] * 2


def test_nothing_recognised_is_refused(scan: Path) -> None:
    with pytest.raises(ReadError, match="no text is recognised"):
        scanned.read_scanned(scan, lambda _png: ())


def test_many_pages_are_refused(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan.write_bytes(pictures([noise(), noise()]))
    monkeypatch.setattr(scanned, "_PAGES", 1)
    with pytest.raises(ReadError, match="2 scanned pages"):
        scanned.read_scanned(scan, lambda _png: seen())


@pytest.mark.usefixtures("fake")
def test_a_filing_remembers_that_it_was_recognised(scan: Path, store: Store) -> None:
    parsed = parse(scan)
    assert [pair.question for pair in parsed.pairs] == ["公司的毛利率怎样？", "公司有回购计划吗？"]
    assert parsed.filing.company == "测试股份有限公司"
    assert any("not verbatim" in warning for warning in parsed.warnings)
    assert all(pair.boxes for pair in parsed.pairs)
    build.add(store, [scan], FakeEncoder())
    [entry] = store.filings()
    assert entry.filing.recognised is True
    assert report.filing_json(entry.filing)["recognised"] is True
    assert "recognised" not in report.filing_json(parse(PRINTED).filing)


@pytest.mark.usefixtures("fake")
def test_no_quote_is_shown_as_verbatim(scan: Path) -> None:
    label = "OCR 识别，非原文 / recognised, not verbatim"
    recognised, printed = cited(parse(scan)), cited(parse(PRINTED))
    for citation, times in ((recognised, 1), (printed, 0)):
        assert report.quotation(citation).count(label) == times
        for decision in ("answer", "abstain"):
            answer = Answer("毛利率？", decision, 0.9, (citation,), 1.0)  # type: ignore[arg-type]
            assert report.answer_text(answer).count(label) == times


@pytest.mark.usefixtures("fake")
def test_a_recognised_page_shows_its_pairs_too(scan: Path) -> None:
    parsed = parse(scan)
    shown = split_page(parsed)
    assert shown
    kinds = [[mark.kind for mark in own.marks] for own in shown.pairs]
    assert kinds == [["question", "answer"]] * 2
    tops = [[round(mark.top) for mark in own.marks] for own in shown.pairs]
    assert tops == [[20, 24], [30, 34]]


@pytest.mark.usefixtures("fake")
def test_the_card_shows_the_picture_above_the_text(scan: Path) -> None:
    citation = cited(parse(scan))
    [crop] = crops(scan, citation)
    with Image.open(io.BytesIO(crop.png)) as strip:
        # From the question's upper edge to the answer's lower one, with 4 points around.
        assert strip.height / strip.width == pytest.approx((0.06 * 842 + 8) / 595, abs=0.01)
    answer = Answer("毛利率？", "answer", 0.9, (citation,), 1.0)
    card = cards.answer_card(answer, "zh", 0, pictures=lambda c: crops(scan, c))
    assert "OCR 识别，非原文" in card
    assert "（原文）" not in card
    assert card.index("data:image/png;base64,") < card.index(citation.pair.answer)
    related = cards.answer_card(Answer("毛利率？", "abstain", 0.1, (citation,), 1.0), "en")
    assert "recognised, not verbatim" in related


def test_a_printed_filing_has_no_crop() -> None:
    citation = cited(parse(PRINTED))
    assert crops(PRINTED, citation) == ()
    card = cards.answer_card(Answer("？", "answer", 0.9, (citation,), 1.0), "zh")
    assert "（原文）" in card
    assert "OCR" not in card


@pytest.mark.usefixtures("fake")
def test_a_harmed_copy_has_no_crop(scan: Path) -> None:
    citation = cited(parse(scan))
    scan.write_bytes(pictures([noise(), noise()]))
    assert crops(scan, citation) == ()


@pytest.mark.usefixtures("fake")
def test_question_and_answer_are_outlined_on_the_page(scan: Path) -> None:
    parsed = parse(scan)
    shown = view(scan, parsed.text, cited(parsed))
    assert isinstance(shown, PageView)
    assert [mark.kind for mark in shown.marks] == ["question", "answer"]
    assert [mark.top for mark in shown.marks] == pytest.approx([20, 24], abs=0.1)


@pytest.mark.usefixtures("fake")
def test_verify_recognises_again(scan: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    build.add(store, [scan], FakeEncoder())
    proof = verify(store)
    assert (proof.failed, proof.recognised) == ((), 1)
    assert "all proved; 1 filings recognised (OCR), not verbatim" in report.proof_text(proof)
    monkeypatch.setattr(recogniser, "recogniser", lambda: lambda _png: seen(FORM[:4]))
    assert any("another text" in failure.reason for failure in verify(store).failed)


@pytest.mark.usefixtures("fake")
def test_verify_without_the_extra_says_so(
    scan: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.add(store, [scan], FakeEncoder())
    monkeypatch.setattr(recogniser, "available", lambda: False)
    proof = verify(store)
    assert proof.failed == ()
    assert any("not recognised again" in note and "yuanda[ocr]" in note for note in proof.notes)


@pytest.mark.usefixtures("fake")
def test_a_pool_leaves_recognition_to_its_caller(scan: Path) -> None:
    # Its processes import modules of their own, without the fake.
    for _, outcome in workers.read_ahead([scan], lambda path: path, processes=2):
        assert outcome is not None
        assert outcome().filing.recognised


def test_pictures_among_pages_of_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mixed.pdf"
    path.write_bytes(pictures([None, noise(), None, noise()]))
    parsed = parse(path)
    assert not parsed.filing.recognised
    assert "pages 2, 4 are pictures without text: not read" in parsed.warnings


@pytest.mark.skipif(not recogniser.available(), reason="needs the extra: pip install '.[ocr]'")
def test_a_scan_of_a_printed_filing_gives_its_questions(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pictures([draw_page(PRINTED, 1, (), 1654).png]))
    printed, recognised = parse(PRINTED), parse(path)
    assert recognised.filing.recognised
    assert recognised.filing.company == printed.filing.company
    own, filed = recognised.pairs[0], printed.pairs[0]
    assert own.number == filed.number
    assert "".join(own.answer.split()) == "".join(filed.answer.split())
    assert own.boxes[0].x0 == pytest.approx(filed.boxes[0].x0, abs=6)
    assert own.boxes[0].y0 == pytest.approx(filed.boxes[0].y0, abs=6)
    assert json.dumps(report.parsed_json(recognised))
