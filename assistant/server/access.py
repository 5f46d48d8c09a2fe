"""Who may call the server's programs' side, how often, and what is noted of each call.

Before the API and the tools stand: keys, or this machine alone; so many calls a minute of each
caller; patience with slow senders; and at the end of the server, no new calls.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.answering import report
from assistant.limits import Limits, Rate, caller_at
from assistant.server.metrics import Metrics

logger = logging.getLogger("yuanda.calls")

_CLOSED = (
    "the API is closed: it has no keys, so it answers to this machine alone; "
    "set YUANDA_API_KEYS to open it"
)
_KEY_NEEDED = "a key is needed: Authorization: Bearer KEY"
_LOGIN_NEEDED = "only who has logged in may upload"
_ENDING = "the server is ending; ask again in a moment"
# Under these addresses are calls of programs; the chat asks by the last one.
_PROGRAMS = ("/api", "/mcp", "/metrics", "/health")
_ALWAYS = ("/health", "/metrics")
_CHAT, _UPLOAD = "/gradio_api/queue/join", "/gradio_api/upload"
# What the chat's page calls besides, and how many times as often: while a question is typed.
_BESIDES, _OFTEN = ("/complete", "/filing/", _UPLOAD), 10
# What is called where no route says it.
_NAMES = {"/mcp": "/mcp", _CHAT: "chat", _UPLOAD: "upload"}


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own, reached from nowhere else."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Door:
    """Lets in who brings a key; where there are none, this machine alone."""

    def __init__(self, keys: Sequence[str], exposed: bool) -> None:
        self._keys = [key.encode() for key in keys]
        self._exposed = exposed

    def check(self, connection: HTTPConnection) -> None:
        """``HTTPException`` 401 or 403 where the caller may not."""
        if self._keys:
            if self._key_of(connection) is None:
                raise HTTPException(401, _KEY_NEEDED, {"WWW-Authenticate": "Bearer"})
        elif self._exposed or not is_loopback(connection.url.hostname or ""):
            # The host is looked at as well: a page elsewhere can have its name lead here.
            raise HTTPException(403, _CLOSED)

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


class Traffic:
    """The calls that are being answered, and whether there will be more."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.is_ready = False
        self.is_ending = False


class Gate:
    """What each call of a program passes first."""

    def __init__(
        self,
        app: ASGIApp,
        door: Door,
        limits: Limits,
        rate: Rate,
        traffic: Traffic,
        metrics: Metrics,
        may_upload: Callable[[str], bool] | None = None,
    ) -> None:
        """``may_upload`` says who may send files to the chat; ``None``: nobody."""
        self._app, self._may_upload = app, may_upload
        self._door = door
        self._limits = limits
        self._rate, self._besides = rate, Rate((limits.per_minute or 0) * _OFTEN)
        self._traffic = traffic
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or turn it away."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith((*_PROGRAMS, *_BESIDES, _CHAT)):
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        connection = HTTPConnection(scope)
        caller = self._door.caller(connection)
        refused = self._refusal(path, caller)
        self._traffic.in_flight += 1
        self._metrics.in_flight.inc()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            # Files may take as long as they take.
            patient = receive if path.startswith(_UPLOAD) else self._patient(receive)
            await (refused or self._app)(scope, patient, noting)
        finally:
            self._traffic.in_flight -= 1
            self._metrics.in_flight.dec()
            self._note(scope, caller, status, time.perf_counter() - began)

    def _refusal(self, path: str, caller: str) -> Response | None:
        if path.startswith(_ALWAYS):
            return None
        if self._traffic.is_ending:
            return refusal(_ENDING, 503, {"Retry-After": "5", "Connection": "close"})
        if path.startswith(_UPLOAD) and not (self._may_upload and self._may_upload(caller)):
            return refusal(_LOGIN_NEEDED, 403, {"Connection": "close"})
        rate = self._besides if path.startswith(_BESIDES) else self._rate
        if wait := rate.wait(caller):
            after = str(math.ceil(wait))
            return refusal(f"too many calls; the next in {after} s", 429, {"Retry-After": after})
        return None

    def _patient(self, receive: Receive) -> Receive:
        """Receives a request's body, but not from whom it takes too long."""
        until = time.monotonic() + self._limits.seconds
        is_whole = False

        async def receiving() -> Message:
            nonlocal is_whole
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


def refusal(error: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Why a call was refused, as JSON."""
    return json_response({"error": error}, status, headers)


def json_response(
    document: report.Json, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A document as the command line prints it."""
    # Half a character, such as a refused name may hold, is still good JSON when escaped.
    body = report.dumps(document).encode("utf-8", "backslashreplace")
    kept = {"X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(body, status, kept, "application/json")
