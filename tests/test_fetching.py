"""Fetching from a site on loopback that behaves like the real one, faults included."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from index.errors import CallError, FetchError, PassingError
from index.fetching import announcements as listing
from index.fetching.announcements import Announcement, listed, read_list
from index.fetching.download import Downloader
from index.fetching.fetch import PROVENANCE, FetchRow, Ledger, fetch
from index.fetching.part import Part
from index.files import sha256_of
from tests.conftest import Call
from tests.disclosure_site import Answer, Site, pdf, serving

ROOT = Path(__file__).parent.parent


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time, without the wait."""
    monkeypatch.setattr("index.fetching.download.random.uniform", lambda low, _high: low)
    return []


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
from index.fetching.announcements import read_list
from index.fetching.download import Downloader
from index.fetching.fetch import fetch
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


# What is refused


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_what_does_not_pass_is_asked_for_once(site: Site, tmp_path: Path, status: int) -> None:
    one = announcement(site, 1, Answer(b"no", status), page="https://www.example.com/detail")
    (row,) = run(site, tmp_path, one)
    assert (row.status, len(site.asked)) == ("failed", 1)
    assert row.error == f"HTTP {status}; see https://www.example.com/detail"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>busy, try again</html>", headers={"Content-Type": "text/html"}),
        Answer(b"PK\x03\x04 not a pdf", headers={"Content-Type": "application/pdf"}),
        Answer(b""),
    ],
    ids=["page", "zip", "empty"],
)
def test_what_is_no_pdf_is_not_kept(site: Site, tmp_path: Path, answer: Answer) -> None:
    (row,) = run(site, tmp_path, announcement(site, 1, answer))
    assert "not a whole PDF" in str(row.error)
    assert len(site.asked) == 5
    assert left_over(tmp_path) == set()
    assert not (tmp_path / PROVENANCE).exists()


def test_a_pdf_of_the_wrong_type_is_a_pdf(site: Site, tmp_path: Path) -> None:
    answer = Answer(headers={"Content-Type": "application/octet-stream"})
    assert run(site, tmp_path, announcement(site, 1, answer))[0].status == "fetched"


def test_a_page_that_becomes_a_pdf_is_fetched(site: Site, tmp_path: Path) -> None:
    one = announcement(site, 1, Answer(b"<html>busy</html>"), Answer())
    assert run(site, tmp_path, one)[0].status == "fetched"


@pytest.mark.parametrize("tells_length", [True, False])
def test_what_is_too_large_is_left(site: Site, tmp_path: Path, tells_length: bool) -> None:
    big = Answer(pdf("1", 200_000), tells_length=tells_length)
    (row,) = run(site, tmp_path, announcement(site, 1, big), limit=100_000)
    assert "larger than" in str(row.error)
    assert (len(site.asked), left_over(tmp_path)) == (1, set())


def test_compressed_answers_are_refused(site: Site, tmp_path: Path) -> None:
    one = announcement(site, 1, Answer(headers={"Content-Encoding": "gzip"}))
    assert "compressed" in str(run(site, tmp_path, one)[0].error)


def test_a_redirect_within_the_site_is_followed(site: Site, tmp_path: Path) -> None:
    site.put("/moved/1.PDF", Answer(pdf("moved")))
    one = announcement(site, 1, Answer(b"", 302, {"Location": "/moved/1.PDF"}))
    (row,) = run(site, tmp_path, one)
    assert Path(str(row.path)).read_bytes() == pdf("moved")


def test_a_redirect_elsewhere_is_not_followed(site: Site, tmp_path: Path) -> None:
    with serving() as other:
        elsewhere = other.put("/1.PDF", Answer())
        one = announcement(site, 1, Answer(b"", 302, {"Location": elsewhere}))
        (row,) = run(site, tmp_path, one)
        assert (other.asked, len(site.asked)) == ([], 1)
    assert "is not on" in str(row.error)


def test_a_redirect_in_a_circle_ends(site: Site, tmp_path: Path) -> None:
    path = "/finalpage/2024-09-12/1.PDF"
    one = announcement(site, 1, Answer(b"", 302, {"Location": path}))
    assert "redirects" in str(run(site, tmp_path, one)[0].error)
    assert len(site.asked) == 5


