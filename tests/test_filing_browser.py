"""Feedback and filing in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

import ui
from assistant.answer import Assistant
from assistant.cards import LABELS
from assistant.decide import Calibration
from index.build import add
from index.encoder import load_encoder
from index.feedback import kept
from index.store import Store
from tests.test_ui_browser import MARGIN, ROOT, UNANSWERED, Watched, ask, browser, watched

__all__ = ["browser", "watched"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    # Gradio's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ZH = LABELS["zh"]


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
