"""The lexical index: BM25 over pre-segmented terms. The only module that imports tantivy.

tantivy scores with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009) and keeps lengths exact
up to 40 terms, rounded above. Question and answer are one text: weighing the filed question more
found less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tantivy

from index.errors import StoreError
from index.records import Pair
from index.terms import terms, weight

Ids = npt.NDArray[np.int64]

_K1 = 1.2
# Of what is being typed, so much is shared by a question that it may become.
_SHARED = 0.6
_HEAP = 64_000_000


class LexicalIndex:
    """Pairs by their terms. Additions and removals show after ``commit``."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open or create in ``folder``; in memory for ``None``.

        ``StoreError`` where the folder holds something else or is damaged.
        """
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("pair", indexed=True, fast=True)
        for field in ("text", "question"):
            builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        try:
            if folder is None:
                self._index = tantivy.Index(self._schema)
            else:
                self._index = tantivy.Index(self._schema, path=str(folder))
            self._index.reload()
        except ValueError as error:
            raise StoreError(f"{folder}: {error}") from None
        self._searcher = self._index.searcher()

    def ids(self) -> Ids:
        """Ids of all pairs in the index."""
        count = self._searcher.num_docs
        if not count:
            return np.zeros(0, dtype=np.int64)
        hits = self._searcher.search(tantivy.Query.all_query(), count, count=False).hits
        return self._pairs([address for _, address in hits])

    def update(self, add: Iterable[tuple[int, Pair]], remove: Iterable[int] = ()) -> None:
        """Add and remove pairs, and make both visible at once."""
        try:
            writer = self._index.writer(_HEAP, 1)
        except ValueError as error:
            raise StoreError(f"the lexical index can't be written now: {error}") from None
        for pair_id in remove:
            writer.delete_documents_by_query(
                tantivy.Query.term_query(self._schema, "pair", pair_id)
            )
        for pair_id, pair in add:
            document = tantivy.Document()
            document.add_unsigned("pair", pair_id)
            asked, answered = (" ".join(terms(text)) for text in (pair.question, pair.answer))
            document.add_text("text", f"{asked} {answered}")
            document.add_text("question", asked)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, text: str, k: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        """Pair ids and BM25 scores of the ``k`` best, best first.

        Each distinct term of ``text`` counts once, by its ``weight``. ``allowed`` are the pairs
        that may be found (``None``: all).
        """
        query = self._among(self._query(sorted(set(terms(text)))), allowed)
        hits = self._searcher.search(query, k, count=False).hits
        pairs = self._pairs([address for _, address in hits]).tolist()
        return [(pair, score) for pair, (score, _) in zip(pairs, hits, strict=True)]

    def questions(self, text: str, k: int, allowed: Ids | None = None) -> Ids:
        """Pairs whose filed question shares most with ``text``, best first; ``k`` at most.

        Each of them has at least a part of its terms (``_SHARED``). ``allowed`` as in ``search``.
        """
        words = sorted(set(terms(text)))
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "question", word, "freq"))
            for word in words
        ]
        if not clauses:
            return np.zeros(0, dtype=np.int64)
        least = math.ceil(_SHARED * len(clauses))
        query = tantivy.Query.boolean_query(clauses, minimum_number_should_match=least)
        hits = self._searcher.search(self._among(query, allowed), k, count=False).hits
        return self._pairs([address for _, address in hits])

    def ceiling(self, text: str) -> float:
        """The BM25 score that no pair can exceed for ``text``."""
        return sum(weight(term) * (_K1 + 1) * self.idf(term) for term in dict.fromkeys(terms(text)))

    def idf(self, term: str) -> float:
        """Inverse document frequency of a term, as BM25 has it."""
        count = self._searcher.num_docs
        found = self._searcher.doc_freq("text", term)
        return math.log1p((count - found + 0.5) / (found + 0.5))

    def _among(self, query: tantivy.Query, allowed: Ids | None) -> tantivy.Query:
        if allowed is None:
            return query
        among = tantivy.Query.term_set_query(self._schema, "pair", allowed.tolist())
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, query),
                (tantivy.Occur.Must, tantivy.Query.boost_query(among, 0.0)),
            ]
        )

    def _query(self, words: list[str]) -> tantivy.Query:
        clauses = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(self._schema, "text", word, "freq"), weight(word)
                ),
            )
            for word in words
        ]
        return tantivy.Query.boolean_query(clauses)

    def _pairs(self, addresses: list[tantivy.DocAddress]) -> Ids:
        return np.array(self._searcher.fast_field_values("pair", addresses), dtype=np.int64)