@pytest.mark.parametrize(
    "address",
    [
        "http://static.cninfo.com.cn/finalpage/2024-09-12/1.PDF",
        "https://static.cninfo.com.cn.example.com/1.PDF",
        "https://static.cninfo.com.cn@example.com/1.PDF",
        "https://static.cninfo.com.cn:8443/1.PDF",
        "file:///etc/passwd",
        "//example.com/1.PDF",
    ],
)
def test_only_https_of_the_site_is_asked(tmp_path: Path, address: str) -> None:
    with Downloader(interval=0) as downloader, pytest.raises(FetchError) as refused:
        downloader.download(address, tmp_path / "1.pdf")
    assert not isinstance(refused.value, PassingError)
    assert "is not on https://static.cninfo.com.cn" in str(refused.value)


def test_what_is_no_address_is_refused(site: Site, tmp_path: Path) -> None:
    (row,) = run(site, tmp_path, announcement(site, 1, address="https://[::1/1.PDF"))
    assert "no address" in str(row.error)
    one = announcement(site, 1, Answer(b"", 302, {"Location": "https://[::1/1.PDF"}))
    assert "Invalid URL" in str(run(site, tmp_path, one)[0].error)
    with pytest.raises(CallError, match="no address"):
        Downloader("https://[::1")


# Names, provenance, and two at once


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../../etc/passwd"},
        {"id": ""},
        {"code": "30100"},
        {"code": "abc/..", "id": "1"},
        {"time": "2024-13-40"},
        {"time": "../2024"},
        {"time": "NaT"},
        {"address": ""},
    ],
    ids=str,
)
def test_names_are_made_of_digits_or_refused(wrong: dict[str, str]) -> None:
    good = {"id": "1", "code": "301001", "time": "2024-09-12", "address": "https://a/b"}
    assert Announcement.of(good).file == "301001-2024-09-12-1.pdf"
    with pytest.raises(ValueError, match=r"."):
        Announcement.of({**good, **wrong})


def test_a_torn_record_is_passed_over_and_mended(site: Site, tmp_path: Path) -> None:
    run(site, tmp_path, announcement(site, 1))
    path = tmp_path / PROVENANCE
    path.write_bytes(path.read_bytes() + b'{"id": "2", "sha')
    rows = run(site, tmp_path, announcement(site, 1), announcement(site, 2))
    assert [row.status for row in rows] == ["unchanged", "fetched"]
    ledger = Ledger(path)
    assert [str(ledger.known(i) and ledger.known(i)["sha256"]) for i in "12"] == [  # type: ignore[index]
        row.sha256 for row in rows
    ]


def test_the_provenance_is_a_list_to_fetch_by(site: Site, tmp_path: Path) -> None:
    run(site, tmp_path / "a", announcement(site, 1), announcement(site, 2))
    again = read_list(tmp_path / "a" / PROVENANCE)
    rows = run(site, tmp_path / "b", *again)
    assert [row.status for row in rows] == ["fetched", "fetched"]


def test_two_at_once_do_not_meet(site: Site, tmp_path: Path) -> None:
    from filelock import FileLock

    with FileLock(tmp_path / ".fetch.lock"), pytest.raises(CallError, match="another fetch"):
        run(site, tmp_path, announcement(site))


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CallError, match="file"):
        run(site, tmp_path / "file", announcement(site))


