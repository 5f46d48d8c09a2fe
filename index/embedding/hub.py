"""Foreign models: from a folder or the local cache, else downloaded; with errors that help."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.embedding.model_options import ModelOptions
from index.errors import ModelError

# What each back-end imports.
_PACKAGES = {"onnx": "optimum.onnxruntime", "openvino": "optimum.intel"}
_WEIGHTS = ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json")


def load(make: Callable[..., Any], model: str, options: ModelOptions, **more: Any) -> Any:
    """``make(model, …)`` of a sentence-transformers class.

    A named model is taken from the local cache if it is there, else it is downloaded.
    ``ModelError`` where it can't be had; the message says what helps.
    """
    _check_backend(options.backend)
    folder = folder_of(model)
    told = {**options.loading(), **more}
    try:
        return make(str(folder or model), local_files_only=True, **told)
    except Exception as error:  # a foreign model's code may raise anything
        if folder:
            raise ModelError(
                f"{model} can't be loaded as a sentence-transformers model: {error}"
            ) from error
        cause = error
    if _hub_can_be_found():
        try:
            return make(model, **told)
        except Exception as error:
            cause = error
    raise ModelError(
        f"The model {model} is neither in the local cache nor could it be downloaded. "
        "Check the name; without a network, copy the model's folder here and give its "
        f"path, or leave the option out to do without it. ({cause})"
    ) from cause


def folder_of(model: str) -> Path | None:
    """The folder, where ``model`` is one; ``ModelError`` where it looks like one and is not."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    looks_like_one = model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1
    if folder.exists() or looks_like_one:
        raise ModelError(f"{model}: there is no such folder; give a model's folder or its name.")
    return None


def is_cached(model: str) -> bool:
    """Whether a named model's weights are in the local cache of the hub."""
    from huggingface_hub import try_to_load_from_cache

    return any(isinstance(try_to_load_from_cache(model, name), str) for name in _WEIGHTS)


def _check_backend(backend: str) -> None:
    package = _PACKAGES.get(backend)
    try:
        missing = package is not None and find_spec(package) is None
    except ModuleNotFoundError:
        missing = True
    if missing:
        raise ModelError(
            f"The back-end {backend} needs packages that are not installed: "
            f"pip install 'sentence-transformers[{backend}]'"
        )


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
