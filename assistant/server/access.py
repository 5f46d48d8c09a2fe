"""Who may call, how often, and what is noted of each call.

One gate stands before all that is served: names of the server, no other's pages, so many calls a
minute of each caller, patience with slow senders; at the end of the server, no new calls. Before
the API and the tools stands a door besides: keys, or this machine alone.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections import Counter
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.answering import report
from assistant.limits import Limits, Rate, caller_at
from assistant.server.metrics import Metrics
from assistant.server.reach import Reach, is_here, is_own, name_of

logger = logging.getLogger("yuanda.calls")

_CLOSED = (
    "the API is closed: it has no keys, so it answers to this machine alone; "
    "set YUANDA_API_KEYS to open it"
)
_KEY_NEEDED = "a key is needed: Authorization: Bearer KEY"
_ENDING = "the server is ending; ask again in a moment"
_STRANGE_NAME = (
    "this server isn't called so; `--allowed-host NAME` lets it be reached under another name"
)
_STRANGE_PAGE = "calls from other pages are refused"
# Under these addresses are calls of programs; the chat asks by the last one.
_PROGRAMS = ("/api", "/mcp", "/metrics", "/health")
_ALWAYS = ("/health", "/metrics")
_GRADIO, _CHAT = "/gradio_api/", "/gradio_api/queue/join"
# What the chat's page calls besides, and all else that it loads, how many times as often.
_UPLOAD = "/desk/upload"
_BESIDES, _OFTEN = ("/complete", "/filing/", "/desk/"), 10
# What is called where no route says it.
_NAMES = {"/mcp": "/mcp", _CHAT: "chat", _UPLOAD: "upload"}
# Characters of a path; its query may have sixteen times as many bytes.
_LONGEST = 1000
# Open calls and streams of one caller, where callers are limited.
_AT_ONCE = 100
# What no page needs: to be framed, guessed at, followed or embedded elsewhere.
SHIELDS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Door:
    """Lets in who brings a key; where there are none, this machine alone."""

    def __init__(self, keys: Sequence[str], reach: Reach) -> None:
        self._keys = [key.encode() for key in keys]
        self._reach = reach

    def check(self, connection: HTTPConnection) -> None:
        """``HTTPException`` 401 or 403 where the caller may not."""
        if self._keys:
            if self._key_of(connection) is None:
                raise HTTPException(401, _KEY_NEEDED, {"WWW-Authenticate": "Bearer"})
        elif self._reach.exposed or not is_here(connection):
            raise HTTPException(403, _CLOSED)

    def strange(self, connection: HTTPConnection) -> str | None:
        """Why a call is refused whatever it asks: a strange name, or another's page."""
        if not self._reach.knows(name_of(connection)):
            return _STRANGE_NAME
        is_ours = is_own(connection, connection.scope["method"])
        return None if is_ours else _STRANGE_PAGE

    def caller(self, connection: HTTPConnection) -> str:
        """Whose call it is: a key's (by its place among the keys), or an address's."""
        place = self._key_of(connection)
        if place is not None:
            return f"key {place + 1}"
        return caller_at(connection.client.host if connection.client else "")

    def _key_of(self, connection: HTTPConnection) -> int | None:
        scheme, _, brought = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        given = brought.strip().encode("utf-8", "surrogatepass")
        # Compared with all, so that the time tells nothing.
        same = [place for place, key in enumerate(self._keys) if secrets.compare_digest(given, key)]
        return same[0] if same else None


class Shielded:
    """An app whose every answer tells browsers to keep other pages away from it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; what an answer says of itself already stays."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SHIELDS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)


class Traffic:
    """The calls that are being answered, and whether there will be more."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.is_ready = False
        self.is_ending = False


class Gate:
    """What each call passes first, whoever answers it."""

    def __init__(
        self,
        app: ASGIApp,
        door: Door,
        limits: Limits,
        rate: Rate,
        traffic: Traffic,
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._door = door
        self._limits = limits
        self._rate, self._besides = rate, Rate((limits.per_minute or 0) * _OFTEN)
        self._traffic = traffic
        self._metrics = metrics
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or turn it away."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        connection = HTTPConnection(scope)
        caller = self._door.caller(connection)
        path, noted = scope["path"], _is_noted(scope)
        refused = self._refusal(connection, caller)
        self._open[caller] += 1
        began, status = time.perf_counter(), 500
        self._traffic.in_flight += noted
        self._metrics.in_flight.inc(noted)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            # Files may take as long as they take, but they have to come.
            patient = self._patient(receive, path.startswith(_UPLOAD))
            await (refused or self._app)(scope, patient, sending)
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
            self._traffic.in_flight -= noted
            self._metrics.in_flight.dec(noted)
            if noted:
                self._note(scope, caller, status, time.perf_counter() - began)

    def _refusal(self, connection: HTTPConnection, caller: str) -> Response | None:
        path, method = connection.scope["path"], connection.scope["method"]
        if len(path) > _LONGEST or len(connection.scope["query_string"]) > 16 * _LONGEST:
            return refusal("the address is too long", 414, {"Connection": "close"})
        if strange := self._door.strange(connection):
            return refusal(strange, 403, {"Connection": "close"})
        if path.startswith(_ALWAYS):
            return None
        if self._traffic.is_ending and _is_noted(connection.scope):
            return refusal(_ENDING, 503, {"Retry-After": "5", "Connection": "close"})
        asks = path.startswith(_PROGRAMS) or (path.startswith(_GRADIO) and method == "POST")
        rate = self._rate if asks else self._besides
        if wait := rate.wait(caller):
            after = str(math.ceil(wait))
            return refusal(f"too many calls; the next in {after} s", 429, {"Retry-After": after})
        if self._limits.per_minute and self._open[caller] >= _AT_ONCE:
            return refusal("too many calls at once", 429, {"Retry-After": "1"})
        return None

    def _patient(self, receive: Receive, is_file: bool) -> Receive:
        """Receives a request's body, but not from whom it takes too long.

        Of a file each piece may take as long as another body may as a whole.
        """
        until = time.monotonic() + self._limits.seconds
        is_whole = False

        async def receiving() -> Message:
            nonlocal is_whole, until
            if is_file:
                until = time.monotonic() + self._limits.seconds
            if is_whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), until - time.monotonic())
            except TimeoutError:
                raise HTTPException(408, "the request came too slowly") from None
            is_whole = not message.get("more_body", False)
            return message

        return receiving

    def _note(self, scope: Scope, caller: str, status: int, seconds: float) -> None:
        # The route's pattern: an address may hold a question.
        path = scope["path"]
        call = getattr(scope.get("route"), "path", None) or _NAMES.get(path, "other")
        self._metrics.called(call, status, seconds)
        fields = {
            "call": call,
            "method": scope["method"],
            "status": status,
            "ms": round(seconds * 1000, 3),
            "caller": caller,
        }
        logger.info("call", extra={"fields": fields})


def _is_noted(scope: Scope) -> bool:
    """Whether it is a call; the rest is what the page loads, and streams that stay open."""
    path: str = scope["path"]
    chat = path.startswith(_GRADIO) and scope["method"] == "POST"
    return chat or path.startswith((*_PROGRAMS, *_BESIDES))


def refusal(error: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Why a call was refused, as JSON."""
    return json_response({"error": error}, status, headers)


def json_response(
    document: report.Json, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A document as the command line prints it."""
    # Half a character, such as a refused name may hold, is still good JSON when escaped.
    body = report.dumps(document).encode("utf-8", "backslashreplace")
    return Response(body, status, headers, "application/json")
