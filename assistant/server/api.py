"""The HTTP API: the same answers and the same JSON as on the command line.

Without keys it answers to this machine alone; with keys, to whoever brings one of them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.answering import pages, report
from assistant.answering.answer import Assistant
from assistant.limits import BusyError, Limits, Rate, Workers, given_again
from assistant.server.access import Door, Gate, Traffic, json_response, refusal
from assistant.server.metrics import CONTENT_TYPE, Metrics
from assistant.server.reach import Forwarding, Reach
from assistant.server.requests import Asking, AskingBatch, Listing, Sha256, reasons
from assistant.server.responses import (
    AnswerDocument,
    BatchDocument,
    HealthDocument,
    ListDocument,
    ParsedDocument,
    ReadyDocument,
    served,
)
from index.errors import ReadError, StoreError

# Pages that are drawn at a time.
_DRAWN_AT_ONCE = 2

_BEARER = HTTPBearer(auto_error=False, description="One of YUANDA_API_KEYS, where they are set.")

Key = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
Sha = Annotated[Sha256, Path(description="SHA-256 of the filing")]
Page = Annotated[int, Path(ge=1, le=100_000, description="number of the page, from 1")]


class Refusal(BaseModel):
    """Why a call was refused."""

    error: str


Responses = dict[int | str, dict[str, Any]]
_WAIT = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_REFUSALS: Responses = {
    401: {"model": Refusal, "description": "No key, or a wrong one"},
    403: {"model": Refusal, "description": "The caller is elsewhere, or calls by a strange name"},
    408: {"model": Refusal, "description": "The request came too slowly"},
    413: {"model": Refusal, "description": "The request is too large"},
    414: {"model": Refusal, "description": "The address is too long"},
    422: {"model": Refusal, "description": "A parameter makes no sense"},
    429: {"model": Refusal, "description": "Too many calls of this caller", "headers": _WAIT},
    503: {"model": Refusal, "description": "Too much to do at the moment", "headers": _WAIT},
}
_MISSING: Responses = {404: {"model": Refusal, "description": "The store has no such thing"}}
_NOT_READY: Responses = {503: {"model": Refusal, "description": "Not now"}}


@dataclass(frozen=True, slots=True)
class Serving:
    """What the calls share: who answers, who does the work, what is counted.

    ``drawing`` is for pages, each drawn in a process of its own: no question waits for one.
    """

    assistant: Assistant
    door: Door
    limits: Limits
    rate: Rate
    traffic: Traffic
    metrics: Metrics
    workers: Workers
    drawing: Workers


def create_app(
    assistant: Assistant,
    keys: Sequence[str] = (),
    *,
    reach: Reach | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The API over one assistant.

    Where other machines reach it (``reach``), it is closed unless there are ``keys``. A request
    to what is mounted besides may be as large as one to the API.
    """
    reach = reach or Reach()
    limits = limits or Limits()
    rate, metrics = Rate(limits.per_minute), Metrics()
    door, traffic = Door(keys, reach), Traffic()
    workers, drawing = Workers(limits), Workers(replace(limits, working=_DRAWN_AT_ONCE))
    serving = Serving(assistant, door, limits, rate, traffic, metrics, workers, drawing)
    app = FastAPI(
        title="Yuanda 原答",
        summary="Official answers from investor-relations filings, verbatim.",
        version=version("yuanda"),
        # The pages that FastAPI brings load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        max_body_size=limits.bytes,
        lifespan=partial(_lifespan, serving),
    )
    app.state.traffic = serving.traffic
    assistant.watch(metrics.count)
    app.add_middleware(
        Gate,
        door=door,
        limits=limits,
        rate=rate,
        traffic=traffic,
        metrics=metrics,
    )
    app.add_middleware(Forwarding, proxies=reach.proxies)
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(BusyError)(_busy)
    app.exception_handler(TimeoutError)(_busy)
    app.exception_handler(StoreError)(_unreadable)
    app.exception_handler(sqlite3.Error)(_unreadable)
    app.exception_handler(Exception)(_failed)
    guarded = [Depends(_guard(door))]
    seldom: Responses = {status: _REFUSALS[status] for status in (403, 408, 413, 414)}
    app.include_router(_health(serving), responses=seldom, max_body_size=limits.bytes)
    for router in (_metrics(metrics), _questions(serving), _filings(serving)):
        app.include_router(
            router, dependencies=guarded, responses=_REFUSALS, max_body_size=limits.bytes
        )
    app.add_route("/api/{rest:path}", _unknown, include_in_schema=False)
    app.router.routes.append(Route("/mcp", _Tools(serving)))
    return app


