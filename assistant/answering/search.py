"""One question looked for in one store: what is found, in its order, and why nothing answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from assistant.answering.history import day_of
from assistant.records import Citation, Company, Newer, Query, Reason, Searched, Why
from assistant.retrieval.decide import SHORTLIST, Calibration, Ranked
from assistant.retrieval.judging import Judge
from assistant.retrieval.rerank import Reranker, rerank
from assistant.retrieval.retrieve import EVIDENCE, Retriever
from assistant.retrieval.settling import Settled, settle
from assistant.understanding.same_question import alike
from assistant.understanding.timing import fits
from index.records import Filters, Reading
from index.store.scope import CompanyKey, Scope
from index.store.seals import Damage
from index.store.store import Store

# Filed questions that are looked at for a newer answer.
_LOOKED_AT = 24


# Days from which years can be counted on either side.
_FIRST, _LAST = date(1990, 1, 1), date(2999, 12, 31)


def _reckoned(day: str) -> date:
    return min(max(date.fromisoformat(day), _FIRST), _LAST)


class Search:
    """A question, asked of a store as it is at one moment."""

    def __init__(
        self,
        query: Query,
        store: Store,
        retriever: Retriever,
        calibration: Calibration,
        reranker: Reranker | None = None,
        judge: Judge | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """Look for it; ``alone``: but for what it leaves out, without the question before."""
        self.query, self.store = query, store
        self._retriever = retriever
        self._judge = judge
        self._known: dict[int, Reading] = {}
        # What was found and can't be read.
        self.damaged: list[Damage] = []
        allowed = Scope(query.filters) if query.filters else None
        today = _reckoned(query.today) if query.today else None
        self._retrieved = retriever.retrieve(
            query.question, allowed, previous=query.previous, today=today, alone=alone
        )
        depth = max(SHORTLIST, query.top_k)
        try:
            settled = self._settle(calibration, depth)
        except KeyError:
            # A pair was taken out, and the indexes aren't there yet; or its row is damaged.
            found = self._retrieved.pairs.tolist()
            there = store.readings(found)
            self.damaged = store.lacking([pair for pair in found if pair not in there])
            self._retrieved = self._retrieved.among(there)
            settled = self._settle(calibration, depth)
        self._settled = settled
        if self._retrieved.kind == "name":
            self.ranked: Sequence[Ranked] = self._newest()
        else:
            asked = self._retrieved.asked
            self.ranked = rerank(settled.ranked, asked, self._readings, reranker)

    def _newest(self) -> list[Ranked]:
        """The newest pairs of the companies named, where nothing is asked of them."""
        filters = self.query.filters
        most = self.query.top_k
        found = [self.store.newest_pairs(replace(filters, **key), most) for key in self._keys()]
        return [Ranked(pair, 0.0, 0.0) for pairs in found for pair in pairs]

    def _settle(self, calibration: Calibration, depth: int) -> Settled:
        return settle(self._retrieved, calibration, self._readings, depth=depth, judge=self._judge)

    def _readings(self, pairs: Sequence[int]) -> list[Reading]:
        lacking = [pair for pair in pairs if pair not in self._known]
        if lacking:
            self._known |= self.store.readings(lacking)
        return [self._known[pair] for pair in pairs]

    @property
    def leaves_out(self) -> bool:
        """Whether it may have been meant with the words of the question before."""
        return self._retrieved.leaves_out

    @property
    def understood(self) -> str | None:
        """The question as it was understood together with the one before, where it was."""
        retrieved = self._retrieved
        if not retrieved.follows or retrieved.before:
            return None
        names = "、".join(c.short or c.name for c in self.companies)
        return f"{names}{retrieved.asked}" if names else retrieved.asked

    @property
    def is_alone(self) -> bool:
        """Whether one company's pairs alone may answer."""
        return self._retrieved.alone

    @property
    def companies(self) -> tuple[Company, ...]:
        """Those that the question is about."""
        is_absent = self._settled.reason == "company_not_held"
        return () if is_absent else self._retrieved.mention.companies

    @property
    def absent(self) -> tuple[str, ...]:
        """Those that the question is about and that aren't held."""
        mention = self._retrieved.mention
        if self._settled.reason != "company_not_held":
            return mention.absent
        return mention.absent or (mention.perhaps,)

    def reason(self, confidence: float, threshold: float) -> Reason | None:
        """Why there is no answer; ``None`` where there is one."""
        if self._settled.reason is not None:
            return self._settled.reason
        if not self.ranked and self.query.filters and self.store.counts()[1]:
            return "filtered_out"
        return None if self.ranked and confidence >= threshold else "not_covered"

    def searched(self) -> Searched:
        """What was looked through."""
        filters = self.query.filters
        found = [
            entry.filing
            for key in self._keys()
            for entry in self.store.filings(replace(filters, **key))
        ]
        return Searched(len(found), max(map(day_of, found), default="") or None)

    def _keys(self) -> list[dict[str, str]]:
        """Filters for the companies that the question is about; none where for no company."""
        keys = dict.fromkeys(key for company in self.companies for key in company.keys)
        codes = dict.fromkeys(code for _, code in keys if code)
        names = dict.fromkeys(name for name, code in keys if not code)
        return [{"code": code} for code in codes] + [{"company": n} for n in names] or [{}]

    def explained(self, citations: Iterable[Citation]) -> list[Citation]:
        """The citations, each with where a newer answer stands and why it is where it is."""
        return [self._explained(citation) for citation in citations]

    def _explained(self, citation: Citation) -> Citation:
        return replace(citation, newer=self._newer(citation), why=self._why(citation))

    def _why(self, citation: Citation) -> Why | None:
        pair = self._pair_of(citation)
        if pair is None or pair not in self._retrieved.pairs:
            return None
        retrieved = self._retrieved
        row = dict(zip(EVIDENCE, self._row(pair), strict=True))
        return Why(
            company=bool(row["company"]) if retrieved.mention.companies else None,
            time=fits(retrieved.when, self._known[pair]) if retrieved.when else None,
            words=row["lexical"],
            meaning=row["similarity"],
            question=row["question_similarity"],
            answer=row["answer_similarity"],
        )

    def _row(self, pair: int) -> list[float]:
        place = int(np.flatnonzero(self._retrieved.pairs == pair)[0])
        row: list[float] = self._retrieved.evidence[place].tolist()
        return row

    def _pair_of(self, citation: Citation) -> int | None:
        if citation.rank > len(self.ranked):
            return None
        said = citation.pair.question, citation.pair.answer
        for one in self.ranked:
            reading = self._known.get(one.pair_id)
            if (
                reading
                and (reading.question, reading.answer) == said
                and (reading.day or "") == day_of(citation.filing)
            ):
                return one.pair_id
        return None

    def _newer(self, citation: Citation) -> Newer | None:
        """The newest answer to the same question, where it is of a later day.

        What was filed after ``as_of`` isn't known; other filters leave nothing unsaid. Where a
        time was asked of, answers about it are meant.
        """
        day = day_of(citation.filing)
        keys: tuple[CompanyKey, ...] = ((citation.filing.company, citation.filing.code),)
        for company in self._retriever.companies:
            if keys[0] in company.keys:
                keys = company.keys
        if not day or self.store.newest_day(keys) <= day:
            return None
        scope = Scope(Filters(as_of=self.query.filters.as_of), companies=keys)
        question = citation.pair.question
        pairs = self._retriever.questions(question, _LOOKED_AT, scope)
        there = self.store.readings(pairs)
        dated = bool(self._retrieved.when)
        later = {
            pair: reading
            for pair, reading in there.items()
            if (reading.day or "") > day and alike(reading.question, question, periods=dated)
        }
        if not later:
            return None
        newest = max(later, key=lambda pair: (later[pair].day or "", -pair))
        filed = self.store.filed([newest])[newest]
        if isinstance(filed, Damage):
            return None
        return Newer(filed.filing, filed.pair.number, day_of(filed.filing))
