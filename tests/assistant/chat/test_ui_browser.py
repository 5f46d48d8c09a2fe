"""The chat in a real browser: what a person sees, types and clicks."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import ui
from assistant.answering.answer import Assistant
from assistant.answering.question import LONGEST
from assistant.chat.labels import LABELS
from assistant.retrieval.decide import Calibration
from index.embedding.encoder import load_encoder
from index.files import sha256_of
from index.intake.build import add
from index.intake.parse import parse
from index.records import Filing, Pair
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines
from tests.paths import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    # Gradio's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run", "--disable-quic"),
]
PAGED = ROOT / "eval/collection/files/dev/lifeng-2024-06-12.pdf"
MARGIN, UNANSWERED = ui.SAMPLE_EXAMPLES[0], ui.SAMPLE_EXAMPLES[-1]
ATTACK = '<img src=x onerror="window.__pwned=1;alert(1)"><script>window.__pwned=1</script>"\''


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have chromium")
        pytest.skip("no chromium on this machine")
    # On a loaded machine the default of 5 seconds is short.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the chat over the sample, with the shipped model."""
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("store"), create=True)
    add(store, [ROOT / "index" / "sample"], encoder)
    with Assistant(store, encoder, Calibration.load(), is_sample=True) as assistant:
        app, address = ui.launch(assistant)
        yield address
        app.close(verbose=False)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the chat over a filing that attacks its reader."""
    folder = tmp_path_factory.mktemp("hostile")
    filing = folder / "hostile.txt"
    filing.write_text(
        f"{ATTACK}|2024-01-10\n毛利率{ATTACK}怎样|毛利率{ATTACK}为三成。\n"
        f"产能{ATTACK}如何|产能{ATTACK}已满。\n",
        "utf-8",
    )
    store = Store.open(folder / "store", create=True)
    add(store, [filing], FakeEncoder(), read=read_lines)
    with Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as assistant:
        app, address = ui.launch(assistant)
        yield address
        app.close(verbose=False)


class Watched:
    """A page, with where it went and what went wrong there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.hosts: set[str] = set()
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._request)
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)

    def _request(self, request: object) -> None:
        address = urlsplit(request.url)  # type: ignore[attr-defined]
        if address.scheme not in {"data", "blob"}:
            self.hosts.add(address.hostname or "")

    def _said(self, message: object) -> None:
        # What the page's own policy forbids it would be missing.
        if "Content Security Policy" in message.text:  # type: ignore[attr-defined]
            self.errors.append(message.text)  # type: ignore[attr-defined]

    def _dialog(self, dialog: object) -> None:
        self.dialogs.append(dialog.message)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    def open(self, address: str) -> Page:
        self.page.goto(address)
        expect(self.page.locator("#talk .welcome, #talk .turn").first).to_be_visible()
        return self.page


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1100, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    watched = Watched(page)
    yield watched
    context.close()
    assert watched.hosts <= {"127.0.0.1"}
    assert watched.dialogs == []
    assert watched.errors == []


