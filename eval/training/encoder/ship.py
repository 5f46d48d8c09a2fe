"""From what a run left behind to the folders that ship: the encoder's and the judge's."""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from transformers import BertModel

from eval.training.encoder.bert import config_of, pooled
from eval.training.encoder.graph import write_graph
from index.embedding.network import read_weights
from index.embedding.transformer import PRETRAINED

_TABLE = "embeddings.word_embeddings.weight"
LONGEST = 192
_PROMPTS = {"query": "query: ", "document": "passage: "}
# How far what is uneven in activations is moved into the weights (Xiao et al. 2023).
_MOVED = 0.5
_SAMPLE = 200


def ship_encoder(run: Path, material: Path, sample: Sequence[str], out: Path) -> None:
    """The six layers as a folder of sentence-transformers, with graph and evenness beside them."""
    out.mkdir(parents=True, exist_ok=True)
    weights = read_weights(*sorted(run.glob("student-*.safetensors")))
    table = read_weights(run / "embeddings.safetensors", flat=True)
    weights[_TABLE] = table["rows"].astype(np.float32) * table["factor"].astype(np.float32)
    save_file({name: array.astype(np.float16) for name, array in weights.items()},
              out / "model.safetensors", metadata={"format": "pt"})  # fmt: skip
    shutil.copyfile(material / "tokenizer.json", out / "tokenizer.json")
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))
    config = config_of(len(weights[_TABLE]), layers, architectures=["BertModel"])
    config.dtype = "float32"
    config.save_pretrained(out)
    _write(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": LONGEST,
        "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
        "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>",
        "model_input_names": ["input_ids", "attention_mask"],
    })  # fmt: skip
    kinds = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    _write(out / "modules.json", [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ])  # fmt: skip
    (out / "1_Pooling").mkdir(exist_ok=True)
    _write(out / "1_Pooling" / "config.json", {
        "word_embedding_dimension": 384, "pooling_mode_mean_tokens": True,
    })  # fmt: skip
    _write(out / "sentence_bert_config.json", {"max_seq_length": LONGEST, "do_lower_case": False})
    _write(out / "config_sentence_transformers.json", {
        "prompts": _PROMPTS, "default_prompt_name": None, "similarity_fn_name": "cosine",
    })  # fmt: skip
    model = BertModel(config_of(len(weights[_TABLE]), layers), add_pooling_layer=False).train(False)
    state = {name: torch.from_numpy(array.astype(np.float32)) for name, array in weights.items()}
    model.load_state_dict(state)
    rows = _rows(Tokenizer.from_file(str(out / "tokenizer.json")), sample)
    save_file(evenness(model, rows), out / "evenness.safetensors")
    write_graph(out / "graph.onnx", layers, judge=False)


def ship_judge(run: Path, encoder: Path, texts: Sequence[tuple[str, str, str]], out: Path) -> None:
    """The judge's body in eight bits; its table of tokens is the encoder's."""
    out.mkdir(parents=True, exist_ok=True)
    from transformers import BertForSequenceClassification

    from eval.training.encoder.weights import eight_bit_rows

    weights = read_weights(*sorted(run.glob("judge-*.safetensors")))
    stored: dict[str, Any] = {}
    for name, array in weights.items():
        short = name.removeprefix("bert.")
        if array.ndim == 2 and min(array.shape) > 2:
            stored[f"{short}.rows"], stored[f"{short}.factor"] = eight_bit_rows(
                array.astype(np.float32)
            )
        else:
            stored[short] = array.astype(np.float16)
    save_file(stored, out / "judge.safetensors")
    layers = 1 + max(int(n.split(".")[3]) for n in weights if n.startswith("bert.encoder."))
    table = read_weights(encoder / "model.safetensors")[_TABLE]
    judge = BertForSequenceClassification(config_of(len(table), layers, num_labels=1))
    judge.train(False)
    state = {n: torch.from_numpy(a.astype(np.float32)) for n, a in weights.items()}
    state[f"bert.{_TABLE}"] = torch.from_numpy(table.astype(np.float32))
    judge.load_state_dict(state)
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    rows = _rows(tokenizer, ["</s></s>".join(parts) for parts in texts])
    save_file(evenness(judge.bert, rows), out / "evenness.safetensors")
    write_graph(out / "graph.onnx", layers, judge=True)


@torch.no_grad()
def evenness(model: BertModel, rows: Sequence[torch.Tensor]) -> dict[str, Any]:
    """By what the inputs of attention and of the inner layer are divided before they are rounded.

    A few of their channels are far larger than the others, which then have few of the 8 bits.
    """
    largest: dict[str, torch.Tensor] = {}
    watched: dict[str, list[Any]] = {}
    layers: Any = model.encoder.layer
    for number, layer in enumerate(layers):
        watched[f"encoder.layer.{number}.attention.self"] = [
            layer.attention.self.query, layer.attention.self.key, layer.attention.self.value,
        ]  # fmt: skip
        watched[f"encoder.layer.{number}.intermediate.dense"] = [layer.intermediate.dense]
    hooks = []
    for name, modules in watched.items():

        def keep(_module: Any, inputs: Any, name: str = name) -> None:
            here = inputs[0].abs().amax((0, 1))
            largest[name] = torch.maximum(largest.get(name, here), here)

        hooks.append(modules[0].register_forward_pre_hook(keep))
    for ids in rows:
        pooled(model, ids, torch.ones_like(ids))
    for hook in hooks:
        hook.remove()
    found = {}
    for name, modules in watched.items():
        weight = torch.cat([module.weight for module in modules]).abs().amax(0).clamp_min(1e-5)
        even = largest[name].clamp_min(1e-3) ** _MOVED / weight ** (1 - _MOVED)
        found[f"{name}.even"] = (even / even.mean()).numpy().astype(np.float32)
    return found


def sample_of(path: Path) -> list[tuple[str, str]]:
    """A few pairs (question, answer) out of a gzip JSON lines file of the real material."""
    found = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % 311 == 0:
                row = json.loads(line)
                found.append((row["question"], row["answer"][:180]))
    return found[:_SAMPLE]


def _rows(tokenizer: Tokenizer, texts: Sequence[str]) -> list[torch.Tensor]:
    return [torch.tensor([tokenizer.encode(text).ids[:256]]) for text in texts]


def _write(path: Path, what: Any) -> None:
    path.write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Write both folders, from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.training.encoder.ship", description=__doc__
    )
    parser.add_argument("--run", type=Path, required=True, help="what a run left in its --out")
    parser.add_argument("--material", type=Path, required=True, help="what it was trained from")
    parser.add_argument("--pairs", type=Path, required=True, help="results_briefings.jsonl.gz")
    parser.add_argument("--encoder", type=Path, default=PRETRAINED)
    parser.add_argument("--judge", type=Path, default=Path("assistant/retrieval/judge"))
    options = parser.parse_args()
    pairs = sample_of(options.pairs)
    texts = [text for q, a in pairs[:100] for text in (f"query: {q}", f"passage: {a}")]
    ship_encoder(options.run, options.material, texts, options.encoder)
    read = [(q, filed, a) for (q, _), (filed, a) in pairwise(pairs[:81])]
    ship_judge(options.run, options.encoder, read, options.judge)


if __name__ == "__main__":
    main()
