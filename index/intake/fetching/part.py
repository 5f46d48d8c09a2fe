"""What there is of a file that is being downloaded, so that it can go on where it broke off."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from index.errors import PassingError
from index.files import write_atomically

if TYPE_CHECKING:
    import httpx


class Part:
    """What there is of a file so far, and of which version it is."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._path = target.with_name(f".{target.name}.part")
        self._about = target.with_name(f".{target.name}.part.json")

    def headers(self, address: str) -> dict[str, str]:
        """What asks for the rest, where the version is known. RFC 9110, sections 13.1.5, 14.2."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            about = json.loads(self._about.read_text(encoding="utf-8"))
            size = self._path.stat().st_size
            if about["address"] == address and about["validator"] and size:
                return {"Range": f"bytes={size}-", "If-Range": about["validator"]}
        return {}

    def begin(self, answer: httpx.Response, address: str) -> int:
        """From which byte on the answer is; remembers the version if it can be resumed."""
        if answer.status_code == 206:
            size = self._path.stat().st_size if self._path.exists() else 0
            if not answer.headers.get("content-range", "").startswith(f"bytes {size}-"):
                self.discard()
                raise PassingError("another part than was asked for")
            return size
        self.discard()
        if validator := validator_of(answer, strong=True):
            about = {"address": address, "validator": validator}
            write_atomically(self._about, json.dumps(about).encode())
        return 0

    def open(self, start: int) -> BinaryIO:
        """For writing: anew, or on from ``start``."""
        return self._path.open("ab" if start else "wb")

    def is_pdf(self, *, told_length: bool) -> bool:
        """Whether it begins like a PDF; and ends like one, where its length wasn't told."""
        with self._path.open("rb") as file:
            if b"%PDF-" not in file.read(1024):
                return False
            if told_length:
                return True
            file.seek(max(0, file.seek(0, 2) - 4096))
            return b"%%EOF" in file.read()

    def finish(self) -> None:
        """Sync, and put it where it belongs."""
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())
        self._path.replace(self.target)
        self.discard()

    def discard(self) -> None:
        """Begin anew."""
        self._path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)


def validator_of(answer: httpx.Response, *, strong: bool = False) -> str | None:
    """What tells a version: the ETag (a strong one only, where asked), else the date."""
    tag: str | None = answer.headers.get("etag")
    if tag and not (strong and tag.startswith("W/")):
        return tag
    changed: str | None = answer.headers.get("last-modified")
    return changed
