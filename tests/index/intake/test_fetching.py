"""Fetching from a site on loopback that behaves like the real one, faults included."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from index.files import sha256_of
from tests.index.intake.disclosure_site import Answer, Site, pdf, serving
from tests.index.intake.fetched import announcement, left_over, records, run
from tests.paths import ROOT


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time, without the wait."""
    monkeypatch.setattr("index.intake.fetching.download.random.uniform", lambda low, _high: low)
    return []


# What is fetched


def test_a_pdf_is_fetched_with_its_provenance(site: Site, tmp_path: Path) -> None:
    (row,) = run(site, tmp_path, announcement(site))
    assert (row.status, row.bytes) == ("fetched", len(pdf("1")))
    assert row.path == str(tmp_path / "301001-2024-09-12-1.pdf")
    assert Path(row.path).read_bytes() == pdf("1")
    assert row.sha256 == hashlib.sha256(pdf("1")).hexdigest()
    (record,) = records(tmp_path)
    assert record["address"] == f"{site.address}/finalpage/2024-09-12/1.PDF"
    assert {k: record[k] for k in ("id", "code", "title", "time", "sha256", "file")} == {
        "id": "1",
        "code": "301001",
        "title": "记录 1",
        "time": "2024-09-12 18:00:00",
        "sha256": row.sha256,
        "file": "301001-2024-09-12-1.pdf",
    }
    assert datetime.fromisoformat(record["fetched_at"]).utcoffset() == timedelta(0)
    assert left_over(tmp_path) == {"301001-2024-09-12-1.pdf"}


def test_what_is_there_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    one = announcement(site)
    run(site, tmp_path, one)
    (row,) = run(site, tmp_path, one)
    assert (row.status, row.sha256) == ("unchanged", sha256_of(Path(str(row.path))))
    assert len(site.asked) == 1
    assert len(records(tmp_path)) == 1


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_file_that_was_harmed_is_fetched_anew(site: Site, tmp_path: Path, harm: str) -> None:
    one = announcement(site)
    path = Path(str(run(site, tmp_path, one)[0].path))
    path.unlink() if harm == "gone" else path.write_bytes(b"%PDF- something else")
    (row,) = run(site, tmp_path, one)
    assert row.status == "fetched"
    assert path.read_bytes() == pdf("1")


def test_a_version_that_changed_replaces_the_former_on_demand(site: Site, tmp_path: Path) -> None:
    one = announcement(site)
    run(site, tmp_path, one)
    assert run(site, tmp_path, one, refresh=True)[0].status == "unchanged"
    assert site.asked[-1].headers["If-None-Match"]
    site.put("/finalpage/2024-09-12/1.PDF", Answer(pdf("corrected")))
    (row,) = run(site, tmp_path, one, refresh=True)
    assert row.status == "replaced"
    assert Path(str(row.path)).read_bytes() == pdf("corrected")
    assert [r["sha256"] for r in records(tmp_path)][-1] == row.sha256


def test_a_site_without_versions_is_compared_by_content(site: Site, tmp_path: Path) -> None:
    one = announcement(site, 1, Answer(tells_version=False))
    run(site, tmp_path, one)
    assert run(site, tmp_path, one, refresh=True)[0].status == "unchanged"
    assert len(records(tmp_path)) == 1


def test_a_failed_refresh_keeps_the_file(site: Site, tmp_path: Path) -> None:
    one = announcement(site)
    path = Path(str(run(site, tmp_path, one)[0].path))
    site.put("/finalpage/2024-09-12/1.PDF", Answer(b"gone", 404))
    assert run(site, tmp_path, one, refresh=True)[0].status == "failed"
    assert path.read_bytes() == pdf("1")


# What passes is tried again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_what_passes_is_tried_again(site: Site, tmp_path: Path, status: int) -> None:
    one = announcement(site, 1, Answer(b"busy", status), Answer(b"busy", status), Answer())
    assert run(site, tmp_path, one)[0].status == "fetched"
    assert len(site.asked) == 3


def test_waits_double(site: Site, tmp_path: Path, slept: list[float]) -> None:
    run(site, tmp_path, announcement(site, 1, Answer(b"", 500)), slept=slept, interval=1.0)
    waits = [wait for wait in slept if wait >= 1.0]
    assert len(waits) == 4
    assert [int(wait) for wait in waits] == sorted(int(wait) for wait in waits)
    assert waits[3] >= 8.0


def test_retry_after_is_heeded(site: Site, tmp_path: Path, slept: list[float]) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    one = announcement(
        site,
        1,
        Answer(b"", 429, {"Retry-After": "77"}),
        Answer(b"", 503, {"Retry-After": at}),
        Answer(b"", 503, {"Retry-After": "some day"}),
        Answer(),
    )
    assert run(site, tmp_path, one, slept=slept)[0].status == "fetched"
    waits = [wait for wait in slept if wait >= 70]
    assert waits[0] == 77
    assert 100 < waits[1] <= 121
    assert len(waits) == 2


def test_a_site_that_asks_for_hours_is_left_alone(site: Site, tmp_path: Path) -> None:
    one = announcement(site, 1, Answer(b"", 429, {"Retry-After": "7200"}))
    (row,) = run(site, tmp_path, one)
    assert (row.status, len(site.asked)) == ("failed", 1)
    assert "wait 7200 seconds" in str(row.error)


