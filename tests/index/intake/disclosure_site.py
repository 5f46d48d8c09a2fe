"""A disclosure site on loopback that can misbehave in the ways that real ones do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def pdf(text: str = "", size: int = 3000) -> bytes:
    """Something that begins and ends like a PDF."""
    return b"%PDF-1.7\n" + (text.encode() + b" ").ljust(size, b"x") + b"\n%%EOF\n"


@dataclass
class Answer:
    """What the site answers once. ``stops_after`` bytes of the body the connection breaks."""

    body: bytes = field(default_factory=pdf)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stops_after: int | None = None
    tells_length: bool = True
    tells_version: bool = True
    waits: float = 0.0
    piece: int | None = None


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    at: float


class Site:
    """Answers ``answers[path]`` one after the other; the last one again and again."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.address = ""

    def put(self, path: str, *answers: Answer) -> str:
        """Have ``path`` answered so; its address."""
        self.answers[path] = list(answers)
        return self.address + path

    def _next(self, path: str) -> Answer:
        answers = self.answers.get(path)
        if not answers:
            return Answer(b"not found", 404)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request, by ranges and versions as RFC 9110 has it."""
        self.asked.append(Asked(request.path, dict(request.headers), time.monotonic()))
        answer = self._next(request.path)
        time.sleep(answer.waits)
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        if status == 200 and answer.tells_version:
            version = f'"{sha256(body).hexdigest()[:16]}"'
            headers.setdefault("ETag", version)
            if request.headers.get("If-None-Match") == version:
                body, status = b"", 304
            begin = (request.headers.get("Range") or "").removeprefix("bytes=").rstrip("-")
            if begin and request.headers.get("If-Range") == version:
                if int(begin) >= len(body):
                    body, status = b"", 416
                else:
                    headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
                    body, status = body[int(begin) :], 206
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if answer.tells_length and status != 304:
            request.send_header("Content-Length", str(len(body)))
        request.send_header("Connection", "close")
        request.end_headers()
        body = body[: answer.stops_after]
        for start in range(0, len(body), answer.piece or len(body) or 1):
            request.wfile.write(body[start : start + (answer.piece or len(body))])
            request.wfile.flush()
            if answer.piece:
                time.sleep(0.02)
        request.close_connection = True


@contextmanager
def serving() -> Iterator[Site]:
    """A site at a free port of loopback."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                site.respond(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
