"""Vectors of passages in immutable files, mapped into memory: what exact scores come from.

A segment holds the ids of its passages (rising) and their vectors as float16, whose rounding moves
a cosine by less than 1e-3. Segments follow each other: all ids of one are below those of the next.
"""

from __future__ import annotations

import mmap
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.errors import StoreError
from index.store.checksums import Checked, write_checked
from index.store.scope import Ids, pairs_of

Halves = npt.NDArray[np.float16]

# Rows of a segment at most: what is written anew where one of its passages is removed.
MOST = 1 << 17
# Rows taken after which mapped memory is given back.
_TAKEN = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Passages and their vectors, of shape ``(len(ids), dimension)``; ``file`` where it is kept."""

    ids: Ids
    rows: Halves
    file: Checked | None = None
    mapped: mmap.mmap | None = None

    @classmethod
    def open(cls, folder: Path, file: Checked, dimension: int) -> Segment:
        """Map a file into memory. ``StoreError`` where its size is wrong."""
        try:
            with (folder / file.name).open("rb") as opened:
                mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise StoreError(f"{folder / file.name}: {error}") from None
        content = np.frombuffer(mapped, dtype=np.uint8)
        count, rest = divmod(content.size, 8 + 2 * dimension)
        if rest or not count:
            raise StoreError(f"{folder / file.name}: damaged")
        return cls(
            content[: 8 * count].view(np.int64),
            content[8 * count :].view(np.float16).reshape(count, dimension),
            file,
            mapped,
        )

    def release(self) -> None:
        """Give back the memory that reading has mapped; the file stays in the system's cache."""
        if self.mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            self.mapped.madvise(mmap.MADV_DONTNEED)

    def kept(self, folder: Path) -> Segment:
        """The same, written to a file in the folder if it isn't in one yet."""
        if self.file:
            return self
        parts = (self.ids.tobytes(), np.ascontiguousarray(self.rows).data.cast("B"))
        file = write_checked(folder, f"{uuid.uuid4().hex}.vectors", parts)
        return Segment.open(folder, file, self.rows.shape[1])

    def without(self, pairs: Ids) -> Segment:
        """The same less the passages of the pairs (rising)."""
        gone = np.isin(pairs_of(self.ids), pairs)
        if not gone.any():
            return self
        return Segment(self.ids[~gone], self.rows[~gone])


def merged(segments: Sequence[Segment]) -> list[Segment]:
    """The same passages in fewer segments: those at the end that are small become one.

    A segment is left alone when it is full or twice as large as all that follow it, so that each
    passage is written anew a logarithmic number of times.
    """
    parts = [segment for segment in segments if len(segment.ids)]
    while len(parts) > 1:
        last, former = parts[-1], parts[-2]
        total = len(last.ids) + len(former.ids)
        if total > MOST or len(former.ids) >= 2 * len(last.ids):
            break
        parts[-2:] = [_joined([former, last])]
    return parts


def cut(ids: Ids, rows: Halves) -> list[Segment]:
    """New passages (ids rising) as segments that are not too large."""
    return [
        Segment(ids[start : start + MOST], rows[start : start + MOST])
        for start in range(0, len(ids), MOST)
    ]


def _joined(segments: Iterable[Segment]) -> Segment:
    parts = list(segments)
    return Segment(
        np.concatenate([part.ids for part in parts]), np.concatenate([part.rows for part in parts])
    )


class Rows:
    """All rows of several segments as one matrix, without a copy of it."""

    def __init__(self, segments: Sequence[Segment], dimension: int) -> None:
        self._segments = tuple(segments)
        self._parts = [segment.rows for segment in segments]
        self._taken = 0
        self.dimension = dimension
        self._starts = np.cumsum([0, *(len(part) for part in self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def take(self, places: Ids) -> Halves:
        """The vectors at places (rising)."""
        taken = np.empty((len(places), self.dimension), dtype=np.float16)
        bounds = np.searchsorted(places, self._starts)
        for part, start, low, high in zip(
            self._parts, self._starts[:-1], bounds[:-1], bounds[1:], strict=True
        ):
            if high > low:
                np.take(part, places[low:high] - start, axis=0, out=taken[low:high], mode="clip")
                self._release_after(int(high - low))
        return taken

    def _release_after(self, rows: int) -> None:
        """A row maps all that lies around it: without this, all vectors would be resident soon."""
        self._taken += rows
        if self._taken > _TAKEN:
            self._taken = 0
            for segment in self._segments:
                segment.release()

    def chunks(self, start: int = 0, size: int = 1 << 16) -> Iterable[Halves]:
        """All rows from ``start`` on, in order and in pieces."""
        for part, first in zip(self._parts, self._starts[:-1], strict=True):
            for low in range(max(0, start - int(first)), len(part), size):
                yield (piece := part[low : low + size])
                self._release_after(len(piece))
