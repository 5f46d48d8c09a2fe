"""The lexical index: BM25 over pre-segmented terms. The only module that imports tantivy.

Question and answer are one text: weighing the filed question more found less. What filters ask
for (company, days, type of activity) are numbers in fields of their own, so that a filter costs
little however many pairs it leaves.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tantivy

from index.errors import StoreError
from index.search.bm25 import SHARED, ceiling, sought
from index.search.segmenting import Text, segmented
from index.search.tantivy_checksums import check_files, remove_strays
from index.store.catalogue import Catalogue, Listed
from index.store.conditions import activity_number, company_number, day_number
from index.store.scope import Ids, Scope
from index.terms import terms, weight

_HEAP = 128_000_000
# Pairs, and share of all, up to which those of a scope are searched one by one.
_FEW, _NARROW = 1000, 0.01
# How many times those asked for may come with their equals, and the share of a score that is equal.
_EQUALS, _EQUAL = 8, 1 - 1e-6
# Fields of days, and of whatever else a filter may ask for.
_DAYS, _KINDS = ("day", "public"), ("company", "activity")
_NONE_KNOWN = Catalogue()


class LexicalIndex:
    """Pairs by their terms, as they were when it was opened or last updated through it."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open or create in ``folder``; in memory for ``None``.

        ``StoreError`` where the folder holds something else or is damaged.
        """
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("pair", indexed=True, fast=True)
        for field in ("text", "question"):
            builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
        for field in _KINDS:
            builder.add_unsigned_field(field, indexed=True)
        for field in _DAYS:
            builder.add_unsigned_field(field, fast=True)
        self._schema = builder.build()
        self._folder = folder
        self._mirror: TemporaryDirectory[str] | None = None
        try:
            if folder is None:
                self._index = tantivy.Index(self._schema)
            else:
                folder.mkdir(exist_ok=True)
                check_files(folder)
                if not os.access(folder, os.W_OK):
                    self._mirror = _mirror(folder)
                    folder = Path(self._mirror.name)
                self._index = tantivy.Index(self._schema, path=str(folder))
            # Nobody but us reloads it: what is searched stays as it is.
            self._index.config_reader("manual")
            self._index.reload()
        except (OSError, ValueError) as error:
            raise StoreError(f"{folder}: {error}") from None
        self._searcher = self._index.searcher()
        self._opstamp = self._read_opstamp()
        # The last text and what of it is sought: a question is searched more than once.
        self._last: tuple[str, dict[str, float]] = ("", {})

    @property
    def count(self) -> int:
        """Number of pairs."""
        return int(self._searcher.num_docs)

    def opstamp(self) -> int:
        """What differs after every update of the folder."""
        return self._opstamp

    def _read_opstamp(self) -> int:
        meta = self._folder and self._folder / "meta.json"
        return int(json.loads(meta.read_bytes())["opstamp"]) if meta else 0

    def ids(self) -> Ids:
        """Ids of all pairs in the index."""
        if not self.count:
            return np.zeros(0, dtype=np.int64)
        hits = self._searcher.search(tantivy.Query.all_query(), self.count, count=False).hits
        return self._pairs([address for _, address in hits])

    def update(
        self,
        add: Iterable[Text],
        remove: Iterable[int] = (),
        filing_of: Callable[[int], Listed] = _NONE_KNOWN.filing_of,
        *,
        anew: bool = False,
    ) -> None:
        """Add pairs (id, question, answer) and remove some, and make both visible at once.

        ``filing_of`` tells the filing of each, for filters; ``anew``: all others are removed.
        ``StoreError`` where that can't be done.
        """
        try:
            if self._folder:
                remove_strays(self._folder)
            writer = self._index.writer(_HEAP, 1)
        except ValueError as error:
            raise StoreError(f"the lexical index can't be written now: {error}") from None
        try:
            if anew:
                writer.delete_all_documents()
            self._write(writer, add, remove, filing_of)
        except (OSError, ValueError) as error:
            raise StoreError(f"the lexical index can't be written: {error}") from None
        self._index.reload()
        self._searcher = self._index.searcher()
        self._opstamp = self._read_opstamp()
        self._last = ("", {})

    def _write(
        self,
        writer: Any,
        add: Iterable[Text],
        remove: Iterable[int],
        filing_of: Callable[[int], Listed],
    ) -> None:
        for pair_id in remove:
            writer.delete_documents_by_query(
                tantivy.Query.term_query(self._schema, "pair", pair_id)
            )
        for pair_id, question, answer in segmented(add):
            document = tantivy.Document()
            document.add_unsigned("pair", pair_id)
            document.add_text("text", f"{question} {answer}")
            document.add_text("question", question)
            for field, number in _numbers(filing_of(pair_id)):
                document.add_unsigned(field, number)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def search(self, text: str, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """Pair ids and BM25 scores of the ``k`` best, best first, and of those as good as the last.

        Each distinct term of ``text`` that is ``sought`` counts once, by its weight.
        ``scope`` says which may be found (``None``: all); its companies are named one by one
        (``Catalogue.resolved``).
        """
        return self._among(self._query(self.sought(text)), k, scope or Scope())

    def questions(self, text: str, k: int, scope: Scope | None = None) -> Ids:
        """Pairs whose filed question shares most with ``text``, best first; ``k`` at most.

        Each of them has at least a part of its terms (``SHARED``). ``scope`` as in ``search``.
        """
        words = sorted(set(terms(text)))
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "question", word, "freq"))
            for word in words
        ]
        if not clauses:
            return np.zeros(0, dtype=np.int64)
        least = math.ceil(SHARED * len(clauses))
        query = tantivy.Query.boolean_query(clauses, minimum_number_should_match=least)
        found = self._among(query, k, scope or Scope())
        return np.array([pair for pair, _ in found[:k]], dtype=np.int64)

    def _among(self, query: tantivy.Query, k: int, scope: Scope) -> list[tuple[int, float]]:
        """The ``k`` best pairs in the scope, with their scores, and those as good as the last."""
        conditions, allowed = list(self._conditions(scope)), scope.pairs
        if allowed is not None and len(allowed) <= max(_FEW, _NARROW * self.count):
            conditions.append(self._any_of("pair", allowed.tolist()))
            allowed = None
        if conditions:
            # They decide and add nothing to the score.
            every = [query, *(tantivy.Query.const_score_query(one, 0.0) for one in conditions)]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, one) for one in every])
        if allowed is None:
            return self._found(query, k)
        # Of as many as are likely to hold ``k`` allowed ones, and of more where they don't.
        depth = k + int(1.3 * k * self.count / len(allowed))
        while True:
            found = self._found(query, depth)
            pairs = np.array([pair for pair, _ in found], dtype=np.int64)
            inside = np.append(allowed, -1)[np.searchsorted(allowed, pairs)] == pairs
            kept = [one for one, is_in in zip(found, inside.tolist(), strict=True) if is_in]
            if len(kept) >= k or len(found) < depth:
                least = kept[k - 1][1] * _EQUAL if len(kept) > k else 0.0
                return [one for one in kept if one[1] >= least]
            depth *= 4

    def _conditions(self, scope: Scope) -> Iterator[tantivy.Query]:
        """What holds of each pair in the scope, but for its ``pairs``."""
        filters = scope.filters
        if scope.companies is not None:
            yield self._any_of("company", [company_number(key) for key in scope.companies])
        if filters.activity:
            yield self._any_of("activity", [activity_number(filters.activity)])
        if filters.since or filters.until:
            yield self._between("day", filters.since, filters.until)
        if filters.as_of:
            yield self._between("public", None, filters.as_of)

    def _any_of(self, field: str, numbers: list[int]) -> tantivy.Query:
        if len(numbers) == 1:
            return tantivy.Query.term_query(self._schema, field, numbers[0], "basic")
        return tantivy.Query.term_set_query(self._schema, field, numbers)

    def _between(self, field: str, first: str | None, last: str | None) -> tantivy.Query:
        """Whose day is known and not before the first one, nor after the last."""
        kind = tantivy.FieldType.Unsigned
        low, high = (day_number(day) if day else None for day in (first, last))
        return tantivy.Query.range_query(self._schema, field, kind, low, high)

    def ceiling(self, text: str) -> float:
        """The BM25 score that no pair can exceed for ``text``."""
        return ceiling(self.sought(text))

    def sought(self, text: str) -> dict[str, float]:
        """The distinct terms of a text that are searched for, with what they weigh: ``bm25``."""
        former, telling = self._last
        if former != text:
            telling = sought(text, self.count, lambda word: self._searcher.doc_freq("text", word))
            self._last = text, telling
        return telling

    def _found(self, query: tantivy.Query, k: int) -> list[tuple[int, float]]:
        """The ``k`` best, and those that are as good as the last: which of equals come first is
        a matter of when they were added."""
        depth = k
        while True:
            hits = self._searcher.search(query, depth + 1, count=False).hits
            least = hits[k - 1][0] * _EQUAL if len(hits) > k else 0.0
            if len(hits) <= depth or hits[depth][0] < least or depth > _EQUALS * k:
                break
            depth *= 2
        hits = [hit for hit in hits if hit[0] >= least]
        pairs = self._pairs([address for _, address in hits]).tolist()
        return [(pair, score) for pair, (score, _) in zip(pairs, hits, strict=True)]

    def _query(self, words: Iterable[str]) -> tantivy.Query:
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


def _numbers(filing: Listed) -> Iterator[tuple[str, int]]:
    """What filters ask for, as fields; a day that isn't known is none."""
    yield "company", company_number((filing.company, filing.code))
    for activity in filing.activities:
        yield "activity", activity_number(activity)
    for field, day in zip(_DAYS, (filing.day, filing.public), strict=True):
        if day:
            yield field, day


def _mirror(folder: Path) -> TemporaryDirectory[str]:
    """A folder of links to an index's files: tantivy writes a lock where it opens one."""
    mirror = TemporaryDirectory(prefix="yuanda-", ignore_cleanup_errors=True)
    for path in folder.iterdir():
        if path.suffix != ".lock":
            (Path(mirror.name) / path.name).symlink_to(path.absolute())
    return mirror
