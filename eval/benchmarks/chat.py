"""How long the chat lets one wait: ``python -m eval.benchmarks.chat [--json FILE]``.

Starts ``yuanda ui`` over the collection's files and asks filed questions of its PDFs in Chromium,
each in a conversation of its own. Times are the browser's, in milliseconds:

first_paint   from opening the address to the first paint, and to a page that can be used
answer        from asking to the answer on the screen
page          from there to its filing's page, drawn and marked
turn          from turning the page to the next one, which was not drawn before
complete      from the last key to the questions offered, the wait for a pause in typing included
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from playwright.sync_api import Browser, Page

from eval.benchmarks.running import chat, chromium, each_once
from eval.output import put_out
from index.intake.parse import parse

# Notes when an answer, a page with its marks, or a list of questions is first on the screen.
_WATCH = """
window.seen = {};
const note = (name) => { if (!(name in seen)) seen[name] = performance.now(); };
const look = () => {
  if (document.querySelector('#talk .welcome')) note('usable');
  if (document.querySelector('#talk .turn .card')) note('answer');
  if (document.querySelector('#completions li')) note('complete');
  const shown = document.querySelector('#page .number');
  const picture = document.querySelector('#page .sheet img');
  if (picture && document.querySelector('#page .sheet')) {
    const name = 'page ' + shown.textContent;
    if (!(name in seen)) picture.decode().then(() => requestAnimationFrame(() => {
      note(name);
      if (document.querySelector('#page .mark')) note('page');
    }));
  }
};
new MutationObserver(look).observe(document, {subtree: true, childList: true});
"""
_MOST = 30
# Milliseconds to wait for anything, on a machine that does much else.
_PATIENCE = 120_000


def questions(filings: list[Path]) -> list[str]:
    """Filed questions, by turns of the filings, so that hardly a page is asked for twice."""
    filed = [parse(path).pairs for path in filings]
    longest = max(map(len, filed))
    return [pairs[turn].question for turn in range(longest) for pairs in filed if turn < len(pairs)]


def first_paint(browser: Browser, address: str, rounds: int) -> dict[str, list[float]]:
    """From opening the address to the first paint, and to a page that can be used."""
    times: dict[str, list[float]] = {"first_paint": [], "usable": []}
    for _ in range(rounds):
        context = browser.new_context(locale="zh-CN")
        context.set_default_timeout(_PATIENCE)
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(address)
        page.locator("#talk .welcome").wait_for()
        paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        times["first_paint"].append(page.evaluate(paint))
        times["usable"].append(page.evaluate("seen.usable"))
        context.close()
    return times


def ask(page: Page, address: str, question: str) -> dict[str, float]:
    """What one question takes; without what did not come."""
    page.goto(address)
    page.locator("#talk .welcome").wait_for()
    box = page.locator("#question textarea")
    box.fill(question[:-1])
    page.keyboard.press("End")
    page.evaluate("delete seen.complete; window.typed = performance.now()")
    page.keyboard.insert_text(question[-1])
    page.wait_for_function("'complete' in seen")
    times = {"complete": page.evaluate("seen.complete - typed")}
    send = page.locator("#send")
    send.evaluate("e => { window.asked = performance.now(); e.click(); }")
    page.wait_for_function("'answer' in seen")
    times["answer"] = page.evaluate("seen.answer - asked")
    page.locator("#page .page, #talk .card.none").first.wait_for()
    if not page.locator("#page .sheet").count():
        return times
    page.wait_for_function("'page' in seen")
    times["page"] = page.evaluate("seen.page - seen.answer")
    forward = page.locator("#page .next:enabled, #page .previous:enabled").first
    if forward.count():
        before = page.locator("#page .number").inner_text()
        forward.evaluate("e => { window.turned = performance.now(); e.click(); }")
        page.wait_for_function(
            "before => Object.keys(seen).some((k) => k.startsWith('page ') && !k.endsWith(before))",
            arg=before,
        )
        times["turn"] = page.evaluate(
            "Math.max(...Object.keys(seen).filter((k) => k.startsWith('page '))"
            ".map((k) => seen[k])) - turned"
        )
    return times


def measure(rounds: int, most: int) -> dict[str, object]:
    """The median, the 90th percentile and the number of each time."""
    filings = each_once()
    paged = [path for path in filings if path.suffix == ".pdf"]
    with chat(filings) as address, chromium() as browser:
        first_paint(browser, address, 1)
        times = first_paint(browser, address, rounds)
        context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
        context.set_default_timeout(_PATIENCE)
        page = context.new_page()
        page.add_init_script(_WATCH)
        for question in questions(paged)[:most]:
            for name, taken in ask(page, address, question).items():
                times.setdefault(name, []).append(taken)
        version = browser.version
    return {
        "chromium": version,
        "filings": len(filings),
        "ms": {k: summary(v) for k, v in times.items()},
    }


def summary(times: list[float]) -> dict[str, float]:
    """Median, 90th percentile, number."""
    return {
        "median": round(statistics.median(times), 1),
        "p90": round(statistics.quantiles(times, n=10, method="inclusive")[-1], 1),
        "n": len(times),
    }


def main() -> None:
    """Print the measures as JSON, or write them where asked."""
    parser = argparse.ArgumentParser(prog="eval.benchmarks.chat", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="how often the chat is opened")
    parser.add_argument("--questions", type=int, default=_MOST)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    document = measure(arguments.rounds, arguments.questions)
    put_out(document, arguments.json)


if __name__ == "__main__":
    main()
