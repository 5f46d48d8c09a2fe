"""The HTTP API: the command line's JSON, behind keys or for this machine alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from assistant.answering import report
from assistant.answering.answer import Assistant
from assistant.retrieval.decide import Calibration
from assistant.server.api import create_app
from assistant.server.reach import Reach, is_loopback
from assistant.server.requests import Asking
from assistant.server.responses import served
from index.intake.build import add
from index.intake.parse import parse
from index.store.store import Store
from tests.conftest import Call
from tests.fakes import FakeEncoder, read_lines
from tests.paths import ROOT

PAGED = ROOT / "eval/collection/files/dev/lifeng-2024-06-12.pdf"
# Nothing comes that isn't described.
STRICT = '"type": "object", "additionalProperties": false'
HERE, PEER = "http://127.0.0.1:7860", ("127.0.0.1", 50_000)
CALLS = ("/api/ask?question=回购", "/api/filings", f"/api/filings/{'0' * 64}", "/metrics")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two filings of lines, and a PDF."""
    folder = tmp_path_factory.mktemp("api")
    first, second = folder / "甲.txt", folder / "乙.txt"
    first.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n回购做完了吗|回购已经完成。\n")
    second.write_text("乙公司|2024-06-10\n回购计划如何|回购计划没有变化。\n")
    with Store.open(folder / "store", create=True) as store:
        add(store, [first, second], FakeEncoder(), read=read_lines)
        add(store, [PAGED], FakeEncoder())
        return store.folder


@pytest.fixture
def assistant(store: Path) -> Iterator[Assistant]:
    opened = Store.open(store)
    with Assistant(opened, FakeEncoder(), Calibration.load(), threshold=0.0) as assistant:
        yield assistant


@pytest.fixture
def client(assistant: Assistant) -> TestClient:
    return TestClient(create_app(assistant), base_url=HERE, client=PEER)


def sha_of(client: TestClient, company: str) -> str:
    rows = client.get("/api/filings", params={"company": company}).json()["filings"]
    return str(rows[0]["sha256"])


def test_an_answer_is_the_command_lines(client: TestClient, assistant: Assistant) -> None:
    parameters: dict[str, Any] = {"question": " 回购做完了吗 ", "top_k": 2, "code": "309001"}
    expected = served(report.answer_json(assistant.ask(Asking(**parameters).query())))
    for answered in (
        client.get("/api/ask", params=parameters),
        client.post("/api/ask", json=parameters),
    ):
        assert answered.status_code == 200
        assert answered.headers["content-type"] == "application/json"
        assert answered.json() | {"elapsed_ms": 0} == expected | {"elapsed_ms": 0}
    assert expected["question"] == "回购做完了吗"
    assert expected["citations"][0]["pair"]["answer"] == "回购已经完成。"


def test_filters_hold(client: TestClient) -> None:
    def asked(**filters: Any) -> list[str]:
        answer = client.post("/api/ask", json={"question": "回购", **filters}).json()
        return [citation["filing"]["company"] for citation in answer["citations"]]

    assert set(asked(company="乙")) == {"乙公司"}
    assert set(asked(until="2024-01-31")) == {"甲公司"}
    assert set(asked(code="309001", since="2024-02-01")) == {"乙公司"}
    assert asked(company="丙") == []
    assert len(asked(top_k=1)) == 1


def test_filters_by_filing_and_activity_hold(client: TestClient) -> None:
    def asked(**filters: Any) -> set[str]:
        answer = client.get("/api/ask", params={"question": "毛利率", **filters}).json()
        return {citation["filing"]["company"] for citation in answer["citations"]}

    rows = client.get("/api/filings").json()["filings"]
    filed = next(row for row in rows if row["activity_types"])
    assert asked(activity=filed["activity_types"][0]) == {filed["company"]}
    assert asked(activity="没有") == set()
    assert asked(as_of="2024-03-01") == {"甲公司"}
    listed = client.get("/api/filings", params={"as_of": "2024-03-01"}).json()["filings"]
    assert [row["company"] for row in listed] == ["甲公司"]


