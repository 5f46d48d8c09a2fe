"""Feedback and filing in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import ui
from assistant.answering.answer import Assistant
from assistant.chat.desk_cards import TEXT
from assistant.chat.labels import LABELS
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.intake.parse import parse
from index.store.feedback import kept
from index.store.store import Store
from tests.assistant.chat.test_ui_browser import (
    MARGIN,
    PAGED,
    ROOT,
    UNANSWERED,
    Watched,
    ask,
    browser,
    watched,
)
from tests.assistant.cli.test_stores import FILING

__all__ = ["browser", "watched"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    # Gradio's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ZH = TEXT["zh"]
LOGIN = ("admin", "open sesame")


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of a chat whose answers may be judged, and its store."""
    encoder = load_encoder(None)
    store = Store.open(tmp_path / "store", create=True)
    add(store, [ROOT / "index" / "sample"], encoder)
    with Assistant(store, encoder, Calibration.load(), is_sample=True) as assistant:
        app, address = ui.launch(assistant)
        yield address, store.folder
        app.close(verbose=False)


def test_an_answer_is_judged(watched: Watched, judged: tuple[str, Path]) -> None:
    address, store = judged
    page = watched.open(address)
    ask(page, MARGIN)
    card = page.locator("#talk .card").first
    right, none = (card.locator(f"[data-verdict={name}]") for name in ("right", "none"))
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(right).to_be_focused()
    expect(card.locator(".heard")).to_have_text(ZH["thanks"])
    none.click()
    expect(none).to_have_attribute("aria-pressed", "true")
    expect(right).to_have_attribute("aria-pressed", "false")
    ask(page, UNANSWERED)
    expect(none).to_have_attribute("aria-pressed", "true")
    page.locator("#talk .turn").nth(1).locator("[data-verdict=other]").first.click()
    expect(page.locator("#talk .turn").nth(1).locator(".related .heard").first).to_have_text(
        ZH["thanks"]
    )
    said = [(one.question, one.verdict, one.number is None) for one in kept(store)]
    assert said == [(MARGIN, "right", False), (MARGIN, "none", True), (UNANSWERED, "other", False)]
    page.locator("#language").get_by_text("English").click()
    expect(none).to_have_text(LABELS["en"]["should_none"])
    expect(none).to_have_attribute("aria-pressed", "true")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of a chat with a desk over an empty store, and the store."""
    encoder = load_encoder(None)
    store = Store.open(tmp_path / "store", create=True)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        app, address = ui.launch(assistant, login=LOGIN)
        yield address, store.folder
        app.close(verbose=False)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a filing, a damaged one, and what is none."""
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    (folder / "hemu.txt").write_text(FILING, "utf-8")
    (folder / "deep" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "notes.log").write_text("none", "utf-8")
    return folder


def log_in(page: Page, password: str = LOGIN[1]) -> None:
    if not page.locator("#user").is_visible():
        page.locator("#desk > button").click()
    page.locator("#user").get_by_role("textbox").fill(LOGIN[0])
    page.locator("#password input").fill(password)
    page.locator("#enter").click()


def test_without_a_desk_there_is_none(watched: Watched, judged: tuple[str, Path]) -> None:
    page = watched.open(judged[0])
    assert page.locator("#desk, input[type=file]").count() == 0
    sent = page.request.post(
        f"{judged[0]}gradio_api/upload",
        multipart={"files": {"name": "a.txt", "mimeType": "text/plain", "buffer": b"long"}},
    )
    assert sent.status == 404


def test_reading_is_open_and_filing_is_not(watched: Watched, desk: tuple[str, Path]) -> None:
    page = watched.open(desk[0])
    ask(page, MARGIN)
    expect(page.locator("#talk .card.none")).to_be_visible()
    log_in(page, "wrong")
    expect(page.locator("#told")).to_have_text(ZH["login_wrong"])
    assert page.locator("#files").count() == 0
    log_in(page)
    expect(page.locator("#files")).to_be_visible()
    expect(page.locator("#user")).to_have_count(0)
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#filings h3")).to_have_text(f"{TEXT['en']['filings']} (0)")


