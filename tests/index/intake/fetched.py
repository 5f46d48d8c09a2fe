"""What tests of fetching share: announcements of the local site, and fetching them at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from index.intake.fetching.announcements import Announcement
from index.intake.fetching.download import Downloader
from index.intake.fetching.fetch import PROVENANCE, FetchRow, fetch
from tests.index.intake.disclosure_site import Answer, Site, pdf


def announcement(site: Site, number: int = 1, *answers: Answer, **told: str) -> Announcement:
    """One that the site answers so."""
    path = f"/finalpage/2024-09-12/{number}.PDF"
    address = site.put(path, *(answers or (Answer(pdf(str(number))),)))
    row = {
        "id": str(number),
        "code": "301001",
        "time": "2024-09-12 18:00:00",
        "title": f"记录 {number}",
    }
    return Announcement.of({**row, "company": "甲公司", "page": "", "address": address, **told})


def run(
    site: Site, folder: Path, *wanted: Announcement, slept: list[float] | None = None, **told: Any
) -> list[FetchRow]:
    """Fetch without waiting."""
    options = {"interval": 0.0, "sleep": (slept if slept is not None else []).append}
    refresh = told.pop("refresh", False)
    with Downloader(site.address, **{**options, **told}) as downloader:
        return fetch(wanted, folder, downloader, refresh=refresh)


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / PROVENANCE).read_text("utf-8").splitlines()]


def left_over(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {PROVENANCE, ".fetch.lock"}