@asynccontextmanager
async def _lifespan(serving: Serving, _app: FastAPI) -> AsyncIterator[None]:
    """Ready once the first answer would come as fast as any; changes are followed meanwhile."""
    with serving.assistant.following():
        await asyncio.to_thread(serving.assistant.warm_up)
        serving.traffic.is_ready = True
        yield
        serving.traffic.is_ready = False
        serving.workers.close()
        serving.drawing.close()


def _guard(door: Door) -> Callable[..., Any]:
    # The key is declared for the API's description; asynchronous, as it needs no thread.
    async def check(request: Request, _key: Key) -> None:
        door.check(request)

    return check


def _health(serving: Serving) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/health",
        summary="Whether the store can be read, and all of it is sound",
        responses={200: {"model": HealthDocument}, **_NOT_READY},
    )
    async def health() -> Response:
        try:
            filings, pairs = await asyncio.to_thread(serving.assistant.counts)
            damaged = await asyncio.to_thread(serving.assistant.damaged)
        except (sqlite3.Error, StoreError):
            raise HTTPException(503, "the store can't be read") from None
        if damaged:
            count = len(damaged)
            raise HTTPException(503, f"evidence of {count} places is damaged; `yuanda doctor`")
        counts = {"filings": filings, "pairs": pairs, "sample": serving.assistant.is_sample}
        return json_response({"status": "ok", **counts})

    @router.get(
        "/health/live", summary="Whether the server runs", responses={200: {"model": ReadyDocument}}
    )
    async def live() -> Response:
        return json_response({"status": "ok"})

    @router.get(
        "/health/ready",
        summary="Whether calls are taken on",
        responses={200: {"model": ReadyDocument}, **_NOT_READY},
    )
    async def ready() -> Response:
        """Not before all is loaded, and not while the server ends."""
        if serving.traffic.is_ending or not serving.traffic.is_ready:
            raise HTTPException(503, "the server is starting or ending")
        return json_response({"status": "ok"})

    return router


