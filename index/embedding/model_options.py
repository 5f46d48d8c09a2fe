"""How a model is to be run: what is passed through to sentence-transformers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from index.errors import CallError

BACKENDS = ("torch", "onnx", "openvino")
DTYPES = ("auto", "float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What sentence-transformers is told.

    ``device`` as PyTorch names it, ``max_length`` in tokens. ``truncate_dim`` keeps the first
    dimensions of Matryoshka embeddings (Kusupati et al. 2022). A prompt that is ``None`` is the
    model's own; ``""`` is none. ``kwargs`` go to the model's loader (``file_name``, ``provider``,
    ``attn_implementation``, …).
    """

    device: str | None = None
    backend: str = "torch"
    dtype: str | None = None
    batch_size: int = 32
    max_length: int | None = None
    truncate_dim: int | None = None
    query_prompt: str | None = None
    passage_prompt: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, told: Mapping[str, str]) -> Self:
        """From texts; an empty one is the default, but an empty prompt is none.

        ``CallError`` where a name is unknown or a value makes no sense.
        """
        read: dict[str, Any] = {}
        for name, text in told.items():
            if name not in _READERS:
                known = ", ".join(_READERS)
                raise CallError(f"{name} is no option of a model; there are {known}")
            if text or name.endswith("_prompt"):
                read[name] = _READERS[name](name, text)
        return cls(**read)

    def loading(self) -> dict[str, Any]:
        """Keyword arguments that SentenceTransformer and CrossEncoder share."""
        kwargs = dict(self.kwargs)
        if self.dtype is not None:
            kwargs["dtype"] = self.dtype
        return {"device": self.device, "backend": self.backend, "model_kwargs": kwargs}

    @property
    def for_embedding(self) -> bool:
        """Whether anything is set that only an embedding model has."""
        return (self.truncate_dim, self.query_prompt, self.passage_prompt) != (None, None, None)


def _text(_name: str, text: str) -> str:
    return text


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise CallError(f"{name}={text}: must be a number from 1")
    return int(text)


def _one_of(*values: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in values:
            raise CallError(f"{name}={text}: must be one of {', '.join(values)}")
        return text

    return read


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CallError(f'{name}={text}: must be a JSON object, like {{"file_name": "model.onnx"}}')
    return value


_READERS: dict[str, Callable[[str, str], Any]] = {
    "device": _text,
    "backend": _one_of(*BACKENDS),
    "dtype": _one_of(*DTYPES),
    "batch_size": _number,
    "max_length": _number,
    "truncate_dim": _number,
    "query_prompt": _text,
    "passage_prompt": _text,
    "kwargs": _object,
}

OPTIONS = tuple(f.name for f in fields(ModelOptions))
