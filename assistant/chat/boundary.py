"""What of Gradio can be reached, and with which values: only what the chat's page itself calls.

Gradio serves many routes and takes files' names in any value, which it would read. So nothing
passes that isn't listed here, and a call of a function is made anew of checked values.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.limits import given_again

JOIN = "/gradio_api/queue/join"
# Bytes of a call; its longest text, and what an event tells.
MOST_BYTES = 128 << 10
LONGEST_TEXT, LONGEST_TOLD, MOST_TOLD = 8000, 16_000, 12
# Pages that are remembered, each with its conversation; who was away longest is forgotten first.
SESSIONS = 500
# Answers that wait to be fetched: of one page, and of all.
_UNREAD, _UNREAD_OF_ALL = 32, 512

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = r"[\w@$+~-][\w.@$+~-]{0,150}"
_FILES = re.compile(
    rf"/(config|theme\.css|gradio_api/theme\.css|favicon\.ico|manifest\.json|robots\.txt"
    rf"|gradio_api/startup-events|gradio_api/app_id|(assets|static|svelte)(/{_NAME}){{1,4}})?"
)
_STREAMS = re.compile(rf"/gradio_api/(queue/data|heartbeat/{_SESSION.pattern})")
# What an event's parts are called: never as Gradio calls a file's.
_TOLD = re.compile(r"(?!(path|url|meta)$)[a-zA-Z]{1,20}")
_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
# Gradio makes functions of the page's own scripts, which takes 'unsafe-eval'.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)

Check = Callable[[Any], bool]


class NonsenseError(Exception):
    """A call that the page wouldn't make."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What the page calls: by a function's number what it takes in each place; and what is
    pressed."""

    takes: Mapping[int, tuple[Check, ...]]
    triggers: frozenset[int]


def calls_of(chat: gr.Blocks) -> Calls:
    """All that a chat's page calls."""
    called = {n: function for n, function in chat.fns.items() if function.fn is not None}
    takes = {n: tuple(map(check_of, function.inputs)) for n, function in called.items()}
    return Calls(takes, frozenset({chat._id, *chat.blocks}))


def check_of(component: Any) -> Check:
    """Whether a value is what a component takes; ``TypeError`` for one that isn't known here."""
    match component:
        case gr.State():
            return lambda value: value is None
        case gr.Radio():
            known = {value for _, value in component.choices}
            return lambda value: isinstance(value, str) and value in known
        case gr.Dropdown(multiselect=True):
            return _are_texts
        case gr.Dropdown() | gr.Textbox() | gr.DateTime():
            return lambda value: value is None or _is_text(value, LONGEST_TEXT)
    raise TypeError(f"{type(component).__name__}: say which values it takes")


def _is_text(value: Any, most: int) -> bool:
    # Half a character can be neither stored nor sent.
    return isinstance(value, str) and len(value) <= most and not re.search("[\ud800-\udfff]", value)


