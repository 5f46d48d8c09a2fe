"""Text to unit vectors: the ``Encoder`` seam and its implementations.

``TransformerEncoder`` (``index.embedding.transformer``) runs the shipped pretrained model.
``StaticEncoder`` serves models of static embeddings (the shipped one among them) with
nothing but tokenizers, safetensors and NumPy, so that a command line starts at once;
``SentenceTransformerEncoder`` serves everything else. ``load_encoder`` picks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from index.embedding.hub import folder_of, folder_revision, load
from index.embedding.model_options import ModelOptions
from index.embedding.models import KNOWN
from index.embedding.transformer import PRETRAINED, PRETRAINED_NAME, TransformerEncoder
from index.errors import CallError, ModelError
from index.normalize import SHIPPED_MODEL, read_tokenizer, well_formed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

SHIPPED_NAME = "yuanda-static-zh"
# What is used where no model is named.
DEFAULT_NAME = PRETRAINED_NAME
# Up to so many texts are tokenized faster one by one than by the tokenizer's threads.
_FEW = 4


class Encoder(Protocol):
    """What the rest of the program needs of an embedding model.

    Both methods return float32 of shape ``(len(texts), dimension)``, rows of unit length
    (all zero where a text has no known token).
    """

    name: str
    revision: str
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed."""
        ...


