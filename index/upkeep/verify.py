"""Prove a store: read every filing again and derive every pair, and the head, again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from index.errors import ReadError, ScannedError, StoreError
from index.files import is_there, sha256_of
from index.intake.parse import parse
from index.records import Filing, Pair, ParsedFiling, assemble
from index.store.copies import fault_of
from index.store.seals import Damage
from index.store.store import Store
from index.upkeep.second_look import Contradiction, second_look


@dataclass(frozen=True, slots=True)
class Failure:
    """A pair, or with ``number`` ``None`` a whole filing, that can't be proved."""

    path: str
    sha256: str
    number: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved, what failed, and what is worth knowing.

    ``recognised`` counts the filings whose text was read off pictures: their pairs are what was
    recognised, and not verbatim.
    """

    filings: int
    pairs: int
    recognised: int
    failed: tuple[Failure, ...]
    notes: tuple[str, ...]


def verify(
    store: Store,
    read: Callable[[Path], ParsedFiling] = parse,
    look: Callable[[Path, ParsedFiling], Sequence[Contradiction]] = second_look,
) -> Proof:
    """Prove every filing's head and every pair in the store from the store's copy of its file.

    The file that a filing was added from is looked at too: that it was changed since is a
    failure (the cure is ``yuanda add``), that it is gone is a note. So is what another library's
    reading of a PDF says against a pair (``look``).
    """
    entries, damaged = store.filings(), store.damaged()
    failed = [_told(damage) for damage in damaged]
    notes: list[str] = []
    for entry in entries:
        try:
            failed += _failures(store, entry.filing, read, _noting(entry.filing, notes, look))
        except ScannedError as error:
            notes.append(f"{entry.filing.path}: not recognised again; {error.reason}")
        except (StoreError, OSError) as error:
            failed.append(_failure(entry.filing, None, str(error)))
        _look_at_source(entry.filing, failed, notes)
    recognised = sum(entry.filing.recognised for entry in entries)
    pairs = sum(entry.pairs for entry in entries)
    return Proof(len(entries) + len(damaged), pairs, recognised, tuple(failed), tuple(notes))


def _look_at_source(filing: Filing, failed: list[Failure], notes: list[str]) -> None:
    source = Path(filing.path)
    try:
        if not is_there(source):
            notes.append(f"{source}: gone; proved from the store's copy")
        elif source.is_file() and sha256_of(source) != filing.sha256:
            reason = "changed since it was added: `yuanda add` it again"
            failed.append(_failure(filing, None, reason))
    except OSError as error:
        notes.append(f"{source}: {error.strerror}; proved from the store's copy")


def _noting(
    filing: Filing,
    notes: list[str],
    look: Callable[[Path, ParsedFiling], Sequence[Contradiction]],
) -> Callable[[Path, ParsedFiling], None]:
    def note(copy: Path, parsed: ParsedFiling) -> None:
        found = look(copy, parsed)
        notes.extend(f"{filing.path}, question {one.number}: {one.reason}" for one in found)

    return note


def _failures(
    store: Store,
    filing: Filing,
    read: Callable[[Path], ParsedFiling],
    note: Callable[[Path, ParsedFiling], None],
) -> Iterator[Failure]:
    for damage in store.faults(filing.sha256):
        yield _told(damage)
    copy = store.original(filing)
    if fault := fault_of(copy, filing.sha256):
        yield _failure(filing, None, fault)
        return
    try:
        again = read(copy)
    except ReadError as error:
        if filing.recognised and isinstance(error, ScannedError):
            raise
        yield _failure(filing, None, f"can't be read again: {error.reason}")
        return
    if heads := _other_fields(filing, again.filing):
        yield _failure(filing, None, f"its head says otherwise: {', '.join(heads)}")
    note(copy, again)
    rows = store.rows_of(filing.sha256)
    text = store.text(filing.sha256)
    if again.text != text:
        yield _failure(filing, None, "another text is extracted from it now")
    if len(rows) != len(again.pairs):
        yield _failure(filing, None, f"{len(again.pairs)} pairs now, {len(rows)} in the store")
    for pair, derived in zip(rows, again.pairs, strict=False):
        if isinstance(pair, Pair) and (reason := _difference(pair, derived, again.text)):
            yield _failure(filing, pair.number, reason)


def _other_fields(filing: Filing, again: Filing) -> list[str]:
    """Which parts of a head are not what the copy says; its path is not the copy's matter."""
    again = replace(again, path=filing.path)
    names = (field.name for field in fields(Filing))
    return [name for name in names if getattr(filing, name) != getattr(again, name)]


def _difference(pair: Pair, derived: Pair, text: str) -> str | None:
    if pair.question != assemble(text, pair.question_spans):
        return "the question is not what the filing says"
    if pair.answer != assemble(text, pair.answer_spans):
        return "the answer is not what the filing says"
    if pair != derived:
        return "the filing is split otherwise now"
    return None


def _failure(filing: Filing, number: str | None, reason: str) -> Failure:
    return Failure(filing.path, filing.sha256, number, reason)


def _told(damage: Damage) -> Failure:
    return Failure(damage.path, damage.sha256, damage.number, damage.reason)