def test_a_login_stays_until_one_leaves(watched: Watched, desk: tuple[str, Path]) -> None:
    page = watched.open(desk[0])
    log_in(page)
    expect(page.locator("#files")).to_be_visible()
    assert "yuanda_desk" not in page.evaluate("document.cookie")
    page = watched.open(desk[0])
    page.locator("#desk > button").click()
    expect(page.locator("#filings h3")).to_be_visible()
    page.locator("#leave").click()
    expect(page.locator("#user")).to_be_visible()
    expect(page.locator("#files, #filings h3")).to_have_count(0)


def test_files_are_added_asked_reported_and_removed(
    watched: Watched, desk: tuple[str, Path], files: Path
) -> None:
    address, store = desk
    page = watched.open(address)
    log_in(page)
    page.locator("#files input").set_input_files([files / "hemu.txt", files / "deep/broken.pdf"])
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(2)
    assert rows.locator("td:nth-child(2)").all_inner_texts() == [ZH["added"], ZH["failed"]]
    expect(rows.nth(1)).to_contain_text("damaged")
    expect(page.locator(".holdings")).to_have_text(ZH["holdings"].format(filings=1, pairs=2))

    ask(page, "公司2024年的产能利用率如何？")
    expect(page.locator("#talk blockquote.answer").first).to_contain_text("八成")

    page.locator("#filings .view").click()
    expect(page.locator("#parsed .as-question.odd")).to_have_text("海外市场的进展怎样？")
    report = page.locator("#parsed .report").nth(1)
    report.click()
    expect(report).to_have_attribute("aria-pressed", "true")
    assert [(one.verdict, one.number) for one in kept(store)] == [("parse", "2")]

    page.locator("#filings .remove").click()
    page.locator("#filings .no").click()
    expect(page.locator("#filings .yes")).not_to_be_visible()
    page.locator("#filings .remove").click()
    page.locator("#filings .yes").click()
    expect(page.locator("#filings h3")).to_have_text(f"{ZH['filings']} (0)")
    expect(page.locator(".holdings")).to_have_text(ZH["holdings"].format(filings=0, pairs=0))
    expect(page.locator("#parsed .parts")).to_have_count(0)


def test_a_folder_is_added(watched: Watched, desk: tuple[str, Path], files: Path) -> None:
    page = watched.open(desk[0])
    log_in(page)
    page.locator("#folder input").set_input_files(files)
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(2)
    assert sorted(rows.locator("td:nth-child(1)").all_inner_texts()) == ["broken.pdf", "hemu.txt"]


def test_a_pair_is_reported_on_its_page(watched: Watched, desk: tuple[str, Path]) -> None:
    address, store = desk
    page = watched.open(address)
    log_in(page)
    page.locator("#files input").set_input_files(PAGED)
    page.locator("#filings .view").click()
    pairs = parse(PAGED).pairs
    first = pairs[0].pages[0]
    tags, number = page.locator("#parsed .tag"), page.locator("#parsed .number")
    expect(tags).to_have_count(sum(first in pair.pages for pair in pairs))
    page.locator("#parsed .turn.next").click()
    expect(number).to_contain_text(f"{first + 1} /")
    expect(tags).to_have_count(sum(first + 1 in pair.pages for pair in pairs))
    tags.last.click()
    expect(tags.last).to_have_attribute("aria-pressed", "true")
    expect(tags.last).to_be_focused()
    place = int(tags.last.get_attribute("data-pair") or "")
    expect(page.locator(f".passage [data-pair='{place}']")).to_contain_text(ZH["reported"])
    assert [(one.verdict, one.number) for one in kept(store)] == [("parse", pairs[place].number)]
    mark = page.locator(f"#parsed .mark.as-answer{'.odd' if place % 2 else ''}").last.bounding_box()
    sheet = page.locator("#parsed .sheet").bounding_box()
    assert mark
    assert sheet
    assert sheet["x"] < mark["x"] < mark["x"] + mark["width"] < sheet["x"] + sheet["width"]


def test_large_files_are_taken_by_the_desk_and_by_nothing_else(
    watched: Watched, desk: tuple[str, Path], tmp_path: Path
) -> None:
    page = watched.open(desk[0])
    log_in(page)
    large = tmp_path / "large.pdf"
    large.write_bytes(PAGED.read_bytes() + b"\n%" + b" " * (3 << 20))
    page.locator("#files input").set_input_files(large)
    expect(page.locator("#results .status")).to_have_text(ZH["added"])
    sent = page.request.post(f"{desk[0]}api/ask", data={"question": " " * (3 << 20)})
    assert sent.status == 413