class StaticEncoder:
    """The mean of a text's token rows, normalised: sentence-transformers' StaticEmbedding.

    Reads ``tokenizer.json`` and ``model.safetensors``: one row per token, either as
    ``embedding.weight`` or in the layout of model2vec (``embeddings``, with optional
    ``mapping`` from token to row and a weight per token, which lets rows be int8).
    Queries and passages are encoded alike.

    Raises:
        ModelError: a file is missing or does not hold such a model.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self._tokenizer = read_tokenizer(folder)
        self._rows, self._weights = _read_tables(folder / "model.safetensors")
        if len(self._rows) < self._tokenizer.get_vocab_size():
            raise ModelError(f"{folder}: the tokenizer has more tokens than the model has rows.")
        self.name = name or folder.resolve().name
        self.revision = folder_revision(folder)
        self.dimension = int(self._rows.shape[1])
        self.tokens_known = self._tokenizer.get_vocab_size()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed."""
        return self._encode(texts)

    def tokens(self, texts: Sequence[str]) -> list[npt.NDArray[np.int64]]:
        """Token ids of each text."""
        formed = [well_formed(text) for text in texts]
        if len(formed) <= _FEW:
            encodings = [self._tokenizer.encode(text, add_special_tokens=False) for text in formed]
        else:
            encodings = self._tokenizer.encode_batch_fast(formed, add_special_tokens=False)
        return [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]

    def rows(self, tokens: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> Vectors:
        """The vectors of tokens, of shape ``(len(tokens), dimension)``, of any length."""
        rows: Vectors = self._rows[tokens].astype(np.float32)
        return rows

    def _encode(self, texts: Sequence[str]) -> Vectors:
        tokens = self.tokens(texts)
        sums = np.zeros((len(tokens), self.dimension), dtype=np.float32)
        # Text by text: a text's rows fit the processor's cache, those of a batch do not.
        for number, ids in enumerate(tokens):
            sums[number] = self._weights[ids] @ self.rows(ids)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        vectors: Vectors = sums / np.maximum(norms, 1e-12)
        return vectors


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by name or folder, with its prompts.

    Queries go through ``encode_query`` and passages through ``encode_document``, which put
    the model's prompts in front: those of ``options``, else its own, else those that its makers
    say it was trained with (``index.embedding.models``). ``revision`` is the commit of a named
    model, the hash of the files of a folder; where passages are encoded in another way than the
    model's own, it is another one.

    Raises:
        ModelError: the model can't be had; the message says what helps.
    """

    def __init__(self, model: str, options: ModelOptions | None = None) -> None:
        from sentence_transformers import SentenceTransformer

        options = options or ModelOptions()
        folder = folder_of(model)
        self._model: SentenceTransformer = load(
            SentenceTransformer, model, options, truncate_dim=options.truncate_dim
        )
        if options.max_length:
            self._model.max_seq_length = options.max_length
        self._batch_size = options.batch_size
        known = KNOWN.get(model)
        self._query_prompt = options.query_prompt
        if known and self._query_prompt is None and not self._model.prompts.get("query"):
            self._query_prompt = known.query_prompt
        self._passage_prompt = options.passage_prompt
        if known and self._passage_prompt is None and not self._model.prompts.get("document"):
            self._passage_prompt = known.passage_prompt
        self.name = folder.resolve().name if folder else model
        revision = folder_revision(folder) if folder else _commit(self._model)
        self.revision = self._revision(revision, options)
        dimension = self._model.get_embedding_dimension()
        self.dimension = dimension or self.encode_queries(["?"]).shape[1]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked, behind the query prompt."""
        return self._encode(self._model.encode_query, texts, self._query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed, behind the passage prompt."""
        return self._encode(self._model.encode_document, texts, self._passage_prompt)

    def _encode(self, encode: Any, texts: Sequence[str], prompt: str | None) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = encode(
            [well_formed(text) for text in texts],
            prompt=prompt,
            batch_size=self._batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _revision(self, revision: str, options: ModelOptions) -> str:
        """Another one for passages that are encoded in another way.

        Device, back-end and number type are not counted: the same vectors, but for rounding.
        """
        way = (self._passage_prompt, options.truncate_dim, options.max_length)
        if way == (None, None, None):
            return revision
        return hashlib.sha256(f"{revision}{json.dumps(way)}".encode()).hexdigest()


def load_encoder(model: str | None = None, options: ModelOptions | None = None) -> Encoder:
    """The encoder for ``model``: ``None`` for the default, a shipped one's name, a folder, a name.

    ``static`` is short for the shipped static model. Device, back-end, number type and batch size
    are of no use to a static model.

    Raises:
        CallError: prompts or dimensions were given for the static model, which has none.
        ModelError: the model can't be had; the message says what helps.
    """
    for_embedding = options is not None and options.for_embedding
    model = model or DEFAULT_NAME
    if model == PRETRAINED_NAME:
        if for_embedding:
            return SentenceTransformerEncoder(str(PRETRAINED), options)
        return TransformerEncoder(options, SentenceTransformerEncoder)
    if model in (SHIPPED_NAME, "static"):
        if for_embedding:
            raise CallError(
                f"{SHIPPED_NAME}, the static model, takes no prompt and no truncate_dim"
            )
        return StaticEncoder(SHIPPED_MODEL, SHIPPED_NAME)
    folder = folder_of(model)
    if folder and not for_embedding and _is_bare_static_model(folder):
        return StaticEncoder(folder)
    return SentenceTransformerEncoder(model, options)


def _read_tables(path: Path) -> tuple[npt.NDArray[Any], Vectors]:
    """One row per token (of any number type) and the weight of each."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} can't be read: {error}") from error
    rows = tensors.get("embedding.weight", tensors.get("embeddings"))
    if rows is None or rows.ndim != 2:
        raise ModelError(f"{path} holds no table of static embeddings.")
    if "mapping" in tensors:
        rows = rows[tensors["mapping"]]
    weights = tensors.get("weights", np.ones(len(rows)))
    return rows, weights.astype(np.float32)


def _is_bare_static_model(folder: Path) -> bool:
    """Whether the folder is one static embedding, at most normalised, without prompts."""
    try:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
        subfolder = modules[0]["path"]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    config_path = folder / "config_sentence_transformers.json"
    config = json.loads(config_path.read_text("utf-8")) if config_path.is_file() else {}
    prompts = any((config.get("prompts") or {}).values())
    bare = kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"])
    return bare and not subfolder and not prompts


def _commit(model: SentenceTransformer) -> str:
    """The commit a named model was fetched at, or the hash of its weights if that is unknown."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    commit = getattr(config, "_commit_hash", None)
    if commit:
        return str(commit)
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
