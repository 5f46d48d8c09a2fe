"""What a question that is being typed may become: filed questions that share its words.

The index serves it: it knows every filed question by its terms, stays on disk, and takes about as
long for a hundred thousand pairs as for a hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from assistant.understanding.companies import CompanyMatcher
from index.normalize import normalize
from index.records import Reading
from index.search.protocol import Index
from index.store.scope import Scope

# Questions offered, and those looked at for them.
MOST = 8
_LOOKED_AT = 64
_SHORTEST = 2


class Completer:
    """Completes questions from one index."""

    def __init__(self, index: Index, matcher: CompanyMatcher | None = None) -> None:
        """``matcher`` knows the companies that may be named."""
        self._index = index
        self._matcher = matcher or CompanyMatcher()

    def complete(
        self,
        typed: str,
        readings: Callable[[Sequence[int]], Mapping[int, Reading]],
        within: Sequence[Scope] = (Scope(),),
    ) -> list[str]:
        """Filed questions, each once, best first: those that begin so, then those that hold what
        is typed, then those that share most of its words.

        Of a company that is named, only its own. Each is in one of the scopes. ``readings``
        gives the pairs that are still there.
        """
        mention = self._matcher.match(typed)
        wanted = _plain(mention.rest)
        if len(wanted) < _SHORTEST:
            return []
        if mention.companies:
            named = tuple(key for company in mention.companies for key in company.keys)
            within = [replace(scope, companies=named) for scope in within]
        offered: dict[str, tuple[bool, bool, str]] = {}
        for scope in within:
            pairs = self._index.questions(mention.rest, _LOOKED_AT, scope).tolist()
            there = readings(pairs)
            for question in (there[pair].question for pair in pairs if pair in there):
                plain = _plain(question)
                order = (not plain.startswith(wanted), wanted not in plain, question)
                offered.setdefault(plain, order)
        best = sorted(offered.values(), key=lambda order: order[:2])
        return [question for *_, question in best[:MOST]]


def _plain(text: str) -> str:
    """In the spelling that is searched, and without the layout's spaces."""
    return "".join(normalize(text).split())
