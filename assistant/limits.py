"""What a server takes on: calls at a time, waiting calls, calls of one caller, time for each."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from starlette.types import Message, Receive

T = TypeVar("T")

# Calls a minute, where other machines call and nothing else is set.
_RATE_ELSEWHERE = 600
# Callers that are remembered; each weighs some hundred bytes.
_CALLERS = 10_000


class BusyError(Exception):
    """More calls wait than are worth waiting for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes on.

    ``per_minute``: calls of one caller, ``None`` for any number; each question of a batch is
    one. ``working``: calls that are worked on at a time; more than the processors only take
    turns. ``waiting``: calls that wait besides; more are sent away. ``seconds``: after which a
    call is given up, and at the end of the server not waited for. ``bytes``: of a request.
    """

    per_minute: int | None = None
    working: int = field(default_factory=lambda: max(2, os.cpu_count() or 1))
    waiting: int = 128
    seconds: float = 30.0
    bytes: int = 1 << 20


def limits_for(rate: int | None, exposed: bool) -> Limits:
    """The limits of a server: with no ``rate`` set, other machines' calls are limited."""
    if rate is None:
        rate = _RATE_ELSEWHERE if exposed else 0
    return Limits(per_minute=rate or None)


class Workers:
    """A few threads that work calls off in the order in which they came."""

    def __init__(self, limits: Limits) -> None:
        self._threads = ThreadPoolExecutor(limits.working, thread_name_prefix="yuanda-call")
        self._room = limits.working + limits.waiting
        self._seconds = limits.seconds
        self._taken = 0

    async def do(self, work: Callable[[], T]) -> T:
        """Have it worked off.

        ``BusyError`` at once where too many wait, ``TimeoutError`` where it takes too long; what
        still waits then is not begun.
        """
        if self._taken >= self._room:
            raise BusyError
        loop = asyncio.get_running_loop()
        future = self._threads.submit(work)
        self._taken += 1
        future.add_done_callback(lambda _: _in_loop(loop, self._leave))
        return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)

    def _leave(self) -> None:
        self._taken -= 1

    def close(self) -> None:
        """End the threads once they have done what they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Rate:
    """A token bucket for each caller: a minute's calls at once, then as they come back.

    After Turner (1986): the bucket fills at a steady rate, each call takes one out.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = (per_minute or 0) / 60
        self._most = float(per_minute or 0)
        self._clock = clock
        # Tokens and when they were counted, by caller; who called last stands last.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str, calls: int = 1) -> float:
        """Seconds until this caller may call again; 0 where it may now, and has then.

        Several calls at once may go below nothing, which is made up for by waiting.
        """
        if not self._most:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (self._most, now))
        tokens = min(self._most, tokens + (now - then) * self._per_second)
        allowed = tokens >= 1
        self._buckets[caller] = (tokens - calls if allowed else tokens, now)
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._per_second


def caller_at(host: str) -> str:
    """Who calls from an address: one network of IPv6 is one caller."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def given_again(body: bytes, receive: Receive) -> Receive:
    """Receives a body that was read, and then what comes after it."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _in_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and the server with it
        loop.call_soon_threadsafe(callback)
