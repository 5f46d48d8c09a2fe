"""Filing from the chat: what is taken in, and what is shown of it. Without Gradio."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assistant.chat.logins import Login, Logins
from assistant.chat.uploads import MOST_FILES, Upload, Uploads, bare_name, discard
from index.embedding.encoder import Encoder
from index.files import sha256_of
from index.intake import build
from index.intake.build import FileRow
from index.intake.parse import parse
from index.reading.page_progress import OnPage
from index.records import Pair, ParsedFiling, PartKind
from index.store import feedback
from index.store.feedback import Feedback
from index.store.store import Entry, Store

# Characters of a filing's text that are shown.
SHOWN = 200_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a filing's text; ``begins`` is the number of the pair that begins with it."""

    kind: PartKind
    text: str
    pair: int | None
    begins: str | None


class Desk:
    """Takes filings into a store and out of it, for who may.

    Each task opens the store anew: the one that answers questions is never amid a transaction.
    """

    def __init__(self, folder: Path, encoder: Encoder, login: Login) -> None:
        self._folder = folder
        self._encoder = encoder
        self.logins, self.uploads = Logins(login), Uploads()
        self._parse = lru_cache(maxsize=4)(parse)  # a copy's name is its SHA-256
        self._filing = threading.Lock()

    def add(
        self,
        uploads: Sequence[Upload],
        on_start: Callable[[int], None] | None = None,
        on_row: Callable[[FileRow], None] | None = None,
        on_page: OnPage | None = None,
    ) -> list[FileRow]:
        """File what was uploaded, which is gone then; a row for each file, under its bare name."""
        try:
            with self._filing, Store.open(self._folder) as store:
                return self._add(store, uploads, on_start, on_row, on_page)
        finally:
            for upload in uploads:
                discard(upload)

    def _add(
        self,
        store: Store,
        uploads: Sequence[Upload],
        on_start: Callable[[int], None] | None,
        on_row: Callable[[FileRow], None] | None,
        on_page: OnPage | None,
    ) -> list[FileRow]:
        staging = store.folder / "uploads"
        try:
            staging.mkdir(exist_ok=True)
            staged: list[Path] = []
            refused: list[FileRow] = []
            for upload in uploads:
                fit = _staged(upload, staging) if len(staged) < MOST_FILES else "too many files"
                if isinstance(fit, str):
                    refused.append(FileRow(bare_name(upload.name), None, "failed", error=fit))
                elif fit not in staged:
                    staged.append(fit)
            added = build.add(
                store, staged, self._encoder, on_row, on_start=on_start, on_page=on_page
            )
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return [*map(_bare, added.files), *refused]

    def remove(self, sha256: str) -> None:
        """Take a filing out; ``CallError`` where there is none."""
        with self._filing, Store.open(self._folder) as store:
            store.remove(sha256)

    def entries(self) -> list[Entry]:
        """The filings, newest activity first."""
        with Store.open(self._folder) as store:
            return store.filings()

    def parsed(self, sha256: str) -> ParsedFiling:
        """The store's copy of a filing, read again.

        ``KeyError`` where there is none, ``ReadError`` where it can't be read.
        """
        with Store.open(self._folder) as store:
            copy = store.original(store.filing(sha256))
        return self._parse(copy)

    def report(self, sha256: str, pair: Pair) -> None:
        """Keep that a pair is split wrongly; ``StoreError`` where that can't be written."""
        feedback.keep(self._folder, Feedback(pair.question, "parse", sha256, pair.number))


def pieces(parsed: ParsedFiling, shown: int = SHOWN) -> Iterator[Piece]:
    """The text part by part, up to ``shown`` characters."""
    last: int | None = None
    for part in parsed.parts:
        if part.start >= shown:
            return
        begins = part.pair is not None and part.pair != last
        number = parsed.pairs[part.pair].number if begins and part.pair is not None else None
        last = last if part.pair is None else part.pair
        yield Piece(part.kind, parsed.text[part.start : min(part.end, shown)], part.pair, number)


def _staged(upload: Upload, staging: Path) -> Path | str:
    """Where an upload was put, by its bare name, or why it is refused.

    Another file of that name in the same upload gets the beginning of its SHA-256 in addition.
    """
    if upload.refused or upload.path is None:
        return upload.refused or "can't be read"
    target = staging / bare_name(upload.name)
    try:
        if target.exists():
            digest = sha256_of(upload.path)
            if digest == sha256_of(target):
                return target
            target = staging / f"{target.stem}-{digest[:8]}{target.suffix}"
        shutil.move(upload.path, target)
    except OSError as error:
        return error.strerror or "can't be read"
    return target


def _bare(row: FileRow) -> FileRow:
    """A row that tells nothing of where on this machine the file was."""
    error = row.error and row.error.replace(f"{row.path}: ", "").replace(row.path, "")
    return FileRow(
        Path(row.path).name, row.sha256, row.status, row.pairs, row.warnings, error, row.pages
    )
