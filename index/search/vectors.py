"""The dense index: inner products over unit vectors. The only module that imports faiss.

One ``DenseIndex`` is one unchanging state. Its vectors lie in segments (float16), and its scores
are always their exact inner products. Which passages are the nearest is found
* exactly, by reading all vectors while there are few, those in scope where a filter leaves few,
  and those added last;
* in a compressed index otherwise: inverted lists of 8-bit codes (FAISS's IVF with a scalar
  quantiser; Jégou et al. 2011), scored anew from the vectors. With a filter more are searched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.embedding.encoder import Vectors
from index.errors import StoreError
from index.search.segments import Halves, Rows, Segment, cut, merged
from index.store.checksums import Checked
from index.store.scope import Ids, Runs, pairs_of

Mask = npt.NDArray[np.bool_]

# Passages from which a compressed index pays, and at most among those it lacks.
COMPRESS, TAIL = 100_000, 50_000
# Share of the compressed index that may be gone from the store before it is made anew.
GONE = 0.01
# Passages in scope that are read one by one: so many, or, where all are read otherwise, this share
# of them. One by one, a vector takes some twenty times as long.
_FEW, _SPARSE = 30_000, 0.05
# Vectors read at once.
_EXACT = 1 << 17
# Lists searched, and how many times the finds asked for are scored anew.
_PROBES, _REFINED = 24, 1.25
# With a filter that leaves more than this, more lists are searched in proportion; else all.
_WIDE = 0.1
_TRAINED_WITH, _EQUALS = 64, 8  # _EQUALS: how many times those asked for may be found, with equals


class Compressed:
    """Inverted lists of 8-bit codes over the passages ``ids`` (rising)."""

    def __init__(self, index: Any, ids: Ids, files: tuple[Checked, Checked] | None = None) -> None:
        """``files`` where it and its ids are kept."""
        self.index = index
        self.ids = ids
        self.files = files

    @classmethod
    def train(cls, rows: Rows, ids: Ids) -> Compressed:
        """Lists and codes made for these vectors."""
        import faiss

        count, lists = len(ids), lists_for(len(ids))
        index = _empty(faiss.IndexFlatIP(rows.dimension), lists)
        _use_threads(os.cpu_count() or 1)
        index.cp.niter, index.cp.max_points_per_centroid = 10, _TRAINED_WITH
        sample = np.linspace(0, count - 1, min(count, _TRAINED_WITH * lists)).astype(np.int64)
        index.train(rows.take(np.unique(sample)).astype(np.float32))
        return cls(_filled(index, rows), ids)

    def extended(self, rows: Rows, ids: Ids) -> Compressed:
        """The same lists over ``ids``, made anew from the vectors."""
        return Compressed(_filled(self.index, rows), ids)

    @classmethod
    def open(cls, path: Path, ids: Ids, files: tuple[Checked, Checked]) -> Compressed:
        """Map a saved index into memory; ``files`` have been checked."""
        import faiss

        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except RuntimeError as error:
            raise StoreError(f"{path}: {error}") from None
        if index.ntotal != len(ids):
            raise StoreError(f"{path}: damaged")
        # Lists are mapped into memory; threads that read them ahead only cost.
        lists: Any = faiss.downcast_InvertedLists(index.invlists)  # type: ignore[attr-defined]
        lists.prefetch_nthread = 0
        return cls(index, ids, files)

    def save(self, path: Path) -> None:
        """Write the index and sync it; ``OSError`` where that can't be done."""
        import faiss

        try:
            faiss.write_index(self.index, str(path))
            with path.open("rb") as file:
                os.fsync(file.fileno())
        except RuntimeError as error:
            path.unlink(missing_ok=True)
            raise OSError(f"{path}: {error}") from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def search(self, query: Vectors, k: int, kept: Mask | None, share: float) -> Ids:
        """Places (in ``ids``) of about the ``k`` nearest of those ``kept``, a ``share`` of all."""
        import faiss

        lists = self.index.nlist
        probes = _PROBES if kept is None else int(_PROBES / share) if share > _WIDE else lists
        parameters = faiss.SearchParametersIVF(nprobe=min(lists, probes))  # type: ignore[call-arg]
        if kept is not None:
            parameters.sel = selector = _selector(kept)  # noqa: F841
        _use_threads(1)
        _, found = self.index.search(query, k, params=parameters)
        places: Ids = found[0][found[0] >= 0]
        return places


