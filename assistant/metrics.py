"""What a watcher of the server may count: questions by decision, and their time."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from assistant.records import Answer

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

# Seconds; an answer takes some hundredths, the first one longer.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Numbers alone: nothing of what was asked or answered is kept."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
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

    def count(self, answer: Answer) -> None:
        """Count one question."""
        self._questions.labels(answer.decision).inc()
        self._seconds.observe(answer.elapsed_ms / 1000)

    def text(self) -> bytes:
        """All counts, as Prometheus reads them."""
        return generate_latest(self._registry)