def eventually(page: Page, holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds that no locator can say."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        page.wait_for_timeout(50)


def ask(page: Page, question: str) -> None:
    turns = page.locator("#talk .turn")
    before = turns.count()
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()
    expect(turns).to_have_count(before + 1)


def answers() -> dict[str, str]:
    parsed = parse(next((ROOT / "index" / "sample").iterdir()))
    return {pair.number: pair.answer for pair in parsed.pairs}


def test_an_answer_is_the_filed_one(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    ask(page, MARGIN)
    shown = page.locator("#talk blockquote.answer").first
    expect(shown).to_be_visible()
    assert shown.evaluate("e => e.textContent") == answers()["1"]
    assert page.locator("#talk .asked").inner_text() == MARGIN
    expect(page.locator("#question textarea")).to_have_value("")


def test_an_abstention_says_so_and_quotes_nothing(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    ask(page, UNANSWERED)
    expect(page.locator("#talk .card.none h3")).to_have_text(LABELS["zh"]["none"])
    assert page.locator("#talk blockquote").count() == 0
    assert page.locator("#talk .related .suggestion").count() > 0


def test_a_suggestion_is_asked_by_a_click(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    page.locator(".suggestion", has_text=MARGIN).click()
    expect(page.locator("#talk .asked")).to_have_text(MARGIN)
    expect(page.locator("#talk blockquote.answer").first).to_be_visible()
    ask(page, UNANSWERED)
    related = page.locator("#talk .turn").nth(1).locator(".suggestion").first
    filed = related.get_attribute("data-ask")
    related.click()
    expect(page.locator("#talk .asked")).to_have_count(3)
    assert page.locator("#talk .asked").nth(2).inner_text() == filed


def test_the_language_can_be_chosen(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    ask(page, MARGIN)
    expect(page.locator("#talk h4").nth(1)).to_have_text(LABELS["zh"]["answer"])
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#talk h4").nth(1)).to_have_text(LABELS["en"]["answer"])
    expect(page.locator("#send")).to_have_text(LABELS["en"]["ask"])
    assert (
        page.locator("#question textarea").get_attribute("placeholder")
        == (LABELS["en"]["placeholder"])
    )
    assert page.locator("#talk blockquote").first.evaluate("e => e.textContent") == answers()["1"]


def test_an_address_can_ask(watched: Watched, sample: str) -> None:
    page = watched.open(f"{sample}?lang=en&q={MARGIN}")
    expect(page.locator("#talk .asked")).to_have_text(MARGIN)
    expect(page.locator("#talk h4").nth(1)).to_have_text(LABELS["en"]["answer"])


def test_nothing_and_too_much_get_a_notice(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    ask(page, "   ")
    expect(page.locator("#talk .notice")).to_have_text(LABELS["zh"]["empty"])
    ask(page, "长" * (LONGEST + 1))
    expect(page.locator("#talk .notice").nth(1)).to_have_text(LABELS["zh"]["long"])


@pytest.mark.parametrize("width", [320, 380])
def test_it_fits_a_phone(watched: Watched, sample: str, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 700})
    page = watched.open(sample)
    for question in (MARGIN, UNANSWERED, "A" * 300):
        ask(page, question)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("#question textarea")).to_be_in_viewport()


def test_the_keyboard_is_enough(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    box = page.locator("#question textarea")
    for _ in range(20):
        if box.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(box).to_be_focused()
    page.keyboard.insert_text(MARGIN)
    page.keyboard.press("Enter")
    expect(page.locator("#talk blockquote.answer").first).to_be_visible()
    page.keyboard.insert_text(UNANSWERED)
    page.keyboard.press("Tab")
    expect(page.locator("#send")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#talk .card.none")).to_be_visible()


def test_the_quotation_can_be_copied(watched: Watched, sample: str) -> None:
    watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open(sample)
    ask(page, MARGIN)
    page.locator("#talk .copy").first.click()
    expect(page.locator("#talk .copy").first).to_have_text(LABELS["zh"]["quoted"])
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f"答：{answers()['1']}\n——北京并行科技股份有限公司" in copied


def test_a_hostile_filing_is_only_shown(watched: Watched, hostile: str) -> None:
    page = watched.open(hostile)
    page.locator(".suggestion").first.click()
    shown = page.locator("#talk blockquote.answer").first
    expect(shown).to_be_visible()
    assert shown.evaluate("e => e.textContent") == f"毛利率{ATTACK}为三成。"
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#send")).to_have_text(LABELS["en"]["ask"])
    ask(page, f"产能{ATTACK}")
    assert page.locator("#talk .asked").nth(1).inner_text() == f"产能{ATTACK}"
    expect(page.locator("#page .of-answer").nth(1)).to_have_text(f"产能{ATTACK}已满。")
    assert page.locator("#talk script, #talk img, #page script, #page img").count() == 0
    assert page.evaluate("window.__pwned") is None


def test_two_readers_do_not_see_each_other(browser: Browser, watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    ask(page, MARGIN)
    other = browser.new_context(locale="en-US")
    there = Watched(other.new_page()).open(sample)
    expect(there.locator("#talk h2")).to_have_text(LABELS["en"]["welcome"])
    assert there.locator("#talk .turn").count() == 0
    other.close()


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Pair, Filing]]:
    """Address of the chat over a PDF, with a pair of it that goes over two pages."""
    parsed = parse(PAGED)
    pair = next(pair for pair in parsed.pairs if len(pair.pages) > 1)
    encoder = load_encoder(None)
    store = Store.open(tmp_path_factory.mktemp("paged"), create=True)
    add(store, [PAGED], encoder)
    with Assistant(store, encoder, Calibration.load()) as assistant:
        app, address = ui.launch(assistant)
        yield address, pair, parsed.filing
        app.close(verbose=False)


def shown_marks(page: Page) -> list[list[float]]:
    """Left, top, right and bottom of the marks, as shares of the picture that is shown."""
    expect(page.locator("#page img")).to_be_visible()
    assert page.locator("#page img").evaluate("e => e.decode().then(() => e.naturalWidth)") > 600
    return page.evaluate("""() => {
        const s = document.querySelector('#page img').getBoundingClientRect();
        return [...document.querySelectorAll('#page .mark')].map((mark) => {
          const b = mark.getBoundingClientRect();
          return [(b.left - s.left) / s.width, (b.top - s.top) / s.height,
                  (b.right - s.left) / s.width, (b.bottom - s.top) / s.height];
        });
    }""")  # type: ignore[no-any-return]


@pytest.mark.parametrize("width", [380, 1400])
def test_the_page_is_shown_with_its_marks(
    watched: Watched, paged: tuple[str, Pair, Filing], width: int
) -> None:
    address, pair, _ = paged
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open(address)
    ask(page, pair.question)
    for number in pair.pages:
        page.locator(f"#page .own .to-{number}").click()
        expect(page.locator("#page .number")).to_contain_text(f"{number} /")
        boxes = [box for box in pair.boxes if box.page == number]
        picture = page.locator("#page img")
        wide, high = (float(picture.get_attribute(side) or 0) for side in ("width", "height"))
        marks = shown_marks(page)
        assert 0 < len(marks) <= len(boxes)
        for edge, pick in enumerate((min, min, max, max)):
            filed = pick((b.x0 / wide, b.y0 / high, b.x1 / wide, b.y1 / high)[edge] for b in boxes)
            assert pick(mark[edge] for mark in marks) == pytest.approx(filed, abs=0.015)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pages_are_turned_and_enlarged(watched: Watched, paged: tuple[str, Pair, Filing]) -> None:
    address, pair, filing = paged
    watched.page.set_viewport_size({"width": 1400, "height": 900})
    page = watched.open(address)
    ask(page, pair.question)
    number = page.locator("#page .number")
    expect(number).to_have_text(f"第 {pair.pages[0]} / {filing.pages} 页")
    for turn in range(pair.pages[0] - 1, 0, -1):
        page.locator("#page .previous").click()
        expect(number).to_contain_text(f"第 {turn} /")
    expect(page.locator("#page .previous")).to_be_disabled()
    page.locator("#page .next").click()
    expect(number).to_contain_text("第 2 /")
    expect(page.locator("#page .next")).to_be_focused()
    before = page.locator("#page img").evaluate("e => e.clientWidth")
    page.locator("#page .zoom").click()
    assert page.locator("#page img").evaluate("e => e.clientWidth") == pytest.approx(
        1.5 * before, 0.02
    )
    page.locator("#language").get_by_text("English").click()
    expect(number).to_have_text(f"Page 2 of {filing.pages}")


def test_the_page_goes_with_the_answer(watched: Watched, paged: tuple[str, Pair, Filing]) -> None:
    address, pair, filing = paged
    page = watched.open(address)
    expect(page.locator("#page .page")).to_have_count(0)
    ask(page, pair.question)
    expect(page.locator("#page img")).to_be_visible()
    ask(page, "今天天气怎么样？")
    expect(page.locator("#talk .card.none")).to_be_visible()
    expect(page.locator("#page .page")).to_have_count(0)
    page.locator("#talk .show").first.click()
    expect(page.locator("#page img")).to_be_visible()
    link = page.locator("#page nav a").get_attribute("href")
    assert link == f"filing/{filing.sha256}.pdf#page={pair.pages[0]}"
    served = page.request.get(f"{address}{link}")
    assert served.headers["content-type"] == "application/pdf"
    assert served.body() == PAGED.read_bytes()


def test_only_pdfs_of_the_store_are_served(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    text = next((ROOT / "index" / "sample").iterdir())
    for name in (sha256_of(text), "0" * 64, "..%2Fstore.sqlite%00", "%2e%2e%2f%2e%2e%2fx"):
        assert page.request.get(f"{sample}filing/{name}.pdf").status == 404


def test_a_text_is_shown_around_its_answer(watched: Watched, sample: str) -> None:
    page = watched.open(sample)
    ask(page, MARGIN)
    marked = page.locator("#page mark.of-answer")
    expect(marked.first).to_be_visible()
    said = "".join(marked.evaluate_all("all => all.map((e) => e.textContent)"))
    assert "".join(said.split()) == "".join(answers()["1"].split())
