"""What ``yuanda models`` prints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from index.embedding.encoder import SHIPPED_NAME, load_encoder
from index.embedding.hub import is_cached
from index.embedding.models import KNOWN
from index.embedding.transformer import PRETRAINED
from index.normalize import SHIPPED_MODEL
from index.store.store import Store

Json = dict[str, Any]


def models_json(store: Path) -> Json:
    """Models that fit and what they need; which one a store uses, where there is one."""
    return {
        "store": _store(store),
        "shipped": _shipped(),
        "models": [
            {**asdict(model), "memory": model.memory, "cached": is_cached(model.name)}
            for model in KNOWN.values()
        ],
    }


def models_text(document: Json) -> str:
    """The same for a terminal."""
    used = document["store"]
    shipped = document["shipped"]
    lines = [
        f"this store uses {used['model'] or 'no model yet'}" if used else "no store yet",
        f"{shipped['name']} ships: {shipped['dimension']} dimensions, {shipped['memory']} MB; "
        "it is the default, and confidences are calibrated for it",
        f"{SHIPPED_NAME} ships as well (--model static), for large collections without a GPU",
        "",
        f"{'':<32}{'memory':>8}{'dims':>6}{'tokens':>8}  {'languages':<14}{'licence':<15}cached",
    ]
    for m in document["models"]:
        lines.append(
            f"{m['name']:<32}{m['memory']:>5} MB{m['dimension'] or '':>6}{m['max_length']:>8}  "
            f"{m['languages']:<14}{m['licence']:<15}{'yes' if m['cached'] else 'no'}"
        )
        prompts = [
            f"{side} {m[f'{side}_prompt']!r}"
            for side in ("query", "passage")
            if m[f"{side}_prompt"]
        ]
        if prompts or m["own_prompts"]:
            said = "its own" if m["own_prompts"] else f"{', '.join(prompts)} (set by Yuanda)"
            lines.append(f"    prompts: {said}")
        if m["note"]:
            lines.append(f"    {m['note']}")
    lines += [
        "",
        "Any other model of sentence-transformers works by name or path: --model, --reranker.",
        "Memory: the weights in float32; dtype=float16 or bfloat16 halves it.",
    ]
    return "\n".join(lines)


def _store(folder: Path) -> Json | None:
    if not Store.exists(folder):
        return None
    with Store.open(folder) as store:
        return {"path": str(folder), "model": store.model}


def _shipped() -> Json:
    encoder = load_encoder()
    folder = SHIPPED_MODEL if encoder.name == SHIPPED_NAME else PRETRAINED
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "name": encoder.name,
        "revision": encoder.revision,
        "dimension": encoder.dimension,
        "memory": round(size / 1e6),
    }