def test_a_list_has_pages(client: TestClient) -> None:
    rows = client.get("/api/filings").json()["filings"]
    pages = [
        client.get("/api/filings", params={"limit": 2, "offset": offset}).json()["filings"]
        for offset in (0, 2, 4)
    ]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert [row for page in pages for row in page] == rows
    assert client.get("/api/filings?limit=1001").status_code == 422


def test_a_batch_goes_on(client: TestClient, assistant: Assistant) -> None:
    questions = ["回购做完了吗", "", "毛利率怎样", "长" * 501]
    body = {"questions": questions, "top_k": 1, "company": "甲"}
    answers = client.post("/api/ask/batch", json=body).json()["answers"]
    assert [answer["question"] for answer in answers] == questions
    for answer in (answers[0], answers[2]):
        asking = Asking(question=answer["question"], top_k=1, company="甲")
        expected = served(report.answer_json(assistant.ask(asking.query())))
        assert answer | {"elapsed_ms": 0} == expected | {"elapsed_ms": 0}
    assert ["error" in answer for answer in answers] == [False, True, False, True]
    for wrong in ({}, {"questions": []}, {"questions": ["甲"] * 101}, {"questions": [5]}):
        assert client.post("/api/ask/batch", json=wrong).status_code == 422


def test_a_question_can_follow_another_up(client: TestClient) -> None:
    followed = client.get("/api/ask", params={"question": "回购呢", "previous": "乙公司的毛利率"})
    assert followed.json()["citations"][0]["filing"]["company"] == "乙公司"


def test_the_list_is_the_command_lines(client: TestClient, store: Path, call: Call) -> None:
    listed = client.get("/api/filings", params={"company": "甲"})
    assert listed.json() == served(call("list", "--json", "--company", "甲", "--store", store).json)
    assert [row["pairs"] for row in listed.json()["filings"]] == [2]
    assert len(client.get("/api/filings").json()["filings"]) == 3


def test_a_filing_is_what_parse_gives(client: TestClient) -> None:
    parsed = served(report.parsed_json(parse(PAGED)))
    assert client.get(f"/api/filings/{parsed['filing']['sha256']}").json() == parsed


def test_a_page_is_a_picture(client: TestClient) -> None:
    parsed = parse(PAGED)
    address = f"/api/filings/{parsed.filing.sha256}/pages/"
    picture = client.get(f"{address}1.png")
    assert picture.status_code == 200
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert client.get(f"{address}2.png").content != picture.content
    beyond = client.get(f"{address}{(parsed.filing.pages or 0) + 1}.png")
    assert (beyond.status_code, beyond.json().keys()) == (404, {"error"})
    of_text = client.get(f"/api/filings/{sha_of(client, '甲')}/pages/1.png")
    assert (of_text.status_code, of_text.json().keys()) == (404, {"error"})


