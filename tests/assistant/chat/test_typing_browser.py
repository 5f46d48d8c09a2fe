"""Typing, emphasis, copying and odd stores in a real browser."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

import ui
from assistant.answering.answer import Assistant
from assistant.answering.question import LONGEST
from assistant.chat.labels import LABELS
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.intake.parse import parse
from index.store.store import Store
from tests.assistant.chat.test_ui_browser import PAGED, Watched, ask, browser, pytestmark, watched
from tests.fakes import FakeEncoder, read_lines

__all__ = ["browser", "pytestmark", "watched"]

OTHER = PAGED.parent / "lijing-2025-04-24.pdf"
TROUGH = "砺锋的毛利率什么时候见底？"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the chat over the PDFs of two companies."""
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("two"), create=True)
    add(store, [PAGED, OTHER], encoder, processes=1)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        app, address = ui.launch(assistant)
        yield address
        app.close(verbose=False)


def type_in(page: Page, text: str) -> None:
    page.locator("#question textarea").click()
    page.keyboard.insert_text(text)


def test_a_question_is_completed_by_keyboard(watched: Watched, two: str) -> None:
    page = watched.open(two)
    box, options = page.get_by_role("combobox").first, page.locator("#completions li")
    type_in(page, "毛利率")
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    filed = {pair.question for path in (PAGED, OTHER) for pair in parse(path).pairs}
    offered = options.all_text_contents()
    assert set(offered) <= filed
    assert 0 < len(offered) <= 8
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#completions [aria-selected=true]")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    type_in(page, "从")
    expect(options.first).to_contain_text("毛利率从")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#talk .asked")).to_have_text(offered[0])
    expect(page.locator("#talk blockquote").first).to_be_visible()
    expect(options).to_have_count(0)
    expect(page.locator("#question textarea")).to_have_value("")


