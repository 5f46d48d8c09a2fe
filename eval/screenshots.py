"""The pictures in README.md: ``python -m eval.screenshots [--out docs/images]``.

Starts the chat over the sample filing and over a PDF, as ``yuanda ui`` does, and takes its pictures
with the Chromium on the path. Needs the ``dev`` extra and a font with Chinese characters.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).parent.parent / "docs" / "images"
PDF = Path(__file__).parent / "collection" / "files" / "dev" / "lifeng-2024-06-12.pdf"
# Of each picture: its question, and the filing asked; ``None`` is the sample.
PICTURES = {
    "answer": ("外购和共建两种模式，哪种毛利率更高？", None),
    "abstain": ("公司有回购股票的计划吗？", None),
    "page": ("股权激励的目标为什么定得不高？", PDF),
}
_YUANDA = "import sys; from assistant.cli import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def chat(filing: Path | None) -> Iterator[str]:
    """Address of a chat of its own over a filing or the sample; it ends with the block."""
    with tempfile.TemporaryDirectory() as home:
        # A store that isn't there yet, and no settings of the user's: the sample answers.
        own = {k: v for k, v in os.environ.items() if not k.startswith("YUANDA_")}
        own |= {"YUANDA_STORE": f"{home}/store", "XDG_CACHE_HOME": home}
        yuanda = [sys.executable, "-c", _YUANDA]
        if filing:
            subprocess.run([*yuanda, "add", filing], env=own, check=True)
        process = subprocess.Popen(
            [*yuanda, "ui"],
            env=own,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "http://" not in line:
                raise RuntimeError(f"the chat did not start: {line!r}")
            yield line[line.index("http://") :].strip()
        finally:
            process.terminate()
            process.wait()


def take(page: Page, address: str, question: str, target: Path) -> None:
    """Ask, wait for the answer to be drawn, and write the picture."""
    page.goto(f"{address}?lang=zh&q={quote(question)}")
    page.locator("#talk .turn .card").first.wait_for()
    page.locator("#page .page, #talk .none").first.wait_for()
    page.evaluate("document.fonts.ready")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)
    page.screenshot(path=target, animations="disabled")


def main() -> int:
    """Exit status 0; 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(prog="python -m eval.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the pictures")
    out = parser.parse_args().out
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium on the path (Debian: apt install chromium)", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 900})
        for name, (question, filing) in PICTURES.items():
            with chat(filing) as address:
                take(page, address, question, out / f"{name}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
