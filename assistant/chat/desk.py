"""Filing from the chat: who may, what is taken in, and what is shown of it. Without Gradio."""

from __future__ import annotations

import hmac
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PureWindowsPath

from index.embedding.encoder import Encoder
from index.files import sha256_of
from index.intake import build
from index.intake.build import FileRow
from index.intake.parse import SUFFIXES, parse
from index.reading.page_progress import OnPage
from index.records import Pair, ParsedFiling, PartKind
from index.store import feedback
from index.store.feedback import Feedback
from index.store.store import Entry, Store

# Of one upload: files, bytes of each, and of all.
MOST_FILES, LARGEST, UPLOADED = 500, 64 << 20, 1 << 30
# Wrong logins within so many seconds, by anyone; then nobody is let in until they have passed.
_ATTEMPTS, _WITHIN = 5, 60.0
# Addresses from which the login was given that are remembered.
_CALLERS = 1000
# Characters of a filing's text that are shown.
SHOWN = 200_000


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of who may file."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"


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
        self._login = login
        self._failed: deque[float] = deque(maxlen=_ATTEMPTS)
        self._admitted: deque[str] = deque(maxlen=_CALLERS)
        self._parse = lru_cache(maxsize=4)(parse)  # a copy's name is its SHA-256
        self._checking, self._filing = threading.Lock(), threading.Lock()

    def admits(self, user: str, password: str, caller: str = "") -> bool | None:
        """Whether this is the login; ``None`` where too many were wrong just now.

        Where it is, the ``caller`` may upload from now on.
        """
        with self._checking:
            now = time.monotonic()
            if len(self._failed) == _ATTEMPTS and now - self._failed[0] < _WITHIN:
                return None
            given = f"{user}\0{password}".encode("utf-8", "surrogatepass")
            right = f"{self._login.user}\0{self._login.password}".encode("utf-8", "surrogatepass")
            if hmac.compare_digest(given, right):
                if caller not in self._admitted:
                    self._admitted.append(caller)
                return True
            self._failed.append(now)
            return False

    def may_upload(self, caller: str) -> bool:
        """Whether the login was given from this address: else not even a byte is taken."""
        return caller in self._admitted

    def add(
        self,
        uploads: Sequence[Path],
        on_start: Callable[[int], None] | None = None,
        on_row: Callable[[FileRow], None] | None = None,
        on_page: OnPage | None = None,
        *,
        folder: bool = False,
    ) -> list[FileRow]:
        """File what was uploaded; a row for each file, under its bare name.

        Of a ``folder`` only what looks like a filing is taken.
        """
        if folder:
            uploads = [path for path in uploads if _looks_filed(path)]
        with self._filing, Store.open(self._folder) as store:
            staging = store.folder / "uploads"
            try:
                staging.mkdir(exist_ok=True)
                staged: list[Path] = []
                refused: list[FileRow] = []
                for upload in uploads:
                    fit = _staged(upload, staging) if len(staged) < MOST_FILES else "too many files"
                    if isinstance(fit, str):
                        refused.append(FileRow(_bare_name(upload), None, "failed", error=fit))
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


def _staged(upload: Path, staging: Path) -> Path | str:
    """Where a copy of an upload was put, by its bare name, or why it is refused.

    Another file of that name in the same upload gets the beginning of its SHA-256 in addition.
    """
    name = _bare_name(upload)
    try:
        if upload.stat().st_size > LARGEST:
            return f"larger than {LARGEST >> 20} MB; split it"
        target = staging / name
        if target.exists():
            digest = sha256_of(upload)
            if digest == sha256_of(target):
                return target
            target = staging / f"{target.stem}-{digest[:8]}{target.suffix}"
        shutil.copyfile(upload, target)
    except OSError as error:
        return error.strerror or "can't be read"
    return target


def _bare_name(path: Path) -> str:
    """The last part of a name, whichever system it comes from."""
    name = PureWindowsPath(path.name).name
    return "".join(ch for ch in name if ch.isprintable()).lstrip(".") or "filing"


def _looks_filed(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$"))


def _bare(row: FileRow) -> FileRow:
    """A row that tells nothing of where on this machine the file was."""
    error = row.error and row.error.replace(f"{row.path}: ", "").replace(row.path, "")
    return FileRow(
        Path(row.path).name, row.sha256, row.status, row.pairs, row.warnings, error, row.pages
    )