def test_a_harmed_filing_is_not_shown(assistant: Assistant, client: TestClient) -> None:
    sha256 = sha_of(client, "甲")
    copy = assistant.original(assistant.filing(sha256))
    whole = copy.read_bytes()
    try:
        copy.write_bytes(whole + b" ")
        shown = client.get(f"/api/filings/{sha256}").json()
    finally:
        copy.write_bytes(whole)
    assert shown["pairs"] == []
    assert "2 pairs can't be proved" in shown["warnings"][0]
    assert len(client.get(f"/api/filings/{sha256}").json()["pairs"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": "  \n"},
        {"question": "长" * 501},
        {"question": 5},
        {"question": "甲", "top_k": 0},
        {"question": "甲", "top_k": 101},
        {"question": "甲", "since": "2024-02-30"},
        {"question": "甲", "until": "1726099200"},
        {"question": "甲", "company": "长" * 101},
        {"question": "甲", "previous": "长" * 501},
        {"question": "甲", "stream": True},
        {"question": "\ud800"},
        {"question": "甲", "\ud800": 1},
        [],
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_what_makes_no_sense_is_refused(client: TestClient, body: Any) -> None:
    refused = client.post(
        "/api/ask", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert refused.status_code == 422
    assert refused.json().keys() == {"error"}
    assert "长长" not in refused.text


def test_the_longest_question_is_answered(client: TestClient) -> None:
    assert client.get("/api/ask", params={"question": "长" * 500}).status_code == 200
    assert client.get("/api/ask", params={"question": "\0回购\u202e"}).status_code == 200


def test_a_huge_request_is_refused(client: TestClient) -> None:
    huge = client.post("/api/ask", json={"question": "长" * 500_000})
    assert huge.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/filings/..%2f..%2fstore.sqlite",
        "/api/filings/%2e%2e/%2e%2e/store.sqlite",
        f"/api/filings/{'0' * 64}",
        f"/api/filings/{'0' * 63}",
        f"/api/filings/{'0' * 64}/pages/1.png",
        f"/api/filings/{'0' * 64}/pages/0.png",
        f"/api/filings/{'0' * 64}/pages/-1.png",
        f"/api/filings/{'0' * 64}/pages/1e3.png",
        f"/api/filings/{'0' * 64}/pages/{'9' * 5000}.png",
        f"/api/filings/{'0' * 64}/pages/..%2f1.png",
        "/api/filings/%00/pages/1.png",
        "/api/filings/' OR 1=1 --",
    ],
    ids=lambda path: path[:60],
)
def test_a_hostile_path_leads_nowhere(client: TestClient, path: str) -> None:
    led = client.get(path)
    assert led.status_code in {404, 414, 422}
    assert led.headers["content-type"] in {"application/json"}
    assert led.json().keys() == {"error"}


def test_another_method_changes_nothing(client: TestClient) -> None:
    for method in ("DELETE", "PUT", "PATCH", "POST"):
        refused = client.request(method, "/api/filings")
        assert (refused.status_code, refused.json().keys()) == (405, {"error"})


@pytest.mark.parametrize("path", CALLS)
def test_keys_are_asked_for(assistant: Assistant, path: str) -> None:
    client = TestClient(
        create_app(assistant, ["first-key", "second-key"], reach=Reach(exposed=True)),
        base_url="http://192.0.2.1",
    )
    for header in (None, "Bearer wrong", "Bearer ", "Basic first-key", "first-key", "Bearer 钥匙"):
        headers = {} if header is None else {"Authorization": header.encode()}
        refused = client.get(path, headers=headers)
        assert (refused.status_code, refused.json().keys()) == (401, {"error"}), header
        assert refused.headers["www-authenticate"] == "Bearer"
    for key in ("first-key", "second-key"):
        assert client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code != 401


@pytest.mark.parametrize("path", CALLS)
def test_without_keys_it_answers_this_machine_alone(assistant: Assistant, path: str) -> None:
    exposed = TestClient(
        create_app(assistant, reach=Reach(exposed=True)), base_url=HERE, client=PEER
    )
    far = TestClient(create_app(assistant), base_url=HERE, client=("192.0.2.7", 50_000))
    hidden = TestClient(
        create_app(assistant), base_url=HERE, client=PEER, headers={"X-Forwarded-For": "127.0.0.1"}
    )
    for client in (exposed, far, hidden):
        refused = client.get(path)
        assert refused.status_code == 403
        assert "YUANDA_API_KEYS" in refused.json()["error"]
        assert client.get("/health").status_code == 200
    renamed = TestClient(create_app(assistant), base_url="http://elsewhere.example", client=PEER)
    assert [renamed.get(p).status_code for p in (path, "/health")] == [403, 403]
    for host in ("http://localhost:7860", "http://[::1]:7860", HERE):
        near = TestClient(create_app(assistant), base_url=host, client=PEER)
        assert near.get(path).status_code in {200, 404}


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.0.0.2", "localhost", "::1", "[::1]")],
        *[(host, False) for host in ("0.0.0.0", "::", "", "10.0.0.1", "localhost.example")],  # noqa: S104
    ],
)
def test_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) == here


