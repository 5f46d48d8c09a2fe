"""The ``Index`` of a server, and keeping it in line with the database.

The database stays the source of truth. ``indexes/served.npz`` says which of its changes the server
has, and how many pairs have each term, which Milvus doesn't tell. It is written after each batch,
and what is sent is sent by id: after a kill the rest is sent, and nothing is there twice.
"""

from __future__ import annotations

import io
import json
import logging
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.embedding.encoder import Vectors
from index.errors import StoreError
from index.files import write_atomically
from index.search import bm25
from index.search.frequencies import Frequencies, hash_of
from index.search.milvus import MOST, Hit, Sent, Server
from index.search.segmenting import segmented
from index.search.snapshot import at_hand
from index.store.catalogue import Catalogue
from index.store.conditions import activity_number, company_number, day_number
from index.store.contents import Changes
from index.store.scope import Ids, Scope, pairs_of, passage_id
from index.store.store import Store
from index.terms import terms

logger = logging.getLogger(__name__)

# Pairs after which it is written down how far the server is, and those sent at once.
_BATCH, _TOGETHER = 20_000, 500
# Finds looked at for each completion asked for.
_DEPTH = 8


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """In how many pairs each term is, and in how many of their questions.

    ``mean_text`` and ``mean_question`` are the mean numbers of terms that lengths are measured
    against: those of the pairs that were sent first.
    """

    text: Frequencies
    question: Frequencies
    mean_text: float
    mean_question: float


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What a server has: the changes of the database, and what is known of its terms."""

    changes: Changes
    dimension: int
    lexicon: Lexicon


class RemoteIndex:
    """One state of a store's pairs on a server.

    What is added later is not found; what is removed is gone at once.
    """

    def __init__(
        self, server: Server, served: Served, catalogue: Catalogue, *, lags: bool = False
    ) -> None:
        """``lags``: the database has changed since, and another process is at it."""
        self._server, self._lexicon, self._catalogue = server, served.lexicon, catalogue
        self._last = served.changes.added
        ids = catalogue.pairs()
        self._ids = ids[ids <= self._last]
        # With one beyond them that no pair has, so that each place sought is one of them.
        self._ended = np.append(self._ids, -1)
        self.dimension, self.lags = served.dimension, lags

    @property
    def count(self) -> int:
        """Number of pairs."""
        return len(self._ids)

    def pair_ids(self) -> Ids:
        """Ids of all pairs, rising."""
        return self._ids

    def within(self, pairs: Ids, scope: Scope) -> npt.NDArray[np.bool_]:
        """Which of the pairs are in the scope."""
        places = np.searchsorted(self._ids, pairs)
        is_there: npt.NDArray[np.bool_] = self._ended[places] == pairs
        return self._catalogue.within(pairs, scope) & is_there

    def ordered(self, pairs: Ids) -> npt.NDArray[np.intp]:
        """The places of the pairs (rising) in an order that goes by what was filed, not when."""
        return self._catalogue.ordered(pairs)

    def candidates(self, query: Vectors, k: int, scope: Scope | None = None) -> Ids:
        """Ids of about the ``k`` nearest passages, in no order."""
        vector = query.reshape(-1).tolist()
        hits = self._hits(self._server.passages, "vector", vector, k, scope or Scope())
        return np.array([hit.id for hit in hits], dtype=np.int64)

    def similarities(self, query: Vectors, pairs: Ids) -> tuple[Vectors, Ids]:
        """Inner products with all passages of the pairs, and the passages' ids."""
        ids, vectors = self._server.vectors(pairs)
        return vectors.reshape(len(ids), self.dimension) @ query.reshape(-1), ids

    def matching(self, text: str, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """Pair ids and BM25 scores of the ``k`` pairs that match best by words, best first."""
        query = {hash_of(word): value for word, value in self._sought(text).items()}
        hits = self._hits(self._server.pairs, "text", query, k, scope or Scope())
        return [(hit.id, hit.score) for hit in hits]

    def questions(self, text: str, k: int, scope: Scope | None = None) -> Ids:
        """Ids of the ``k`` pairs whose filed question shares most with ``text``, best first."""
        found = self._lexicon.question
        weights = {word: bm25.idf(self.count, found.of(word)) for word in set(terms(text))}
        query = {hash_of(word): weight for word, weight in weights.items()}
        least, depth = math.ceil(bm25.SHARED * len(query)), _DEPTH * k
        while True:
            hits = self._hits(
                self._server.pairs, "question", query, depth, scope or Scope(), ["question"]
            )
            shared = [
                h.id for h in hits if len(query.keys() & h.fields["question"].keys()) >= least
            ]
            if len(shared) >= k or len(hits) < depth or depth >= MOST:
                return np.array(shared[:k], dtype=np.int64)
            depth *= 4

    def ceiling(self, text: str) -> float:
        """The BM25 score that no pair can exceed for ``text``."""
        return bm25.ceiling(self._sought(text))

    def _sought(self, text: str) -> dict[str, float]:
        return bm25.sought(text, self.count, self._lexicon.text.of)

    def _hits(
        self,
        collection: str,
        field: str,
        query: Any,
        k: int,
        scope: Scope,
        fields: Sequence[str] = (),
    ) -> list[Hit]:
        """What the server finds; of that only what is in the scope, whatever it says."""
        condition = self._condition(scope)
        if condition is None or not query:
            return []
        hits = self._server.search(collection, field, query, k, condition, fields)
        ids = np.array([hit.id for hit in hits], dtype=np.int64)
        inside = self.within(pairs_of(ids) if field == "vector" else ids, scope)
        return [hit for hit, is_inside in zip(hits, inside.tolist(), strict=True) if is_inside]

    def _condition(self, scope: Scope) -> str | None:
        """The scope as the server has it; ``None`` where nothing can be in it."""
        filters = scope.filters
        parts = [f"pair <= {self._last}"]
        if scope.pairs is not None:
            parts.append(f"pair in {scope.pairs.tolist()}")
        if (companies := self._catalogue.companies_in(scope)) is not None:
            parts.append(f"company in {[company_number(key) for key in companies]}")
        if filters.activity:
            parts.append(f"array_contains(activities, {activity_number(filters.activity)})")
        if filters.since:
            parts.append(f"day >= {day_number(filters.since)}")
        if filters.until:
            parts.append(f"day > 0 and day <= {day_number(filters.until)}")
        if filters.as_of:
            parts.append(f"public > 0 and public <= {day_number(filters.as_of)}")
        return None if any(part.endswith(" in []") for part in parts) else " and ".join(parts)


def open_remote(
    store: Store, dimension: int, url: str, *, patience: float | None = None
) -> RemoteIndex:
    """The index of the server at ``url``, in line with the store's database.

    Another process that is sending is waited for, by default until it is done; after ``patience``
    seconds what the server had before is searched for now, if there is any. ``StoreError`` where
    the server can't be reached or the store's folder can't be written.
    """
    server = _server(url, store.changes().store)
    found = at_hand(store, partial(_as_served, store, server, dimension), patience)
    if found is not None:
        return found
    try:
        _path(store).parent.mkdir(exist_ok=True)
        with store.lock(), store.snapshot():
            served = _sent(store, server, dimension)
            return RemoteIndex(server, served, store.catalogue())
    except OSError as error:
        raise StoreError(f"{store.folder}: can't be written ({error})") from None


@lru_cache(maxsize=8)
def _server(url: str, store: str) -> Server:
    """One connection for all states of an index."""
    return Server(url, store)


def _as_served(store: Store, server: Server, dimension: int, lags: bool) -> RemoteIndex | None:
    served = _read(store, server, dimension)
    if served is None or not (lags or served.changes == store.changes()):
        return None
    catalogue = store.catalogue()
    if not lags and server.count() != catalogue.count:
        return None
    return RemoteIndex(server, served, catalogue, lags=lags)


def _sent(store: Store, server: Server, dimension: int) -> Served:
    """What the server has, now that it has all. The lock is held, a snapshot is being read."""
    served = _read(store, server, dimension)
    if served is not None:
        served = _updated(store, server, served)
        if server.count() == len(store.pair_ids()):
            return served
        logger.warning("%s: the server's pairs are not the store's: sent anew", server.url)
    server.make(dimension)
    now = store.changes()
    lexicon = Lexicon(Frequencies(), Frequencies(), 0.0, 0.0)
    return _updated(store, server, Served(now._replace(added=0), dimension, lexicon))


def _updated(store: Store, server: Server, served: Served) -> Served:
    """With what was removed since, and then with what was added."""
    now, lexicon = store.changes(), served.lexicon
    gone = store.removed_after(served.changes.removed)
    for part in _parts(gone[gone <= served.changes.added]):
        held = server.terms(part)
        lexicon = replace(
            lexicon,
            text=lexicon.text.changed((text for text, _ in held), -1),
            question=lexicon.question.changed((question for _, question in held), -1),
        )
        server.remove(part)
    changes = served.changes._replace(removed=now.removed)
    served = _written(store, server, Served(changes, served.dimension, lexicon))
    lacking = store.added_after(changes.added)
    catalogue = store.catalogue()
    for start in range(0, len(lacking), _BATCH):
        batch = lacking[start : start + _BATCH]
        lexicon = _send(store, server, served, batch, catalogue)
        reached = changes._replace(added=int(batch[-1]))
        served = _written(store, server, Served(reached, served.dimension, lexicon))
    return _written(store, server, replace(served, changes=now))


def _send(
    store: Store, server: Server, served: Served, pairs: Ids, catalogue: Catalogue
) -> Lexicon:
    """Send pairs; what is known of the terms with them."""
    lexicon = served.lexicon
    texts = [(q.split(), a.split()) for _, q, a in segmented(store.texts(pairs))]
    if not lexicon.mean_text:
        lexicon = replace(
            lexicon,
            mean_text=max(1.0, float(np.mean([len(q) + len(a) for q, a in texts]))),
            mean_question=max(1.0, float(np.mean([len(q) for q, _ in texts]))),
        )
    sent = (
        Sent(
            pair,
            filing,
            _hashed(bm25.impacts([*question, *answer], lexicon.mean_text)),
            _hashed(bm25.impacts(question, lexicon.mean_question)),
            passages,
        )
        for pair, filing, (question, answer), passages in zip(
            pairs.tolist(),
            map(catalogue.filing_of, pairs.tolist()),
            texts,
            _passages(store, pairs, served.dimension),
            strict=True,
        )
    )
    while together := list(islice(sent, _TOGETHER)):
        server.send(together)
    return replace(
        lexicon,
        text=lexicon.text.changed(({hash_of(w) for w in (*q, *a)} for q, a in texts), 1),
        question=lexicon.question.changed(({hash_of(w) for w in q} for q, _ in texts), 1),
    )


def _passages(store: Store, pairs: Ids, dimension: int) -> Iterator[dict[int, Vectors]]:
    """The vectors of each pair's passages, by passage id."""
    found = store.vectors(pairs)
    for pair in pairs.tolist():
        own, place, halves = next(found)
        if own != pair:
            raise StoreError(f"{store.folder}: pair {pair} has no vectors: `yuanda doctor`")
        rows = np.frombuffer(halves, dtype=np.float16).reshape(-1, dimension).astype(np.float32)
        first = passage_id(pair, place)
        yield {first + number: row for number, row in enumerate(rows)}


def _hashed(impacts: dict[str, float]) -> dict[int, float]:
    return {hash_of(word): value for word, value in impacts.items()}


def _parts(ids: Ids) -> Iterator[Ids]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _path(store: Store) -> Path:
    return store.folder / "indexes" / "served.npz"


def _written(store: Store, server: Server, served: Served) -> Served:
    """Write down what the server has; ``OSError`` where the folder can't be written."""
    lexicon, content = served.lexicon, io.BytesIO()
    known = {
        "url": server.url,
        "changes": list(served.changes),
        "dimension": served.dimension,
        "means": [lexicon.mean_text, lexicon.mean_question],
    }
    np.savez(
        content,
        known=np.array(json.dumps(known)),
        text=lexicon.text.hashes,
        in_texts=lexicon.text.counts,
        question=lexicon.question.hashes,
        in_questions=lexicon.question.counts,
    )
    write_atomically(_path(store), content.getvalue())
    return served


def _read(store: Store, server: Server, dimension: int) -> Served | None:
    """What was written down, if it is of this server and an earlier state of this database."""
    try:
        with np.load(io.BytesIO(_path(store).read_bytes())) as arrays:
            known = json.loads(str(arrays["known"]))
            lexicon = Lexicon(
                Frequencies(arrays["text"], arrays["in_texts"]),
                Frequencies(arrays["question"], arrays["in_questions"]),
                *known["means"],
            )
        served = Served(Changes(*known["changes"]), known["dimension"], lexicon)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        logger.warning("%s: damaged (%s)", _path(store), error)
        return None
    now = store.changes()
    fits = known["url"] == server.url and served.dimension == dimension
    fits = fits and now.come_after(served.changes)
    return served if fits and server.has_collections() else None
