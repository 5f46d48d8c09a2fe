"""Timelines, filters, follow-ups and columns in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

import ui
from assistant.answering.answer import Assistant
from assistant.chat.labels import LABELS
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.intake.parse import parse
from index.store.store import Store
from tests.assistant.chat.test_ui_browser import Watched, ask, browser, pytestmark, watched
from tests.paths import ROOT

__all__ = ["browser", "pytestmark", "watched"]

DEV = ROOT / "eval/collection/files/dev"
FILES = ("lijing-2023-09-14.docx", "lijing-2025-04-24.docx", "shengye-2023-07-06.docx")
ABROAD, CAPACITY = "砺晶的海外收入占比是多少？", "目前产能是多少？"


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the chat over two companies, one of them at two dates."""
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("dated"), create=True)
    add(store, [DEV / name for name in FILES], encoder, processes=1)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        app, address = ui.launch(assistant)
        yield address
        app.close(verbose=False)


def asked_at(page: Page) -> dict[str, str]:
    """The parameters of the page's address."""
    return {k: v[0] for k, v in parse_qs(urlsplit(page.url).query).items()}


def test_a_timeline_marks_what_changed(watched: Watched, dated: str) -> None:
    page = watched.open(dated)
    ask(page, ABROAD)
    said = {pair.answer for name in FILES[:2] for pair in parse(DEV / name).pairs}
    dates = page.locator(".history li")
    expect(dates).to_have_count(2)
    assert dates.locator("time").all_inner_texts() == ["2025-04-24", "2023-09-14"]
    for quote in dates.locator("blockquote").all():
        assert quote.evaluate("e => e.textContent") in said
    assert dates.nth(1).locator("mark.is-number").all_inner_texts() == ["17.3%"]
    dates.nth(0).locator(".show").click()
    expect(page.locator("#page .file")).to_have_text("lijing-2025-04-24.docx")


def test_a_day_can_be_set_and_taken_away(watched: Watched, dated: str) -> None:
    page = watched.open(dated)
    page.locator("#filter-button").click()
    page.locator("#as_of input").fill("2025-04-24")
    page.locator("#as_of input").press("Enter")
    page.wait_for_timeout(300)  # Gradio takes the day over a moment later, and nothing shows it
    ask(page, ABROAD)
    turns = page.locator("#talk .turn")
    expect(turns.nth(0).locator(".card time").first).to_have_text("2023-09-14")
    assert page.locator(".history").count() == 0
    assert "2025-04-24" not in turns.nth(0).locator("time, small").all_inner_texts()
    chip = turns.nth(0).locator(".chip.set")
    expect(chip).to_contain_text("截至 2025-04-24")
    expect(page).to_have_url(re.compile("as_of="))
    assert asked_at(page) == {"q": ABROAD, "as_of": "2025-04-24"}
    expect(page.locator("#filters")).not_to_be_visible()
    chip.click()
    expect(page.locator(".history li")).to_have_count(2)
    expect(page.locator("#as_of input")).to_have_value("")


def test_companies_are_chosen_side_by_side(watched: Watched, dated: str) -> None:
    page = watched.open(dated)
    page.locator("#filter-button").click()
    for name in ("砺晶材料", "晟野新能"):
        page.locator("#companies input").click()
        page.get_by_role("option", name=name).click()
    ask(page, CAPACITY)
    columns = page.locator("#talk .abreast .card")
    expect(columns).to_have_count(2)
    assert columns.locator("h3 bdi").all_inner_texts() == ["砺晶材料", "晟野新能"]
    expect(page).to_have_url(re.compile("code=309112"))
    assert asked_at(page)["code"] == "309112,609208"
    columns.nth(1).locator(".show").click()
    expect(page.locator("#page .file")).to_have_text("shengye-2023-07-06.docx")
    page.locator("#talk .chip.set").first.click()
    expect(page.locator("#talk .turn").nth(1).locator(".card h3").first).to_contain_text("晟野")


@pytest.mark.parametrize(("width", "abreast"), [(380, 1), (690, 2), (1400, 2)])
def test_columns_stand_abreast_where_there_is_room(
    watched: Watched, dated: str, width: int, abreast: int
) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = watched.open(f"{dated}?q={CAPACITY}&code=309112,609208")
    columns = page.locator("#talk .abreast .card")
    expect(columns).to_have_count(2)
    tops = columns.evaluate_all("all => all.map((e) => e.getBoundingClientRect().top)")
    assert (tops[0] == tops[1]) is (abreast == 2)
    page.locator("#filter-button").click()
    expect(page.locator("#filters")).to_be_in_viewport(ratio=0.99)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_follow_up_says_so(watched: Watched, dated: str) -> None:
    page = watched.open(dated)
    ask(page, ABROAD)
    ask(page, "那良率呢？")
    turn = page.locator("#talk .turn").nth(1)
    expect(turn.locator(".chip.set")).to_contain_text(ABROAD)
    expect(turn.locator("p.question").first).to_contain_text("良率")
    page.locator(".contents summary").click()
    expect(page.locator(".contents a")).to_have_text([ABROAD, "那良率呢？"])
    turn.locator(".chip.set").click()
    expect(page.locator("#talk .turn")).to_have_count(3)
    expect(page.locator("#talk .turn").nth(2).locator(".chip.set")).to_have_count(0)


def test_a_shared_address_asks_the_same(watched: Watched, dated: str) -> None:
    watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open(f"{dated}?q={ABROAD}&code=309112&until=2024-01-01")
    expect(page.locator("#talk .chip.set")).to_have_count(2)
    expect(page.locator("#until input")).to_have_value("2024-01-01")
    page.locator("#talk .chip.link").click()
    expect(page.locator("#talk .chip.link")).to_have_text(LABELS["zh"]["quoted"])
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    before = page.locator("#talk .card").first.inner_text()
    page.goto("about:blank")
    watched.open(copied)
    assert page.locator("#talk .card").first.inner_text() == before


def test_a_date_that_is_none_is_said_not_passed_over(watched: Watched, dated: str) -> None:
    page = watched.open(f"{dated}?q={ABROAD}&as_of=2024")
    expect(page.locator("#talk .notice")).to_have_text(LABELS["zh"]["date"])


def test_an_address_may_name_what_is_not_in_the_store(watched: Watched, dated: str) -> None:
    page = watched.open(f"{dated}?q={ABROAD}&code=999999&activity=没有的类型")
    expect(page.locator("#talk .card.none")).to_be_visible()
    ask(page, ABROAD)
    expect(page.locator("#talk .card.none")).to_have_count(2)
    page.locator("#talk .turn").nth(1).locator(".chip.set").first.click()
    expect(page.locator("#talk .turn")).to_have_count(3)
    ask(page, ABROAD)
    page.goto(f"{dated}?q=x&code=100001,100002,100003,100004,100005")
    expect(page.locator("#talk .notice")).to_have_text(LABELS["zh"]["many"])
    ask(page, ABROAD)
