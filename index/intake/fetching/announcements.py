"""What is filed where: announcements, listed through akshare or read from a file.

akshare asks the site's own search (巨潮资讯, cninfo), without a limit on time, so it runs in a
process of its own that has one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from index.errors import CallError, FetchError, PassingError

SITE = "https://static.cninfo.com.cn"
# Seconds for one company's list, and how often it is asked for.
_SECONDS, _ATTEMPTS = 120, 3
_MARKUP = re.compile(r"</?em>")
_CODE, _ID = re.compile(r"[0-9]{6}"), re.compile(r"[0-9]{1,20}")
# A search for 投资者关系 finds rules and notices of meetings too.
_RECORD = re.compile(r"记录|纪要")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One document of a company: ``day`` is YYYY-MM-DD, ``time`` as the site gives it.

    ``page`` is where a person reads of it, ``address`` where the PDF itself is.
    """

    id: str
    code: str
    company: str
    title: str
    time: str
    page: str
    address: str

    @property
    def day(self) -> str:
        """The day of filing."""
        return self.time[:10]

    @property
    def file(self) -> str:
        """What its file is called: of digits and signs only, whatever the title holds."""
        return f"{self.code}-{self.day}-{self.id}.pdf"

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row with these names; ``ValueError`` where one is missing or makes no sense."""
        texts = {name: str(row.get(name) or "") for name in cls.__slots__}
        made = cls(**texts)
        whole = _CODE.fullmatch(made.code) and _ID.fullmatch(made.id) and made.address
        if not whole or date.fromisoformat(made.day).isoformat() != made.day:
            raise ValueError(row)
        return made


def listed(code: str, since: str, until: str, site: str = SITE) -> list[Announcement]:
    """A company's records of investor relations, each once, the oldest first.

    ``CallError`` where akshare is not installed; ``FetchError`` where the list can't be had.
    """
    if find_spec("akshare") is None:
        raise CallError(
            "fetch lists announcements through akshare, which is not installed: "
            "pip install 'yuanda[fetch]' (from a checkout: pip install '.[fetch]'); "
            "or give a list of your own with --list"
        )
    attempts = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(2, max=30) + wait_random(0, 1),
        retry=retry_if_exception_type(PassingError),
        reraise=True,
    )
    return attempts(_with_a_limit, _ask, code, since, until, site)


def read_list(path: Path) -> list[Announcement]:
    """Announcements from a file of JSON lines, such as ``provenance.jsonl``, each once.

    ``CallError`` names the line that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    found = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            made = Announcement.of(json.loads(line))
        except (ValueError, AttributeError):
            raise CallError(
                f"{path}, line {number}: not an announcement; it needs id (digits), code "
                "(6 digits), time (beginning with YYYY-MM-DD) and address"
            ) from None
        found[made.id] = made
    return list(found.values())


def _ask(code: str, since: str, until: str, site: str) -> list[Announcement]:
    import akshare

    days = {"start_date": since.replace("-", ""), "end_date": until.replace("-", "")}
    company: dict[str, Any] = {"symbol": code, "market": "沪深京", **days}
    found: dict[str, Announcement] = {}
    # Filed under 调研; and those that were filed as an ordinary announcement.
    for row in _rows(akshare.stock_zh_a_disclosure_relation_cninfo, company, site):
        found[row.id] = row
    searched = {**company, "keyword": "投资者关系", "category": ""}
    for row in _rows(akshare.stock_zh_a_disclosure_report_cninfo, searched, site):
        if _RECORD.search(row.title):
            found.setdefault(row.id, row)
    return sorted(found.values(), key=lambda a: (a.time, a.id))


def _rows(
    ask: Callable[..., Any], question: Mapping[str, Any], site: str
) -> Iterator[Announcement]:
    for row in ask(**question).to_dict("records"):
        page, time = str(row["公告链接"]), str(row["公告时间"])
        name = parse_qs(urlsplit(page).query).get("announcementId", [""])[0]
        yield Announcement.of(
            {
                "id": name,
                "code": row["代码"],
                "company": row["简称"],
                "title": _MARKUP.sub("", str(row["公告标题"])),
                "time": time,
                "page": page,
                "address": f"{site}/finalpage/{time[:10]}/{name}.PDF",
            }
        )


def _with_a_limit(ask: Callable[..., list[Announcement]], *told: str) -> list[Announcement]:
    from concurrent.futures import TimeoutError as TookTooLong
    from multiprocessing import get_context

    from pebble import ProcessPool

    with ProcessPool(1, context=get_context("spawn")) as pool:
        future = pool.schedule(ask, args=told, timeout=_SECONDS)
        try:
            answer: list[Announcement] = future.result()
        except TookTooLong:
            raise PassingError(f"{told[0]}: no list within {_SECONDS} seconds") from None
        except KeyError:
            raise FetchError(f"{told[0]}: the site lists no company with this code") from None
        except Exception as error:  # akshare's, of any kind
            said = f"{type(error).__name__}: {error}"
            raise PassingError(f"{told[0]}: the list can't be had ({said[:200]})") from None
    return answer
