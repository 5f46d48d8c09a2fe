"""Questions a second over HTTP: ``python -m eval.benchmarks.http [--pairs N] [--json FILE]``.

A generated store is served by ``yuanda ui`` on this machine's loopback, in a process of its own,
and asked by 1 and by 50 askers, each of whom asks the next question when the last is answered;
with and without a filter. Beside it stand the same questions asked in one process without HTTP,
and calls that do nothing, which is what HTTP alone takes. ``per_core`` is questions for each second
of the server's processor time. The run ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.scale.generate import Asked, Market
from eval.benchmarks.scale.load import load as load_store
from eval.output import put_out
from index.embedding.encoder import load_encoder
from index.store.store import Store

ASKERS = (1, 50)
_HOST = "127.0.0.1"
_START = 120.0  # seconds for the server to be ready
_YUANDA = [
    sys.executable,
    "-c",
    "import sys; from assistant.cli.main import main; sys.exit(main())",
]

Times = list[float]


def in_process(folder: Path, questions: Sequence[Asked]) -> dict[str, float]:
    """The questions one after the other, without HTTP."""
    times: Times = []
    with Assistant(Store.open(folder), load_encoder(), Calibration.load()) as assistant:
        assistant.warm_up()
        with assistant.following():
            for asked in questions:
                began = time.perf_counter()
                assistant.ask(Query(asked.question))
                times.append(time.perf_counter() - began)
    return _percentiles(times)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The store, served on a free port of loopback; within, it is ready."""
    with socket.create_server((_HOST, 0)) as probe:
        port = probe.getsockname()[1]
    command = [*_YUANDA, "ui", "--store", str(folder), "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("YUANDA_")}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        until = time.monotonic() + _START
        while not _is_ready(port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the server didn't become ready")
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


def _is_ready(port: int) -> bool:
    try:
        return asyncio.run(_once(port, "/health/ready"))[0] == 200
    except OSError:
        return False


def load(port: int, paths: Sequence[str], askers: int, seconds: float) -> dict[str, float]:
    """So many askers for so long; what they found."""
    before = _processor_seconds(port)
    began = time.perf_counter()
    times, refused = asyncio.run(_ask_all(port, itertools.cycle(paths), askers, seconds))
    took = time.perf_counter() - began
    spent = _processor_seconds(port) - before
    return {
        "askers": askers,
        "questions": len(times),
        "refused": refused,
        "per_second": round(len(times) / took, 1),
        "per_core": round(len(times) / spent, 1),
        **_percentiles(times),
    }


async def _ask_all(
    port: int, paths: Iterator[str], askers: int, seconds: float
) -> tuple[Times, int]:
    times: Times = []
    refused = 0
    until = time.perf_counter() + seconds

    async def ask() -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection(_HOST, port)
        with closing(writer):
            while time.perf_counter() < until:
                began = time.perf_counter()
                status, _ = await _call(reader, writer, next(paths))
                if status == 200:
                    times.append(time.perf_counter() - began)
                else:
                    refused += 1

    await asyncio.gather(*(ask() for _ in range(askers)))
    return times, refused


async def _once(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(_HOST, port)
    with closing(writer):
        return await _call(reader, writer, path)


async def _call(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str
) -> tuple[int, bytes]:
    """One call on an open connection: status and body."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
    body = await reader.readexactly(int(length.split(":")[1]))
    return int(head.split()[1]), body


def _processor_seconds(port: int) -> float:
    """Of the server, as its metrics tell."""
    _, body = asyncio.run(_once(port, "/metrics"))
    rows = dict(line.rsplit(" ", 1) for line in body.decode().splitlines() if line[0] != "#")
    return float(rows["process_cpu_seconds_total"])


def _percentiles(times: Times) -> dict[str, float]:
    p50, p99 = np.percentile(times, [50, 99]) * 1000
    return {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2)}


def measure(folder: Path, pairs: int, seconds: float) -> dict[str, Any]:
    """All loads over one store."""
    if not Store.exists(folder):
        load_store(folder, pairs)
    questions = Market(pairs).questions(500)
    plain = [f"/api/ask?question={quote(asked.question)}" for asked in questions]
    filtered = [
        f"{path}&code={asked.code}&as_of={asked.day}"
        for path, asked in zip(plain, questions, strict=True)
    ]
    alone = in_process(folder, questions[:200])
    with served(folder) as port:
        loads = {
            "ask": [load(port, plain, askers, seconds) for askers in ASKERS],
            "ask_filtered": [load(port, filtered, askers, seconds) for askers in ASKERS],
            "nothing": [load(port, ["/health/live"], askers, seconds / 4) for askers in ASKERS],
        }
    return {
        "pairs": pairs,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "in_process": alone,
        "http_to_in_process_p50": round(loads["ask"][0]["p50_ms"] / alone["p50_ms"], 3),
        **loads,
    }


def main() -> None:
    """Print the measures as JSON, or write them where asked."""
    parser = argparse.ArgumentParser(prog="eval.benchmarks.http", description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each load")
    parser.add_argument("--store", type=Path, help="keep the store here, for another run")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.store or Path(name) / "store"
        document = measure(folder, arguments.pairs, arguments.seconds)
    put_out(document, arguments.json)


if __name__ == "__main__":
    main()
