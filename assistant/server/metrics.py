"""What a watcher of the server may count: questions by decision, calls, refusals, time."""

from __future__ import annotations

from http import HTTPStatus

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)
from prometheus_client.exposition import generate_latest

from assistant.records import Answer

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

# Seconds; an answer takes some hundredths, the first one longer.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Why a call was refused, by its status.
_REASONS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "key",
    HTTPStatus.FORBIDDEN: "key",
    HTTPStatus.REQUEST_TIMEOUT: "slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "size",
    HTTPStatus.UNPROCESSABLE_ENTITY: "nonsense",
    HTTPStatus.TOO_MANY_REQUESTS: "rate",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
}


class Metrics:
    """Numbers alone: nothing of what was asked or answered is kept."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # Memory, processor time and open files of the server.
        ProcessCollector(registry=self._registry)
        self._questions = Counter(
            "yuanda_questions",
            "Questions, by what was decided.",
            ["decision"],
            registry=self._registry,
        )
        for decision in ("answer", "abstain"):
            self._questions.labels(decision)
        self._seconds = Histogram(
            "yuanda_answer_seconds",
            "Time that a question took.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._calls = Histogram(
            "yuanda_call_seconds",
            "Time that a call took, by what was called and its status; waiting included.",
            ["call", "status"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "yuanda_calls_in_flight", "Calls that are being answered.", registry=self._registry
        )
        self._refused = Counter(
            "yuanda_refused", "Calls refused, by why.", ["reason"], registry=self._registry
        )
        for reason in sorted({*_REASONS.values()}):
            self._refused.labels(reason)

    def count(self, answer: Answer) -> None:
        """Count one question."""
        self._questions.labels(answer.decision).inc()
        self._seconds.observe(answer.elapsed_ms / 1000)

    def called(self, call: str, status: int, seconds: float) -> None:
        """Count one call, by the pattern of its address."""
        self._calls.labels(call, str(status)).observe(seconds)
        if not call.startswith("/health") and (reason := _REASONS.get(status)):
            self._refused.labels(reason).inc()

    def text(self) -> bytes:
        """All counts, as Prometheus reads them."""
        return generate_latest(self._registry)
