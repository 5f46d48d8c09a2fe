"""The MCP server, asked by the SDK's own client: in process, over stdio, and over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client
from mcp_types import CallToolResult, ImageContent, TextContent

from assistant.answering import report
from assistant.answering.answer import Assistant
from assistant.limits import BusyError
from assistant.retrieval.decide import Calibration
from assistant.server.mcp_tools import server_of
from assistant.server.requests import Asking, Listing
from assistant.server.responses import served
from index.intake.build import add
from index.intake.parse import parse
from index.store.store import Store
from tests.assistant.server.test_api import PAGED
from tests.conftest import Call
from tests.fakes import FakeEncoder, read_lines
from tests.paths import ROOT

TOOLS = {"ask", "list_filings", "filing_pairs", "page_image"}
YUANDA = ["-c", "import sys; from assistant.cli.main import main; sys.exit(main())"]

Talk = Callable[[Client], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    filed = folder / "甲.txt"
    filed.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n回购做完了吗|回购已经完成。\n")
    with Store.open(folder / "store", create=True) as store:
        add(store, [filed], FakeEncoder(), read=read_lines)
        add(store, [PAGED], FakeEncoder())
        return store.folder


@pytest.fixture
def assistant(store: Path) -> Iterator[Assistant]:
    with Assistant(Store.open(store), FakeEncoder(), Calibration.load(), 0.5) as opened:
        yield opened


def talk(assistant: Assistant, with_client: Talk, do: Any = asyncio.to_thread) -> Any:
    async def run() -> Any:
        async with Client(server_of(assistant, do)) as client:
            return await with_client(client)

    return asyncio.run(run())


def call(assistant: Assistant, name: str, **arguments: Any) -> CallToolResult:
    async def with_client(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    result = talk(assistant, with_client)
    assert isinstance(result, CallToolResult)
    return result


def texts(result: CallToolResult) -> list[str]:
    return [part.text for part in result.content if isinstance(part, TextContent)]


def test_tools_say_what_a_client_must_know(assistant: Assistant) -> None:
    async def listed(client: Client) -> Any:
        return client.instructions, (await client.list_tools()).tools

    instructions, tools = talk(assistant, listed)
    assert {tool.name for tool in tools} == TOOLS
    for text in (instructions, *(tool.description for tool in tools)):
        assert "verbatim" in text
        assert "untrusted" in text
    for tool in tools:
        assert tool.annotations.read_only_hint
        properties = tool.input_schema["properties"]
        assert all(value.get("description") for value in properties.values()), tool.name
    ask = next(tool for tool in tools if tool.name == "ask")
    assert ask.input_schema["properties"].keys() == Asking.model_fields.keys()
    assert '"abstain"' in ask.description
    assert {"since", "until", "as_of", "activity", "previous"} <= Asking.model_fields.keys()


def test_an_answer_is_the_command_lines(assistant: Assistant) -> None:
    result = call(assistant, "ask", question="回购做完了吗", top_k=1, company="甲")
    expected = served(
        report.answer_json(
            assistant.ask(Asking(question="回购做完了吗", top_k=1, company="甲").query())
        )
    )
    assert not result.is_error
    assert result.structured_content | {"elapsed_ms": 0} == expected | {"elapsed_ms": 0}
    said, document = texts(result)
    assert json.loads(document) == result.structured_content
    assert "do not change" in said


def test_an_abstention_says_so(assistant: Assistant) -> None:
    result = call(assistant, "ask", question="今天天气", company="甲")
    assert result.structured_content is not None
    assert result.structured_content["decision"] == "abstain"
    assert "No official answer" in texts(result)[0]
    assert "do not present" in texts(result)[0]


def test_filings_and_their_pairs(assistant: Assistant) -> None:
    listed = call(assistant, "list_filings", company="甲")
    assert listed.structured_content == served(
        report.list_json(assistant.entries(Listing(company="甲").filters()))
    )
    assert listed.structured_content is not None
    sha256 = listed.structured_content["filings"][0]["sha256"]
    pairs = call(assistant, "filing_pairs", sha256=sha256)
    assert pairs.structured_content == served(report.parsed_json(assistant.filed(sha256)))


def test_results_fit_their_schemas(assistant: Assistant) -> None:
    async def listed(client: Client) -> Any:
        return (await client.list_tools()).tools

    schemas = {tool.name: tool.output_schema for tool in talk(assistant, listed)}
    sha256 = parse(PAGED).filing.sha256
    for name, arguments in (
        ("ask", {"question": "毛利率"}),
        ("list_filings", {}),
        ("filing_pairs", {"sha256": sha256}),
    ):
        jsonschema.validate(call(assistant, name, **arguments).structured_content, schemas[name])
    assert schemas["page_image"] is None


def test_a_page_is_a_picture(assistant: Assistant) -> None:
    sha256 = parse(PAGED).filing.sha256
    (content,) = call(assistant, "page_image", sha256=sha256, page=1).content
    assert isinstance(content, ImageContent)
    assert content.mime_type == "image/png"
    assert base64.b64decode(content.data).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("ask", {}, "question"),
        ("ask", {"question": "甲", "since": "2024-02-30"}, "since"),
        ("ask", {"question": "甲", "stream": True}, "stream"),
        ("ask", {"question": "长" * 501}, "question"),
        ("list_filings", {"limit": 0}, "limit"),
        ("filing_pairs", {"sha256": "../../etc/passwd"}, "sha256"),
        ("filing_pairs", {"sha256": "0" * 64}, "no such filing"),
        ("page_image", {"sha256": "0" * 64, "page": 1}, "no such filing"),
        ("nothing", {}, "no such tool"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(
    assistant: Assistant, name: str, arguments: dict[str, Any], why: str
) -> None:
    refused = call(assistant, name, **arguments)
    assert refused.is_error
    assert why in texts(refused)[0]


def test_too_much_to_do_is_said(assistant: Assistant) -> None:
    async def busy(_work: Any) -> Any:
        raise BusyError

    async def ask(client: Client) -> CallToolResult:
        return await client.call_tool("ask", {"question": "毛利率"})

    refused = talk(assistant, ask, busy)
    assert refused.is_error
    assert "ask again" in texts(refused)[0]


@pytest.mark.model
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_standard_input_and_output(call: Call, tmp_path: Path, mode: str) -> None:
    question = "外购和共建两种模式，哪种毛利率更高？"
    expected = call("ask", question, "--top-k", "2", "--json").json
    names = ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    environment = {"PYTHONPATH": str(ROOT), **{name: os.environ[name] for name in names}}
    server = StdioServerParameters(
        command=sys.executable, args=[*YUANDA, "mcp"], env=environment, cwd=tmp_path
    )

    async def run() -> tuple[CallToolResult, ...]:
        with (tmp_path / "errors").open("w") as errors:
            async with Client(stdio_client(server, errors), mode=mode) as client:
                assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
                asked = {"question": question, "top_k": 2}
                answered = await client.call_tool("ask", asked)
                abstained = await client.call_tool("ask", {"question": "帮我写一首诗"})
                assert isinstance(answered, CallToolResult)
                assert isinstance(abstained, CallToolResult)
                return answered, abstained

    answered, abstained = asyncio.run(run())
    assert answered.structured_content is not None
    # In another process a score may be rounded in another way.
    found, wanted = (
        [cited.pop("score") for cited in document["citations"]]
        for document in (answered.structured_content, expected)
    )
    assert found == pytest.approx(wanted, abs=1e-4)
    assert answered.structured_content | {"elapsed_ms": 0} == served(expected) | {"elapsed_ms": 0}
    assert "No official answer" in texts(abstained)[0]
    assert "sample" in (tmp_path / "errors").read_text("utf-8")
