"""Forty hostile filings and questions in a real browser: they are shown, and do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

import ui
from assistant.answering.answer import Assistant
from assistant.answering.question import LONGEST, Asked
from assistant.chat.cards import brief
from assistant.chat.desk_cards import TEXT
from assistant.retrieval.decide import Calibration
from eval.robustness.attacks import ATTACKS, NAMES, code_of, read_attacked, write_filings
from index.intake.build import add
from index.store.store import Store
from tests.assistant.chat.test_desk_browser import LOGIN, log_in
from tests.assistant.chat.test_ui_browser import Watched, browser, eventually, pytestmark, watched
from tests.fakes import FakeEncoder

__all__ = ["browser", "pytestmark", "watched"]

# What none of the chat's own elements is, or has.
FOREIGN = """() =>
  [...document.querySelectorAll('#talk *, #page *, #desk *, #offered *, #filters *')]
  .filter((e) => !e.closest('#door, #tray') && (
    /^(script|iframe|object|embed|math|video|audio|source|style|link|base|meta|form|template)$/i
      .test(e.localName)
    || (e.localName === 'svg' && e.closest('.turn, .page, .parts, .filings, .completions'))
    || (e.localName === 'img' && !e.src.startsWith('data:image/png'))
    || [...e.attributes].some((a) => a.name.startsWith('on')
      || (/^(href|src|action|data)$/.test(a.name)
        && !/^(#turn-\\d+|filing\\/[0-9a-f]{64}\\.pdf.*|data:image\\/png.*)$/.test(a.value)
        && e.closest('.turn, .page, .parts, .filings, .completions')))))
  .map((e) => e.outerHTML.slice(0, 200))"""
STEP = 4


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    """Address of a chat with a desk over the hostile filings, and its store."""
    folder = tmp_path_factory.mktemp("attacked")
    store = Store.open(folder / "store", create=True)
    files = list(write_filings(folder))
    report = add(store, files, FakeEncoder(), read=read_attacked, processes=1)
    assert [row.status for row in report.files] == ["added"] * len(ATTACKS) == ["added"] * 40
    with Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as assistant:
        app, address = ui.launch(assistant, login=LOGIN)
        yield address, store
        app.close(verbose=False)


@pytest.fixture(autouse=True)
def nothing_runs(watched: Watched) -> Iterator[None]:
    yield
    if watched.page.url.startswith("http"):
        assert watched.page.evaluate(FOREIGN) == []
        assert watched.page.evaluate("window.hit ?? null") is None
        assert watched.page.title() == "原答 Yuanda"


def shown(attack: str) -> str:
    """What a page can show of it: HTML and XML have no place for most control characters."""
    return "".join(ch for ch in attack if ch >= " " and ch != "\x7f")


def marked(page: Page) -> str:
    """The answer that is marked on the page, without its spaces."""
    parts = page.locator("#page mark.of-answer").evaluate_all(
        "all => all.map((e) => e.textContent)"
    )
    return "".join(shown("".join(parts)).split())


def go(page: Page, asked: Asked) -> None:
    """Ask at an address, as by a click on a chip."""
    turns = page.locator("#talk .turn")
    before = turns.count()
    page.locator("#talk").evaluate(
        """(talk, address) => {
          const chip = document.createElement('button');
          chip.dataset.link = address;
          talk.querySelector('.turn, .welcome').append(chip);
          chip.click();
        }""",
        asked.address,
    )
    expect(turns).to_have_count(before + 1)


@pytest.mark.parametrize("start", range(0, len(ATTACKS), 10))
def test_answers_and_their_places(
    watched: Watched, attacked: tuple[str, Store], start: int
) -> None:
    page = watched.open(attacked[0])
    for number in range(start, start + 10):
        attack = shown(ATTACKS[number])
        go(page, Asked(f"产能{attack}"[:LONGEST], companies=(code_of(number),)))
        turn = page.locator("#talk .turn").last
        answer = turn.locator("blockquote.answer").first
        whole = f"产能{attack}已满。扩建{attack}在建，预计明年投产。"
        assert shown(answer.evaluate("e => e.textContent")) == whole
        assert shown(turn.locator("h3 bdi").first.evaluate("e => e.textContent")) == (
            brief(f"{attack}{number}")
        )
        assert (
            shown(turn.locator(".asked").evaluate("e => e.textContent"))
            == (f"产能{attack}"[:LONGEST])
        )
        # The former question's page goes when this one's is there.
        wanted = "".join(whole.split())
        eventually(page, lambda wanted=wanted: marked(page) == wanted)
    assert page.evaluate(FOREIGN) == []
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#send")).to_have_text("Ask")


@pytest.mark.parametrize("start", range(0, len(ATTACKS), 20))
def test_columns_and_what_is_offered(
    watched: Watched, attacked: tuple[str, Store], start: int
) -> None:
    page = watched.open(attacked[0])
    for first in range(start, start + 20, STEP):
        numbers = range(first, first + STEP)
        go(page, Asked("产能", companies=tuple(map(code_of, numbers))))
        columns = page.locator("#talk .turn").last.locator(".card h3 bdi")
        names = [shown(brief(f"{ATTACKS[number]}{number}")) for number in numbers]
        assert [shown(n) for n in columns.evaluate_all("a => a.map((e) => e.textContent)")] == names
        page.locator("#question textarea").fill(f"产能{ATTACKS[first][:40]}")
        options = page.locator("#completions li")
        expect(options.first).to_be_visible()
        assert all(q.startswith("产能") for q in options.all_text_contents())
        page.locator("#question textarea").fill("")
    page.locator("#filter-button").click()
    page.locator("#companies input").click()
    expect(page.get_by_role("option").first).to_be_visible()
    page.locator("#activity input").click()


def test_questions_in_the_address(watched: Watched, attacked: tuple[str, Store]) -> None:
    for attack in ATTACKS[::14]:
        for name in ("q", "q=产能&company", "q=产能&activity", "q=产能&after", "q=x&as_of", "lang"):
            watched.page.goto(f"{attacked[0]}?{name}={quote(attack[:300])}")
            expect(watched.page.locator("#talk .welcome, #talk .turn").first).to_be_visible()
        assert watched.page.evaluate(FOREIGN) == []
        assert watched.page.evaluate("window.hit ?? null") is None


def test_a_name_turns_nothing_around_it(watched: Watched, attacked: tuple[str, Store]) -> None:
    page = watched.open(attacked[0])
    (number,) = (i for i, attack in enumerate(ATTACKS) if attack.startswith("\u202eg"))
    go(page, Asked("产能", companies=(code_of(number),)))
    expect(page.locator("#page h3")).to_be_visible()
    rows = page.locator("#talk .card h3, #talk .card .source, #page h3").evaluate_all(
        """all => all.map((row) => {
          const name = row.querySelector('bdi').getBoundingClientRect();
          const range = document.createRange();
          range.setStartAfter(row.querySelector('bdi'));
          range.setEndAfter(row.lastChild);
          const [next] = [...range.getClientRects()].filter((r) => r.width);
          return next.left >= name.right - 1 || next.top >= name.bottom - 4;
        })"""
    )
    assert len(rows) == 3
    assert all(rows)


def test_the_desk_shows_them(watched: Watched, attacked: tuple[str, Store]) -> None:
    page = watched.open(attacked[0])
    log_in(page)
    expect(page.locator("#filings li")).to_have_count(len(ATTACKS))
    for number in range(0, len(ATTACKS), 5):
        row = page.locator(
            "#filings li", has=page.locator("small", has_text=f"attack-{number:02}.")
        )
        row.locator(".view").click()
        expect(page.locator("#parsed h3")).to_contain_text(f"attack-{number:02}.")
        expect(page.locator("#parsed .passage .report")).to_have_count(1)
        assert page.evaluate(FOREIGN) == []


def test_uploads_stay_where_they_are_put(
    watched: Watched, attacked: tuple[str, Store], tmp_path: Path
) -> None:
    address, store = attacked
    before = {path for path in store.folder.rglob("*") if path.is_file()}
    page = watched.open(address)
    log_in(page)
    files = [
        {
            "name": name,
            "mimeType": "text/plain",
            "buffer": f"问题1：第{i}个订单{name}？\n回答：订单第{i}。".encode(),
        }
        for i, name in enumerate(NAMES)
    ]
    page.locator("#files input").set_input_files(files)  # type: ignore[arg-type]
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(len(NAMES), timeout=60_000)
    names = rows.locator("td:nth-child(1)").all_text_contents()
    assert not [n for n in names if "/" in n or "\\" in n or n in ("", "..")]
    made = {path for path in store.folder.rglob("*") if path.is_file()} - before
    assert made
    assert {path.parent for path in made} <= {
        store.folder / "filings",
        store.folder / "indexes",
        *(store.folder / "indexes").rglob("*"),
        store.folder,
    }
    assert not list(tmp_path.rglob("*hit*"))
    assert not Path("/tmp/hit.txt").exists()  # noqa: S108
    expect(page.locator("#filings h3")).to_contain_text(TEXT["zh"]["filings"])


def test_nothing_outside_the_store_is_served(watched: Watched, attacked: tuple[str, Store]) -> None:
    address, store = attacked
    secret = store.folder / "store.sqlite"
    tried = [
        *(
            "..",
            "%2e%2e",
            "..%2f..%2f..%2fetc%2fpasswd",
            "store.sqlite",
            f"{secret}",
            "//etc/passwd",
        ),
        *(f"..%5c..%5c{secret.name}", f"%00{secret}", "....//etc/passwd"),
    ]
    for name in tried:
        for route in (
            "filing/{}",
            "filing/{}.pdf",
            "gradio_api/file={}",
            "file={}",
            "{}",
            "theme/{}",
        ):
            answer = watched.page.request.get(f"{address}{route.format(name)}", max_redirects=0)
            body = answer.body()
            assert b"SQLite format" not in body, (route, name)
            assert b"root:" not in body, (route, name)
    watched.open(address)
