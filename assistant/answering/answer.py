"""The ``Assistant``: retrieve, decide, cite.

Many may ask at once. Each question is answered from a snapshot of what is indexed, which nothing
changes, and from a view of the database that stays as it is until the answer is there; at a
server no asker waits for another or for a writer.
"""

from __future__ import annotations

import gc
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from assistant.answering.cite import fault, quoted
from assistant.answering.connections import Readers
from assistant.answering.history import Timeline, timeline
from assistant.answering.search import Search
from assistant.answering.soundness import Soundness
from assistant.records import Answer, Citation, Query
from assistant.retrieval import threads
from assistant.retrieval.completion import Completer
from assistant.retrieval.decide import Calibration, Threshold
from assistant.retrieval.judging import Judge
from assistant.retrieval.rerank import Reranker
from assistant.retrieval.retrieve import Retriever
from assistant.understanding.companies import Company, CompanyMatcher
from index.embedding.encoder import Encoder
from index.errors import StoreError
from index.records import Filing, Filters, Pair, ParsedFiling
from index.search.opening import open_index
from index.search.snapshot import State, current_state, is_publishing
from index.store import feedback
from index.store.contents import Filed
from index.store.copies import fault_of
from index.store.feedback import Feedback
from index.store.scope import Scope
from index.store.seals import Damage
from index.store.store import Entry, Store

logger = logging.getLogger(__name__)

