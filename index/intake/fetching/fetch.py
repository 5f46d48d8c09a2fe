"""Announcements into a folder, each once, with where each file came from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from index.errors import CallError, FetchError, PassingError
from index.files import sha256_of
from index.intake.fetching.announcements import Announcement
from index.intake.fetching.download import Downloader

PROVENANCE = "provenance.jsonl"
# So many in a row that the site gave no answer to, and the rest isn't tried.
_PATIENCE = 3

Status = Literal["fetched", "unchanged", "replaced", "failed"]


@dataclass(frozen=True, slots=True)
class FetchRow:
    """What became of one announcement, or of one company's list (``id`` is ``None``)."""

    status: Status
    code: str
    id: str | None = None
    title: str = ""
    time: str = ""
    address: str = ""
    page: str = ""
    path: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    error: str | None = None


def fetch(
    announcements: Iterable[Announcement],
    folder: Path,
    downloader: Downloader,
    on_row: Callable[[FetchRow], None] | None = None,
    *,
    refresh: bool = False,
) -> list[FetchRow]:
    """A row for each; one that fails never stops the rest.

    A file that is there with the digest that is on record is not asked for again, unless
    ``refresh``. ``CallError`` where the folder can't be written or another fetch is at it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".fetch.lock", timeout=0)
        with lock:
            return _fetch_all(announcements, folder, downloader, on_row, refresh=refresh)
    except Timeout:
        raise CallError(f"{folder}: another fetch is at work here") from None
    except OSError as error:
        raise CallError(f"{folder}: {error.strerror or error}") from None


def _fetch_all(
    announcements: Iterable[Announcement],
    folder: Path,
    downloader: Downloader,
    on_row: Callable[[FetchRow], None] | None,
    *,
    refresh: bool,
) -> list[FetchRow]:
    ledger = Ledger(folder / PROVENANCE)
    rows, silent = [], 0
    for announcement in announcements:
        if silent < _PATIENCE:
            row, passing = _fetch_one(announcement, folder, downloader, ledger, refresh=refresh)
            silent = silent + 1 if passing else 0
        else:
            why = f"not tried: the site failed {_PATIENCE} times in a row; try again later"
            row = _row(announcement, "failed", error=why)
        rows.append(row)
        if on_row:
            on_row(row)
    return rows


def _fetch_one(
    announcement: Announcement,
    folder: Path,
    downloader: Downloader,
    ledger: Ledger,
    *,
    refresh: bool,
) -> tuple[FetchRow, bool]:
    """Its row, and whether the site failed altogether."""
    try:
        return _download(announcement, folder, downloader, ledger, refresh=refresh), False
    except FetchError as error:
        why = f"{error}; see {announcement.page}" if announcement.page else str(error)
        return _row(announcement, "failed", error=why), isinstance(error, PassingError)
    except OSError as error:
        return _row(announcement, "failed", error=f"{folder}: {error.strerror or error}"), False


def _download(
    announcement: Announcement,
    folder: Path,
    downloader: Downloader,
    ledger: Ledger,
    *,
    refresh: bool,
) -> FetchRow:
    target = folder / announcement.file
    known = ledger.known(announcement.id)
    former = sha256_of(target) if target.is_file() else None
    intact = known is not None and former == known.get("sha256")
    if intact and not refresh:
        return _row(announcement, "unchanged", target, former)
    validator = known.get("validator") if known and intact else None
    received = downloader.download(announcement.address, target, validator)
    sha256 = sha256_of(target)
    if received.status == "unchanged" or (intact and sha256 == former):
        return _row(announcement, "unchanged", target, sha256)
    ledger.keep(announcement, target.name, sha256, target.stat().st_size, received.validator)
    return _row(announcement, "replaced" if intact else "fetched", target, sha256)


def _row(
    announcement: Announcement,
    status: Status,
    path: Path | None = None,
    sha256: str | None = None,
    error: str | None = None,
) -> FetchRow:
    return FetchRow(
        status,
        announcement.code,
        announcement.id,
        announcement.title,
        announcement.time,
        announcement.address,
        announcement.page,
        path=str(path) if path else None,
        sha256=sha256,
        bytes=path.stat().st_size if path else None,
        error=error,
    )


class Ledger:
    """Where each file came from: a JSON line for each download, the last of an id counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, Any]] = {}
        content = path.read_bytes() if path.exists() else b""
        for line in content.splitlines():
            try:
                row = json.loads(line)
                self._known[row["id"]] = row
            except (ValueError, LookupError, TypeError):
                continue  # what a kill left of a line
        self._torn = bool(content) and not content.endswith(b"\n")

    def known(self, name: str) -> dict[str, Any] | None:
        """What is on record of an announcement."""
        return self._known.get(name)

    def keep(
        self, announcement: Announcement, file: str, sha256: str, size: int, validator: str | None
    ) -> None:
        """Put a download on record, synced."""
        row = {
            **asdict(announcement),
            "file": file,
            "sha256": sha256,
            "bytes": size,
            "validator": validator,
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with self._path.open("ab") as out:
            out.write((b"\n" if self._torn else b"") + line.encode("utf-8", "backslashreplace"))
            out.flush()
            os.fsync(out.fileno())
        self._torn = False
        self._known[announcement.id] = row
