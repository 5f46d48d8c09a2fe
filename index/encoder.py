"""Text to unit vectors: the ``Encoder`` seam and its two implementations.

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

from index.errors import ModelError
from index.normalize import SHIPPED_MODEL, read_tokenizer, well_formed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

SHIPPED_NAME = "yuanda-static-zh"


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
        encodings = self._tokenizer.encode_batch_fast(
            [well_formed(text) for text in texts], add_special_tokens=False
        )
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
    """Any sentence-transformers model, by name or folder, with its own prompts.

    Queries go through ``encode_query`` and passages through ``encode_document``, which put
    the model's prompts in front. A named model is taken from the local cache if it is there,
    else it is downloaded. ``revision`` is the commit of a named model, the hash of the files
    of a folder.

    Raises:
        ModelError: the model can't be had; the message says what helps.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str | None = None,
        backend: str = "torch",
        dtype: str | None = None,
        batch_size: int = 32,
    ) -> None:
        folder = Path(model).expanduser()
        is_folder = folder.is_dir()
        options: dict[str, Any] = {"device": device, "backend": backend}
        if dtype is not None:
            options["model_kwargs"] = {"dtype": dtype}
        self._model = _load_sentence_transformer(str(folder) if is_folder else model, options)
        self._batch_size = batch_size
        self.name = folder.resolve().name if is_folder else model
        self.revision = folder_revision(folder) if is_folder else _commit(self._model)
        dimension = self._model.get_embedding_dimension()
        self.dimension = dimension or self.encode_queries(["?"]).shape[1]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked, behind the model's query prompt."""
        return self._encode(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed, behind the model's document prompt."""
        return self._encode(self._model.encode_document, texts)

    def _encode(self, encode: Any, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = encode(
            [well_formed(text) for text in texts],
            batch_size=self._batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def load_encoder(
    model: str | None = None,
    *,
    device: str | None = None,
    backend: str = "torch",
    dtype: str | None = None,
) -> Encoder:
    """The encoder for ``model``: ``None`` or its name for the shipped one, a folder, or a name.

    ``device``, ``backend`` and ``dtype`` go to sentence-transformers; a static model has no
    use for them.

    Raises:
        ModelError: the model can't be had; the message says what helps.
    """
    if model is None or model == SHIPPED_NAME:
        return StaticEncoder(SHIPPED_MODEL, SHIPPED_NAME)
    folder = Path(model).expanduser()
    if not folder.is_dir() and (folder.exists() or _looks_like_a_path(model)):
        raise ModelError(f"{model}: there is no such folder; give a model's folder or its name.")
    if folder.is_dir() and _is_bare_static_model(folder):
        return StaticEncoder(folder)
    return SentenceTransformerEncoder(model, device=device, backend=backend, dtype=dtype)


def folder_revision(folder: Path) -> str:
    """SHA-256 over the names and contents of a model's files, its prose and dot files aside."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if path.is_file() and path.suffix != ".md" and not hidden:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


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


def _looks_like_a_path(model: str) -> bool:
    return model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1


def _load_sentence_transformer(model: str, options: dict[str, Any]) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(model, local_files_only=True, **options)
    except Exception as error:  # a foreign model's code may raise anything
        if Path(model).is_dir():
            raise ModelError(
                f"{model} can't be loaded as a sentence-transformers model: {error}"
            ) from error
        cause = error
    if _hub_can_be_found():
        try:
            return SentenceTransformer(model, **options)
        except Exception as error:
            cause = error
    raise ModelError(
        f"The model {model} is neither in the local cache nor could it be downloaded. "
        "Check the name; without a network, copy the model's folder here and give its "
        f"path, or leave the option out to use the shipped model. ({cause})"
    ) from cause


def _hub_can_be_found() -> bool:
    """Whether a download is worth trying: the hub's client retries for over a minute."""
    import socket
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    if getproxies():
        return True
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True


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
