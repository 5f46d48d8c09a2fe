"""The command that fetches, against a site on loopback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from index.errors import FetchError
from index.intake.fetching import announcements as listing
from index.intake.fetching.announcements import Announcement
from tests.conftest import Call
from tests.index.intake.disclosure_site import Answer, Site
from tests.index.intake.fetched import announcement
from tests.paths import ROOT


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
