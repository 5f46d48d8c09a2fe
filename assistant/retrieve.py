"""Find the pairs that may answer a question: dense and lexical search, side by side.

Companies that the question names are taken out of what is searched for, since a filing hardly
ever says its own company's name; their pairs are searched by themselves as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assistant.companies import Company, CompanyMatcher, Mention
from index.encoder import Encoder, Vectors
from index.protocol import Ids, Index, Scope, is_question, pairs_of

Retrieval = Literal["hybrid", "dense", "lexical"]

# Candidates taken from each side.
POOL = 64


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the two sides say of one pair.

    ``question_similarity`` and ``answer_similarity`` are cosines (-1..1) of the question
    asked with the filed question and with the nearest passage of the filed answer;
    ``lexical`` is the pair's BM25 score as a share (0..1) of what the question's own words
    could reach at most. ``company`` is 1 where the question names the pair's company, -1 where
    it names others only, 0 where it names none.
    """

    question_similarity: float
    answer_similarity: float
    lexical: float
    company: int = 0

    @property
    def similarity(self) -> float:
        """The better of both cosines."""
        return max(self.question_similarity, self.answer_similarity)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair that may answer, with the evidence for it."""

    pair_id: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was searched for (the question without the companies' names), and what was found.

    ``before`` is what of the question before was searched for as well.
    """

    asked: str
    candidates: tuple[Candidate, ...]
    before: str = ""


class Retriever:
    """Searches an index both ways."""

    def __init__(
        self, encoder: Encoder, index: Index, companies: Iterable[Company] | None = None
    ) -> None:
        """``companies`` are those that a question may name."""
        self.companies = tuple(companies or ())
        self._matcher = CompanyMatcher(self.companies)
        self._encoder = encoder
        self._index = index

    def named(self, question: str) -> tuple[Company, ...]:
        """The companies that a question names."""
        return self._matcher.match(question).companies

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
        lexical: dict[int, float] = {}
        found: list[Ids] = []
        for scope in scopes:
            lexical.update(self._index.matching(words, pool, scope))
            found.append(pairs_of(self._index.nearest(vector, 2 * pool, scope)[1]))
        pairs = np.unique(np.concatenate([*found, np.array(list(lexical), dtype=np.int64)]))
        similar = self._similarities(vector, pairs)
        ceiling = self._index.ceiling(words) or 1.0
        right = self._index.within(pairs, Scope(companies=named)) if named else None
        candidates = [
            Candidate(
                pair,
                Evidence(
                    *similar[pair],
                    lexical=min(1.0, lexical.get(pair, 0.0) / ceiling),
                    company=0 if right is None else 1 if right[place] else -1,
                ),
            )
            for place, pair in enumerate(pairs.tolist())
        ]
        return Retrieved(mention.rest, tuple(candidates), before)

    def _mention(self, question: str, previous: str | None) -> tuple[Mention, str]:
        """What a question names and asks, and the words of the previous one that it follows up."""
        mention = self._matcher.match(question)
        if previous is None or mention.companies:
            return mention, ""
        former = self._matcher.match(previous)
        return Mention(former.companies, mention.rest), former.rest

    def _similarities(self, vector: Vectors, pairs: Ids) -> dict[int, tuple[float, float]]:
        """Each pair's cosines: of its question, and the best of its answer's passages.

        A pair that lacks one of the parts has the other's for both.
        """
        scores, passages = self._index.similarities(vector, pairs)
        best: dict[int, list[float | None]] = {pair: [None, None] for pair in pairs.tolist()}
        parts = np.where(is_question(passages), 0, 1)
        rows = zip(pairs_of(passages).tolist(), parts.tolist(), scores.tolist(), strict=True)
        for pair, part, score in rows:
            former = best[pair][part]
            best[pair][part] = score if former is None else max(former, score)
        return {
            pair: (_either(asked, answered), _either(answered, asked))
            for pair, (asked, answered) in best.items()
        }


def _either(first: float | None, second: float | None) -> float:
    return first if first is not None else second if second is not None else 0.0
