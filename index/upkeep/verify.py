"""Prove a store: read every filing again and derive every pair again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import ReadError, ScannedError
from index.files import sha256_of
from index.intake.parse import parse
from index.records import Filing, Pair, ParsedFiling, assemble
from index.store.store import Store


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


def verify(store: Store, read: Callable[[Path], ParsedFiling] = parse) -> Proof:
    """Prove every pair in the store from the store's copy of its file.

    The file that a filing was added from is looked at too: that it was changed since is a
    failure (the cure is ``yuanda add``), that it is gone is a note.
    """
    entries = store.filings()
    failed: list[Failure] = []
    notes: list[str] = []
    for entry in entries:
        try:
            failed += _failures(store, entry.filing, read)
        except ScannedError as error:
            notes.append(f"{entry.filing.path}: not recognised again; {error.reason}")
        source = Path(entry.filing.path)
        if not source.is_file():
            notes.append(f"{source}: gone; proved from the store's copy")
        elif sha256_of(source) != entry.filing.sha256:
            failed.append(
                _failure(entry.filing, None, "changed since it was added: `yuanda add` it again")
            )
    recognised = sum(entry.filing.recognised for entry in entries)
    pairs = sum(entry.pairs for entry in entries)
    return Proof(len(entries), pairs, recognised, tuple(failed), tuple(notes))


def _failures(
    store: Store, filing: Filing, read: Callable[[Path], ParsedFiling]
) -> Iterator[Failure]:
    copy = store.original(filing)
    if not copy.is_file():
        yield _failure(filing, None, "the store's copy of the file is gone")
        return
    if sha256_of(copy) != filing.sha256:
        yield _failure(filing, None, "the store's copy of the file was changed")
        return
    try:
        again = read(copy)
    except ReadError as error:
        if filing.recognised and isinstance(error, ScannedError):
            raise
        yield _failure(filing, None, f"can't be read again: {error.reason}")
        return
    pairs = store.pairs_of(filing.sha256)
    if again.text != store.text(filing.sha256):
        yield _failure(filing, None, "another text is extracted from it now")
    if len(pairs) != len(again.pairs):
        yield _failure(filing, None, f"{len(again.pairs)} pairs now, {len(pairs)} in the store")
    for pair, derived in zip(pairs, again.pairs, strict=False):
        if reason := _difference(pair, derived, again.text):
            yield _failure(filing, pair.number, reason)


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
