"""A BERT of the packed model's form, whole or of some of its layers, and its mean pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

# Names of the packed model beside those of transformers' BertModel.
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KIND = {"w": "weight", "b": "bias"}


def config_of(vocabulary: int, layers: int, **more: Any) -> BertConfig:
    """multilingual-e5-small's configuration with another vocabulary and number of layers."""
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=384,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=1536,
        hidden_act="gelu",
        max_position_embeddings=512,
        type_vocab_size=2,
        layer_norm_eps=1e-12,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        **more,
    )


def model_from(tensors: dict[str, np.ndarray[Any, Any]], layers: Sequence[int]) -> BertModel:
    """The packed model's tensors (names of the package) as a BERT of the layers named."""
    state = {
        ours: torch.from_numpy(np.array(tensors[theirs], dtype=np.float32))
        for theirs, ours in _EMBEDDINGS.items()
    }
    for new, old in enumerate(layers):
        for short, long in _LAYER.items():
            for kind, name in _KIND.items():
                array = np.array(tensors[f"l{old}.{short}.{kind}"], dtype=np.float32)
                state[f"encoder.layer.{new}.{long}.{name}"] = torch.from_numpy(array)
    vocabulary = len(tensors["emb.word"])
    model = BertModel(config_of(vocabulary, len(layers)), add_pooling_layer=False)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any("position_ids" not in name for name in missing):
        raise ValueError(f"not a whole model: {missing}, {unexpected}")
    return model


def layers_of(model: BertModel, layers: Sequence[int]) -> BertModel:
    """A copy of ``model`` with only the layers named, in that order."""
    copy = BertModel(config_of(model.config.vocab_size, len(layers)), add_pooling_layer=False)
    copy.embeddings.load_state_dict(model.embeddings.state_dict())
    for new, old in enumerate(layers):
        copy.encoder.layer[new].load_state_dict(model.encoder.layer[old].state_dict())
    return copy


def pooled(model: BertModel, ids: Tensor, mask: Tensor) -> Tensor:
    """The mean of the last hidden states of each row's tokens, float32, not normalised."""
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    total: Tensor = (hidden * weights).sum(1, dtype=torch.float32)
    return total / weights.sum(1, dtype=torch.float32)
