"""The gate before all that is served: names, other pages, proxies, headers, patience."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from assistant.answering.answer import Assistant
from assistant.limits import Limits
from assistant.retrieval.decide import Calibration
from assistant.server.access import SHIELDS
from assistant.server.api import create_app
from assistant.server.reach import Reach
from index.intake.build import add
from index.store.store import Store
from tests.assistant.server.test_serving import served
from tests.fakes import FakeEncoder, read_lines

PEER, FAR = ("127.0.0.1", 50_000), ("192.0.2.7", 50_000)
HERE = "http://127.0.0.1:7860"


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    filed = tmp_path / "甲.txt"
    filed.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n")
    store = Store.open(tmp_path / "store", create=True)
    add(store, [filed], FakeEncoder(), read=read_lines)
    with Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/health", "/api/filings", "/", "/nothing", "/openapi.json"])
def test_a_name_that_leads_here_from_elsewhere_is_refused(assistant: Assistant, path: str) -> None:
    """A page whose own name leads to this machine reads nothing of what it serves (rebinding)."""
    near = create_app(assistant)
    named = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", "")
    for name in named:
        client = TestClient(near, base_url=HERE, client=PEER, headers={"Host": name})
        assert client.get(path).status_code == 403, name
    reach = Reach.at("0.0.0.0", names=["Yuanda.example"])  # noqa: S104
    wide = TestClient(create_app(assistant, ["key"], reach=reach), client=FAR)
    found = {
        name: wide.get("/health", headers={"Host": name}).status_code
        for name in ("yuanda.example", "yuanda.example:8443", "192.0.2.1:7860", "[2001:db8::1]")
    }
    assert set(found.values()) == {200}
    assert wide.get(path, headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": "//127.0.0.1:7860"},
        {"Origin": "http://127.0.0.1:7861"},
        {"Origin": "http://localhost:7860"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_sends_nothing(assistant: Assistant, headers: dict[str, str]) -> None:
    client = TestClient(create_app(assistant), base_url=HERE, client=PEER)
    refused = client.post("/api/ask", json={"question": "毛利率"}, headers=headers)
    assert refused.status_code == 403
    assert "other pages" in refused.json()["error"]


def test_the_own_page_and_programs_send(assistant: Assistant) -> None:
    client = TestClient(create_app(assistant), base_url=HERE, client=PEER)
    own: list[dict[str, str]] = [{}, {"Origin": HERE}, {"Sec-Fetch-Site": "same-origin"}]
    for headers in own:
        sent = client.post("/api/ask", json={"question": "毛利率"}, headers=headers)
        assert sent.status_code == 200


def test_a_link_leads_here_and_nothing_else_loads(assistant: Assistant) -> None:
    """Another page's pictures, scripts and streams would have this machine work for it."""
    client = TestClient(create_app(assistant), base_url=HERE, client=PEER)
    for mode, status in (("navigate", 200), ("no-cors", 403), ("cors", 403)):
        told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
        assert client.get("/api/ask?question=毛利率", headers=told).status_code == status


