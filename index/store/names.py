"""Which file each copy in ``filings/`` was made of: a line of JSON for each.

The database knows it too. These lines are for the day on which the database is lost.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from index.files import write_atomically
from index.store.seals import crc

NAMES = "names.jsonl"


def note(store: Path, sha256: str, path: str) -> None:
    """Note where a copy's content was found last; ``OSError`` where that can't be written."""
    line = json.dumps({"sha256": sha256, "path": path, "crc": crc(sha256, path)})
    # One write at the end of the file is whole, whoever else writes there.
    handle = os.open(store / NAMES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(handle, f"\n{line}\n".encode())
    finally:
        os.close(handle)


def noted(store: Path) -> dict[str, str]:
    """The last path of each content, by SHA-256; lines that were changed are passed over."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for line in (store / NAMES).read_bytes().split(b"\n"):
            with suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                if row["crc"] == crc(row["sha256"], row["path"]):
                    found[row["sha256"]] = row["path"]
    return found


def forget(store: Path, sha256: str) -> None:
    """Take out what is noted of a content; nobody else may be noting. ``OSError`` as ``note``."""
    kept = [(own, path) for own, path in noted(store).items() if own != sha256]
    lines = (
        json.dumps({"sha256": own, "path": path, "crc": crc(own, path)}) + "\n"
        for own, path in kept
    )
    write_atomically(store / NAMES, "".join(lines).encode())