def test_typing_on_asks_what_is_typed(watched: Watched, two: str) -> None:
    page = watched.open(two)
    type_in(page, "毛利率")
    expect(page.locator("#completions li").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#talk .asked")).to_have_text("毛利率")
    expect(page.locator("#completions li")).to_have_count(0)
    type_in(page, "毛利")
    page.locator("#completions li").first.click()
    expect(page.locator("#talk .asked")).to_have_count(2)


def test_what_is_offered_keeps_to_the_filters(watched: Watched, two: str) -> None:
    page = watched.open(f"{two}?q=产能&as_of=2024-12-31")
    expect(page.locator("#talk .chip.set")).to_have_count(1)
    own = {pair.question for pair in parse(PAGED).pairs}
    expect(page.locator("#completions")).to_have_attribute("data-conditions", "?as_of=2024-12-31")
    for typed in ("公司", "毛利", "分红"):
        page.locator("#question textarea").fill(typed)
        expect(page.locator("#completions li").first).to_be_visible()
        assert set(page.locator("#completions li").all_text_contents()) <= own
    page.locator("#talk .chip.set").click()
    expect(page.locator("#completions")).to_have_attribute("data-conditions", "?")
    page.locator("#question textarea").fill("境外收入占比")
    expect(page.locator("#completions li").first).to_contain_text("境外收入占比")


def test_the_best_sentence_is_marked_and_nothing_changed(watched: Watched, two: str) -> None:
    page = watched.open(two)
    ask(page, TROUGH)
    card = page.locator("#talk .card").first
    (filed,) = (p for p in parse(PAGED).pairs if "何时见底" in p.question)
    quote = card.locator("blockquote")
    assert quote.evaluate("e => e.textContent") == filed.answer
    assert "筑底" in quote.locator("mark.best").inner_text()
    expect(page.locator("#page .gleam").first).to_be_visible()
    inside = page.evaluate("""() => {
      const marks = [...document.querySelectorAll('#page .mark.of-answer')];
      const at = (e) => e.getBoundingClientRect();
      return [...document.querySelectorAll('#page .gleam')].map(at).every((g) =>
        marks.map(at).some((m) => g.left >= m.left - 1 && g.right <= m.right + 1
          && g.top >= m.top - 1 && g.bottom <= m.bottom + 1));
    }""")
    assert inside
    # What is selected and copied is the text as it was filed, without the lines of its page.
    copied = quote.evaluate("""e => {
      getSelection().selectAllChildren(e);
      return getSelection().toString();
    }""")
    assert copied == filed.answer


def test_the_marks_are_on_the_ink(watched: Watched, two: str) -> None:
    """By pixels of the screen: the question's letters are within its outline, line by line."""
    watched.page.set_viewport_size({"width": 1500, "height": 900})
    page = watched.open(two)
    ask(page, TROUGH)
    marks = page.locator("#page .mark")
    expect(marks.first).to_be_visible()
    page.add_style_tag(
        content=".mark { border-color: transparent !important; background: none !important }"
        ".gleam { display: none }"
    )
    for number in range(marks.count()):
        box = marks.nth(number)
        box.scroll_into_view_if_needed()
        inside = dark(box.screenshot())[:, 6:-6]  # without the lines of the table
        assert inside.any(axis=0).mean() > 0.4  # letters all along the line
        assert not inside[[0, -1]].any()  # and none cut by its upper or lower edge


def dark(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L")) < 110


def test_the_page_stays_in_sight(watched: Watched, two: str) -> None:
    watched.page.set_viewport_size({"width": 1400, "height": 700})
    page = watched.open(two)
    for question in (TROUGH, "境外收入占比是多少？", TROUGH):
        ask(page, question)
    expect(page.locator("#page .page")).to_be_visible()
    for turn in (0, 1):
        page.locator("#talk .turn").nth(turn).evaluate("e => e.scrollIntoView()")
        expect(page.locator("#page header")).to_be_in_viewport()


def test_a_quotation_is_copied_as_markdown(watched: Watched, two: str) -> None:
    watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open(two)
    ask(page, TROUGH)
    page.locator("#talk .copy", has_text="Markdown").first.click()
    expect(page.locator("#talk .copy").nth(1)).to_have_text(LABELS["zh"]["quoted"])
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied.startswith("> **问：** 毛利率从 2022 年的接近 40% 下降到去年的 34%")
    assert all(line.startswith(">") for line in copied.splitlines())
    assert "689311" in copied.splitlines()[-1]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_can_be_read_in_the_dark_and_in_the_light(
    browser: Browser, two: str, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme, locale="zh-CN")  # type: ignore[arg-type]
    page = Watched(context.new_page()).open(f"{two}?q={TROUGH}")
    expect(page.locator("#page .page")).to_be_visible()
    low = page.evaluate(CONTRAST)
    context.close()
    assert low == []


# Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3).
CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('.masthead *, #talk .turn *, #page header *, #send')]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
      && e.checkVisibility() && !e.disabled && getComputedStyle(e).fontSize !== '0px')
    .map((e) => {
      const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.className, e.textContent.trim()];
    })
    .filter(([ratio]) => ratio < 4.5)
    .map((row) => row.join(' | ').slice(0, 80));
}"""


def test_an_empty_store_says_so_little_and_fails_at_nothing(
    watched: Watched, tmp_path: Path
) -> None:
    store = Store.open(tmp_path / "store", create=True)
    with Assistant(store, load_encoder(None), Calibration.load()) as assistant:
        app, address = ui.launch(assistant)
        page = watched.open(address)
        type_in(page, "毛利率")
        page.keyboard.press("Enter")
        expect(page.locator("#talk .card.none")).to_be_visible()
        page.locator("#filter-button").click()
        expect(page.locator("#filters")).to_be_visible()
        ask(page, "长" * LONGEST)
        expect(page.locator("#talk .card.none")).to_have_count(2)
        app.close(verbose=False)


def test_a_filing_may_lack_code_and_date_and_be_long(watched: Watched, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    file = tmp_path / "bare.txt"
    answer = "产能已满，仍在扩建。" * 3000
    file.write_text(f"|\n产能如何？|{answer}\n", "utf-8")
    add(store, [file], FakeEncoder(), read=read_lines)
    with Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as assistant:
        app, address = ui.launch(assistant)
        watched.page.set_viewport_size({"width": 380, "height": 700})
        page = watched.open(address)
        ask(page, "产能")
        assert page.locator("#talk blockquote").evaluate("e => e.textContent") == answer
        expect(page.locator("#page .passage")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        assert page.locator("#talk time").count() == 0
        page.locator("#talk .card details summary").click()
        expect(page.locator("#talk blockquote")).not_to_be_visible()
        app.close(verbose=False)


def held_back(
    monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> tuple[threading.Event, threading.Event]:
    """What a function of the chat shows from now on, once it may; set when it has begun."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> str:
        begun.set()
        assert go_on.wait(60)
        return shown

    monkeypatch.setattr(ui, name, slow)
    return begun, go_on


def test_what_is_asked_before_the_page_is_greeted_stays(
    watched: Watched, two: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = held_back(monkeypatch, "head_html", "<p id='greeted'>greeted</p>")
    page = watched.open(two)
    assert begun.wait(60)
    turns = page.locator("#talk .turn")
    for count in (1, 2):
        page.locator("#question textarea").fill("毛利率怎样")
        page.locator("#question textarea").press("Enter")
        expect(turns).to_have_count(count)
        go_on.set()
        expect(page.locator("#greeted")).to_be_visible()
        expect(turns).to_have_count(count)


def test_filters_opened_while_the_page_is_drawn_stay_open(
    watched: Watched, two: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = watched.open(two)
    page.locator("#filter-button").click()
    expect(page.locator("#filters")).to_be_visible()
    drawing, go_on = held_back(monkeypatch, "page_html", "<p id='drawn'>drawn</p>")
    type_in(page, "毛利率怎样")
    page.keyboard.press("Enter")
    expect(page.locator("#filters")).not_to_be_visible()  # asked: they are done with
    assert drawing.wait(60)
    page.locator("#filter-button").click()
    go_on.set()
    page.wait_for_url("**q=*")
    expect(page.locator("#filters")).to_be_visible()
