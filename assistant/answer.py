"""The ``Assistant``: retrieve, decide, cite."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from assistant.cite import proved, quoted, unharmed
from assistant.companies import Company
from assistant.decide import SHORTLIST, Calibration, rank
from assistant.history import Timeline, timeline
from assistant.match import Reading
from assistant.records import Answer, Citation, Query
from assistant.retrieve import Retriever
from index import feedback
from index.encoder import Encoder
from index.feedback import Feedback
from index.protocol import Scope
from index.records import Filing, Filters, ParsedFiling
from index.snapshot import open_indexes
from index.store import Entry, Store

logger = logging.getLogger(__name__)


class Assistant:
    """Answers questions from one store, in the filings' own words."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        calibration: Calibration,
        threshold: float | None = None,
        *,
        is_sample: bool = False,
    ) -> None:
        """Take over an open store.

        ``threshold`` (0..1) replaces the calibrated one; ``is_sample`` says that the store is
        that of the sample filing. ``ModelError`` where the store has another model.
        """
        self.is_sample = is_sample
        store.check_model(encoder)
        self.folder, self.encoder = store.folder, encoder
        self._store = store
        self._calibration = calibration
        self._threshold = calibration.threshold if threshold is None else threshold
        self._refreshing = threading.Lock()
        self._watchers: list[Callable[[Answer], None]] = []
        self._refresh()

    def _refresh(self) -> None:
        """Follow what other processes have written to the store."""
        with self._refreshing:
            self._version = self._store.version()
            self._pair_ids = self._store.pair_ids()
            self._retriever = Retriever(
                self.encoder,
                open_indexes(self._store, self.encoder.dimension),
                [Company(*key) for key in self._store.companies()],
            )

    def _follow(self) -> None:
        version = self._store.version()
        if version == self._version:
            return
        if np.array_equal(self._store.pair_ids(), self._pair_ids):
            self._version = version  # feedback, which no index holds
        else:
            self._refresh()

    def ask(self, query: Query) -> Answer:
        """Answer one question with proved quotes, or abstain."""
        self._follow()
        try:
            answer = self._ask(query)
        except KeyError:
            # A pair was taken out by another process this very moment.
            self._refresh()
            answer = self._ask(query)
        for watcher in self._watchers:
            watcher(answer)
        return answer

    def watch(self, watcher: Callable[[Answer], None]) -> None:
        """Call ``watcher`` with every answer from now on."""
        self._watchers.append(watcher)

    def _ask(self, query: Query) -> Answer:
        began = time.perf_counter()
        allowed = Scope(query.filters) if query.filters else None
        retrieved = self._retriever.retrieve(query.question, allowed, previous=query.previous)
        found = rank(retrieved, self._calibration, self._reading, depth=max(SHORTLIST, query.top_k))
        citations: list[Citation] = []
        for ranked in found:
            if len(citations) == query.top_k:
                break
            filing, pair = self._store.pair(ranked.candidate.pair_id)
            if not proved(self._store, filing, pair):
                logger.error(
                    "not shown, can't be proved: %s, question %s", filing.path, pair.number
                )
                continue
            place = len(citations) + 1
            citations.append(Citation(place, ranked.score, ranked.confidence, filing, pair))
        confidence = citations[0].confidence if citations else 0.0
        return Answer(
            question=query.question,
            decision="answer" if citations and confidence >= self._threshold else "abstain",
            confidence=confidence,
            citations=tuple(citations),
            elapsed_ms=(time.perf_counter() - began) * 1000,
        )

    def history(self, query: Query, answer: Answer) -> Timeline | None:
        """The same question to the same company at other dates, where it was answered then."""
        return timeline(query, answer, self.ask, self._similarity)

    def _similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        vectors = self.encoder.encode_queries([*texts, *others])
        cosines = vectors[: len(texts)] @ vectors[len(texts) :].T
        return [float(row.max()) for row in cosines]

    def _reading(self, pair_id: int) -> Reading:
        return Reading(*self._store.pair_text(pair_id))

    def filing(self, sha256: str) -> Filing:
        """The filing with this content; ``KeyError`` where there is none."""
        return self._store.filing(sha256)

    def filings(self, filters: Filters | None = None) -> list[Filing]:
        """The filings in the store that pass the filters."""
        return [entry.filing for entry in self.entries(filters)]

    def entries(self, filters: Filters | None = None) -> list[Entry]:
        """The same, each with its number of pairs."""
        return self._store.filings(filters or Filters())

    def filed(self, sha256: str) -> ParsedFiling:
        """A filing with its proved pairs; ``KeyError`` where there is none.

        A pair that can't be proved is left out, and a warning says so.
        """
        filing, text = self.filing(sha256), self.text(sha256)
        pairs, warnings = self._store.pairs_of(sha256), self._store.warnings(sha256)
        whole = unharmed(self.original(filing), filing)
        shown = tuple(pair for pair in pairs if whole and quoted(text, pair))
        if missing := len(pairs) - len(shown):
            logger.error("not shown, can't be proved: %s, %d pairs", filing.path, missing)
            warnings += (f"{missing} pairs can't be proved and are not shown: `yuanda verify`",)
        return ParsedFiling(filing, shown, text, warnings)

    def companies(self) -> list[Company]:
        """The companies in the store, each once, by name."""
        known = {company.code or company.name: company for company in self._retriever.companies}
        return sorted(known.values(), key=lambda company: company.short or company.name)

    def named(self, question: str) -> tuple[Company, ...]:
        """The companies that a question names."""
        return self._retriever.named(question)

    def pairs(self) -> int:
        """Number of pairs in the store."""
        return len(self._store.pair_ids())

    def suggestions(self, count: int) -> list[str]:
        """Filed questions to begin with: the first of each of the newest filings."""
        entries = self._store.filings()[:count]
        firsts = [self._store.pairs_of(entry.filing.sha256)[:1] for entry in entries]
        return [pair.question for pairs in firsts for pair in pairs]

    def text(self, sha256: str) -> str:
        """A filing's extracted text."""
        return self._store.text(sha256)

    def original(self, filing: Filing) -> Path:
        """The store's copy of a filing."""
        return self._store.original(filing)

    def keep(self, said: Feedback) -> None:
        """Keep what a reader said of an answer; ``StoreError`` where that can't be written."""
        feedback.keep(self.folder, said)

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
