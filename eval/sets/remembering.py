"""An encoder whose vectors are kept: the same texts stand in many sets, and again in the next."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.embedding.encoder import Encoder, Vectors

# Texts that are encoded and kept together, so that little is lost by a stop.
_TOGETHER = 64


class RememberingEncoder:
    """Another encoder, which is asked for each text once; vectors are kept below a folder."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self.name, self.revision = encoder.name, encoder.revision
        self.dimension = encoder.dimension
        folder.mkdir(parents=True, exist_ok=True)
        key = hashlib.sha256(f"{self.name}\n{self.revision}".encode()).hexdigest()[:12]
        self._kept = sqlite3.connect(folder / f"vectors-{key}.sqlite", timeout=60)
        self._kept.execute("CREATE TABLE IF NOT EXISTS kept (text BLOB PRIMARY KEY, vector BLOB)")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked."""
        return self._vectors("q", texts, self._encoder.encode_queries)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed."""
        return self._vectors("p", texts, self._encoder.encode_passages)

    def _vectors(
        self, kind: str, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]
    ) -> Vectors:
        keys = [_key(kind, text) for text in texts]
        found = {key: vector for key in set(keys) if (vector := self._one(key)) is not None}
        lacking = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        pending = list(lacking.items())
        for start in range(0, len(pending), _TOGETHER):
            some = pending[start : start + _TOGETHER]
            vectors = np.asarray(encode([text for _, text in some]), dtype=np.float32)
            rows = [(key, vector.tobytes()) for (key, _), vector in zip(some, vectors, strict=True)]
            with self._kept:
                self._kept.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?)", rows)
            found |= dict(rows)
        made = np.frombuffer(b"".join(found[key] for key in keys), dtype=np.float32)
        return made.reshape(len(texts), self.dimension)

    def _one(self, key: bytes) -> bytes | None:
        row = self._kept.execute("SELECT vector FROM kept WHERE text = ?", (key,)).fetchone()
        return row and bytes(row[0])


def _key(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}{text}".encode("utf-8", "surrogatepass")).digest()[:16]