def test_a_full_disk_is_a_row_and_not_the_end(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Part.finish

    def finish(part: Part) -> None:
        if "-1.pdf" in part.target.name:
            raise OSError(28, "No space left on device")
        real(part)

    monkeypatch.setattr(Part, "finish", finish)
    rows = run(site, tmp_path, announcement(site, 1), announcement(site, 2))
    assert [row.status for row in rows] == ["failed", "fetched"]
    assert "No space left" in str(rows[0].error)


# The list


class Table:
    """As much of a pandas table as akshare's answer needs."""

    def __init__(self, *rows: dict[str, str]) -> None:
        self._rows = list(rows)

    def to_dict(self, orient: str) -> list[dict[str, str]]:
        """The rows."""
        assert orient == "records"
        return self._rows


def filed(number: int, title: str, time: str = "2024-09-12 18:00:00") -> dict[str, str]:
    page = (
        "http://www.cninfo.com.cn/new/disclosure/detail?stockCode=301001&"
        f"announcementId={number}&orgId=9900000001&announcementTime={time}"
    )
    names = ("代码", "简称", "公告标题", "公告时间", "公告链接")
    return dict(zip(names, ("301001", "甲股份", title, time, page), strict=True))


def test_the_list_is_put_together_from_akshare(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def relation(**question: str) -> Table:
        asked.append(question)
        return Table(
            filed(12, "2024年9月12日投资者关系活动记录表"),
            filed(11, "调研活动", "2024-09-01"),
        )

    def reports(**question: str) -> Table:
        asked.append(question)
        return Table(
            filed(12, "2024年9月12日<em>投资者关系</em>活动记录表"),
            filed(13, "<em>投资者关系</em>管理制度"),
            filed(14, "<em>投资者关系</em>活动记录表"),
        )

    akshare = SimpleNamespace(
        stock_zh_a_disclosure_relation_cninfo=relation,
        stock_zh_a_disclosure_report_cninfo=reports,
    )
    monkeypatch.setitem(sys.modules, "akshare", akshare)
    found = listing._ask("301001", "2024-01-01", "2024-12-31", listing.SITE)
    assert [a.id for a in found] == ["11", "12", "14"]
    assert found[2].title == "投资者关系活动记录表"
    assert found[1].address == "https://static.cninfo.com.cn/finalpage/2024-09-12/12.PDF"
    assert asked[0] == {
        "symbol": "301001",
        "market": "沪深京",
        "start_date": "20240101",
        "end_date": "20241231",
    }
    assert asked[1]["keyword"] == "投资者关系"


@pytest.mark.filterwarnings("default")
def test_akshare_answers_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """akshare itself, over what the site is known to answer; only where it is installed."""
    akshare = pytest.importorskip("akshare")
    del akshare
    import requests

    row = {
        "secCode": "301001",
        "secName": "甲股份",
        "orgId": "9900000001",
        "announcementId": "1221234567",
        "announcementTitle": "<em>投资者关系</em>活动记录表",
        "announcementTime": int(datetime(2024, 9, 11, 16, tzinfo=UTC).timestamp() * 1000),
    }
    told = {"stockList": [{"code": "301001", "orgId": "9900000001"}]}
    listed_there = {"totalAnnouncement": 1, "announcements": [row]}
    monkeypatch.setattr(requests, "get", lambda *_, **__: SimpleNamespace(json=lambda: told))
    monkeypatch.setattr(
        requests, "post", lambda *_, **__: SimpleNamespace(json=lambda: listed_there)
    )
    (found,) = listing._ask("301001", "2024-01-01", "2024-12-31", listing.SITE)
    # Midnight in China: the day that the PDF's address has.
    assert found.address.endswith("/finalpage/2024-09-12/1221234567.PDF")
    assert (found.title, found.company) == ("投资者关系活动记录表", "甲股份")
    with pytest.raises(KeyError):
        listing._ask("999999", "2024-01-01", "2024-12-31", listing.SITE)


def slow(*_: str) -> list[Announcement]:
    time.sleep(60)
    return []


def unknown(*_: str) -> list[Announcement]:
    raise KeyError("301001")


def broken(*_: str) -> list[Announcement]:
    raise ValueError("Expecting value: line 1 column 1")


@pytest.mark.parametrize(
    ("ask", "reason", "passes"),
    [
        (slow, "no list within", True),
        (unknown, "lists no company", False),
        (broken, "can't be had .ValueError: Expecting value", True),
    ],
)
def test_a_list_that_cannot_be_had_says_why(
    monkeypatch: pytest.MonkeyPatch, ask: Any, reason: str, passes: bool
) -> None:
    monkeypatch.setattr(listing, "_SECONDS", 2)
    with pytest.raises(FetchError, match=reason) as refused:
        listing._with_a_limit(ask, "301001", "2024-01-01", "2024-12-31", listing.SITE)
    assert isinstance(refused.value, PassingError) == passes


def test_a_missing_akshare_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "find_spec", lambda _: None)
    with pytest.raises(CallError, match=r"yuanda\[fetch\]"):
        listed("301001", "2024-01-01", "2024-12-31")


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"id": "1"}', "1"])
def test_a_line_that_is_no_announcement_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "wish.jsonl"
    path.write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(CallError, match="line 2"):
        read_list(path)


