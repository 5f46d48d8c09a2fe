"""What a user would write instead, on the same vectors: ``python -m eval.benchmarks.scale.peers``.

LangChain with its FAISS store, and Milvus Lite (the extra ``peers``); only the dense search, since
that is what they have in common. A peer that isn't installed is skipped and says so.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from eval.benchmarks.scale.memory import Memory
from eval.benchmarks.scale.timing import milliseconds, percentiles
from index.embedding.encoder import Vectors
from index.search.snapshot import open_indexes
from index.store.scope import Ids
from index.store.store import Store

Search = Callable[[Vectors], object]

_QUERIES, _K, _TOGETHER = 200, 64, 2000


def measure(folder: Path, peer: str) -> dict[str, Any]:
    """Seconds to load, milliseconds to search, and bytes of memory; vectors don't count."""
    with Store.open(folder) as store:
        dimension = store.dimension or 0
        dense = open_indexes(store, dimension).dense
    segments = dense.segments
    ids = dense.ids()
    queries = np.concatenate([s.rows[:: max(1, len(ids) // _QUERIES)] for s in segments])
    vectors = np.concatenate([segment.rows for segment in segments]).astype(np.float32)
    before, home = Memory.now(), tempfile.TemporaryDirectory()
    began = time.perf_counter()
    try:
        make: dict[str, Callable[[Ids, Vectors], Search]] = {
            "yuanda": _yuanda,
            "langchain": _langchain,
            "milvus": partial(_milvus, home.name),
        }
        search = make[peer](ids, vectors)
    except ImportError as error:
        return {"peer": peer, "skipped": f"{error}; pip install '.[peers]'"}
    loaded = time.perf_counter() - began
    times = [
        milliseconds(partial(search, query)) for query in queries[:_QUERIES].astype(np.float32)
    ]
    used = Memory.now().total - before.total
    home.cleanup()
    return {
        "peer": peer,
        "passages": len(ids),
        "load_s": round(loaded, 2),
        "search_ms": percentiles(times),
        "memory_bytes": used,
    }


def _yuanda(ids: Ids, vectors: Vectors) -> Search:
    from index.search.vectors import DenseIndex

    dense = DenseIndex(vectors.shape[1]).with_added(ids, vectors.astype(np.float16))
    if dense.due():
        dense = dense.compress()
    return lambda query: dense.search(query, _K)


def _langchain(ids: Ids, vectors: Vectors) -> Search:
    from langchain_community.vectorstores import FAISS
    from langchain_community.vectorstores.utils import DistanceStrategy
    from langchain_core.embeddings import Embeddings

    class Given(Embeddings):
        """Vectors are given; nothing is embedded."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            """Never called."""
            raise NotImplementedError

        def embed_query(self, text: str) -> list[float]:
            """Never called."""
            raise NotImplementedError

    names = [str(one) for one in ids.tolist()]
    store = FAISS.from_embeddings(
        zip(names, vectors.tolist(), strict=True),
        Given(),
        ids=names,
        distance_strategy=DistanceStrategy.MAX_INNER_PRODUCT,
    )
    return lambda query: store.similarity_search_with_score_by_vector(query.tolist(), k=_K)


def _milvus(folder: str, ids: Ids, vectors: Vectors) -> Search:
    from pymilvus import MilvusClient

    client = MilvusClient(f"{folder}/milvus.db")
    client.create_collection("passages", dimension=vectors.shape[1], metric_type="IP")
    for part in _parts(len(ids)):
        rows = zip(ids[part].tolist(), vectors[part].tolist(), strict=True)
        client.insert("passages", [{"id": one, "vector": vector} for one, vector in rows])
    return lambda query: client.search("passages", [query.tolist()], limit=_K)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _TOGETHER):
        yield slice(start, start + _TOGETHER)


def main() -> None:
    """Measure one peer on the vectors of a store and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--peer", choices=("yuanda", "langchain", "milvus"), required=True)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.folder, arguments.peer)))


if __name__ == "__main__":
    main()
