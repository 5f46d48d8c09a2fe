"""The server itself: limits as they are met from outside, its end, its log, and a kill."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from starlette.testclient import TestClient

from assistant import logs
from assistant.answering.answer import Assistant
from assistant.limits import Limits
from assistant.retrieval.decide import Calibration
from assistant.server.access import Traffic
from assistant.server.api import create_app
from assistant.server.serving import Served, address_of, listen, quiet_end, server_for
from index.embedding.encoder import load_encoder
from index.intake.build import add
from index.store.store import Store
from index.upkeep.verify import verify
from tests.assistant.answering.test_many_askers import eventually
from tests.assistant.cli.test_stores import FILING
from tests.fakes import FakeEncoder, read_lines
from tests.paths import ROOT

YUANDA = [sys.executable, "-c", "import sys; from assistant.cli.main import main; sys.exit(main())"]
PRIVATE = "回购做完了吗绝密"
PEER = ("127.0.0.1", 50_000)


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    filed = tmp_path / "甲.txt"
    filed.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n回购做完了吗|回购已经完成。\n")
    store = Store.open(tmp_path / "store", create=True)
    add(store, [filed], FakeEncoder(), read=read_lines)
    with Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as opened:
        yield opened


class Held:
    """Lets an assistant answer no question before it is told so."""

    def __init__(self, assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()
        ask = assistant.ask

        def held(query: Any) -> Any:
            self.begun.release()
            assert self.go_on.wait(30)
            return ask(query)

        monkeypatch.setattr(assistant, "ask", held)

    def wait(self) -> None:
        assert self.begun.acquire(timeout=30)


@contextmanager
def served(assistant: Assistant, limits: Limits, keys: tuple[str, ...] = ()) -> Iterator[Running]:
    app = create_app(assistant, keys, limits=limits)
    listening = listen("127.0.0.1", None)
    server = server_for(app, limits)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    running = Running(Served(server, thread), address_of(listening).rstrip("/"), app.state.traffic)
    try:
        assert eventually(lambda: server.started)
        yield running
    finally:
        running.served.close()


class Running:
    """A server in a thread, at an address."""

    def __init__(self, served: Served, address: str, traffic: Traffic) -> None:
        self.served, self.address, self.traffic = served, address, traffic

    def ask(self, question: str = "回购") -> httpx.Response:
        return httpx.get(f"{self.address}/api/ask", params={"question": question}, timeout=30)


def value(text: str, name: str) -> float:
    rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return float(rows[name])


def test_the_queue_has_an_end(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(assistant, monkeypatch)
    limits = Limits(working=1, waiting=1)
    with served(assistant, limits) as server, ThreadPoolExecutor(2) as threads:
        first = threads.submit(server.ask)
        held.wait()
        second = threads.submit(server.ask)
        assert eventually(lambda: server.traffic.in_flight == 2)
        refused = server.ask()
        counted = httpx.get(f"{server.address}/metrics").text
        # Life is shown even so.
        healthy = httpx.get(f"{server.address}/health")
        held.go_on.set()
        assert healthy.status_code == 200
        assert value(counted, "yuanda_calls_in_flight") == 3  # this call is one
        assert value(counted, 'yuanda_refused_total{reason="busy"}') == 1
        assert [call.result().status_code for call in (first, second)] == [200, 200]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json().keys() == {"error"}


def test_what_takes_too_long_is_given_up(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(assistant, monkeypatch)
    app = create_app(assistant, limits=Limits(seconds=0.2))
    with TestClient(app, base_url="http://127.0.0.1", client=PEER) as client:
        late = client.get("/api/ask", params={"question": "回购"})
        held.go_on.set()
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")


def test_a_caller_has_a_rate(assistant: Assistant) -> None:
    app = create_app(assistant, ["one", "two"], limits=Limits(per_minute=3))
    client = TestClient(app, base_url="http://127.0.0.1", client=PEER)

    def status(key: str, path: str = "/api/filings") -> int:
        return client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code

    assert [status("one") for _ in range(4)] == [200, 200, 200, 429]
    assert status("two") == 200
    assert [status("wrong") for _ in range(4)] == [401, 401, 401, 429]
    assert status("one", "/metrics") == 200
    assert status("one", "/health") == 200
    limited = client.get("/api/ask?question=甲", headers={"Authorization": "Bearer one"})
    assert limited.status_code == 429
    assert 1 <= int(limited.headers["retry-after"]) <= 20
    counted = client.get("/metrics", headers={"Authorization": "Bearer two"}).text
    assert value(counted, 'yuanda_refused_total{reason="rate"}') == 3
    assert value(counted, 'yuanda_refused_total{reason="key"}') == 3


def test_each_question_of_a_batch_counts(assistant: Assistant) -> None:
    client = TestClient(
        create_app(assistant, limits=Limits(per_minute=5)), base_url="http://127.0.0.1", client=PEER
    )
    assert client.post("/api/ask/batch", json={"questions": ["甲"] * 5}).status_code == 200
    assert client.get("/api/filings").status_code == 429


def test_the_chat_has_a_rate_as_well(assistant: Assistant) -> None:
    client = TestClient(
        create_app(assistant, limits=Limits(per_minute=1)), base_url="http://127.0.0.1", client=PEER
    )
    # The chat isn't mounted here: who is let through finds nothing.
    found = [client.post("/gradio_api/queue/join").status_code for _ in range(2)]
    assert found == [404, 429]
    calls = [client.post(f"/gradio_api/{name}/0").status_code for name in ("run", "api", "call")]
    assert calls == [429] * 3
    assert client.get("/gradio_api/file").status_code == 404
    # What its page fetches while a question is typed: ten times as often.
    typed = [client.get(f"/complete?q={n}").status_code for n in range(11)]
    assert typed == [404] * 9 + [429] * 2
    assert client.get("/filing/0.pdf").status_code == 429


def test_a_slow_sender_is_not_waited_for(assistant: Assistant) -> None:
    with served(assistant, Limits(seconds=0.3)) as server:
        port = int(server.address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
            sender.sendall(
                b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n"
                b'Content-Type: application/json\r\n\r\n{"question":'
            )
            assert b" 408 " in sender.recv(100)


def test_readiness(assistant: Assistant) -> None:
    app = create_app(assistant)
    assert TestClient(app, base_url="http://localhost").get("/health/ready").status_code == 503
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/health/ready").json() == {"status": "ok"}
        app.state.traffic.is_ending = True
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").json() == {"status": "ok"}


def test_what_runs_is_finished_at_the_end(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(assistant, monkeypatch)
    with (
        served(assistant, Limits()) as server,
        ThreadPoolExecutor(1) as threads,
        httpx.Client(base_url=server.address) as client,
    ):
        running: Future[httpx.Response] = threads.submit(server.ask)
        held.wait()
        server.served.server.should_exit = True
        assert eventually(lambda: client.get("/health/ready").status_code == 503)
        late = client.get("/api/ask", params={"question": "回购"})
        assert (late.status_code, late.headers["connection"]) == (503, "close")
        assert not running.done()
        held.go_on.set()
        assert running.result().json()["citations"][0]["pair"]["answer"] == "回购已经完成。"
        server.served.thread.join(timeout=20)
        assert not server.served.thread.is_alive()


def test_tools_over_http_are_behind_the_same_door(assistant: Assistant) -> None:
    with served(assistant, Limits(), ("right",)) as server:
        address = f"{server.address}/mcp"
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            refused = httpx.post(address, json={}, headers=headers)
            assert (refused.status_code, refused.json().keys()) == (401, {"error"})
        right = {"Authorization": "Bearer right"}
        assert httpx.get(address, headers=right).status_code == 405

        async def run() -> Any:
            async with (
                create_mcp_http_client(headers=right) as http,
                Client(streamable_http_client(address, http_client=http)) as client,
            ):
                return await client.call_tool("ask", {"question": "回购做完了吗"})

        result = asyncio.run(run())
        assert result.structured_content["citations"][0]["pair"]["answer"] == "回购已经完成。"
        counted = httpx.get(f"{server.address}/metrics", headers=right).text
        assert value(counted, 'yuanda_questions_total{decision="answer"}') == 1
        huge = httpx.post(address, content=b" " * (2 << 20), headers=right)
        assert huge.status_code == 413


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the program's own loggers write, as a server does."""
    lines, logger = io.StringIO(), logging.getLogger("yuanda")
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logs.JsonLines())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize("log", ["calls", "questions"])
def test_questions_are_logged_only_where_asked_for(
    assistant: Assistant, written: io.StringIO, log: logs.Log
) -> None:
    assistant.watch(logs.noting(log))
    client = TestClient(create_app(assistant), base_url="http://127.0.0.1", client=PEER)
    for path in ("/api/ask?question=", "/api/filings?company=", "/api/", "/mcp?"):
        client.get(f"{path}{PRIVATE}")
    client.post("/api/ask", json={"question": PRIVATE, "top_k": 0})
    client.post("/api/ask/batch", json={"questions": [PRIVATE, ""]})
    text = written.getvalue()
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["message"] for row in rows].count("call") == 6
    answers = [row for row in rows if row["message"] == "answer"]
    assert len(answers) == 2
    assert all(row["decision"] == "answer" and row["ms"] > 0 for row in answers)
    said = any(PRIVATE in str(row) for row in rows)
    assert said == (log == "questions")
    calls = {row["call"]: row["status"] for row in rows if row["message"] == "call"}
    assert calls["/api/ask/batch"] == 200
    assert {row["level"] for row in rows} == {"info"}


