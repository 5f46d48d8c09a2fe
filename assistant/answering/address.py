"""Where a filing was announced, as far as its download was recorded."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from index.records import Filing

_PROVENANCE = "provenance.jsonl"
_LARGEST = 100 << 20


def address_of(filing: Filing) -> str | None:
    """The announcement's page, else its file's address; ``None`` where it isn't on record.

    The record is what ``yuanda fetch`` writes beside what it downloads.
    """
    record = Path(filing.path).parent / _PROVENANCE
    try:
        stat = record.stat()
    except (OSError, ValueError):
        return None
    if stat.st_size > _LARGEST:
        return None
    return _addresses(record, stat.st_mtime_ns).get(filing.sha256)


@lru_cache(maxsize=64)
def _addresses(record: Path, _changed: int) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        lines = record.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(row, dict):
            continue
        address = row.get("page") or row.get("address")
        if isinstance(address, str) and address.startswith(("https://", "http://")):
            found[str(row.get("sha256"))] = address
    return found
