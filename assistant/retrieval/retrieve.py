"""Find the pairs that may answer a question: dense and lexical search, side by side.

Companies that the question names are taken out of what is searched for, since a filing hardly
ever says its own company's name; their pairs are searched by themselves as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np
import numpy.typing as npt

from assistant.retrieval import threads
from assistant.retrieval.companies import CompanyMatcher, Mention
from index.embedding.encoder import Encoder, Vectors
from index.search.protocol import Index
from index.store.scope import Ids, Scope, is_question, pairs_of

Retrieval = Literal["hybrid", "dense", "lexical"]

# Candidates taken from each side.
POOL = 64


# What the two sides say of a pair.
#   question_similarity, answer_similarity
#            cosines (-1..1) of the question asked with the filed question and with the nearest
#            passage of the filed answer; ``similarity`` is the better of both
#   lexical  the pair's BM25 score as a share (0..1) of what the question's own words could reach
#   company, other_company
#            1 where the question names the pair's company, and where it names others only
EVIDENCE = (
    *("similarity", "question_similarity", "answer_similarity", "lexical"),
    *("company", "other_company"),
)

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """What was searched for (the question without the companies' names), and what was found.

    ``pairs`` are ids, in an order that goes by what was filed and not by when; ``evidence`` has a
    row of ``EVIDENCE`` for each. ``before`` is what of the question before was searched for as
    well.
    """

    asked: str
    pairs: Ids
    evidence: Rows
    before: str = ""

    def among(self, pairs: Collection[int]) -> Retrieved:
        """The same of these pairs alone."""
        kept = np.array([pair in pairs for pair in self.pairs.tolist()], dtype=bool)
        return replace(self, pairs=self.pairs[kept], evidence=self.evidence[kept])


class Retriever:
    """Searches an index both ways."""

    def __init__(
        self, encoder: Encoder, index: Index, matcher: CompanyMatcher | None = None
    ) -> None:
        """``matcher`` knows the companies that a question may name."""
        self._matcher = matcher or CompanyMatcher()
        self._encoder = encoder
        self._index = index

    def retrieve(
        self,
        question: str,
        allowed: Scope | None = None,
        pool: int = POOL,
        previous: str | None = None,
    ) -> Retrieved:
        """Candidates for a question: the best of both sides, each once, by id.

        ``allowed`` are the pairs that may be found (``None``: all). A question that names no
        company is about that of the ``previous`` one, and a short one about its topic, too.
        """
        mention, before = self._mention(question, previous)
        words = f"{mention.rest} {before}" if before else mention.rest
        vector = self._encoder.encode_queries([words])
        named = tuple((company.name, company.code) for company in mention.companies)
        scopes = [allowed]
        if named:
            scopes.append(replace(allowed or Scope(), companies=named))

        def by_words() -> list[list[tuple[int, float]]]:
            return [self._index.matching(words, pool, scope) for scope in scopes]

        def by_meaning() -> list[Ids]:
            return [self._index.candidates(vector, 2 * pool, scope) for scope in scopes]

        matching, nearest = threads.both(by_words, by_meaning)
        matches = dict(chain.from_iterable(matching))
        found = [pairs_of(passages) for passages in nearest]
        matched = np.fromiter(matches, dtype=np.int64, count=len(matches))
        pairs = np.unique(np.concatenate([*found, matched]))
        evidence = np.zeros((len(pairs), len(EVIDENCE)))
        evidence[:, :3] = self._similarities(vector, pairs)
        scores = np.fromiter(matches.values(), dtype=np.float64, count=len(matches))
        ceiling = self._index.ceiling(words) or 1.0
        # Equal pairs differ in the last digits, by where the index has them.
        shares = np.minimum(1.0, scores / ceiling).round(6)
        evidence[np.searchsorted(pairs, matched), 3] = shares
        if named:
            right = self._index.within(pairs, Scope(companies=named))
            evidence[:, 4], evidence[:, 5] = right, ~right
        order = self._index.ordered(pairs)
        return Retrieved(mention.rest, pairs[order], evidence[order], before)

    def _mention(self, question: str, previous: str | None) -> tuple[Mention, str]:
        """What a question names and asks, and the words of the previous one that it follows up."""
        mention = self._matcher.match(question)
        if previous is None or mention.companies:
            return mention, ""
        former = self._matcher.match(previous)
        return Mention(former.companies, mention.rest), former.rest

    def _similarities(self, vector: Vectors, pairs: Ids) -> Rows:
        """Each pair's best cosine, that of its question, and the best of its answer's passages.

        A pair that lacks one of the parts has the other's for both, and 0 without any.
        """
        scores, passages = self._index.similarities(vector, pairs)
        owners = np.searchsorted(pairs, pairs_of(passages))
        asked, answered = np.full((2, len(pairs)), -np.inf)
        for part, own in ((asked, is_question(passages)), (answered, ~is_question(passages))):
            np.maximum.at(part, owners[own], scores[own])
        best = np.maximum(asked, answered)
        rows = np.column_stack([best, *(np.where(np.isinf(p), best, p) for p in (asked, answered))])
        return np.where(np.isinf(rows), 0.0, rows)
