"""What a question that is being typed may become: filed questions that share its words.

The lexical index serves it: it knows every filed question by its terms, stays on disk, and takes
about as long for a hundred thousand pairs as for a hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from assistant.companies import Company, CompanyMatcher
from index.lexical import Ids, LexicalIndex
from index.normalize import normalize

# Questions offered, and those looked at for them.
MOST = 8
_LOOKED_AT = 64
# From so many allowed pairs on it is faster to look at many and leave out what isn't allowed.
_MANY, _WIDE = 2000, 1000
_SHORTEST = 2


class Completer:
    """Completes questions from one lexical index."""

    def __init__(
        self,
        lexical: LexicalIndex,
        companies: Mapping[Company, Ids],
        question_of: Callable[[int], str],
    ) -> None:
        """``companies`` maps each company to its pairs, rising; ``question_of`` gives a pair's
        question, or raises ``KeyError``."""
        self._lexical = lexical
        self._companies = companies
        self._matcher = CompanyMatcher(companies)
        self._question_of = question_of

    def complete(self, typed: str, allowed: Ids | None = None) -> list[str]:
        """Filed questions, each once, best first: those that begin so, then those that hold what
        is typed, then those that share most of its words.

        Of a company that is named, only its own. ``allowed`` are the pairs that may be offered
        (``None``: all).
        """
        mention = self._matcher.match(typed)
        wanted = _plain(mention.rest)
        if len(wanted) < _SHORTEST:
            return []
        if mention.companies:
            own = np.unique(np.concatenate([self._companies[c] for c in mention.companies]))
            allowed = own if allowed is None else np.intersect1d(own, allowed)
        offered: dict[str, tuple[bool, bool, str]] = {}
        for pair in self._found(mention.rest, allowed).tolist():
            try:
                question = self._question_of(pair)
            except KeyError:  # taken out meanwhile
                continue
            plain = _plain(question)
            order = (not plain.startswith(wanted), wanted not in plain, question)
            offered.setdefault(plain, order)
        best = sorted(offered.values(), key=lambda order: order[:2])
        return [question for *_, question in best[:MOST]]

    def _found(self, text: str, allowed: Ids | None) -> Ids:
        if allowed is None or len(allowed) < _MANY:
            return self._lexical.questions(text, _LOOKED_AT, allowed)
        found = self._lexical.questions(text, _WIDE)
        return found[np.isin(found, allowed)][:_LOOKED_AT]


def _plain(text: str) -> str:
    """In the spelling that is searched, and without the layout's spaces."""
    return "".join(normalize(text).split())