def _are_texts(value: Any) -> bool:
    if value is None:
        return True
    few = isinstance(value, list) and len(value) <= MOST_TOLD
    return few and all(_is_text(one, LONGEST_TOLD // MOST_TOLD) for one in value)


def _is_told(value: Any, depth: int = 2) -> bool:
    """Whether an event may tell this: plain values by their names, or one more such beneath."""
    if isinstance(value, dict):
        named = all(_TOLD.fullmatch(name) for name in value)
        few = depth > 0 and len(value) <= MOST_TOLD
        return few and named and all(_is_told(one, depth - 1) for one in value.values())
    return value is None or isinstance(value, bool | int) or _is_text(value, LONGEST_TOLD)


def checked(sent: bytes, calls: Calls) -> dict[str, Any]:
    """A call of the page, made anew; ``NonsenseError`` where it is none."""
    try:
        call = json.loads(sent, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NonsenseError("the call isn't JSON") from None
    if not isinstance(call, dict):
        raise NonsenseError("the call isn't an object")
    number, data, session = (call.get(key) for key in ("fn_index", "data", "session_hash"))
    trigger, told = call.get("trigger_id"), call.get("event_data")
    takes = calls.takes.get(number) if type(number) is int else None
    if takes is None:
        raise NonsenseError("fn_index: no function of the page")
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise NonsenseError("session_hash: must be letters and digits")
    if trigger is not None and (type(trigger) is not int or trigger not in calls.triggers):
        raise NonsenseError("trigger_id: nothing on the page")
    if not isinstance(data, list) or len(data) != len(takes):
        raise NonsenseError(f"data: must be {len(takes)} values")
    for place, (is_taken, value) in enumerate(zip(takes, data, strict=True)):
        if not is_taken(value):
            raise NonsenseError(f"data.{place}: not what is taken here")
    if not _is_told(told):
        raise NonsenseError("event_data: not what the page's events tell")
    return {
        "fn_index": number,
        "data": data,
        "session_hash": session,
        "trigger_id": trigger,
        "event_data": told,
    }


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def stand_before(app: Starlette, chat: gr.Blocks) -> None:
    """Let nothing reach a mounted chat but through the boundary."""
    (mount,) = [route for route in app.routes if isinstance(route, Mount) and not route.path]
    mount.app = Boundary(mount.app, chat)
    # Gradio itself refuses files that weren't uploaded only where it takes this to be so.
    chat.has_launched = True


class Boundary:
    """Stands before the Gradio app."""

    def __init__(self, app: ASGIApp, chat: gr.Blocks) -> None:
        self._app = app
        self._chat = chat
        self._calls = calls_of(chat)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what the page calls; anything else isn't there."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        reads = scope["method"] in ("GET", "HEAD")
        if reads and path == "/":
            await self._page(_bare(scope), receive, send)
        elif reads and _FILES.fullmatch(path) and ".." not in path:
            await self._app(_bare(scope), receive, send)
        elif scope["method"] == "GET" and _STREAMS.fullmatch(path):
            await self._stream(scope, receive, send)
        elif scope["method"] == "POST" and path == JOIN:
            await self._join(scope, receive, send)
        else:
            await _refusal("no such page", 404)(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page, which may run only the scripts that are in it."""
        parts: list[bytes] = []
        start: Message = {}

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        html = b"".join(parts)
        MutableHeaders(scope=start)["Content-Security-Policy"] = policy_of(html)
        await send(start)
        await send({"type": "http.response.body", "body": html})

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])
        if not all(map(_SESSION.fullmatch, told)):
            await _refusal("session_hash: must be letters and digits", 422)(scope, receive, send)
            return
        await self._app(_bare(scope, keep_query=True), receive, send)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = bytearray()
        async for chunk in Request(scope, receive).stream():
            sent += chunk
            if len(sent) > MOST_BYTES:
                await _refusal("the call is too large", 413)(scope, receive, send)
                return
        try:
            call = checked(bytes(sent), self._calls)
        except NonsenseError as error:
            await _refusal(str(error), 422)(scope, receive, send)
            return
        if not self._has_room(call["session_hash"]):
            await _refusal("answers wait to be fetched", 429)(scope, receive, send)
            return
        body = json.dumps(call).encode()
        sound = _bare(scope, keep_query=True)
        headers = MutableHeaders(scope=sound)
        headers["content-type"], headers["content-length"] = "application/json", str(len(body))
        del headers["transfer-encoding"]
        await self._app(sound, given_again(body, receive), send)

    def _has_room(self, session: str) -> bool:
        """Whether one more answer may wait for this page; the longest waiting pages make room."""
        queue = self._chat._queue
        waiting, unread = queue.pending_messages_per_session, queue.pending_event_ids_session
        for other in [other for other in unread if other not in waiting]:
            del unread[other]
        while sum(map(len, unread.values())) >= _UNREAD_OF_ALL and waiting:
            other, _ = waiting.popitem(last=False)
            unread.pop(other, None)
        return len(unread.get(session, ())) < _UNREAD


def policy_of(html: bytes) -> str:
    """The content security policy of a page: it runs no other inline script than its own."""
    digests = (hashlib.sha256(script).digest() for script in _SCRIPT.findall(html))
    hashes = (f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return _POLICY.format(scripts=" ".join(dict.fromkeys(hashes)))


def _bare(scope: Scope, keep_query: bool = False) -> Scope:
    """A call without what Gradio would answer to: an origin, another address of its own, a link
    to a saved state."""
    dropped: tuple[bytes, ...] = (b"origin", b"forwarded", b"x-")
    if scope["path"] == "/":  # what it answers is read here
        dropped += (b"accept-encoding",)
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    kept = [(name, value) for name, value in headers if not name.lower().startswith(dropped)]
    query = scope["query_string"] if keep_query else b""
    return {**scope, "headers": kept, "query_string": query}


def _refusal(error: str, status: int) -> Response:
    return JSONResponse({"error": error}, status)
