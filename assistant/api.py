"""The HTTP API: the same answers and the same JSON as on the command line.

Without keys it answers to this machine alone; with keys, to whoever brings one of them.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version
from ipaddress import ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from assistant import pages, report
from assistant.answer import Assistant
from assistant.calls import Asking, Listing, Sha256, reasons
from assistant.metrics import CONTENT_TYPE, Metrics
from index.errors import ReadError, StoreError

# Bytes of a request; a question is much shorter.
_LARGEST = 1 << 20
# Pages that are drawn at a time, each in a process of its own.
_DRAWN_AT_ONCE = 2

_CLOSED = (
    "the API is closed: it has no keys, so it answers to this machine alone; "
    "set YUANDA_API_KEYS to open it"
)
_BEARER = HTTPBearer(auto_error=False, description="One of YUANDA_API_KEYS, where they are set.")

Key = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
Sha = Annotated[Sha256, Path(description="SHA-256 of the filing")]
Page = Annotated[int, Path(ge=1, le=100_000, description="number of the page, from 1")]


class Refusal(BaseModel):
    """Why a call was refused."""

    error: str


_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No key, or a wrong one"},
    403: {"model": Refusal, "description": "No keys are set, and the caller is elsewhere"},
    422: {"model": Refusal, "description": "A parameter makes no sense"},
}
_MISSING: dict[int | str, dict[str, Any]] = {
    404: {"model": Refusal, "description": "The store has no such thing"}
}


def create_app(assistant: Assistant, keys: Sequence[str] = (), *, exposed: bool = False) -> FastAPI:
    """The API over one assistant.

    ``exposed`` says that other machines reach it; then it is closed unless there are ``keys``.
    """
    app = FastAPI(
        title="Yuanda 原答",
        summary="Official answers from investor-relations filings, verbatim.",
        version=version("yuanda"),
        # The pages that FastAPI brings load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        max_body_size=_LARGEST,
    )
    metrics = Metrics()
    assistant.watch(metrics.count)
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_failed)
    guarded = [Depends(_guard(keys, exposed))]
    app.include_router(_health(assistant))
    app.include_router(_metrics(metrics), dependencies=guarded, responses=_REFUSALS)
    app.include_router(_questions(assistant), dependencies=guarded, responses=_REFUSALS)
    app.include_router(_filings(assistant), dependencies=guarded, responses=_REFUSALS)
    app.add_route("/api/{rest:path}", _unknown, include_in_schema=False)
    return app


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own, reached from nowhere else."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _guard(keys: Sequence[str], exposed: bool) -> Callable[..., None]:
    def check(request: Request, given: Key) -> None:
        if keys:
            brought = given.credentials.encode() if given else b""
            if not any(secrets.compare_digest(brought, key.encode()) for key in keys):
                headers = {"WWW-Authenticate": "Bearer"}
                raise HTTPException(401, "a key is needed: Authorization: Bearer KEY", headers)
        elif exposed or not is_loopback(request.url.hostname or ""):
            # The host is looked at as well: a page elsewhere can have its name lead here.
            raise HTTPException(403, _CLOSED)

    return check


def _health(assistant: Assistant) -> APIRouter:
    router = APIRouter()

    @router.get("/health", summary="Whether the store can be read", responses={503: {}})
    def health() -> Response:
        try:
            filings, pairs = assistant.counts()
        except (sqlite3.Error, StoreError):
            raise HTTPException(503, "the store can't be read") from None
        counts = {"filings": filings, "pairs": pairs, "sample": assistant.is_sample}
        return _json({"status": "ok", **counts})

    return router


def _metrics(metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get("/metrics", summary="Counts for Prometheus", response_class=Response)
    def counts() -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    return router


def _questions(assistant: Assistant) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/ask", summary="Ask a question")
    def ask(asking: Annotated[Asking, Query()]) -> Response:
        """Filed answers, or with `"decision": "abstain"` what is related at best."""
        return _json(report.answer_json(assistant.ask(asking.query())))

    @router.post("/ask", summary="Ask a question, sent as JSON")
    def ask_posted(asking: Asking) -> Response:
        """Filed answers, or with `"decision": "abstain"` what is related at best."""
        return _json(report.answer_json(assistant.ask(asking.query())))

    return router


def _filings(assistant: Assistant) -> APIRouter:
    router = APIRouter(prefix="/api")
    drawing = threading.BoundedSemaphore(_DRAWN_AT_ONCE)

    @router.get("/filings", summary="The filings in the store")
    def filings(listing: Annotated[Listing, Query()]) -> Response:
        """Newest first, each with its number of pairs."""
        return _json(report.list_json(assistant.entries(listing.filters())))

    @router.get("/filings/{sha256}", summary="A filing with its pairs", responses=_MISSING)
    def filing(sha256: Sha) -> Response:
        """The filing's head, its questions with their answers as filed, and warnings."""
        try:
            return _json(report.parsed_json(assistant.filed(sha256)))
        except KeyError:
            raise HTTPException(404, f"{sha256}: no such filing") from None

    @router.get(
        "/filings/{sha256}/pages/{page}.png",
        summary="A page of a PDF, as a picture",
        response_class=Response,
        responses=_MISSING | {200: {"content": {"image/png": {}}}},
    )
    def picture(sha256: Sha, page: Page) -> Response:
        try:
            found = assistant.filing(sha256)
            with drawing:
                png = pages.picture(assistant.original(found), found, page)
        except (KeyError, ReadError):
            raise HTTPException(404, f"{sha256}: no page {page} that can be drawn") from None
        return Response(png, media_type="image/png", headers={"X-Content-Type-Options": "nosniff"})

    return router


def _unknown(request: Request) -> Response:
    raise HTTPException(
        404, f"{request.method} {request.url.path}: no such call; see /openapi.json"
    )


async def _refused(_request: Request, error: Any) -> Response:
    return _json({"error": error.detail}, error.status_code, error.headers)


async def _invalid(_request: Request, error: Any) -> Response:
    return _json({"error": reasons(error.errors())}, 422)


async def _failed(_request: Request, _error: Exception) -> Response:
    return _json({"error": "Yuanda failed; its log says why"}, 500)


def _json(document: report.Json, status: int = 200, headers: Any = None) -> Response:
    # Half a character, such as a refused name may hold, is still good JSON when escaped.
    body = report.dumps(document).encode("utf-8", "backslashreplace")
    kept = {"X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(body, status, kept, "application/json")