def test_no_other_page_reads(assistant: Assistant) -> None:
    client = TestClient(create_app(assistant), base_url=HERE, client=PEER)
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (client.get("/api/filings", headers=asked), client.options("/", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_every_answer_is_shielded(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals and failures, too, whoever makes them."""
    monkeypatch.setattr(assistant, "ask", lambda _: 1 / 0)
    monkeypatch.setattr("assistant.server.api.report.dumps", lambda _: "{}")
    with served(assistant, Limits()) as server:
        found = {}
        for path in ("/health", "/api/nothing", "/mcp", "/", "/metrics", "/api/ask?question=1"):
            answer = httpx.get(f"{server.address}{path}")
            found[path] = answer.status_code
            assert {name.lower() for name in SHIELDS} <= set(answer.headers), path
        large = httpx.post(f"{server.address}/api/ask", content=b" " * (2 << 20))
        strange = httpx.get(f"{server.address}/health", headers={"Host": "evil.example"})
        for answer, status in ((large, 413), (strange, 403)):
            assert answer.status_code == status
            assert {name.lower() for name in SHIELDS} <= set(answer.headers)
    assert found["/api/ask?question=1"] == 500


def test_only_a_named_proxy_is_believed(assistant: Assistant) -> None:
    """Who calls is whom a named proxy names; nobody else can put on another's address."""
    reach = Reach.at("127.0.0.1", ["yuanda.example"], ["10.0.0.0/8"])
    app = create_app(assistant, ["key"], reach=reach, limits=Limits(per_minute=1))

    def call(peer: str, told: str) -> int:
        client = TestClient(app, base_url="http://yuanda.example", client=(peer, 1))
        headers = {"X-Forwarded-For": told, "Authorization": "Bearer wrong"}
        return client.get("/api/filings", headers=headers).status_code

    assert [call("10.0.0.1", "203.0.113.5") for _ in range(2)] == [401, 429]
    assert call("10.0.0.2", "203.0.113.6") == 401
    # Not a proxy: the peer's own address counts, whatever it says.
    assert [call("192.0.2.7", f"203.0.113.{n}") for n in range(7, 9)] == [401, 429]
    # What a caller himself wrote before the proxy is not believed either.
    assert call("10.0.0.1", "198.51.100.9, 203.0.113.5") == 429


def test_behind_a_proxy_nobody_is_this_machine(assistant: Assistant) -> None:
    app = create_app(assistant, reach=Reach.at("127.0.0.1", (), ["127.0.0.1"]))
    client = TestClient(app, base_url=HERE, client=PEER)
    assert client.get("/api/filings").status_code == 403


def answered(server: str, sent: bytes, pieces: bytes = b"", pause: float = 0.0) -> bytes:
    """All that comes back to what is sent, with ``pieces`` byte by byte after it."""
    host, port = server.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as sender:
        sender.sendall(sent)
        for piece in pieces:
            time.sleep(pause)
            try:
                sender.sendall(bytes([piece]))
            except OSError:
                break
        received = b""
        try:
            while got := sender.recv(65536):
                received += got
        except OSError:
            pass
        return received


@pytest.mark.parametrize(
    ("sent", "pieces"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-Slow: " + b"a" * 40),
        (b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /", b"a" * 40),
    ],
    ids=["nothing", "half a line", "half a head", "half a second head"],
)
def test_a_half_sent_head_is_not_waited_for(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, sent: bytes, pieces: bytes
) -> None:
    monkeypatch.setattr("assistant.server.serving._HEAD", 0.5)
    with served(assistant, Limits()) as server:
        began = time.monotonic()
        answered(server.address, sent, pieces, 0.1)
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("path", ["/api/ask", "/mcp", "/gradio_api/queue/join", "/desk/login"])
def test_a_half_sent_body_is_not_waited_for(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("assistant.server.serving._HEAD", 0.5)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Content-Length: 99\r\n\r\n{"
    )
    with served(assistant, Limits(seconds=0.5)) as server:
        began = time.monotonic()
        assert answered(server.address, head.encode(), b"a" * 20, 0.1).startswith(b"HTTP/1.1 4")
        assert time.monotonic() - began < 8


def test_who_does_not_read_is_let_go(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.server.serving._READ", 0.5)
    asks = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 400_000
    with served(assistant, Limits()) as server:
        host, port = server.address.removeprefix("http://").rsplit(":", 1)
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(20)
            reader.connect((host, int(port)))
            with pytest.raises(ConnectionError):
                reader.sendall(asks)


def test_one_address_takes_no_more_than_its_share(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.server.serving._OF_ONE", 3)
    with served(assistant, Limits()) as server:
        host, port = server.address.removeprefix("http://").rsplit(":", 1)
        held = [socket.create_connection((host, int(port))) for _ in range(3)]
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{server.address}/health/live")
        for one in held:
            one.close()
        time.sleep(0.2)
        assert httpx.get(f"{server.address}/health/live").status_code == 200


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", ["/api/ask", "/api/ask/batch", "/mcp", "/nothing", "/health"])
def test_a_large_body_is_not_taken_in(assistant: Assistant, path: str, declared: bool) -> None:
    length = "Content-Length: 400000000" if declared else "Transfer-Encoding: chunked"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n"
        "Content-Type: application/json\r\n\r\n"
    )
    piece = b"1" * (1 << 20) if declared else b"100000\r\n" + b"1" * (1 << 20) + b"\r\n"
    with served(assistant, Limits()) as server:
        host, port = server.address.removeprefix("http://").rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=20) as sender:
            sender.sendall(head.encode())
            sender.setblocking(False)
            sent, received = 0, b""
            until = time.monotonic() + 20
            while not received and time.monotonic() < until:
                try:
                    sent += sender.send(piece)
                except BlockingIOError:
                    time.sleep(0.01)
                except OSError:
                    break
                try:
                    received = sender.recv(4096)
                except BlockingIOError:
                    continue
                except OSError:
                    break
    assert received.startswith(b"HTTP/1.1 4") or sent < 64 << 20
    assert sent < 64 << 20


def test_bytes_that_are_no_text_are_refused_as_described(assistant: Assistant) -> None:
    client = TestClient(create_app(assistant), base_url=HERE, client=PEER)
    for body in (b"\xff|", b"{", b"[" * 100_000, b'{"question": "\\ud800"}'):
        sent = client.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
        assert (sent.status_code, sent.json().keys()) == (422, {"error"}), body[:20]