# The command


@pytest.fixture
def wish(site: Site, tmp_path: Path) -> Path:
    """A list of three: a filing, one that is not there, and one that is no filing."""
    content = (ROOT / "eval/collection/files/dev/chengyuexc-2023-09-07.pdf").read_bytes()
    wanted = [
        announcement(site, 1, Answer(content)),
        announcement(site, 2, Answer(b"", 404)),
        announcement(site, 3, time="2023-01-01"),
    ]
    path = tmp_path / "wish.jsonl"
    names = Announcement.__slots__
    path.write_text(
        "\n".join(json.dumps({n: getattr(a, n) for n in names}) for a in wanted), "utf-8"
    )
    return path


def test_the_command_fetches_a_list(
    call: Call, site: Site, wish: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUANDA_FETCH_SITE", site.address)
    told = ("--to", tmp_path / "to", "--interval", "0", "--since", "2024-01-01")
    done = call("fetch", "--list", wish, *told, "--json")
    assert done.status == 1
    assert done.json["totals"] == {"fetched": 1, "unchanged": 0, "replaced": 0, "failed": 1}
    assert [row["id"] for row in done.json["files"]] == ["1", "2"]
    assert "add" not in done.json
    assert "fetched   2024-09-12  301001" in done.err
    again = call("fetch", "--list", wish, *told)
    assert "1 unchanged" in again.out
    assert "failed: 2: HTTP 404" in again.out


def test_the_command_adds_what_it_fetched(
    call: Call, site: Site, wish: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUANDA_FETCH_SITE", site.address)
    told = ("--to", tmp_path / "to", "--interval", "0", "--add", "--store", tmp_path / "store")
    done = call("fetch", "--list", wish, *told, "--json")
    assert done.status == 1
    rows = done.json["add"]["files"]
    assert [(row["status"], bool(row["pairs"])) for row in rows] == [
        ("added", True),
        ("failed", False),
    ]
    kept = {row["path"] for row in done.json["files"] if row["path"]}
    assert {row["path"] for row in rows} == kept
    listed_there = call("list", "--json", "--store", tmp_path / "store").json["filings"]
    assert [row["path"] for row in listed_there] == [rows[0]["path"]]


def test_the_command_lists_by_code_and_goes_on_after_one_that_fails(
    call: Call, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def fake(code: str, since: str, until: str, site_told: str) -> list[Announcement]:
        asked.append((code, since, until, site_told))
        if code == "999999":
            raise FetchError("999999: the site lists no company with this code")
        return [announcement(site, 1)]

    monkeypatch.setattr(listing, "listed", fake)
    monkeypatch.setenv("YUANDA_FETCH_SITE", site.address)
    told = ("--since", "2024-01-01", "--to", tmp_path / "to", "--interval", "0", "--json")
    done = call("fetch", "999999", "301001", "301001", *told)
    assert (done.status, done.json["totals"]["fetched"]) == (1, 1)
    assert done.json["files"][0]["error"] == "999999: the site lists no company with this code"
    assert [row[:2] for row in asked] == [("999999", "2024-01-01"), ("301001", "2024-01-01")]
    assert asked[0][3] == site.address


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("301001",),
        ("30100", "--since", "2024-01-01"),
        ("301001", "--since", "yesterday"),
        ("301001", "--since", "2024-01-01", "--list", "x.jsonl"),
        ("--list", "no-such-file.jsonl"),
        ("301001", "--since", "2024-01-01", "--interval", "-1"),
    ],
    ids=str,
)
def test_a_wrong_call_is_refused(call: Call, arguments: tuple[str, ...]) -> None:
    assert call("fetch", *arguments).status == 2


def test_the_environment_names_no_proxy_of_tests() -> None:
    assert not {n for n in os.environ if n.lower() in ("http_proxy", "all_proxy")}
