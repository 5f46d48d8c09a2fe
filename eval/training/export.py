"""Write a trained table as a sentence-transformers folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Tokenizer

_LIBRARY = "sentence_transformers"
_MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": f"{_LIBRARY}.sentence_transformer.modules.static_embedding.StaticEmbedding",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "",
        "type": f"{_LIBRARY}.base.modules.normalize.Normalize",
    },
]
_CONFIG: dict[str, object] = {
    "model_type": "SentenceTransformer",
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}


def quantise(
    table: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """int8 rows and the factor of each row; the first row (unknown) becomes zero.

    The table is first scaled so that an average row has length one, which no cosine sees.
    """
    table = table / np.linalg.norm(table[1:], axis=1).mean()
    factors = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
    rows = np.rint(table / factors[:, None]).astype(np.int8)
    rows[0] = 0
    return rows, factors.astype(np.float32)


def write_model(folder: Path, tokenizer: Tokenizer, table: npt.NDArray[np.float32]) -> None:
    """The folder that ``SentenceTransformer(folder)`` and ``StaticEncoder(folder)`` load."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, factors = quantise(table)
    save_file({"embeddings": rows, "weights": factors}, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    for name, content in (
        ("modules.json", _MODULES),
        ("config_sentence_transformers.json", _CONFIG),
    ):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
