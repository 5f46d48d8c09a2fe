"""What is known of the filings whose pairs are indexed: scopes to pair ids, by NumPy columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from index.store.conditions import day_number
from index.store.scope import CompanyKey, Ids, Runs, Scope

_Mask = npt.NDArray[np.bool_]

_NO_PAIRS: Ids = np.zeros(0, dtype=np.int64)


class Listed(NamedTuple):
    """A filing's conditions, and its pairs: ``size`` ids from ``first`` on.

    ``day`` is what it speaks of, ``public`` the day from which it was public: ``day_number``s.
    ``is_damaged``: nothing but its pairs is known. ``key`` is made of the content alone: equals are
    put in its order.
    """

    first: int
    size: int
    company: str = ""
    code: str | None = None
    day: int = 0
    public: int = 0
    activities: tuple[str, ...] = ()
    is_damaged: bool = False
    key: int = 0


class Catalogue:
    """Filings that have pairs, in the order of these."""

    def __init__(
        self,
        rows: Iterable[Listed] = (),
        former: Catalogue | None = None,
        gone: Ids = _NO_PAIRS,
    ) -> None:
        """Of the filings in ``rows``, and of those in the ``former`` one but for whose pairs are
        ``gone``."""
        # Companies and sets of activities by number, in the order that they came in.
        self._places: dict[CompanyKey, int] = dict(former._places) if former else {}
        self._held: dict[tuple[str, ...], int] = dict(former._held) if former else {}
        rows = list(rows)
        # First pairs of the filings whose conditions are damaged.
        self.damaged = np.array([f.first for f in rows if f.is_damaged], dtype=np.int64)
        table = np.array([self._row(filing) for filing in rows], dtype=np.int64).reshape(-1, 7)
        if former is not None:
            stays = np.isin(former._table[:, 0], gone, invert=True)
            kept = former.damaged[np.isin(former.damaged, gone, invert=True)]
            self.damaged = np.concatenate([kept, self.damaged])
            table = np.concatenate([former._table[stays], table])
        self._table: Ids = table[np.argsort(table[:, 0], kind="stable")]
        columns = (np.ascontiguousarray(column) for column in self._table.T)
        (
            self._first,
            self._count,
            self._day,
            self._public,
            self._key,
            self._activity,
            self._order,
        ) = columns
        self._keys, self._activities = list(self._places), list(self._held)
        # The filings of each company, side by side: those of the n-th from ``_starts[n]`` on.
        self._by_company = np.argsort(self._key, kind="stable")
        self._starts = np.searchsorted(
            self._key[self._by_company], np.arange(len(self._keys) + 1)
        ).tolist()

    def _row(self, filing: Listed) -> tuple[int, ...]:
        company = self._places.setdefault((filing.company, filing.code), len(self._places))
        held = self._held.setdefault(filing.activities, len(self._held))
        return filing.first, filing.size, filing.day, filing.public, company, held, filing.key

    @classmethod
    def of_companies(cls, companies: Mapping[CompanyKey, Ids]) -> Catalogue:
        """Of pairs by company, where nothing else is known of their filings."""
        return cls(
            Listed(pair, 1, company, code)
            for (company, code), pairs in companies.items()
            for pair in pairs.tolist()
        )

    @property
    def count(self) -> int:
        """Number of pairs."""
        return int(self._count.sum())

    def companies_in(self, scope: Scope) -> list[CompanyKey] | None:
        """The companies that the scope lets pass; ``None`` where it lets all."""
        places = self._companies(scope)
        return None if places is None else [self._keys[place] for place in places]

    def resolved(self, scope: Scope) -> Scope:
        """The same scope, its companies one by one."""
        companies = self.companies_in(scope)
        if companies is None:
            return scope
        filters = replace(scope.filters, company=None, code=None)
        return replace(scope, filters=filters, companies=tuple(companies))

    def filing_of(self, pair: int) -> Listed:
        """The filing that has the pair; an empty one where none has."""
        place = int(np.searchsorted(self._first, pair, side="right")) - 1
        if place < 0 or pair >= self._first[place] + self._count[place]:
            return Listed(pair, 0)
        name, code = self._keys[self._key[place]]
        return Listed(
            int(self._first[place]),
            int(self._count[place]),
            name,
            code,
            day=int(self._day[place]),
            public=int(self._public[place]),
            activities=self._activities[self._activity[place]],
            key=int(self._order[place]),
        )

    def ordered(self, pairs: Ids) -> npt.NDArray[np.intp]:
        """The places of the pairs (rising) in an order that goes by what they are filed in, and not
        by when: that of the filings' keys, and within a filing as filed."""
        if not len(self._first):
            return np.arange(len(pairs))
        place = np.maximum(np.searchsorted(self._first, pairs, side="right") - 1, 0)
        return np.lexsort((pairs, self._order[place]))

    def pairs(self, scope: Scope | None = None) -> Ids:
        """Ids of the pairs in the scope, rising."""
        return self.runs(scope or Scope()).ids()

    def runs(self, scope: Scope) -> Runs:
        """The pairs in the scope."""
        if scope.pairs is not None:
            return Runs.of(scope.pairs[self.within(scope.pairs, replace(scope, pairs=None))])
        rows = self._passing(scope)
        return Runs(self._first[rows], self._count[rows]).joined()

    def within(self, pairs: Ids, scope: Scope) -> _Mask:
        """Which of the pairs are in the scope."""
        inside = np.ones(len(pairs), dtype=bool)
        if scope.pairs is not None:
            inside &= np.isin(pairs, scope.pairs)
        if not self._of_filings(scope):
            return inside
        if not len(self._first):
            return np.zeros(len(pairs), dtype=bool)
        place = np.searchsorted(self._first, pairs, side="right") - 1
        inside &= (place >= 0) & (pairs < self._first[place] + self._count[place])
        inside &= self._fits(scope, place)
        if (companies := self._companies(scope)) is not None:
            inside &= np.isin(self._key[place], companies)
        return inside

    @staticmethod
    def _of_filings(scope: Scope) -> bool:
        return bool(scope.filters) or scope.companies is not None

    def _passing(self, scope: Scope) -> Ids:
        """The filings that the scope lets pass, as places, rising."""
        companies = self._companies(scope)
        if companies is None:
            return np.flatnonzero(self._fits(scope, slice(None)))
        runs = [self._by_company[self._starts[c] : self._starts[c + 1]] for c in companies]
        rows = np.sort(np.concatenate([self._by_company[:0], *runs]))
        return rows[self._fits(scope, rows)]

    def _companies(self, scope: Scope) -> list[int] | None:
        """Places of the companies that may be; ``None`` for all."""
        filters, places = scope.filters, self._places
        if scope.companies is not None:
            places = {key: places[key] for key in scope.companies if key in places}
        elif not (filters.company or filters.code):
            return None
        return [
            place
            for key, place in places.items()
            if (not filters.company or filters.company in key[0])
            and (not filters.code or filters.code == key[1])
        ]

    def _fits(self, scope: Scope, rows: Ids | slice) -> _Mask:
        """Which of these filings have the days and the activity asked for."""
        filters, day, public = scope.filters, self._day[rows], self._public[rows]
        mask = np.ones(len(day), dtype=bool)
        if filters.activity:
            held = [filters.activity in activities for activities in self._activities]
            mask &= np.array(held, dtype=bool)[self._activity[rows]]
        if filters.since:
            mask &= day >= day_number(filters.since)
        if filters.until:
            mask &= (day > 0) & (day <= day_number(filters.until))
        if filters.as_of:
            mask &= (public > 0) & (public <= day_number(filters.as_of))
        return mask
