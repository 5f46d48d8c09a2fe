"""Find the pairs that may answer a question: dense and lexical search, side by side.

A company that the question is about is a condition: its own pairs are found and no others. Its
name is taken out of what is searched for, since a filing hardly ever says its own company's name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from assistant.retrieval import threads
from assistant.understanding.companies import NOBODY, Company, CompanyMatcher, Mention
from assistant.understanding.follow_up import understood
from assistant.understanding.talk import Kind, kind_of
from assistant.understanding.timing import ANY_TIME, When, when
from index.embedding.encoder import Encoder, Vectors
from index.normalize import normalize
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
#            1 where the question is about the pair's company, and where about others only
EVIDENCE = (
    *("similarity", "question_similarity", "answer_similarity", "lexical"),
    *("company", "other_company"),
)

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """What was searched for (the question without the companies' names), and what was found.

    ``pairs`` are ids, in an order that goes by what was filed and not by when; ``evidence`` has
    a row of ``EVIDENCE`` for each. ``before`` is what
    of the question before was searched for as well; ``mention`` tells of the companies named.
    ``leaves_out``: it may have been meant with the words of the question before; ``follows``: it
    was understood together with that one. ``alone``: one company's pairs alone may answer.
    """

    asked: str
    pairs: Ids
    evidence: Rows
    before: str = ""
    mention: Mention = NOBODY
    kind: Kind = "question"
    when: When = ANY_TIME
    alone: bool = False
    leaves_out: bool = False
    follows: bool = False

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
        today: date | None = None,
        *,
        alone: bool = False,
    ) -> Retrieved:
        """Candidates for a question: the best of both sides, each once, by id.

        ``allowed`` are the pairs that may be found (``None``: all). A question that names no
        company is about that of the ``previous`` one, and a short one about its topic, too.
        ``today`` is what 去年 is counted from; by default the clock's. ``alone``: but for what it
        leaves out, without the words of the previous one.
        """
        pinned = allowed is not None and bool(allowed.filters.company or allowed.filters.code)
        asked_for = understood(question, previous, self._matcher, pinned=pinned)
        mention = asked_for.mention
        leaves_out = alone and asked_for.has_topic and bool(asked_for.before)
        before = "" if leaves_out else asked_for.before
        time, asked = when(mention.rest, today or date.today())
        words = f"{asked} {before}" if before else asked
        vector = self._encoder.encode_queries([words])
        named = tuple(key for company in mention.companies for key in company.keys)
        scope = replace(allowed or Scope(), companies=named) if named else allowed
        matching, nearest = threads.both(
            lambda: self._index.matching(words, pool, scope),
            lambda: self._index.candidates(vector, 2 * pool, scope),
        )
        matches = dict(matching)
        matched = np.fromiter(matches, dtype=np.int64, count=len(matches))
        pairs = np.unique(np.concatenate([pairs_of(nearest), matched]))
        evidence = np.zeros((len(pairs), len(EVIDENCE)))
        evidence[:, :3] = self._similarities(vector, pairs)
        scores = np.fromiter(matches.values(), dtype=np.float64, count=len(matches))
        ceiling = self._index.ceiling(words) or 1.0
        # Equal pairs differ in the last digits, by where the index has them.
        shares = np.minimum(1.0, scores / ceiling).round(6)
        evidence[np.searchsorted(pairs, matched), 3] = shares
        evidence[:, 4] = bool(named)
        rest = "" if mention.is_bare else mention.rest
        plain = rest if asked_for.follows else normalize(question)
        kind = kind_of(plain, rest, names_company=asked_for.names_company)
        one = bool(named) or pinned or len(self.companies) == 1
        follows = asked_for.follows
        order = self._index.ordered(pairs)
        pairs, evidence = pairs[order], evidence[order]
        return Retrieved(
            asked, pairs, evidence, before, mention, kind, time, one, leaves_out, follows
        )

    @property
    def companies(self) -> tuple[Company, ...]:
        """The companies that it knows."""
        return self._matcher.companies

    def questions(self, text: str, k: int, scope: Scope) -> list[int]:
        """Pairs whose filed question shares most with ``text``, best first."""
        found: list[int] = self._index.questions(text, k, scope).tolist()
        return found

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
