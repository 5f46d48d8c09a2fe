"""A stranger with no login calls all that the page names, with what no component takes."""

from __future__ import annotations

import itertools
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import ui
from assistant.answering.answer import Assistant
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.store.store import Store
from tests.fakes import FakeEncoder, read_lines

pytestmark = [
    # Gradio's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LOGIN = ("admin", "open sesame")


@dataclass(frozen=True)
class Target:
    """A server, a file that nobody should see, and where Gradio would keep copies."""

    client: httpx.Client
    secret: Path
    marker: str
    cache: Path

    def is_up(self) -> bool:
        return self.client.get("/health/live", timeout=5).status_code == 200

    def copies(self) -> list[Path]:
        """Files of Gradio's that hold the secret."""
        kept = (path for path in self.cache.rglob("*") if path.is_file())
        return [path for path in kept if self.marker.encode() in path.read_bytes()]


@pytest.fixture(scope="module", params=[None, LOGIN], ids=["no desk", "desk"])
def target(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Target]:
    folder, marker = tmp_path_factory.mktemp("target"), secrets.token_hex(16)
    secret, filed = folder / "secret.txt", folder / "甲.txt"
    secret.write_text(marker)
    filed.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n")
    store = Store.open(folder / "store", create=True)
    add(store, [filed], FakeEncoder(), read=read_lines)
    with (
        pytest.MonkeyPatch.context() as patch,
        Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as assistant,
    ):
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "cache"))
        app, address = ui.launch(assistant, login=request.param)
        with httpx.Client(base_url=address, timeout=20) as client:
            yield Target(client, secret, marker, folder / "cache")
        app.close()


def reference(path: object) -> dict[str, Any]:
    """A file as Gradio's components name one."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, "orig_name": "a.txt"}


def functions(target: Target) -> list[dict[str, Any]]:
    """All that the page's configuration names."""
    named: list[dict[str, Any]] = target.client.get("/config").json()["dependencies"]
    assert len(named) > 10
    return named


def fillings(count: int, value: Any) -> Iterator[tuple[list[Any], Any]]:
    """Data and event data with a value in each place, in all, and deeper."""
    for place in range(count):
        yield [value if at == place else None for at in range(count)], None
    yield [value] * count, value
    yield [[value]] * count, {"question": value, "address": value, "place": value}
    yield [{"value": value, "__type__": "update"}] * count, {"_data": value, "path": value}


def call(target: Target, function: dict[str, Any], data: list[Any], event: Any) -> str:
    """All that comes back by every route, as one text."""
    number, session = function["id"], secrets.token_hex(6)
    body = {
        "data": data,
        "event_data": event,
        "fn_index": number,
        "trigger_id": next((t[0] for t in function["targets"]), None),
        "session_hash": session,
    }
    names = [str(number), function["api_name"] or "predict", "predict"]
    said = []
    for route, name in itertools.product(("run", "api", "call", "call/v2"), names):
        answer = target.client.post(f"/gradio_api/{route}/{name}", json=body)
        said.append(answer.text)
        if route.startswith("call") and "event_id" in answer.text:
            event_id = answer.json()["event_id"]
            said.append(target.client.get(f"/gradio_api/{route}/{name}/{event_id}").text)
    joined = target.client.post("/gradio_api/queue/join", json=body)
    said.append(joined.text)
    if joined.is_success:
        got = target.client.get("/gradio_api/queue/data", params={"session_hash": session})
        said.append(got.text)
    return "\n".join(said)


def test_no_function_reads_a_file_of_the_server(target: Target) -> None:
    for function in functions(target):
        for data, event in fillings(len(function["inputs"]), reference(target.secret)):
            said = call(target, function, data, event)
            assert target.marker not in said
            assert str(target.secret.parent / "cache") not in said
    assert target.copies() == []
    assert target.is_up()


def test_a_call_of_the_page_is_answered(target: Target) -> None:
    """That nothing comes back to strangers' calls is no wonder where nothing is answered."""
    (ask,) = [
        function
        for function in functions(target)
        if len(function["inputs"]) == 9 and function["targets"][0][1] == "submit"
    ]
    said = call(target, ask, ["毛利率怎样", None, "zh", None, [], None, None, None, ""], None)
    assert "毛利率为三成。" in said


