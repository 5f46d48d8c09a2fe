"""Which calibration is used, and whether it was made for the models at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assistant.retrieval.decide import SHIPPED, Calibration, Threshold
from assistant.retrieval.rerank import Reranker
from index.embedding.encoder import Encoder
from index.errors import CallError


def shipped_for(model: str) -> Path:
    """The shipped calibration for an embedding model of this name: its own, or the common one."""
    own = SHIPPED.with_name(f"calibration-{Path(model).name}.json")
    return own if own.is_file() else SHIPPED


def load_calibration(path: Path | None) -> Calibration:
    """The calibration in a file, or the shipped one; ``CallError`` where it can't be used."""
    path = path or SHIPPED
    try:
        return Calibration.load(path)
    except OSError as error:
        raise CallError(f"{path}: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise CallError(
            f"{path}: not a calibration; make one with `python -m eval.fitting.calibrate`"
        ) from None


def threshold_of(
    calibration: Calibration, threshold: float | None, wrong: float | None
) -> Threshold:
    """The confidence from which questions are answered: the one given, or that for a share of
    wrong answers (``CallError`` where none is calibrated), or the one that ships."""
    if threshold is not None:
        return Threshold.at(threshold)
    return calibration.threshold if wrong is None else calibration.threshold_for(wrong)


def mismatch(path: Path | None, encoder: Encoder, reranker: Reranker | None = None) -> str | None:
    """Why confidences may be off: the calibration was made with other models."""
    document: dict[str, Any] = json.loads((path or SHIPPED).read_text(encoding="utf-8"))
    made = document.get("model"), document.get("reranker")
    used = f"{encoder.name} {encoder.revision[:12]}", reranker.name if reranker else None
    if made == used:
        return None
    return (
        f"confidences are calibrated for {_named(*made)}, not for {_named(*used)}: they may be "
        "too high or too low. See `Other models` in docs/reference.md."
    )


def _named(model: object, reranker: object) -> str:
    return f"{model}" + (f" with the reranker {reranker}" if reranker else "")
