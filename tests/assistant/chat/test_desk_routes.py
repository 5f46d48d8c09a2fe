"""Logins and files over HTTP: cookies, forms of other pages, who may send, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from assistant.answering.answer import Assistant
from assistant.chat.desk import Desk
from assistant.chat.desk_routes import desk_router
from assistant.chat.logins import COOKIE, Login
from assistant.chat.uploads import LARGEST
from assistant.retrieval.decide import Calibration
from assistant.server.api import create_app
from assistant.server.reach import Reach
from index.store.store import Store
from tests.fakes import FakeEncoder

LOGIN = {"user": "admin", "password": "open sesame"}
PEER = ("127.0.0.1", 50_000)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    Store.open(tmp_path / "store", create=True).close()
    return Desk(tmp_path / "store", FakeEncoder(), Login(**LOGIN))


@pytest.fixture
def app(desk: Desk, tmp_path: Path) -> Iterator[FastAPI]:
    encoder = FakeEncoder()
    with Assistant(Store.open(tmp_path / "store"), encoder, Calibration.load()) as assistant:
        reach = Reach.at("127.0.0.1", ["yuanda.example"], ["10.0.0.1"])
        app = create_app(assistant, reach=reach)
        app.include_router(desk_router(desk))
        yield app


def client(app: FastAPI, peer: tuple[str, int] = PEER, scheme: str = "http") -> TestClient:
    return TestClient(app, base_url=f"{scheme}://yuanda.example", client=peer)


def send(client: TestClient, content: bytes = b"x", name: str = "a.txt") -> int:
    query = {"name": name, "size": len(content)}
    return client.post("/desk/upload", params=query, content=content).status_code


def test_the_cookie_is_out_of_reach_of_scripts_and_other_pages(app: FastAPI) -> None:
    entered = client(app).post("/desk/login", json=LOGIN)
    flags = {part.strip().lower() for part in entered.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert "secure" not in flags
    by_proxy = client(app, ("10.0.0.1", 1)).post(
        "/desk/login", json=LOGIN, headers={"X-Forwarded-Proto": "https"}
    )
    assert "; secure" in by_proxy.headers["set-cookie"].lower()
    assert "sesame" not in str(entered.headers) + entered.text


def test_a_file_is_taken_from_who_has_logged_in_until_they_leave(app: FastAPI, desk: Desk) -> None:
    one = client(app)
    assert send(one) == 403
    assert one.post("/desk/login", json={**LOGIN, "password": "x"}).status_code == 403
    assert send(one) == 403
    assert one.post("/desk/login", json=LOGIN).status_code == 200
    assert send(one) == 200
    assert send(client(app)) == 403  # from the same address, without the cookie
    cookie = one.cookies[COOKIE]
    assert one.post("/desk/logout").status_code == 200
    assert COOKIE not in one.cookies
    one.cookies.set(COOKIE, cookie)
    assert send(one) == 403
    assert desk.uploads._kept == {}


@pytest.mark.parametrize("path", ["/desk/login", "/desk/logout", "/desk/upload?name=a&size=1"])
def test_a_form_of_another_page_does_nothing(app: FastAPI, desk: Desk, path: str) -> None:
    one = client(app)
    one.post("/desk/login", json=LOGIN)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert one.post(path, json=LOGIN, headers=headers).status_code == 403
    assert desk.logins.session(one.cookies[COOKIE])
    assert desk.uploads._kept == {}
    form = client(app).post("/desk/login", data=LOGIN)
    assert form.status_code == 422


def test_guessing_is_told_to_wait_and_stops_nobody_else(app: FastAPI) -> None:
    def guess(peer: str, password: str) -> int:
        far = client(app, (peer, 1))
        return far.post("/desk/login", json={**LOGIN, "password": password}).status_code

    assert [guess("192.0.2.7", str(n)) for n in range(6)] == [403] * 5 + [429]
    assert guess("192.0.2.7", LOGIN["password"]) == 429
    assert guess("192.0.2.8", LOGIN["password"]) == 200


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/passwd", "a\x00b", "…" * 900])
def test_a_name_is_only_a_name(app: FastAPI, desk: Desk, name: str) -> None:
    one = client(app)
    one.post("/desk/login", json=LOGIN)
    assert send(one, b"x", name) == 200
    (upload,) = desk.uploads._kept.values()
    assert upload.path
    assert upload.path.parent == desk.uploads._folder


def test_files_have_a_size_and_a_number(
    app: FastAPI, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = client(app)
    one.post("/desk/login", json=LOGIN)
    large = {"name": "a.pdf", "size": LARGEST + 1}
    assert one.post("/desk/upload", params=large).status_code == 200
    (upload,) = desk.uploads._kept.values()
    assert "larger than" in (upload.refused or "")
    pieces = (b"x" * (1 << 20) for _ in range((LARGEST >> 20) + 1))
    lied = one.post("/desk/upload", params={"name": "a", "size": 1}, content=pieces)
    assert lied.status_code == 413
    assert list(desk.uploads._folder.iterdir()) == []
    monkeypatch.setattr("assistant.chat.uploads.MOST_FILES", 2)
    assert [send(one) for _ in range(4)] == [200, 200, 200, 413]
