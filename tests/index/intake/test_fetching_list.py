"""Lists of announcements: put together from akshare, and read from files."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from index.errors import CallError, FetchError, PassingError
from index.intake.fetching import announcements as listing
from index.intake.fetching.announcements import Announcement, listed, read_list


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