def test_requests_keep_a_distance(site: Site, tmp_path: Path, slept: list[float]) -> None:
    wanted = [announcement(site, number) for number in (1, 2, 3)]
    run(site, tmp_path, *wanted, slept=slept, interval=5.0)
    assert len(slept) == 2
    assert all(4.0 < wait <= 5.0 for wait in slept)


def test_an_answer_that_never_comes_is_given_up(site: Site, tmp_path: Path) -> None:
    one = announcement(site, 1, Answer(waits=5.0), Answer())
    assert run(site, tmp_path, one, timeout=0.3)[0].status == "fetched"
    assert len(site.asked) == 2


def test_a_site_that_is_down_is_not_asked_for_everything(site: Site, tmp_path: Path) -> None:
    wanted = [announcement(site, number, Answer(b"", 500)) for number in range(1, 8)]
    rows = run(site, tmp_path, *wanted)
    assert {row.status for row in rows} == {"failed"}
    assert len(site.asked) == 3 * 5
    assert "not tried" in str(rows[3].error)


def test_nobody_there_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    with serving() as gone:
        one = announcement(gone)
    (row,) = run(gone, tmp_path, one)
    assert "ConnectError" in str(row.error)


# Broken off


def test_a_body_that_breaks_off_goes_on_from_there(site: Site, tmp_path: Path) -> None:
    body = pdf("1", 50_000)
    one = announcement(site, 1, Answer(body, stops_after=20_000), Answer(body))
    (row,) = run(site, tmp_path, one)
    assert row.sha256 == hashlib.sha256(body).hexdigest()
    asked = site.asked[1].headers
    assert 0 < int(asked["Range"].removeprefix("bytes=").rstrip("-")) <= 20_000
    assert asked["If-Range"].startswith('"')


def test_another_version_by_then_is_fetched_whole(site: Site, tmp_path: Path) -> None:
    one = announcement(
        site, 1, Answer(pdf("old", 50_000), stops_after=20_000), Answer(pdf("new", 40_000))
    )
    (row,) = run(site, tmp_path, one)
    assert Path(str(row.path)).read_bytes() == pdf("new", 40_000)


def test_without_versions_it_begins_anew(site: Site, tmp_path: Path) -> None:
    body = pdf("1", 50_000)
    broken = Answer(body, stops_after=20_000, tells_version=False)
    one = announcement(site, 1, broken, Answer(body, tells_version=False))
    (row,) = run(site, tmp_path, one)
    assert row.sha256 == hashlib.sha256(body).hexdigest()
    assert "Range" not in site.asked[1].headers


def test_a_part_that_does_not_fit_is_thrown_away(site: Site, tmp_path: Path) -> None:
    body = pdf("1", 3000)
    one = announcement(site, 1, Answer(body))
    version = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    (tmp_path / f".{one.file}.part").write_bytes(b"%PDF-" + b"z" * 9000)
    about = json.dumps({"address": one.address, "validator": version})
    (tmp_path / f".{one.file}.part.json").write_text(about, "utf-8")
    (row,) = run(site, tmp_path, one)
    assert row.sha256 == hashlib.sha256(body).hexdigest()
    assert left_over(tmp_path) == {one.file}


def test_an_end_that_is_missing_is_seen_where_no_length_was_told(
    site: Site, tmp_path: Path
) -> None:
    cut = Answer(pdf("1", 50_000), stops_after=20_000, tells_length=False, tells_version=False)
    one = announcement(site, 1, cut, Answer(pdf("1"), tells_length=False))
    (row,) = run(site, tmp_path, one)
    assert Path(str(row.path)).read_bytes() == pdf("1")


KILLED = """
import sys
from pathlib import Path
from index.intake.fetching.announcements import read_list
from index.intake.fetching.download import Downloader
from index.intake.fetching.fetch import fetch
with Downloader(sys.argv[1], interval=0) as downloader:
    fetch(read_list(Path(sys.argv[2])), Path(sys.argv[3]), downloader)
"""


def test_a_killed_fetch_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    body = pdf("2", 400_000)
    wanted = [announcement(site, 1), announcement(site, 2, Answer(body, piece=4_000))]
    names = ("id", "code", "time", "title", "address")
    lines = [json.dumps({n: getattr(a, n) for n in names}) for a in wanted]
    wish, folder = tmp_path / "wish.jsonl", tmp_path / "to"
    wish.write_text("\n".join(lines), "utf-8")
    call = [sys.executable, "-c", KILLED, site.address, str(wish), str(folder)]
    process = subprocess.Popen(call, cwd=ROOT)
    part = folder / f".{wanted[1].file}.part"
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 50_000):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / wanted[1].file).exists()
    site.put("/finalpage/2024-09-12/2.PDF", Answer(body))
    rows = run(site, folder, *wanted)
    assert [row.status for row in rows] == ["unchanged", "fetched"]
    assert rows[1].sha256 == hashlib.sha256(body).hexdigest()
    assert int(site.asked[-1].headers["Range"].removeprefix("bytes=").rstrip("-")) > 50_000