# Seconds between two looks at what other processes have written, and after one that failed.
_EVERY, _AFTER_FAILURE = 0.2, 5.0
# Seconds that who asks by itself, not at a server, waits for another process that publishes.
_PATIENCE = 5.0
# What a server asks before anyone else does, so that all it needs is loaded.
_FIRST = "公司 2024 年的毛利率是多少？"
# Reasons that claim a whole look: with damaged evidence they aren't known to hold.
_UNTOLD = ("company_not_held", "filtered_out", "not_covered")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was indexed at one moment: the state then, the companies, and what searches the index.

    It never changes; the next one takes its place. ``state`` is ``None`` where another process
    was about to publish more. ``damaged`` are filings that no scope may be told to lack.
    """

    state: State | None
    matcher: CompanyMatcher
    retriever: Retriever
    completer: Completer
    damaged: tuple[Damage, ...] = ()


class Assistant:
    """Answers questions from one store, in the filings' own words."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        calibration: Calibration,
        threshold: Threshold | float | None = None,
        *,
        is_sample: bool = False,
        reranker: Reranker | None = None,
        judge: Judge | None = None,
    ) -> None:
        """Take over an open store.

        ``threshold`` (0..1) replaces the calibrated one; ``is_sample`` says that the store is
        that of the sample filing; a ``reranker`` orders the first pairs anew; a ``judge`` reads the
        first ones for the confidence. ``ModelError`` where the store has another model,
        ``CallError`` where the calibration knows no such judge.
        """
        self.is_sample = is_sample
        store.check_model(encoder)
        self.folder, self.encoder = store.folder, encoder
        # Tells of changes and is what snapshots are made from; askers have readers.
        self._store = store
        self._readers = Readers(store.folder)
        self._soundness = Soundness(store.folder)
        calibration = calibration.with_judge(judge)
        self._calibration, self._judge = calibration, judge
        self._reranker = reranker
        self._threshold = calibration.threshold if threshold is None else Threshold.at(threshold)
        self._refreshing = threading.Lock()
        self._is_followed = False
        self._watchers: list[Callable[[Answer], None]] = []
        self._now = self._snapshot(_PATIENCE, CompanyMatcher())

    def _snapshot(self, patience: float, former: CompanyMatcher) -> Snapshot:
        # The state first: what is written meanwhile calls for the next snapshot.
        state = current_state(self._store)
        matcher = former.knowing([Company(*key) for key in self._store.companies()])
        index = open_index(self._store, self.encoder.dimension, patience=patience)
        return Snapshot(
            None if index.lags else state,
            matcher,
            Retriever(self.encoder, index, matcher),
            Completer(index, matcher),
            tuple(self._lost()),
        )

    def _lost(self) -> Iterator[Damage]:
        """Filings of which it isn't known what they tell of, so that they may be in any scope."""
        with self._store.snapshot():
            damaged = self._store.catalogue().damaged.tolist()
            yield from self._store.lacking(damaged)
        if copies := self._store.forgotten():
            reason = f"{copies} copies are not in it; `yuanda doctor --rebuild` files them again"
            yield Damage(
                f"{self.folder}", "", None, f"its database is older than its copies: {reason}"
            )

    def refresh(self) -> None:
        """Take over what other processes have written to the store."""
        with self._refreshing:
            now = self._now.state
            if now is None and is_publishing(self._store):
                return
            if now is None or current_state(self._store) != now:
                patience = 0.0 if self._is_followed else _PATIENCE
                self._now = self._snapshot(patience, self._now.matcher)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Within, a thread takes over what other processes write, so that no asker waits for it.

        What was taken out is not cited from that very moment, what was added is found as soon
        as it is indexed. Otherwise each question looks for changes first.
        """
        stop = threading.Event()

        def follow() -> None:
            wait = _EVERY
            while not stop.wait(wait):
                try:
                    self.refresh()
                    wait = _EVERY
                except (StoreError, OSError, sqlite3.Error) as error:
                    logger.error("%s: changes can't be taken over: %s", self.folder, error)
                    wait = _AFTER_FAILURE

        thread = threading.Thread(target=follow, name="yuanda-follow", daemon=True)
        looking = threading.Thread(
            target=self._soundness.follow, args=(stop,), name="yuanda-look", daemon=True
        )
        self._is_followed = True
        thread.start()
        looking.start()
        try:
            yield
        finally:
            self._is_followed = False
            stop.set()
            thread.join()
            looking.join()

    def warm_up(self) -> None:
        """Load what the first question would load, so that nobody waits for it.

        For servers: what is loaded by then stays, and is left out of Python's looking for garbage.
        """
        self._answered(Query(_FIRST, top_k=1))
        gc.collect()
        gc.freeze()

    def ask(self, query: Query) -> Answer:
        """Answer one question with proved quotes, or abstain."""
        answer = self._answered(query)
        for watcher in self._watchers:
            watcher(answer)
        return answer

    def watch(self, watcher: Callable[[Answer], None]) -> None:
        """Call ``watcher`` with every answer from now on."""
        self._watchers.append(watcher)

    def _answered(self, query: Query) -> Answer:
        began = time.perf_counter()
        threads.alone()
        if not self._is_followed:
            self.refresh()
        now = self._now
        with self._readers.one() as store:
            # What may be understood by itself is asked so first.
            for alone in (True, False):
                search = Search(
                    query,
                    store,
                    now.retriever,
                    self._calibration,
                    self._reranker,
                    self._judge,
                    alone=alone,
                )
                answer = self._answer_of(search, now, began)
                if answer.decision == "answer" or not search.leaves_out:
                    break
        return answer

    def _answer_of(self, search: Search, now: Snapshot, began: float) -> Answer:
        citations, damaged = self._citations(search, now)
        confidence = citations[0].confidence if citations else 0.0
        first = citations[0].pair.question if citations else ""
        threshold = self._threshold.of(alone=search.is_alone, question=first)
        reason = search.reason(confidence, threshold)
        if damaged and reason in _UNTOLD:
            reason = "evidence_damaged"
        return Answer(
            question=search.query.question,
            decision="abstain" if reason else "answer",
            confidence=confidence,
            citations=tuple(search.explained(citations)),
            elapsed_ms=(time.perf_counter() - began) * 1000,
            reason=reason,
            companies=search.companies,
            absent=search.absent,
            understood=search.understood,
            searched=search.searched() if reason == "not_covered" else None,
            damaged=tuple(damaged),
        )

    def _citations(self, search: Search, now: Snapshot) -> tuple[list[Citation], list[Damage]]:
        """The best pairs that can be proved, and what else would have been looked at."""
        citations: list[Citation] = []
        damaged = list(search.damaged)
        query, store, ranked = search.query, search.store, list(search.ranked)
        while ranked and (lacking := query.top_k - len(citations)) > 0:
            best, ranked = ranked[:lacking], ranked[lacking:]
            filed = store.filed([one.pair_id for one in best])
            for one in best:
                own = filed[one.pair_id]
                if damage := fault(store, own):
                    damaged.append(damage)
                elif isinstance(own, Filed):
                    place = len(citations) + 1
                    citations.append(
                        Citation(place, one.score, one.confidence, own.filing, own.pair)
                    )
        first = citations[0].pair.question if citations else ""
        threshold = self._threshold.of(alone=search.is_alone, question=first)
        if query.filters or not citations or citations[0].confidence < threshold:
            damaged += now.damaged
        return citations, self._noted(damaged)

    def _noted(self, damaged: Iterable[Damage]) -> list[Damage]:
        """Each once, told in the log, but for what was taken out this very moment."""
        found = list(dict.fromkeys(damaged))
        if found:
            with self._readers.one() as now:
                found = [one for one in found if not one.sha256 or now.known(one.sha256)]
        for one in found:
            logger.error("not shown, can't be proved: %s", one)
        self._soundness.met(found)
        return found

    def history(self, query: Query, answer: Answer) -> Timeline | None:
        """The same question to the same company at other dates, where it was answered then."""
        return timeline(query, answer, self._answered, self._similarity)

    def _similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        vectors = self.encoder.encode_queries([*texts, *others])
        cosines = vectors[: len(texts)] @ vectors[len(texts) :].T
        return [float(row.max()) for row in cosines]

    def filing(self, sha256: str) -> Filing:
        """The filing with this content; ``KeyError`` where there is none."""
        with self._readers.one() as store:
            return store.filing(sha256)

    def filings(self, filters: Filters | None = None) -> list[Filing]:
        """The filings in the store that pass the filters."""
        return [entry.filing for entry in self.entries(filters)]

    def entries(
        self, filters: Filters | None = None, limit: int = -1, offset: int = 0
    ) -> list[Entry]:
        """The same, each with its number of pairs; ``limit`` at most, after ``offset`` others."""
        with self._readers.one() as store:
            return store.filings(filters, limit, offset)

    def filed(self, sha256: str) -> ParsedFiling:
        """A filing with its proved pairs; ``KeyError`` where there is none.

        A pair that can't be proved is left out, and a warning says so.
        """
        with self._readers.one() as store:
            filing, text = store.filing(sha256), store.text(sha256)
            pairs, warnings = store.rows_of(sha256), store.warnings(sha256)
        reason = fault_of(self.original(filing), sha256)
        shown = tuple(
            row for row in pairs if isinstance(row, Pair) and not reason and quoted(text, row)
        )
        if missing := len(pairs) - len(shown):
            reason = reason or "`yuanda verify`"
            logger.error("not shown, can't be proved: %s, %d pairs", filing.path, missing)
            warnings += (f"{missing} pairs can't be proved and are not shown: {reason}",)
        return ParsedFiling(filing, shown, text, warnings)

    def companies(self) -> list[Company]:
        """The companies in the store, each once, by name."""
        named = self._now.matcher.companies
        known = {company.code or company.name: company for company in named}
        return sorted(known.values(), key=lambda company: company.short or company.name)

    def named(self, question: str) -> tuple[Company, ...]:
        """The companies that a question names."""
        return self._now.matcher.match(question).companies

    def names_somebody(self, question: str) -> bool:
        """Whether a question says whom it is about, held here or not."""
        mention = self._now.matcher.match(question)
        return bool(mention.companies or mention.absent)

    def activities(self) -> set[str]:
        """The types of activity that filings in the store name."""
        with self._readers.one() as store:
            return store.activities()

    def counts(self) -> tuple[int, int]:
        """Number of filings in the store, and of pairs."""
        with self._readers.one() as store:
            return store.counts()

    def damaged(self) -> tuple[Damage, ...]:
        """Evidence in the store that is missing, damaged or can't be read, as far as is known."""
        return self._soundness.known()

    def suggestions(self, count: int) -> list[str]:
        """Filed questions to begin with: the first of each of the newest filings."""
        with self._readers.one() as store:
            entries = store.filings(limit=count)
            firsts = [store.pairs_of(entry.filing.sha256)[:1] for entry in entries]
        return [pair.question for pairs in firsts for pair in pairs]

    def completions(self, typed: str, scopes: Sequence[Filters] = ()) -> list[str]:
        """Filed questions that what is being typed may become, best first.

        Each passes the filters of one of the ``scopes``.
        """
        if not self._is_followed:
            self.refresh()
        within = [Scope(filters) for filters in scopes] if scopes and all(scopes) else [Scope()]
        with self._readers.one() as store:
            return self._now.completer.complete(typed, store.readings, within)

    def text(self, sha256: str) -> str:
        """A filing's extracted text."""
        with self._readers.one() as store:
            return store.text(sha256)

    def original(self, filing: Filing) -> Path:
        """The store's copy of a filing."""
        return self._store.original(filing)

    def keep(self, said: Feedback) -> None:
        """Keep what a reader said of an answer; ``StoreError`` where that can't be written."""
        feedback.keep(self.folder, said)

    def close(self) -> None:
        """Close the store."""
        self._readers.close()
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