class DenseIndex:
    """Unit vectors by passage id. Adding and removing give another index."""

    def __init__(
        self,
        dimension: int,
        segments: Sequence[Segment] = (),
        compressed: Compressed | None = None,
    ) -> None:
        self.dimension = dimension
        self.segments = tuple(segments)
        self.compressed = compressed
        self._ids: Ids = np.concatenate(
            [np.zeros(0, dtype=np.int64), *(segment.ids for segment in segments)]
        )
        self._rows = Rows(segments, dimension)
        # Where the compressed index's passages are now; None: at the same places.
        self._now: Ids | None = None
        self._alive: Mask | None = None
        covered = 0
        if compressed is not None and len(compressed.ids):
            covered = int(np.searchsorted(self._ids, compressed.ids[-1], side="right"))
            if covered != len(compressed.ids):
                now = np.searchsorted(self._ids, compressed.ids)
                self._alive = np.append(self._ids, -1)[now] == compressed.ids
                self._now = np.where(self._alive, now, 0)
        self._covered = covered

    @cached_property
    def _tail(self) -> Any:
        """An exact index over what the compressed one lacks."""
        return _flat(self._rows.chunks(self._covered))

    @cached_property
    def _starts(self) -> npt.NDArray[np.int32]:
        """The place of each pair's first passage by the pair's id, and the end."""
        counts = np.bincount(pairs_of(self._ids))
        return np.append(0, np.cumsum(counts)).astype(np.int32)

    # States

    def with_added(self, ids: Ids, rows: Halves) -> DenseIndex:
        """With more passages; all ``ids`` (rising) are above those that are there."""
        segments = [*self.segments, *cut(ids, rows)]
        return DenseIndex(self.dimension, merged(segments), self.compressed)

    def without(self, pairs: Ids) -> DenseIndex:
        """Without the passages of the pairs (rising)."""
        segments = [segment.without(pairs) for segment in self.segments]
        return DenseIndex(self.dimension, merged(segments), self.compressed)

    def with_compressed(self, compressed: Compressed | None) -> DenseIndex:
        """With a compressed index, whose passages may be fewer or have been removed since."""
        return DenseIndex(self.dimension, self.segments, compressed)

    def compress(self, *, anew: bool = False) -> DenseIndex:
        """With all passages in the compressed index; ``anew``: trained for them."""
        if self.compressed is None or anew:
            made = Compressed.train(self._rows, self._ids)
        else:
            made = self.compressed.extended(self._rows, self._ids)
        return DenseIndex(self.dimension, self.segments, made)

    def due(self) -> bool:
        """Whether a compressed index is called for that isn't there, or is out of date."""
        if self.compressed is None:
            return len(self._ids) >= COMPRESS
        gone = len(self.compressed.ids) - self._covered
        return len(self._ids) - self._covered > TAIL or gone > GONE * len(self.compressed.ids)

    def holds_removed(self) -> bool:
        """Whether the compressed index has codes of passages that were removed."""
        return self.compressed is not None and len(self.compressed.ids) > self._covered

    def outgrown(self) -> bool:
        """Whether the compressed index has fewer than half the lists that serve so many."""
        if self.compressed is None:
            return True
        lists: int = self.compressed.index.nlist
        return 2 * lists < lists_for(len(self._ids))

    # Reading

    def ids(self) -> Ids:
        """All passage ids, rising."""
        return self._ids

    @property
    def pair_count(self) -> int:
        """Number of pairs that have passages."""
        pairs = pairs_of(self._ids)
        return int(np.count_nonzero(np.diff(pairs))) + bool(len(pairs))

    def passages_of(self, pairs: Ids) -> Ids:
        """Ids of all passages of the pairs (rising), rising."""
        return self._ids[self._places(Runs.of(pairs)).ids()]

    def search(self, query: Vectors, k: int, allowed: Runs | None = None) -> tuple[Vectors, Ids]:
        """Scores and passage ids of the ``k`` nearest, best first, for one query vector.

        ``allowed`` are the pairs whose passages may be found (``None``: all). Fewer than ``k``
        come back where there are no more.
        """
        query = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        return self._best(query, k, self._found(query, int(_REFINED * k), allowed))

    def candidates(self, query: Vectors, k: int, allowed: Runs | None = None) -> Ids:
        """Ids of about the ``k`` nearest, in no order: by their codes, where these are searched.

        For who scores them anyway. ``allowed`` as in ``search``.
        """
        query = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        return self._ids[self._found(query, k, allowed)]

    def _found(self, query: Vectors, k: int, allowed: Runs | None) -> Ids:
        """Places of the ``k`` nearest, and of some more."""
        if allowed is None:
            return self._of_parts(query, k, self._alive, 1.0, None)
        places = self._places(allowed)
        few = _FEW if self._covered else _SPARSE * len(self._ids)
        if places.count.sum() <= few:
            return self._read_through(query, k, places.ids())
        inside = _mask(places, len(self._ids))
        kept = inside[: self._covered]
        if self._now is not None and self._alive is not None:
            kept = inside[self._now] & self._alive
        share = float(np.count_nonzero(kept)) / max(1, len(kept))
        tail = inside[self._covered :]
        return self._of_parts(query, k, kept, share, tail)

    def exact(self, query: Vectors, k: int) -> tuple[Vectors, Ids]:
        """The same as ``search`` without filter, by reading all vectors: to measure recall."""
        query = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        return self._best(query, k, self._read_through(query, k, np.arange(len(self._ids))))

    def _read_through(self, query: Vectors, k: int, places: Ids) -> Ids:
        """Which of the places (rising) hold the nearest, by their vectors."""
        best = np.zeros(0, dtype=np.int64)
        for start in range(0, len(places), _EXACT):
            part = places[start : start + _EXACT]
            found = _with_equals(_flat([self._rows.take(part)]), query, k)
            best = np.concatenate([best, part[found]])
        return best

    def scores(self, query: Vectors, passages: Ids) -> Vectors:
        """Inner products of one query vector with the passages named (rising), in their order."""
        places = np.searchsorted(self._ids, passages)
        query = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        found, order = _flat([self._rows.take(places)]).search(query, max(1, len(places)))
        products = np.empty(len(places), dtype=np.float32)
        products[order[0][: len(places)]] = found[0][: len(places)]
        return products

    def _of_parts(
        self, query: Vectors, k: int, kept: Mask | None, share: float, tail: Mask | None
    ) -> Ids:
        """Places of the nearest in the compressed index, and of those that it lacks."""
        found = []
        if self.compressed is not None and self._covered:
            places = self.compressed.search(query, k, kept, share)
            found.append(places if self._now is None else self._now[places])
        lacking = len(self._ids) - self._covered
        if lacking > 2 * COMPRESS:  # while the compressed index is being made: no copy of all
            places = np.arange(self._covered, len(self._ids))
            found.append(self._read_through(query, k, places if tail is None else places[tail]))
        elif lacking:
            found.append(self._covered + _search_flat(self._tail, query, k, tail))
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def _best(self, query: Vectors, k: int, places: Ids) -> tuple[Vectors, Ids]:
        """The best of these, by their vectors."""
        places = np.sort(places)
        scores, found = _flat([self._rows.take(places)]).search(query, k)
        hit = found[0] >= 0
        return scores[0][hit], self._ids[places[found[0][hit]]]

    def _places(self, pairs: Runs) -> Runs:
        """Places of all passages of the pairs; some of the runs may be empty."""
        first, ends = (self._starts.take(ids, mode="clip") for ids in (pairs.first, pairs.ends))
        return Runs(first.astype(np.int64), (ends - first).astype(np.int64))


