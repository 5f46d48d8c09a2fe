"""The chat as ``yuanda ui`` runs it, over the collection's files, in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from index.errors import CallError

FILES = Path(__file__).parent.parent / "collection" / "files"
# User and password of who may file there.
LOGIN = ("admin", "pictures")
_FORMATS = (".pdf", ".docx", ".html", ".txt", ".xlsx", ".csv")
_YUANDA = "import sys; from assistant.cli.main import main; sys.exit(main(sys.argv[1:]))"
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def each_once(folder: Path = FILES / "dev") -> list[Path]:
    """Each filing of a folder once: as PDF where there is one, else as DOCX."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _FORMATS:
            files.setdefault(path.stem, []).append(path)
    return [min(own, key=lambda path: _FORMATS.index(path.suffix)) for own in files.values()]


@contextmanager
def chat(filings: Sequence[Path], *, filing: bool = False) -> Iterator[str]:
    """Address of a chat of its own over filings (none: the sample); it ends with the block.

    With ``filing`` on, they may be added and viewed there, by ``LOGIN``.
    """
    with tempfile.TemporaryDirectory() as home:
        # A store that isn't there yet, and no settings of the user's.
        own = {k: v for k, v in os.environ.items() if not k.startswith("YUANDA_")}
        own |= {"YUANDA_STORE": f"{home}/store", "XDG_CACHE_HOME": home}
        if filing:
            own |= {"YUANDA_FILING": "on", "YUANDA_LOGIN": ":".join(LOGIN)}
        yuanda = [sys.executable, "-c", _YUANDA]
        if filings:
            subprocess.run([*yuanda, "add", *filings], env=own, check=True)
        process = subprocess.Popen([*yuanda, "ui"], env=own, stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline() if process.stdout else ""
            if "http://" not in line:
                raise RuntimeError(f"the chat did not start: {line!r}")
            yield line[line.index("http://") :].strip()
        finally:
            process.terminate()
            process.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium on the path; ``CallError`` where there is none."""
    path = shutil.which("chromium")
    if path is None:
        raise CallError("no chromium on the path (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()
