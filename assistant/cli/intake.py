"""Filings on their way in: ``yuanda fetch`` and ``yuanda watch``. Each returns the exit status."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from assistant.answering import report
from assistant.cli import commands
from assistant.settings import Settings
from assistant.terminal import printable
from index.errors import CallError, FetchError

if TYPE_CHECKING:
    from index.intake.build import AddReport
    from index.intake.fetching.announcements import Announcement
    from index.intake.fetching.fetch import FetchRow
    from index.intake.watching import WatchRow

DONE, INPUT_FAILED = 0, 1
_STATUSES = ("fetched", "unchanged", "replaced", "failed")


def fetch(arguments: argparse.Namespace, settings: Settings) -> int:
    """List companies' records, download them, and on demand add them to the store."""
    from index.intake.fetching.announcements import SITE
    from index.intake.fetching.download import Downloader
    from index.intake.fetching.fetch import fetch as fetch_all

    if bool(arguments.codes) == bool(arguments.list):
        raise CallError("fetch takes either CODEs or --list FILE")
    if arguments.codes and not arguments.since:
        raise CallError("fetch needs --since DATE")
    folder, site = (arguments.to or _fetched()).absolute(), settings.fetch_site or SITE
    rows: list[FetchRow] = []

    def on_row(row: FetchRow) -> None:
        line = f"{row.status:<10}{row.time[:10]:<12}{row.code}  {row.title or row.error}"
        print(printable(line), file=sys.stderr)

    limit = arguments.limit << 20
    with Downloader(site, interval=arguments.interval, limit=limit) as downloader:
        announcements, failed = _announcements(arguments, site)
        for row in failed:
            on_row(row)
        rows = failed + fetch_all(
            announcements, folder, downloader, on_row, refresh=arguments.refresh
        )
    added = _add(arguments, settings, rows) if arguments.add else None
    print(report.dumps(_fetch_json(rows, added)) if arguments.json else _fetch_text(rows, added))
    some_failed = any(row.status == "failed" for row in rows)
    return INPUT_FAILED if some_failed or (added and added.count("failed")) else DONE


def _announcements(
    arguments: argparse.Namespace, site: str
) -> tuple[list[Announcement], list[FetchRow]]:
    """What there is, each once, the oldest first; and a row for each list that can't be had."""
    from index.intake.fetching.announcements import listed, read_list
    from index.intake.fetching.fetch import FetchRow

    # The day at the exchanges.
    until = arguments.until or (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
    failed = []
    if arguments.list:
        found = read_list(arguments.list)
        found = [a for a in found if (arguments.since or "") <= a.day <= until]
    else:
        found = []
        for code in dict.fromkeys(arguments.codes):
            try:
                found += listed(code, arguments.since, until, site)
            except FetchError as error:
                failed.append(FetchRow("failed", code, error=str(error)))
    return list({a.id: a for a in found}.values()), failed


def _add(arguments: argparse.Namespace, settings: Settings, rows: list[FetchRow]) -> AddReport:
    from assistant.progress import Progress
    from index.embedding.encoder import load_encoder
    from index.intake import build
    from index.store.store import Store

    encoder = load_encoder(
        arguments.model or settings.model, commands.model_options(arguments, settings)
    )
    paths = [Path(row.path) for row in rows if row.path]
    with (
        Store.open(commands.store_path(arguments, settings), create=True) as store,
        Progress.on(sys.stderr) as progress,
    ):
        return build.add(
            store,
            paths,
            encoder,
            on_row=progress.row,
            on_start=progress.start,
            on_page=progress.page,
        )


def _fetch_json(rows: list[FetchRow], added: AddReport | None) -> dict[str, Any]:
    totals = {status: sum(row.status == status for row in rows) for status in _STATUSES}
    document: dict[str, Any] = {"files": [asdict(row) for row in rows], "totals": totals}
    if added:
        document["add"] = report.add_json(added)
    return document


def _fetch_text(rows: list[FetchRow], added: AddReport | None) -> str:
    lines = [f"failed: {row.id or row.code}: {row.error}" for row in rows if row.error]
    totals = _fetch_json(rows, None)["totals"]
    lines.append(", ".join(f"{count} {name}" for name, count in totals.items()))
    if added:
        lines.append(report.add_text(added))
    return printable("\n".join(lines))


def _fetched() -> Path:
    from platformdirs import user_data_path

    return user_data_path("yuanda", appauthor=False) / "fetched"


def watch(arguments: argparse.Namespace, settings: Settings) -> int:
    """Keep the store in line with folders, until interrupted or terminated."""
    from index.embedding.encoder import load_encoder
    from index.intake.watching import Watcher
    from index.store.store import Store

    encoder = load_encoder(
        arguments.model or settings.model, commands.model_options(arguments, settings)
    )
    stop = Event()

    def on_row(row: WatchRow) -> None:
        print(report.dumps(asdict(row)) if arguments.json else _watch_text(row), flush=True)

    def on_trouble(said: str) -> None:
        print(printable(f"yuanda: {said}"), file=sys.stderr, flush=True)

    with Store.open(commands.store_path(arguments, settings), create=True) as store:
        watcher = Watcher(
            store,
            arguments.folders,
            encoder,
            on_row,
            on_trouble=on_trouble,
            remove_deleted=arguments.remove_deleted,
            settle=arguments.settle,
        )
        store.set_model(encoder)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        on_trouble("watching; Ctrl+C ends it")
        watcher.run(stop)
    return DONE


def _watch_text(row: WatchRow) -> str:
    lines = [f"{row.status:<10}{row.pairs:>5}  {row.error or row.path}"]
    lines += [f"warning: {row.path}: {warning}" for warning in row.warnings]
    return printable("\n".join(lines))
