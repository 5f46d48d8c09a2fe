"""A store's collections on a Milvus server. The only module that imports pymilvus.

``passages`` have their vectors, ``pairs`` the BM25 impacts of their terms as sparse vectors (those
of the whole pair, and those of its question), so that an inner product with what a question's terms
weigh is its BM25 score. Both have the conditions of their filing as numbers: no text of a filing
gets into an expression.

The client is the same for Milvus Lite, a server by itself and a cluster.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.embedding.encoder import Vectors
from index.errors import CallError, StoreError
from index.store.catalogue import Listed
from index.store.conditions import activity_number, company_number
from index.store.scope import Ids

# Most entries that Milvus returns of one call, and rows that are sent or read in one.
MOST, _TOGETHER = 16_384, 500
# Seconds that the server has for one call.
_PATIENCE = 60.0
# Activities of a filing that are kept.
_ACTIVITIES = 64

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that a search found: its id, its inner product, and the fields asked for."""

    id: int
    score: float
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A pair as it is sent: its filing's conditions, its terms' impacts by hash, its passages."""

    pair: int
    filing: Listed
    text: Mapping[int, float]
    question: Mapping[int, float]
    passages: Mapping[int, Vectors]


class Server:
    """The two collections of one store; ``StoreError`` where the server doesn't do as told."""

    def __init__(self, url: str, store: str) -> None:
        """``store`` is the id in the store's database: many may share a server."""
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise CallError(
                "an index on a Milvus server needs the extra `milvus`: "
                "pip install 'yuanda[milvus]' (from a checkout: pip install '.[milvus]')"
            ) from None
        # What it reports is raised as well.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        self.url = url
        self.passages, self.pairs = f"yuanda_{store}_passages", f"yuanda_{store}_pairs"
        with self._told():
            self._client = MilvusClient(url, timeout=_PATIENCE)

    @contextmanager
    def _told(self) -> Iterator[None]:
        from pymilvus import MilvusException

        try:
            yield
        except MilvusException as error:
            said = str(error.message or error).strip().splitlines()[:1]
            raise StoreError(
                f"{self.url}: the Milvus server of the index says {' '.join(said)!r}; is it "
                "running, and is the address (--index-url) right?"
            ) from None

    def has_collections(self) -> bool:
        """Whether both are there."""
        with self._told():
            return all(self._client.has_collection(name) for name in (self.passages, self.pairs))

    def make(self, dimension: int) -> None:
        """Make both anew, empty."""
        from pymilvus import DataType

        vector = {"datatype": DataType.FLOAT_VECTOR, "dim": dimension}
        sparse = {"datatype": DataType.SPARSE_FLOAT_VECTOR}
        with self._told():
            self._make(self.passages, {"id": None, "pair": None, "vector": vector}, "AUTOINDEX")
            fields = {"pair": None, "text": sparse, "question": sparse}
            self._make(self.pairs, fields, "SPARSE_INVERTED_INDEX")

    def _make(self, name: str, fields: Mapping[str, Json | None], index_type: str) -> None:
        from pymilvus import DataType

        self._client.drop_collection(name)
        schema = self._client.create_schema(auto_id=False)
        indexes = self._client.prepare_index_params()
        for place, (field, said) in enumerate(fields.items()):
            schema.add_field(
                field, **(said or {"datatype": DataType.INT64, "is_primary": not place})
            )
            if said:
                indexes.add_index(field, index_type=index_type, metric_type="IP")
        for field in ("company", "day", "public"):
            schema.add_field(field, DataType.INT64)
        schema.add_field(
            "activities", DataType.ARRAY, element_type=DataType.INT64, max_capacity=_ACTIVITIES
        )
        self._client.create_collection(
            name, schema=schema, index_params=indexes, consistency_level="Strong"
        )

    def drop(self) -> None:
        """Take both away."""
        with self._told():
            for name in (self.passages, self.pairs):
                self._client.drop_collection(name)

    def count(self) -> int:
        """Number of pairs."""
        with self._told():
            found = self._client.query(self.pairs, filter="", output_fields=["count(*)"])
        return int(found[0]["count(*)"])

    def send(self, pairs: Sequence[Sent]) -> None:
        """Add pairs, or replace those with their ids. A pair is there after its passages are."""
        passages = [
            {"id": id_, "pair": sent.pair, "vector": vector.tolist(), **_conditions(sent.filing)}
            for sent in pairs
            for id_, vector in sent.passages.items()
        ]
        rows = [
            {
                "pair": sent.pair,
                "text": dict(sent.text),
                "question": dict(sent.question),
                **_conditions(sent.filing),
            }
            for sent in pairs
        ]
        with self._told():
            for name, entries in ((self.passages, passages), (self.pairs, rows)):
                for start in range(0, len(entries), _TOGETHER):
                    self._client.upsert(name, entries[start : start + _TOGETHER])

    def remove(self, pairs: Ids) -> None:
        """Remove pairs with their passages; those that aren't there don't matter."""
        with self._told():
            for part in _parts(pairs):
                self._client.delete(self.passages, filter=f"pair in {part}")
                self._client.delete(self.pairs, filter=f"pair in {part}")

    def terms(self, pairs: Ids) -> list[tuple[list[int], list[int]]]:
        """Hashes of the terms of the pairs that are there, and of their questions."""
        rows = self._rows(self.pairs, pairs, ["text", "question"])
        return [(list(row["text"]), list(row["question"])) for row in rows]

    def vectors(self, pairs: Ids) -> tuple[Ids, Vectors]:
        """Ids (rising) and vectors of all passages of the pairs."""
        rows = sorted(
            self._rows(self.passages, pairs, ["id", "vector"]), key=lambda row: int(row["id"])
        )
        ids = np.array([row["id"] for row in rows], dtype=np.int64)
        return ids, np.array([row["vector"] for row in rows], dtype=np.float32)

    def _rows(self, name: str, pairs: Ids, fields: list[str]) -> list[Json]:
        rows: list[Json] = []
        with self._told():
            for part in _parts(pairs):
                found = self._client.query(name, filter=f"pair in {part}", output_fields=fields)
                rows.extend(dict(row) for row in found)
        return rows

    def search(
        self, name: str, field: str, query: Any, k: int, condition: str, fields: Sequence[str] = ()
    ) -> list[Hit]:
        """The ``k`` entries with the largest inner products, best first, lower ids first."""
        key = "id" if name == self.passages else "pair"
        with self._told():
            found = self._client.search(
                name,
                [query],
                anns_field=field,
                limit=min(k, MOST),
                filter=condition,
                output_fields=list(fields),
                search_params={"metric_type": "IP"},
            )
        hits = [Hit(int(hit[key]), float(hit["distance"]), hit["entity"]) for hit in found[0]]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))


def _conditions(filing: Listed) -> Json:
    return {
        "company": company_number((filing.company, filing.code)),
        "day": filing.day,
        "public": filing.public,
        "activities": [activity_number(one) for one in filing.activities[:_ACTIVITIES]],
    }


def _parts(ids: Ids) -> Iterator[list[int]]:
    for start in range(0, len(ids), _TOGETHER):
        yield ids[start : start + _TOGETHER].tolist()
