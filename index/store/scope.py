"""Which pairs may be found, and how their ids and those of their passages are counted.

A ``Scope`` is said as conditions and not only as lists, so that a server can filter by fields of
its own and the embedded index by the ids that the scope comes to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from index.records import Filters

Ids = npt.NDArray[np.int64]

# A company as its filings name it: name and code.
CompanyKey = tuple[str, str | None]

PLACE_BITS = 16
PLACES = 1 << PLACE_BITS


def passage_id(pair: int, place: int) -> int:
    """Id of the passage at ``place`` (0 is the question) of a pair."""
    return pair << PLACE_BITS | place


def pairs_of(passages: Ids) -> Ids:
    """Pair ids of passage ids."""
    return passages >> PLACE_BITS


def is_question(passages: Ids) -> npt.NDArray[np.bool_]:
    """Which passages are their pair's question."""
    questions: npt.NDArray[np.bool_] = (passages & (PLACES - 1)) == 0
    return questions


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Ids that follow each other: ``count`` of them from ``first`` on, rising and without overlap.

    All pairs of a filing follow each other, so that many ids are few runs.
    """

    first: Ids
    count: Ids

    @classmethod
    def of(cls, ids: Ids) -> Runs:
        """Those of ids that rise."""
        starts = np.flatnonzero(np.diff(ids, prepend=-2) != 1)
        return cls(ids[starts], np.diff(starts, append=len(ids)))

    @property
    def ends(self) -> Ids:
        """The first id after each run."""
        ends: Ids = self.first + self.count
        return ends

    def joined(self) -> Runs:
        """The same ids in as few runs as can be; none of those given may be empty."""
        if not len(self.first):
            return self
        starts = np.flatnonzero(np.append(True, self.first[1:] != self.ends[:-1]))
        return Runs(self.first[starts], np.add.reduceat(self.count, starts))

    def ids(self) -> Ids:
        """All of them, rising."""
        before = np.cumsum(self.count) - self.count
        ids: Ids = np.arange(self.count.sum(), dtype=np.int64)
        ids += np.repeat(self.first - before, self.count)
        return ids


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Which pairs may be found: all conditions hold, ``None`` is no condition.

    ``filters`` and ``companies`` (any of them) are about the pair's filing; ``pairs`` are ids,
    rising.
    """

    filters: Filters = field(default_factory=Filters)
    companies: tuple[CompanyKey, ...] | None = None
    pairs: Ids | None = None

    def __bool__(self) -> bool:
        return bool(self.filters) or self.companies is not None or self.pairs is not None