def lists_for(count: int) -> int:
    """How many inverted lists serve so many passages: a power of two near twice the root.

    Each is trained with 40 passages or more.
    """
    lists = min(2 * np.sqrt(count), count / 40)
    return int(2 ** np.clip(np.floor(np.log2(max(1, lists)) + 0.4), 0, 12))


def _empty(quantiser: Any, lists: int) -> Any:
    """A compressed index without vectors over a coarse quantiser, which it takes over."""
    import faiss

    index = faiss.IndexIVFScalarQuantizer(
        quantiser,
        quantiser.d,
        lists,
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
    )
    quantiser.this.disown()
    index.own_fields = True
    return index


def _filled(trained: Any, rows: Rows) -> Any:
    """A compressed index with the lists and codes of another, over all rows."""
    import faiss

    _use_threads(os.cpu_count() or 1)
    index = _empty(faiss.clone_index(trained.quantizer), trained.nlist)
    index.sq, index.is_trained = trained.sq, True
    for chunk in rows.chunks(0):
        index.add(chunk.astype(np.float32))
    return index


def _flat(parts: Iterable[Halves]) -> Any:
    """An exact index over vectors."""
    import faiss

    index: Any = None
    for part in parts:
        if index is None:
            index = faiss.IndexScalarQuantizer(
                part.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
            )
        index.add_sa_codes(np.ascontiguousarray(part).view(np.uint8))
    _use_threads(1)
    return index


def _search_flat(index: Any, query: Vectors, k: int, kept: Mask | None) -> Ids:
    import faiss

    parameters = None
    if kept is not None:
        parameters = faiss.SearchParameters(sel=_selector(kept))  # type: ignore[call-arg]
    _use_threads(1)
    return _with_equals(index, query, k, parameters)


def _with_equals(index: Any, query: Vectors, k: int, parameters: Any = None) -> Ids:
    """Places of the ``k`` nearest, and of those as near as the last: which of equals come first is
    a matter of when they were added."""
    depth = k
    while True:
        scores, found = index.search(query, depth + 1, params=parameters)
        scores, found = scores[0][found[0] >= 0], found[0][found[0] >= 0]
        if len(found) <= depth or scores[depth] < scores[k - 1] or depth > _EQUALS * k:
            return found[scores >= scores[k - 1]] if len(found) > k else found  # type: ignore[no-any-return]
        depth *= 2


def _use_threads(count: int) -> None:
    """How many threads faiss uses when it is called from this thread.

    One for a search: there are as many searches at once as there are askers.
    """
    import faiss

    faiss.omp_set_num_threads(count)


def _mask(places: Runs, count: int) -> Mask:
    """Which of ``count`` places are among these."""
    bounds = np.column_stack([places.first, places.ends]).ravel()
    lengths = np.diff(bounds, prepend=0, append=count)
    mask: Mask = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return mask


def _selector(kept: Mask) -> Any:
    import faiss

    bits: Any = np.packbits(kept, bitorder="little")
    return faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg]
