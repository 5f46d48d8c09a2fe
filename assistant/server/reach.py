"""From where the server is reached: its names, its proxies, and whether a call comes from here.

A page elsewhere can have its own name lead to this machine, and a proxy can hide who calls. So
"this machine alone" is the peer's address, a local name, and nothing that was forwarded.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_FORWARDING = ("forwarded", "x-real-ip", "x-forwarded-")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether other machines reach the server, under which names, and by which proxies.

    ``proxies`` are addresses or networks; only what they forward is believed.
    """

    exposed: bool = False
    names: frozenset[str] = frozenset()
    proxies: tuple[str, ...] = ()

    @classmethod
    def at(cls, host: str, names: Iterable[str] = (), proxies: Iterable[str] = ()) -> Reach:
        """How one is reached that listens at ``host``."""
        own, behind = {host.lower(), *(name.lower() for name in names)}, tuple(proxies)
        exposed = not is_loopback(host) or bool(behind)
        if exposed:
            machine = socket.gethostname().lower()
            own |= {machine, machine.partition(".")[0], f"{machine}.local"}
        return cls(exposed, frozenset(own), behind)

    def knows(self, name: str) -> bool:
        """Whether the server may be called by this name: no page elsewhere can have it."""
        if is_loopback(name):
            return True
        if not self.exposed:
            return name in self.names and not _is_address(name)
        return name in self.names or _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own, reached from nowhere else."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_here(connection: HTTPConnection) -> bool:
    """Whether this machine itself calls: by its address, a local name, and no one between."""
    peer = connection.client.host if connection.client else ""
    named = is_loopback(name_of(connection))
    return is_loopback(peer) and named and not any(map(_is_forwarding, connection.headers))


def name_of(connection: HTTPConnection) -> str:
    """The name that a call calls the server by; empty where it has none."""
    try:
        return urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def is_own(connection: HTTPConnection, method: str) -> bool:
    """Whether a call comes from no page, or the server's own; links elsewhere may lead here."""
    told = connection.headers
    origin = told.get("origin")
    if origin is not None and method not in _READING:
        _, _, named = origin.lower().partition("://")
        return named == told.get("host", "").lower()
    follows_link = method in _READING and told.get("sec-fetch-mode") == "navigate"
    return follows_link or told.get("sec-fetch-site", "none") in _SAME_SITE


class Forwarding:
    """Believes what named proxies say of who calls whom, and how; of others nothing."""

    def __init__(self, app: ASGIApp, proxies: tuple[str, ...]) -> None:
        self._app = app
        told: Any = self._told
        self._believing = ProxyHeadersMiddleware(told, list(proxies))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, as the proxy has it."""
        peer = scope.get("client")
        is_proxy = peer and peer[0] in self._believing.trusted_hosts
        follow: Any = self._believing if is_proxy else self._app
        await follow(scope, receive, send)

    async def _told(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        named = headers.get("x-forwarded-host", "").partition(",")[0].strip()
        kept = [(name, value) for name, value in headers.raw if not _is_forwarding(name.decode())]
        if named:
            kept = [(name, value) for name, value in kept if name != b"host"]
            kept.append((b"host", named.encode("latin-1")))
        await self._app({**scope, "headers": kept}, receive, send)


def _is_forwarding(name: str) -> bool:
    return name.lower().startswith(_FORWARDING)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
