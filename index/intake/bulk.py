"""Encoding on many machines: an ``Encoder`` whose passages are embedded by a Ray cluster.

For models that take their time, transformers above all. The only module that imports ray.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from index.embedding.encoder import Encoder, Vectors, load_encoder
from index.embedding.model_options import ModelOptions
from index.errors import CallError, ModelError
from index.intake.build import TOGETHER

# What is said instead of an address for a cluster of this machine alone.
LOCAL = "local"
# Filings that a cluster is given at once.
_FILES = 4096
# Seconds that a cluster has to be reached.
_PATIENCE = 5.0
# Passages that a worker embeds at once, and those up to which it isn't worth the way.
_TOGETHER, _FEW = 1024, 256


def bulk_encoder(
    address: str | None, model: str | None, options: ModelOptions
) -> tuple[Encoder, int]:
    """What embeds filings, and how many of them it is given at once.

    That of the cluster at ``address``, or of this process. Raises what ``RayEncoder`` and
    ``load_encoder`` do.
    """
    if address is None:
        return load_encoder(model, options), TOGETHER
    return RayEncoder(address, model, options), _FILES


class RayEncoder:
    """Embeds as ``load_encoder(model, options)`` does, passages on the cluster."""

    def __init__(
        self, address: str, model: str | None = None, options: ModelOptions | None = None
    ) -> None:
        """``address`` of the cluster, or ``local``. Yuanda is installed on its machines.

        ``CallError`` without the extra, ``ModelError`` where there is no cluster.
        """
        try:
            import ray
        except ImportError:
            raise CallError(
                "encoding on a Ray cluster needs the extra `ray`: "
                "pip install 'yuanda[ray]' (from a checkout: pip install '.[ray]')"
            ) from None
        self._own: Encoder = load_encoder(model, options)
        self._made_with = model, options
        self.name, self.revision = self._own.name, self._own.revision
        self.dimension = self._own.dimension
        try:
            _reach(address)
            ray.init(
                address=None if address == LOCAL else address,
                include_dashboard=False if address == LOCAL else None,
                ignore_reinit_error=True,
                log_to_driver=False,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelError(f"{address}: no Ray cluster ({error})") from None
        ray.data.DataContext.get_current().enable_progress_bars = False

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, embedded here."""
        return self._own.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, in their order; few of them are embedded here."""
        if len(texts) <= _FEW:
            return self._own.encode_passages(texts)
        import ray

        workers = max(1, int(ray.cluster_resources().get("CPU", 1)) - 1)
        rows = [
            {"place": place, "text": text.encode("utf-8", "surrogatepass")}
            for place, text in enumerate(texts)
        ]
        embedded = ray.data.from_items(rows).map_batches(
            _Worker,
            fn_constructor_args=self._made_with,
            batch_size=_TOGETHER,
            concurrency=(1, workers),
        )
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in embedded.iter_batches(batch_format="numpy"):
            vectors[batch["place"]] = batch["vector"]
        return vectors

    def close(self) -> None:
        """Leave the cluster; a local one ends."""
        import ray

        ray.shutdown()


def _reach(address: str) -> None:
    """``OSError`` where nothing listens at an address: Ray itself goes on trying for minutes."""
    where = urlsplit(address if "//" in address else f"//{address}")
    if where.hostname and where.port:
        socket.create_connection((where.hostname, where.port), _PATIENCE).close()


class _Worker:
    """Loads the model once on a machine, and embeds what it is given there."""

    def __init__(self, model: str | None, options: ModelOptions | None) -> None:
        self._encoder = load_encoder(model, options)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        texts = [text.decode("utf-8", "surrogatepass") for text in batch["text"]]
        return {"place": batch["place"], "vector": self._encoder.encode_passages(texts)}
