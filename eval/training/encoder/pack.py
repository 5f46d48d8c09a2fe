"""Everything the training needs in one folder small enough to be carried to a GPU.

Token ids in place of texts: ``Pack`` holds all texts once, and pairs, groups, changed questions
and the older sets as numbers into them.
"""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint16]
Numbers = npt.NDArray[np.int64]
PARTS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Pack:
    """All arrays.

    Text ``t`` is ``ids[starts[t]:starts[t + 1]]``, of which ``head[t]`` tokens at its start and
    ``tail[t]`` at its end are courtesy. A pair's answer is the texts from ``answer`` on,
    ``pieces`` of them. ``company`` is -1 where there is none; ``question_key`` and ``answer_key``
    are equal where the wording is; ``relevance`` is -1 without a label. ``usable`` says that the
    answer says something, so that the pair may be a positive.

    ``groups``: group and pair. ``changed``: a text that asks otherwise, and the pair it was made
    from. ``others``: anchor, match, labelled non-match or -1, source; drawn by ``share``.
    ``names``: the text of each company's short name.
    """

    ids: Ids
    starts: Numbers
    head: Numbers
    tail: Numbers
    question: Numbers
    answer: Numbers
    pieces: Numbers
    company: Numbers
    question_key: Numbers
    answer_key: Numbers
    part: Numbers
    source: Numbers
    relevance: npt.NDArray[np.float32]
    usable: Numbers
    groups: Numbers
    changed: Numbers
    others: Numbers
    share: npt.NDArray[np.float32]
    names: Numbers


def save_pack(pack: Pack, path: Path) -> None:
    """Write the pack, compressed hard."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        field.name: _small(getattr(pack, field.name)) for field in fields(Pack)
    }
    arrays["starts"] = np.diff(pack.starts).astype(np.uint16)
    np.savez(buffer, **arrays)
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=6))


def load_pack(path: Path) -> Pack:
    """The pack as saved."""
    stored = np.load(io.BytesIO(lzma.decompress(path.read_bytes())))
    arrays = {name: stored[name] for name in stored.files}
    whole = {
        name: array.astype(np.int64) if array.dtype.kind in "iu" and name != "ids" else array
        for name, array in arrays.items()
    }
    whole["starts"] = np.concatenate(([0], np.cumsum(whole["starts"])))
    return Pack(**whole)


def _small(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.astype(np.int32) if array.dtype == np.int64 else array
