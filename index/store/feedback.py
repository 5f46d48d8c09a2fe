"""What readers said of answers: kept in the store, and exported as a labelled set."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from index.errors import CallError, StoreError
from index.records import Filing
from index.store.database import connect
from index.store.seals import crc
from index.store.store import Store

Verdict = Literal["right", "wrong", "none", "other", "parse"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader said of an answer to ``question``.

    ``right`` and ``wrong`` judge the pair that ``filing`` (SHA-256) and ``number`` name, or the
    abstention where they name none; ``none``: no filed pair answers; ``other``: this pair would
    have been the answer; ``parse``: this pair is split wrongly. ``decision`` and ``confidence``
    are the answer's.
    """

    question: str
    verdict: Verdict
    filing: str | None = None
    number: str | None = None
    decision: str | None = None
    confidence: float | None = None
    at: str = field(default_factory=_now)


# Judgements that a store keeps.
MOST = 100_000
_LAST = (
    "SELECT verdict FROM feedback WHERE question = :question AND filing IS :filing "
    "AND number IS :number ORDER BY id DESC LIMIT 1"
)
_COLUMNS = tuple(column.name for column in fields(Feedback))


@dataclass(frozen=True, slots=True)
class Exported:
    """Number of labelled questions, of those left out as nothing is known for certain, and of
    filings."""

    labelled: int
    unlabelled: int
    filings: int


def keep(folder: Path, said: Feedback) -> None:
    """Keep it in the store at ``folder``, unless the same was said last of the same.

    ``StoreError`` where that can't be written, or ``MOST`` are kept.
    """
    marks = ", ".join(f":{name}" for name in _COLUMNS)
    try:
        # On a connection of its own: another thread may be amid a transaction on the store's.
        with closing(connect(folder)) as connection:
            last = connection.execute(_LAST, asdict(said)).fetchone()
            if last and last[0] == said.verdict:
                return
            if connection.execute("SELECT count(*) FROM feedback").fetchone()[0] >= MOST:
                raise StoreError(f"{folder}: {MOST} judgements are kept; export them first")
            cursor = connection.execute(
                f"INSERT INTO feedback ({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608
                asdict(said),
            )
            own = _crc(cursor.lastrowid, said), cursor.lastrowid
            connection.execute("UPDATE feedback SET crc = ? WHERE id = ?", own)
    except sqlite3.Error as error:
        raise StoreError(f"{folder}: feedback can't be written ({error})") from None


def kept(folder: Path) -> list[Feedback]:
    """All that was said, oldest first, but for rows that were changed since."""
    return [said for said in _rows(folder) if said is not None]


def changed(folder: Path) -> int:
    """How many rows aren't what was kept."""
    return sum(said is None for said in _rows(folder))


def _rows(folder: Path) -> list[Feedback | None]:
    columns = ", ".join(_COLUMNS)
    with closing(connect(folder)) as connection:
        rows = connection.execute(f"SELECT id, crc, {columns} FROM feedback ORDER BY id")  # noqa: S608
        read = ((number, own, Feedback(*row)) for number, own, *row in rows)
        # What was kept before version 7 has none.
        return [said if own in (None, _crc(number, said)) else None for number, own, said in read]


def _crc(number: int | None, said: Feedback) -> int:
    return crc(number, *astuple(said))


def labels(said: Iterable[Feedback]) -> list[Feedback]:
    """What is known of each question: the last pair, or abstention, that was called right.

    It is known no more once the same was called wrong.
    """
    known: dict[str, Feedback] = {}
    for one in said:
        if one.verdict == "wrong":
            last = known.get(one.question)
            if last and (last.filing, last.number) == (one.filing, one.number):
                del known[one.question]
        elif one.verdict != "parse":
            known[one.question] = one
    return list(known.values())


def export(store: Store, folder: Path) -> Exported:
    """Write a labelled set: ``questions.jsonl``, copies of the filings, and all that was said.

    A label whose pair has left the store, or shares its number with another, is left out.
    ``CallError`` where the folder holds something, can't be written, or nothing is labelled.
    """
    said = kept(store.folder)
    asked = {one.question for one in said if one.verdict != "parse"}
    labelled = [one for one in labels(said) if _is_certain(store, one)]
    if not labelled:
        raise CallError(f"{store.folder}: no question is labelled by feedback yet")
    filings = [entry.filing for entry in store.filings()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CallError(f"{folder}: not empty; name a new folder")
        for filing in filings:
            shutil.copyfile(store.original(filing), folder / _copy_name(filing))
        _write_lines(folder / "feedback.jsonl", (asdict(one) for one in said))
        rows = ({k: getattr(one, k) for k in ("question", "filing", "number")} for one in labelled)
        _write_lines(folder / "questions.jsonl", rows)
    except OSError as error:
        raise CallError(f"{error.filename or folder}: {error.strerror}") from None
    return Exported(len(labelled), len(asked) - len(labelled), len(filings))


def _is_certain(store: Store, label: Feedback) -> bool:
    if label.filing is None:
        return True
    numbers = Counter(pair.number for pair in store.pairs_of(label.filing))
    return numbers[label.number or ""] == 1


def _copy_name(filing: Filing) -> str:
    suffix = "txt" if filing.format == "text" else filing.format
    return f"{filing.sha256}.{suffix}"


def _write_lines(path: Path, rows: Iterable[dict[str, object]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), "utf-8")
