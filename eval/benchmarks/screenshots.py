"""The pictures in the documents: ``python -m eval.benchmarks.screenshots [--out docs/images]``.

Starts the chat as ``yuanda ui`` does, over each filing of the collection's development part, and
takes its pictures with the Chromium on the path. Needs the ``dev`` extra and a font with Chinese
characters.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from eval.benchmarks.running import FILES, LOGIN, chat, chromium, each_once
from index.errors import CallError

OUT = Path(__file__).parent.parent.parent / "docs" / "images"


def _nothing(_: Page) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Picture:
    """What is asked at the address, what is done then, and the window (``wide`` by ``high``)."""

    asked: dict[str, str]
    done: Callable[[Page], None] = _nothing
    wide: int = 1280
    high: int = 900
    dark: bool = False


def _turn_to_second(page: Page) -> None:
    page.locator("#page .own button").nth(1).click()
    page.wait_for_function(
        "() => document.querySelector('#page .own .to-' + document.querySelectorAll("
        "'#page .own button')[1].dataset.page) && /[2-9] \\//.test("
        "document.querySelector('#page .number').textContent)"
    )


def _to_history(page: Page) -> None:
    page.locator("#talk .history").evaluate("e => e.scrollIntoView({block: 'start'})")


def _type(page: Page) -> None:
    page.locator("#question textarea").click()
    page.keyboard.type("产能利用率")
    page.locator("#completions li").first.wait_for()
    page.keyboard.press("ArrowDown")


def _view_filing(page: Page) -> None:
    page.locator("#desk > button").click()
    page.locator("#user").get_by_role("textbox").fill(LOGIN[0])
    page.locator("#password input").fill(LOGIN[1])
    page.locator("#enter").click()
    names = ("chengyuan-2024-05-16.pdf", "duoyuan-2024-11-14.pdf")
    files = [FILES / "train" / name for name in names]
    page.locator("#files input").set_input_files([*files, Path(__file__)])
    page.locator("#results tbody tr").nth(2).wait_for()
    page.locator("#filings li", has_text="duoyuan").locator(".view").click()
    page.locator("#parsed .turn.next").click()
    page.locator("#parsed .number", has_text="2 of 2").wait_for()
    page.locator("#parsed").evaluate(
        "e => { e.scrollIntoView({block: 'end'}); window.scrollBy(0, 90); }"
    )


PICTURES = {
    "answer": Picture({"q": "砺锋精密的毛利率什么时候见底？"}),
    "pages": Picture({"q": "玘泰的碳酸锂库存还有多少，跌价准备计提充分吗？"}, _turn_to_second),
    "abstain": Picture({"q": "沐屿光电的董事长质押了多少股份？"}),
    "timeline": Picture({"q": "砺晶的海外收入占比是多少？"}, _to_history),
    "side": Picture({"q": "毛利率为什么下降？", "code": "309112,609208"}, high=960),
    "typing": Picture({"q": "湖北基地为哪些客户配套？", "until": "2024-12-31"}, _type),
    "phone": Picture({"q": "昱禾制药2024年度分红比例是多少？"}, wide=380, high=820, dark=True),
    "desk": Picture({"lang": "en"}, _view_filing, high=1560),
}


def take(browser: Browser, address: str, picture: Picture, target: Path) -> None:
    """Ask, wait for all to be drawn, and write the picture."""
    context = browser.new_context(
        locale={"en": "en-US"}.get(picture.asked.get("lang", ""), "zh-CN"),
        viewport={"width": picture.wide, "height": picture.high},
        color_scheme="dark" if picture.dark else "light",
        device_scale_factor=2 if picture.wide < 600 else 1,
    )
    page = context.new_page()
    page.goto(f"{address}?{urlencode({'lang': 'zh', **picture.asked})}")
    page.locator("#talk .turn .card, #talk .welcome").first.wait_for()
    if "q" in picture.asked and "code" not in picture.asked:
        page.locator("#page .page, #talk .none").first.wait_for()
    page.evaluate("document.fonts.ready")
    if picture.done is not _type:
        page.evaluate("document.activeElement.blur()")
    picture.done(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(700)
    page.screenshot(path=target, animations="disabled")
    context.close()


def main() -> int:
    """Exit status 0; 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.benchmarks.screenshots", description=__doc__
    )
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the pictures")
    parser.add_argument("--only", nargs="*", choices=PICTURES, help="some of them")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        with chromium() as browser, chat(each_once(), filing=True) as address:
            for name in arguments.only or PICTURES:
                take(browser, address, PICTURES[name], arguments.out / f"{name}.png")
    except CallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