def test_no_path_of_the_server_is_served(target: Target) -> None:
    target.cache.mkdir(exist_ok=True)
    for name in ("a.txt", "deep/a.txt"):
        kept = target.cache / name
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(target.marker)
    paths = [target.secret, target.cache / "a.txt", target.cache / "deep/a.txt"]
    paths += [Path("/proc/self/environ"), Path("/etc/passwd"), target.secret.parent / "store"]
    paths += [target.secret.parent / "store/store.sqlite", Path(f"file://{target.secret}")]
    for path, prefix in itertools.product(
        paths,
        (
            *("/gradio_api/file=", "/gradio_api/file/", "/file=", "/file/", "/filing/"),
            *("/gradio_api/proxy=", "/assets/../", "/static/..", "/assets/", "/svelte/"),
            *("/gradio_api/custom_component/1/client/component/", "/gradio_api/deep_link?"),
        ),
    ):
        answer = target.client.get(f"{prefix}{path}")
        assert 400 <= answer.status_code < 500, (prefix, path)
        assert target.marker not in answer.text


def test_no_pipe_nor_device_is_opened(target: Target, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for function in functions(target):
        count = len(function["inputs"])
        for path in (fifo, "/dev/zero", "/dev/stdin", "/dev/tty", "/proc/self/mem"):
            call(target, function, [reference(path)] * count, reference(path))
    assert target.is_up()
    assert not [path for path in target.cache.rglob("*") if path.name in ("fifo", "zero", "mem")]


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"value": [value]}
    return value


@pytest.mark.parametrize(
    "value",
    ["x" * 900_000, nested(200), [["x"] * 1000] * 90, 1e308, -1, True, "\x00", "\ud800", {}],
    ids=["long", "deep", "wide", "large", "negative", "true", "nul", "half", "empty"],
)
def test_no_value_ends_the_server_or_fails_it(target: Target, value: Any) -> None:
    session = secrets.token_hex(6)
    for function in functions(target):
        for data, event in (([value] * len(function["inputs"]), value), (value, None)):
            body = {"data": data, "event_data": event, "fn_index": function["id"]}
            body["session_hash"] = session
            sent = json.dumps(body).encode("ascii")
            answer = target.client.post(
                "/gradio_api/queue/join",
                content=sent,
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code in (200, 413, 422, 429), answer.text
    assert target.is_up()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/cancel"),
        ("POST", "/gradio_api/reset"),
        ("POST", "/gradio_api/stream/x"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/gradio_api/run-history/connect"),
        ("GET", "/gradio_api/vibe-code"),
        ("GET", "/gradio_api/stream/a/b/1/playlist.m3u8"),
        ("GET", "/gradio_api/proxy=https://example.com/"),
        ("GET", "/gradio_api/file=https://example.com/"),
        ("GET", "/gradio_api/dev/reload"),
        ("GET", "/gradio_api/deep_link"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/token"),
        ("GET", "/gradio_api/upload_progress?upload_id=1"),
        ("GET", "/gradio_api/queue/status"),
        ("GET", "/gradio_api/mcp/sse"),
        ("GET", "/gradio_api/profiling/traces"),
        ("GET", "/monitoring"),
        ("GET", "/monitoring/summary"),
        ("POST", "/login"),
        ("GET", "/logout"),
        ("GET", "/docs"),
        ("GET", "/gradio_api/openapi.json"),
    ],
)
def test_what_the_page_does_not_call_is_not_there(target: Target, method: str, path: str) -> None:
    assert target.client.request(method, path).status_code in (404, 405)


@pytest.mark.parametrize(
    "path",
    [
        *("/assets/" + "a" * 300, "/assets/" + "a" * 50_000, "/static/" + "a/" * 400),
        *("/gradio_api/heartbeat/" + "a" * 500, "/filing/" + "0" * 60_000 + ".pdf"),
        *("/assets/%ff%fe", "/%00", "/?" + "q=" + "a" * 60_000, "/complete?q=" + "a" * 30_000),
        *("/assets/.", "/assets", "/static/js", "/svelte/x", "/gradio_api", "/config/x"),
    ],
    ids=lambda path: path[:30],
)
def test_no_address_is_a_failure(target: Target, path: str) -> None:
    assert 400 <= target.client.get(path).status_code < 500


def test_no_other_address_gets_into_the_page(target: Target) -> None:
    told = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "X-Direct-Url": "https://evil.example/",
        "Origin": "https://evil.example",
    }
    for path in ("/", "/config", "/?deep_link=evil", "/?__theme=evil"):
        answer = target.client.get(path, headers=told)
        assert answer.status_code == 200
        assert "evil" not in answer.text + str(answer.headers)


def test_the_page_may_run_its_own_scripts_alone(target: Target) -> None:
    page = target.client.get("/")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    (scripts,) = [part for part in policy.split("; ") if part.startswith("script-src")]
    assert "'unsafe-inline'" not in scripts
    inline = page.text.count("<script>") + page.text.count("<script data-")
    assert scripts.count("'sha256-") == inline > 0
