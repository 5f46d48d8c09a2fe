"""Models that fit, and what they need, as their makers and packagers state it.

Facts from ``source`` and the pages around it. None of them was run here: tests must work without
a model hub, so the way to them is tested with tiny models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_HUB = "https://huggingface.co/"
_BGE_QUERY = "为这个句子生成表示以用于检索相关文章："


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model by its name on the hub.

    ``parameters`` in millions, ``max_length`` in tokens; ``dimension`` is ``None`` for a
    reranker. A prompt is one that the model was trained with and that its own configuration
    lacks; ``own_prompts`` says that it brings some.
    """

    name: str
    kind: Literal["embedding", "reranker"]
    parameters: int
    dimension: int | None
    max_length: int
    languages: str
    licence: str
    source: str
    query_prompt: str | None = None
    passage_prompt: str | None = None
    own_prompts: bool = False
    note: str = ""

    @property
    def memory(self) -> int:
        """Megabytes that the weights take in float32; float16 and bfloat16 halve it."""
        return 4 * self.parameters


_MODELS = (
    KnownModel(
        "BAAI/bge-small-zh-v1.5", "embedding", 24, 512, 512, "zh", "MIT",
        _HUB + "BAAI/bge-small-zh-v1.5/tree/main", _BGE_QUERY,
    ),
    KnownModel(
        "BAAI/bge-base-zh-v1.5", "embedding", 102, 768, 512, "zh", "MIT",
        _HUB + "BAAI/bge-base-zh-v1.5/tree/main", _BGE_QUERY,
    ),
    KnownModel(
        "BAAI/bge-large-zh-v1.5", "embedding", 326, 1024, 512, "zh", "MIT",
        _HUB + "BAAI/bge-large-zh-v1.5/tree/main", _BGE_QUERY,
    ),
    KnownModel(
        "BAAI/bge-m3", "embedding", 568, 1024, 8192, "multilingual", "MIT", _HUB + "BAAI/bge-m3",
        note="takes no prompt; a smaller max_length saves memory",
    ),
    KnownModel(
        "moka-ai/m3e-small", "embedding", 24, 512, 512, "zh", "research only",
        _HUB + "moka-ai/m3e-small", note="trained on non-commercial data",
    ),
    KnownModel(
        "moka-ai/m3e-base", "embedding", 102, 768, 512, "zh, en", "research only",
        _HUB + "moka-ai/m3e-base", note="trained on non-commercial data",
    ),
    KnownModel(
        "Qwen/Qwen3-Embedding-0.6B", "embedding", 596, 1024, 32768, "multilingual", "Apache-2.0",
        _HUB + "Qwen/Qwen3-Embedding-0.6B", own_prompts=True,
        note="Matryoshka: takes truncate_dim; a smaller max_length saves memory",
    ),
    KnownModel(
        "intfloat/multilingual-e5-small", "embedding", 118, 384, 512, "multilingual", "MIT",
        _HUB + "intfloat/multilingual-e5-small", "query: ", "passage: ",
    ),
    KnownModel(
        "BAAI/bge-reranker-base", "reranker", 278, None, 512, "zh, en", "MIT",
        _HUB + "BAAI/bge-reranker-base/tree/main",
    ),
    KnownModel(
        "BAAI/bge-reranker-v2-m3", "reranker", 568, None, 8192, "multilingual", "Apache-2.0",
        _HUB + "BAAI/bge-reranker-v2-m3/discussions/9", note="its makers advise max_length=1024",
    ),
    KnownModel(
        "Qwen/Qwen3-Reranker-0.6B", "reranker", 596, None, 32768, "multilingual", "Apache-2.0",
        _HUB + "Qwen/Qwen3-Reranker-0.6B", own_prompts=True,
        note="a smaller max_length saves memory",
    ),
)  # fmt: skip

KNOWN = {model.name: model for model in _MODELS}
