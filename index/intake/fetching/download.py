"""A PDF over HTTPS: politely, resumed where it broke off, and nothing but a PDF.

Requests keep a distance in time. What passes (429, 5xx, a connection that breaks, a page where a
PDF should be) is tried again after waits that double, or as long as ``Retry-After`` says.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from index.errors import CallError, FetchError, PassingError
from index.intake.fetching.announcements import SITE
from index.intake.fetching.part import Part, validator_of

_ATTEMPTS, _REDIRECTS = 5, 5
# Seconds: the longest wait that is agreed to, and the longest that a file may take.
_LONGEST_WAIT, _SLOWEST = 300.0, 600
_MEGABYTE = 1 << 20
_PASSING = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is there now, or that the site says hasn't changed."""

    validator: str | None
    status: Literal["new", "unchanged"] = "new"


class Downloader:
    """Downloads from one site, one file at a time.

    ``site`` is where files may come from: scheme and host. ``interval`` seconds lie between two
    requests; ``limit`` is the most bytes of a file.
    """

    def __init__(
        self,
        site: str = SITE,
        *,
        interval: float = 1.0,
        limit: int = 50 * _MEGABYTE,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.site = site
        try:
            self._origin = _origin(site)
        except FetchError as error:
            raise CallError(str(error)) from None
        self._interval, self._limit, self._sleep = interval, limit, sleep
        self._next = 0.0
        self._backoff = wait_exponential(max(interval, 0.01), max=60) + wait_random(0, 1)
        # Compressed, a part of a file could not be resumed, and a small answer could be huge.
        headers = {"User-Agent": "yuanda", "Accept-Encoding": "identity"}
        self._client = httpx.Client(timeout=timeout, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def download(self, address: str, target: Path, validator: str | None = None) -> Received:
        """Write the PDF at ``address`` to ``target``, whole or not at all.

        With ``validator`` (of the file as it is there), only where it has changed since.
        ``FetchError`` says why it can't be had.
        """
        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            retry=retry_if_exception_type(PassingError),
            sleep=self._sleep,
            reraise=True,
        )
        part = Part(target)
        return attempts(self._attempt, address, part, validator)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.after if isinstance(error, PassingError) else None
        return max(told or 0.0, self._backoff(state))

    def _attempt(self, address: str, part: Part, validator: str | None) -> Received:
        headers = part.headers(address)
        if validator and not headers:
            weak_date = "," in validator and '"' not in validator
            headers = {"If-Modified-Since" if weak_date else "If-None-Match": validator}
        try:
            for _ in range(_REDIRECTS):
                self._check(address)
                self._keep_distance()
                with self._client.stream("GET", address, headers=headers) as answer:
                    if not answer.has_redirect_location:
                        return self._receive(answer, address, part)
                    address = str(answer.url.join(answer.headers["location"]))
        except httpx.HTTPError as error:
            raise PassingError(f"{type(error).__name__}: {error}".rstrip(": ")) from None
        raise FetchError(f"more than {_REDIRECTS} redirects")

    def _check(self, address: str) -> None:
        if _origin(address) != self._origin:
            raise FetchError(f"{address} is not on {self.site}; not asked for")

    def _keep_distance(self) -> None:
        now = time.monotonic()
        if self._next > now:
            self._sleep(self._next - now)
        self._next = time.monotonic() + self._interval * random.uniform(1.0, 1.5)  # noqa: S311

    def _receive(self, answer: httpx.Response, address: str, part: Part) -> Received:
        if answer.status_code == 304:
            return Received(None, "unchanged")
        if answer.status_code not in (200, 206):
            raise _refusal(answer, part)
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise FetchError("the site sends it compressed, against what was asked")
        start = part.begin(answer, address)
        length = int(answer.headers.get("content-length") or 0)
        if start + length > self._limit:
            self._too_large(part)
        until = time.monotonic() + _SLOWEST
        with part.open(start) as file:
            for chunk in answer.iter_raw():
                file.write(chunk)
                if file.tell() > self._limit:
                    self._too_large(part)
                if time.monotonic() > until:
                    raise PassingError(f"not whole within {_SLOWEST} seconds")
        if not part.is_pdf(told_length=bool(length)):
            part.discard()
            kind = answer.headers.get("content-type", "of no type")
            raise PassingError(f"not a whole PDF ({kind})")
        part.finish()
        return Received(validator_of(answer))

    def _too_large(self, part: Part) -> None:
        part.discard()
        raise FetchError(f"larger than {self._limit / _MEGABYTE:.0f} MB; not fetched")


def _refusal(answer: httpx.Response, part: Part) -> FetchError:
    if answer.status_code == 416:
        part.discard()
        return PassingError("the part that was there is not of this file")
    if answer.status_code not in _PASSING:
        return FetchError(f"HTTP {answer.status_code}")
    after = _seconds(answer.headers.get("retry-after"))
    if after is not None and after > _LONGEST_WAIT:
        return FetchError(f"the site asks to wait {after:.0f} seconds; try again later")
    return PassingError(f"HTTP {answer.status_code}", after)


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After``: seconds, or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    return None


def _origin(address: str) -> tuple[str, str, int | None]:
    # Read by what will connect, so that both mean the same host.
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise FetchError(f"{address[:200]}: no address ({error})") from None
    return url.scheme, url.host, url.port
