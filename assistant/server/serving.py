"""Where the chat and the API are served: the socket, its address, and the server's end."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections import Counter
from typing import ClassVar, NamedTuple

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from assistant.limits import Limits
from assistant.server.access import Shielded, Traffic

PORT, PORTS = 7860, 100
# Connections at a time, and of one address, so that none takes all; more are sent away at once.
_CONNECTIONS, _OF_ONE = 1024, 512
# Seconds that a request's head may take, and that one may leave unread what it is sent.
_HEAD, _READ = 10.0, 30.0


_QUIET = (
    "graceful shutdown exceeded",
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
    "No supported WebSocket library",
)


class PatientProtocol(H11Protocol):
    """HTTP for senders who come to the point and readers who read: uvicorn waits forever."""

    _of: ClassVar[Counter[str]] = Counter()
    _peer = ""
    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._peer = self.client[0] if self.client else ""
        self._of[self._peer] += 1
        if self._of[self._peer] > _OF_ONE:
            self.transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; a little now and then is no head."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next head once more comes; until then uvicorn's own patience holds."""
        super().on_response_complete()
        self._watch(begins=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._of[self._peer] -= 1
        if not self._of[self._peer]:
            del self._of[self._peer]
        for timer in (self._head, self._unread):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Who reads nothing for too long is let go, with what was to be sent."""
        super().pause_writing()
        self._unread = self.loop.call_later(_READ, self.transport.abort)

    def resume_writing(self) -> None:
        """Somebody reads."""
        if self._unread:
            self._unread.cancel()
        super().resume_writing()

    def _watch(self, begins: bool = True) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if self._head and answering:
            self._head.cancel()
            self._head = None
        elif begins and not self._head and not answering:
            self._head = self.loop.call_later(_HEAD, self.transport.abort)


class Server(uvicorn.Server):
    """Finishes what it is answering before it ends; the chat's open pages it leaves at once."""

    def __init__(self, config: uvicorn.Config, traffic: Traffic, seconds: float) -> None:
        super().__init__(config)
        self._traffic = traffic
        self._seconds = seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; calls that come meanwhile are told to come again."""
        self._traffic.is_ending = True
        until = time.monotonic() + self._seconds
        while self._traffic.in_flight and not self.force_exit and time.monotonic() < until:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)


def server_for(app: FastAPI, limits: Limits) -> Server:
    """The server of an app that ``api.create_app`` made."""
    quiet_end(logging.getLogger("uvicorn.error"))
    config = uvicorn.Config(
        Shielded(app),
        # No log of uvicorn's own: an address may hold a question.
        log_config=None,
        http=PatientProtocol,
        ws="none",
        # Who calls is found by ``Forwarding``, from named proxies alone.
        proxy_headers=False,
        server_header=False,
        log_level="warning",
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    return Server(config, app.state.traffic, limits.seconds)


class Served(NamedTuple):
    """The chat and the API, served in the background."""

    server: uvicorn.Server
    thread: threading.Thread

    def close(self, verbose: bool = False) -> None:
        """Stop serving; say so where ``verbose``."""
        self.server.should_exit = True
        self.thread.join(timeout=5)
        if verbose:
            print("Closed.")


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens there, at the first free port from 7860 where none is given."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for tried in [port] if port else range(PORT, PORT + PORTS):
        try:
            listening = socket.create_server((host.strip("[]"), tried), family=family)
        except OSError:
            last = tried
            continue
        # Whom it accepts inherits this: else each answer waits for the browser's slow "received".
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    raise OSError(f"nothing can listen at {host}, port {last}")


def address_of(listening: socket.socket) -> str:
    """Where a browser on this machine finds what listens."""
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - all addresses: this is how to reach them
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def quiet_end(logger: logging.Logger) -> None:
    """Say nothing of what is no fault of the server's: open pages whose connections end with it,
    and nonsense that strangers send."""

    def is_fault(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        cancelled = isinstance(error, asyncio.CancelledError)
        said = record.getMessage()
        return not cancelled and not any(quiet in said for quiet in _QUIET)

    logger.addFilter(is_fault)
