"""What is not fetched or not kept: from a site on loopback that misbehaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import CallError, FetchError, PassingError
from index.intake.fetching.announcements import Announcement, read_list
from index.intake.fetching.download import Downloader
from index.intake.fetching.fetch import PROVENANCE, Ledger
from index.intake.fetching.part import Part
from tests.index.intake.disclosure_site import Answer, Site, pdf, serving
from tests.index.intake.fetched import announcement, left_over, run


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