def test_a_line_is_one_line_and_acts_on_no_terminal() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 1, "a\nb \x1b[31m\u202e%s", ("甲",), sys.exc_info()
        )
    line = logs.JsonLines().format(record)
    assert line.isascii()
    assert "\n" not in line
    row = json.loads(line)
    assert (row["level"], row["message"]) == ("error", "a\nb \x1b[31m\u202e甲")
    assert "ValueError: two\nlines" in row["error"]


def test_an_end_is_no_fault_but_an_error_is(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.serving")
    quiet_end(logger)
    logger.error("Cancel 1 running task(s), timeout graceful shutdown exceeded")
    for error in (asyncio.CancelledError("ended"), ValueError("wrong")):
        logger.error("Exception", exc_info=error)
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("wrong",)]


def start(store: Path, port: int, errors: Path, **environment: str) -> subprocess.Popen[bytes]:
    with errors.open("wb") as file:
        return subprocess.Popen(
            [*YUANDA, "ui", "--store", str(store), "--port", str(port)],
            env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=file,
        )


def wait_for(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("not ready")


@pytest.mark.model
def test_a_killed_server_loses_nothing_and_an_ended_one_ends_well(tmp_path: Path) -> None:
    (tmp_path / "hemu.txt").write_text(FILING, "utf-8")
    with Store.open(tmp_path / "store", create=True) as store:
        add(store, [tmp_path / "hemu.txt"], load_encoder())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address, errors = f"http://127.0.0.1:{port}", tmp_path / "errors"

    def ask(stop: threading.Event) -> None:
        with httpx.Client(base_url=address) as client, suppress(httpx.TransportError):
            while not stop.is_set():
                client.get("/api/ask", params={"question": "产能利用率"}).raise_for_status()

    killed = start(tmp_path / "store", port, errors)
    stop = threading.Event()
    with ThreadPoolExecutor(4) as threads:
        try:
            wait_for(port)
            askers = [threads.submit(ask, stop) for _ in range(4)]
            time.sleep(0.3)
        finally:
            killed.kill()
            killed.wait()
            stop.set()
        for asker in askers:
            asker.result()
    with Store.open(tmp_path / "store") as store:
        assert (verify(store).failed, store.counts()) == ((), (1, 2))

    again = start(tmp_path / "store", port, errors, YUANDA_LOG="calls")
    try:
        wait_for(port)
        answered = httpx.get(f"{address}/api/ask", params={"question": "今年的产能利用率如何"})
        assert "八成" in answered.json()["citations"][0]["pair"]["answer"]
        # Followed without a question being asked.
        with Store.open(tmp_path / "store") as store:
            store.remove(str(tmp_path / "hemu.txt"))
        assert httpx.get(f"{address}/health").json()["pairs"] == 0
    finally:
        again.send_signal(signal.SIGTERM)
        assert again.wait(timeout=60) in {0, 128 + signal.SIGTERM}
    rows = [json.loads(line) for line in errors.read_text("utf-8").splitlines()]
    assert {"call", "answer"} <= {row["message"] for row in rows}
    assert {row["level"] for row in rows} == {"info"}
    assert "产能" not in str(rows)