def _metrics(metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/metrics",
        summary="Counts for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def counts() -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    return router


def _questions(serving: Serving) -> APIRouter:
    router = APIRouter(prefix="/api")
    answered: Responses = {200: {"model": AnswerDocument}}

    def answer(asking: Asking) -> Response:
        return json_response(served(report.answer_json(serving.assistant.ask(asking.query()))))

    @router.get("/ask", summary="Ask a question", responses=answered)
    async def ask(asking: Annotated[Asking, Query()]) -> Response:
        """Filed answers, or with `"decision": "abstain"` what is related at best."""
        return await serving.workers.do(partial(answer, asking))

    @router.post("/ask", summary="Ask a question, sent as JSON", responses=answered)
    async def ask_posted(asking: Asking) -> Response:
        """Filed answers, or with `"decision": "abstain"` what is related at best."""
        return await serving.workers.do(partial(answer, asking))

    @router.post(
        "/ask/batch",
        summary="Ask several questions",
        responses={200: {"model": BatchDocument}},
    )
    async def ask_batch(request: Request, batch: AskingBatch) -> Response:
        """An answer for each question, in the same order; for one that can't be asked, why."""
        serving.rate.wait(serving.door.caller(request), len(batch.questions) - 1)
        answers = []
        for question in batch.questions:
            # One at a time: others get their turn in between.
            try:
                query = batch.asking(question).query()
            except ValidationError as error:
                answers.append({"question": question, "error": reasons(error.errors())})
                continue
            work = partial(serving.assistant.ask, query)
            answers.append(served(report.answer_json(await serving.workers.do(work))))
        return json_response({"answers": answers})

    return router


def _filings(serving: Serving) -> APIRouter:
    router = APIRouter(prefix="/api")
    assistant = serving.assistant

    @router.get(
        "/filings", summary="The filings in the store", responses={200: {"model": ListDocument}}
    )
    async def filings(listing: Annotated[Listing, Query()]) -> Response:
        """Newest first, each with its number of pairs."""

        def listed() -> Response:
            entries = assistant.entries(listing.filters(), listing.limit, listing.offset)
            return json_response(served(report.list_json(entries)))

        return await serving.workers.do(listed)

    @router.get(
        "/filings/{sha256}",
        summary="A filing with its pairs",
        responses=_MISSING | {200: {"model": ParsedDocument}},
    )
    async def filing(sha256: Sha) -> Response:
        """The filing's head, its questions with their answers as filed, and warnings."""

        def parsed() -> Response:
            return json_response(served(report.parsed_json(assistant.filed(sha256))))

        try:
            return await serving.workers.do(parsed)
        except KeyError:
            raise HTTPException(404, f"{sha256}: no such filing") from None

    @router.get(
        "/filings/{sha256}/pages/{page}.png",
        summary="A page of a PDF, as a picture",
        response_class=Response,
        responses=_MISSING
        | {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def picture(sha256: Sha, page: Page) -> Response:
        def drawn() -> bytes:
            found = assistant.filing(sha256)
            return pages.picture(assistant.original(found), found, page)

        try:
            png = await serving.drawing.do(drawn)
        except (KeyError, ReadError):
            raise HTTPException(404, f"{sha256}: no page {page} that can be drawn") from None
        return Response(png, media_type="image/png")

    return router


class _Tools:
    """The MCP server, behind the same door; loaded when it is first called."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._answer: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._serving.door.check(HTTPConnection(scope))
        if scope["method"] != "POST":
            raise HTTPException(405, "POST alone: nothing is streamed", {"Allow": "POST"})
        if self._answer is None:
            self._answer = await asyncio.to_thread(self._load)
        # Read first: amid its tasks, a body that is too slow or too large would be a failure.
        body = await Request(scope, receive).body()
        await self._answer(scope, given_again(body, receive), send)

    def _load(self) -> ASGIApp:
        from assistant.server.mcp_tools import http_app

        serving = self._serving
        return http_app(serving.assistant, serving.workers.do, serving.limits.bytes)


async def _unknown(request: Request) -> Response:
    raise HTTPException(
        404, f"{request.method} {request.url.path}: no such call; see /openapi.json"
    )


async def _unreadable(_request: Request, _error: Any) -> Response:
    return refusal("the store can't be read, or evidence in it is damaged; `yuanda doctor`", 503)


async def _refused(_request: Request, error: Any) -> Response:
    if error.status_code == HTTPStatus.BAD_REQUEST:  # bytes that are no text at all
        return refusal("body: must be JSON, in UTF-8", HTTPStatus.UNPROCESSABLE_ENTITY)
    return refusal(error.detail, error.status_code, error.headers)


async def _invalid(_request: Request, error: Any) -> Response:
    return refusal(reasons(error.errors()), 422)


async def _busy(_request: Request, _error: Exception) -> Response:
    return refusal("too much to do at the moment; ask again", 503, {"Retry-After": "1"})


async def _failed(_request: Request, _error: Exception) -> Response:
    return refusal("Yuanda failed; its log says why", 500)
