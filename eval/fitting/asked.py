"""Labelled questions asked of stores, for fitting: what is found for each, and what of it is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from assistant.retrieval.companies import Company, CompanyMatcher
from assistant.retrieval.decide import FEATURES, SHORTLIST, read_rows
from assistant.retrieval.interaction import Rows
from assistant.retrieval.logistic import Linear
from assistant.retrieval.retrieve import EVIDENCE, Retrieved, Retriever
from eval.sets.datasets import LabelledQuery
from eval.sets.stored import StoredSet
from index.embedding.encoder import Encoder
from index.records import Reading
from index.search.opening import open_index
from index.store.scope import Scope
from index.store.store import Store

# Candidates that are kept for fitting: more than are read when a question is answered, so that there
# are enough where the right ones are taken out.
KEPT = 2 * SHORTLIST

Flags = npt.NDArray[np.bool_]
Readings = Callable[[Sequence[int]], list[Reading]]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question's candidates: which of them answer, and their values of shape (n, features).

    ``group`` is held out together: its answers' company, or the question itself where it has
    none. ``source`` is the set that it is of. ``alone``: one company's pairs alone may answer.
    ``weight`` is what it counts in fitting.
    """

    name: str
    source: str
    group: str
    answerable: bool
    retrieved: Retrieved
    right: Flags
    values: Rows
    alone: bool = False
    weight: float = 1.0


def ask_stored(
    stored: StoredSet,
    queries: Sequence[LabelledQuery],
    encoder: Encoder,
    shortlist: Linear | None = None,
    weight: float = 1.0,
) -> Iterator[Asked]:
    """Ask each query; with a ``shortlist`` the best ``KEPT`` are read as well, all others dropped."""
    with Store.reader(stored.folder) as store:
        companies = [Company(*key) for key in store.companies()]
        index = open_index(Store.open(stored.folder), encoder.dimension)
        retriever = Retriever(encoder, index, CompanyMatcher(companies))
        names = _names(stored, store)

        def readings_of(pairs: Sequence[int]) -> list[Reading]:
            found = store.readings(pairs)
            return [found[pair] for pair in pairs]

        for query in queries:
            scope = Scope(query.filters) if query.filters else None
            retrieved = retriever.retrieve(query.text, scope, previous=query.previous)
            right = np.array([names[p] in query.relevant for p in retrieved.pairs.tolist()], bool)
            one = Asked(
                f"{stored.name} {query.id}",
                stored.name,
                query.slices.get("company") or query.names or query.id,
                bool(query.relevant),
                retrieved,
                right,
                np.zeros((len(right), len(FEATURES))),
                alone=bool(query.names or query.filters),
                weight=weight,
            )
            if len(right):
                yield one if shortlist is None else _read(one, shortlist, readings_of)


def _names(stored: StoredSet, store: Store) -> dict[int, str]:
    """Each pair's document, by the pair's id."""
    names = {}
    ids = store.catalogue().pairs().tolist()
    for start in range(0, len(ids), 2000):
        for pair, filed in store.filed(ids[start : start + 2000]).items():
            names[pair] = stored.documents[filed.filing.sha256, filed.pair.number]
    return names


def _read(one: Asked, shortlist: Linear, readings_of: Readings) -> Asked:
    logits = shortlist.logits(one.retrieved.evidence, EVIDENCE)
    best = np.argsort(-logits, kind="stable")[:KEPT]
    values = read_rows(one.retrieved, best, readings_of)
    return replace(one, values=values, right=one.right[best])