def test_health_needs_a_store(assistant: Assistant, client: TestClient) -> None:
    healthy = client.get("/health")
    assert healthy.status_code == 200
    assert healthy.json() == {
        "status": "ok",
        "filings": 3,
        "pairs": assistant.counts()[1],
        "sample": False,
    }
    assistant.close()
    assert client.get("/health").status_code == 503


def test_metrics_count_and_keep_no_words(client: TestClient, assistant: Assistant) -> None:
    def value(name: str) -> float:
        rows = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines())
        return float(rows[name])

    assert value('yuanda_questions_total{decision="answer"}') == 0
    client.get("/api/ask", params={"question": "回购做完了吗"})
    client.get("/api/ask", params={"question": "回购", "company": "丙"})
    assistant.ask(Asking(question="毛利率").query())  # as from the chat
    assert value('yuanda_questions_total{decision="answer"}') == 2
    assert value('yuanda_questions_total{decision="abstain"}') == 1
    assert value("yuanda_answer_seconds_count") == 3
    assert value('yuanda_answer_seconds_bucket{le="+Inf"}') == 3
    assert "回购" not in client.get("/metrics").text


def test_openapi_describes_the_calls(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert described["paths"].keys() == {
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/api/ask",
        "/api/ask/batch",
        "/api/filings",
        "/api/filings/{sha256}",
        "/api/filings/{sha256}/pages/{page}.png",
    }
    parameters = described["paths"]["/api/ask"]["get"]["parameters"]
    assert {p["name"] for p in parameters} == set(Asking.model_fields)
    assert all(p["description"] for p in parameters)
    assert (
        described["components"]["schemas"]["Asking"]["properties"]["question"]["maxLength"] == 500
    )
    for method in ("get", "post"):
        assert {"200", "401", "403", "413", "422", "429", "503"} <= described["paths"]["/api/ask"][
            method
        ]["responses"].keys()
    for path, calls in described["paths"].items():
        for call in calls.values():
            assert call["summary"], path
            assert bool(call.get("security")) != path.startswith("/health"), path
    assert "HTTPValidationError" not in described["components"]["schemas"]
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404


def test_what_openapi_describes_comes(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    sha256 = parse(PAGED).filing.sha256
    answers = {
        ("get", "/api/ask"): client.get("/api/ask", params={"question": "毛利率", "top_k": 3}),
        ("post", "/api/ask/batch"): client.post(
            "/api/ask/batch", json={"questions": ["毛利率", ""]}
        ),
        ("get", "/api/filings"): client.get("/api/filings"),
        ("get", "/api/filings/{sha256}"): client.get(f"/api/filings/{sha256}"),
        ("get", "/health"): client.get("/health"),
        ("get", "/health/live"): client.get("/health/live"),
    }
    strict = json.loads(json.dumps(described).replace('"type": "object"', STRICT))
    for (method, path), answer in answers.items():
        content = strict["paths"][path][method]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"] | {"components": strict["components"]}
        jsonschema.validate(answer.json(), schema)
        broken = dict.fromkeys(answer.json()) | {"more": 1}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_a_fault_is_told_without_its_text(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/place")

    monkeypatch.setattr(Assistant, "ask", fail)
    client = TestClient(
        create_app(assistant), base_url=HERE, client=PEER, raise_server_exceptions=False
    )
    failed = client.get("/api/ask", params={"question": "回购"})
    assert (failed.status_code, failed.json().keys()) == (500, {"error"})
    assert "secret" not in failed.text
