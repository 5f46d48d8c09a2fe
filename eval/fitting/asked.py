"""Labelled questions asked of stores, for fitting: what is found for each, and what is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from assistant.retrieval.decide import FEATURES, SHIPPED, SHORTLIST, read_rows
from assistant.retrieval.interaction import Rows
from assistant.retrieval.logistic import Linear
from assistant.retrieval.retrieve import EVIDENCE, Retrieved, Retriever
from assistant.retrieval.settling import fitting
from assistant.understanding.companies import Company, CompanyMatcher
from eval.sets.datasets import LabelledQuery
from eval.sets.stored import StoredSet
from index.embedding.encoder import Encoder
from index.records import Reading
from index.search.opening import open_index
from index.store.contents import Contents, Filed
from index.store.scope import Scope
from index.store.store import Store

# Candidates kept for fitting: more than are read when a question is answered, so that there are
# enough where the right ones are taken out.
KEPT = 2 * SHORTLIST

Flags = npt.NDArray[np.bool_]
Readings = Callable[[Sequence[int]], list[Reading]]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question's candidates: which of them answer, and their values of shape (n, features).

    ``group`` is held out together: its answers' company, or the question itself where it has
    none. ``source`` is the set that it is of, ``weight`` what it counts in fitting. ``readings``
    are the candidates' texts, ``said`` a judge's word on them where it was asked.
    """

    name: str
    source: str
    group: str
    answerable: bool
    retrieved: Retrieved
    right: Flags
    values: Rows = field(default_factory=lambda: np.zeros((0, len(FEATURES))))
    readings: tuple[Reading, ...] = ()
    weight: float = 1.0
    said: Rows = field(default_factory=lambda: np.zeros(0))


def ask_stored(
    stored: StoredSet, queries: Sequence[LabelledQuery], encoder: Encoder, weight: float = 1.0
) -> Iterator[Asked]:
    """Ask each query that candidates decide on, of those that fit its companies and times."""
    # What is looked through for names and times goes by the weights that ship.
    shortlist = Linear.read(json.loads(SHIPPED.read_text("utf-8"))["shortlist"])
    with Store.open(stored.folder) as store:
        retriever = Retriever(
            encoder,
            open_index(store, encoder.dimension),
            CompanyMatcher([Company(*key) for key in store.companies()]),
        )
        names = _names(stored, store)
        readings_of = _readings(store)
        for query in queries:
            scope = Scope(query.filters) if query.filters else None
            today = date.fromisoformat(query.today) if query.today else None
            retrieved = retriever.retrieve(query.text, scope, previous=query.previous, today=today)
            chosen = _decided(retrieved, shortlist, readings_of)
            if chosen is None or not len(chosen.pairs):
                continue
            yield Asked(
                f"{stored.name} {query.id}",
                stored.name,
                query.slices.get("company") or query.names or query.id,
                bool(query.relevant),
                chosen,
                np.array([names[p] in query.relevant for p in chosen.pairs.tolist()], dtype=bool),
                weight=weight,
            )


def read_stored(stored: StoredSet, asked: Iterable[Asked], shortlist: Linear) -> Iterator[Asked]:
    """The same with the best ``KEPT`` candidates read, and the others dropped."""
    with Store.reader(stored.folder) as store:
        readings_of = _readings(store)
        for one in asked:
            logits = shortlist.logits(one.retrieved.evidence, EVIDENCE)
            best = np.argsort(-logits, kind="stable")[:KEPT]
            yield replace(
                one,
                values=read_rows(one.retrieved, best, readings_of),
                right=one.right[best],
                readings=tuple(readings_of(one.retrieved.pairs[best].tolist())),
            )


def _readings(store: Contents) -> Readings:
    known: dict[int, Reading] = {}

    def readings_of(pairs: Sequence[int]) -> list[Reading]:
        lacking = [pair for pair in pairs if pair not in known]
        if lacking:
            known.update(store.readings(lacking))
        return [known[pair] for pair in pairs]

    return readings_of


def _decided(retrieved: Retrieved, shortlist: Linear, readings_of: Readings) -> Retrieved | None:
    """The candidates whose confidence decides, as ``settle`` has it; ``None`` where it decides
    without."""
    if retrieved.kind in ("name", "keyword"):
        return None
    reason, fit = fitting(retrieved, shortlist, readings_of)
    if reason:
        return None
    if fit is None:
        return retrieved
    return retrieved.among(fit) if fit else None


def _names(stored: StoredSet, store: Store) -> dict[int, str]:
    """Each pair's document, by the pair's id."""
    names = {}
    ids = store.catalogue().pairs().tolist()
    for start in range(0, len(ids), 2000):
        for pair, filed in store.filed(ids[start : start + 2000]).items():
            if isinstance(filed, Filed):
                names[pair] = stored.documents[filed.filing.sha256, filed.pair.number]
    return names
