"""What a server writes down: a line of JSON for each event, on standard error.

No line holds a question, unless asked for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from assistant.records import Answer

Log = Literal["warnings", "calls", "questions"]

logger = logging.getLogger("yuanda.answers")


class JsonLines(logging.Formatter):
    """A record as one line of JSON, in ASCII: nothing in it acts on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what the record's ``fields`` hold stands beside its message."""
        row = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            row["error"] = self.formatException(record.exc_info)
        return json.dumps(row)


def start(log: Log) -> None:
    """Write warnings and errors down, and with "calls" or "questions" each call and answer."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("yuanda").setLevel(logging.WARNING if log == "warnings" else logging.INFO)


def noting(log: Log) -> Callable[[Answer], None]:
    """Notes each answer; the question only with "questions"."""

    def note(answer: Answer) -> None:
        fields: dict[str, Any] = {
            "decision": answer.decision,
            "confidence": round(answer.confidence, 4),
            "citations": len(answer.citations),
            "ms": round(answer.elapsed_ms, 3),
        }
        if log == "questions":
            fields["question"] = answer.question
        logger.info("answer", extra={"fields": fields})

    return note
