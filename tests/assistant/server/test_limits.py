"""What a server takes on: rates, a queue with an end, seconds."""

from __future__ import annotations

import asyncio
import threading

import pytest

from assistant.limits import BusyError, Limits, Rate, Workers, caller_at, limits_for


def test_a_bucket_fills_again() -> None:
    now = 100.0
    rate = Rate(6, clock=lambda: now)
    assert [rate.wait("甲") for _ in range(6)] == [0.0] * 6
    assert rate.wait("甲") == pytest.approx(10)
    assert rate.wait("乙") == 0
    now += 4
    assert rate.wait("甲") == pytest.approx(6)
    now += 6
    assert (rate.wait("甲"), rate.wait("甲")) == (0, pytest.approx(10))
    now += 3600
    assert [rate.wait("甲") for _ in range(7)] == [0.0] * 6 + [pytest.approx(10)]


def test_a_batch_is_made_up_for() -> None:
    now = 0.0
    rate = Rate(60, clock=lambda: now)
    assert rate.wait("甲", 100) == 0
    assert rate.wait("甲") == pytest.approx(41)
    now += 41
    assert rate.wait("甲") == 0


def test_no_rate_is_no_limit() -> None:
    assert {Rate(None).wait("甲") for _ in range(10_000)} == {0.0}


def test_callers_are_forgotten_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.limits._CALLERS", 2)
    rate = Rate(1, clock=lambda: 0.0)
    assert [rate.wait(caller) for caller in ("甲", "乙", "丙")] == [0, 0, 0]
    assert rate.wait("丙") > 0
    assert rate.wait("甲") == 0


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::1", "::1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_network_is_one_caller(host: str, caller: str) -> None:
    assert caller_at(host) == caller


def test_other_machines_are_limited_unless_set() -> None:
    assert limits_for(None, exposed=False).per_minute is None
    assert limits_for(None, exposed=True).per_minute == 600
    assert limits_for(0, exposed=True).per_minute is None
    assert limits_for(5, exposed=False).per_minute == 5


def test_who_comes_when_too_many_wait_is_sent_away() -> None:
    go_on = threading.Event()

    async def run() -> list[object]:
        workers = Workers(Limits(working=1, waiting=2))
        calls = [asyncio.create_task(workers.do(lambda: go_on.wait(30))) for _ in range(5)]
        _, pending = await asyncio.wait(calls, timeout=0.2)
        assert len(pending) == 3
        go_on.set()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert await workers.do(lambda: "room again") == "room again"
        workers.close()
        return list(done)

    done = asyncio.run(run())
    assert done[:3] == [True] * 3
    assert all(isinstance(error, BusyError) for error in done[3:])


def test_what_takes_too_long_is_given_up_and_not_begun() -> None:
    go_on, begun = threading.Event(), []

    async def run() -> None:
        workers = Workers(Limits(working=1, waiting=1, seconds=0.1))
        first = asyncio.create_task(workers.do(lambda: go_on.wait(30)))
        second = asyncio.create_task(workers.do(lambda: begun.append(2)))
        done = await asyncio.gather(first, second, return_exceptions=True)
        assert all(isinstance(error, TimeoutError) for error in done)
        # The first still holds its thread, the second has left the queue.
        await asyncio.sleep(0.05)
        third = asyncio.create_task(workers.do(lambda: begun.append(3)))
        await asyncio.sleep(0)
        go_on.set()
        await third
        workers.close()

    asyncio.run(run())
    assert begun == [3]
