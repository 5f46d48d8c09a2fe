"""Extracted texts in pieces, so that what a quote is proved from can be read of a long one alone.

The first piece of a text stands in its filing's row, further ones in ``text_pieces``.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

from index.errors import StoreError
from index.store.rows import CURE
from index.store.seals import crc

# Characters of a piece: a filing is one or a few, a sheet of thousands of rows some hundred.
PIECE = 1 << 13

TABLE = """
CREATE TABLE text_pieces (
    filing_id INTEGER NOT NULL REFERENCES filings ON DELETE CASCADE,
    start INTEGER NOT NULL,
    text BLOB NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (filing_id, start)
) STRICT;
"""


def packed(text: str) -> bytes:
    """A piece as it is kept."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def keep_further(connection: sqlite3.Connection, filing: int, text: str) -> None:
    """Keep all pieces of a text but the first."""
    rows = (
        (filing, start, piece, crc(piece))
        for start in range(PIECE, len(text), PIECE)
        for piece in (packed(text[start : start + PIECE]),)
    )
    connection.executemany("INSERT INTO text_pieces VALUES (?, ?, ?, ?)", rows)


def whole(connection: sqlite3.Connection, filing: int) -> str:
    """A filing's text; ``StoreError`` where it is damaged."""
    pieces = _pieces(connection, filing, PIECE, None)
    return _first(connection, filing) + "".join(text for _, text in pieces)


def around(connection: sqlite3.Connection, filing: int, start: int, end: int) -> tuple[str, int]:
    """The pieces of a filing's text that have the characters from ``start`` to ``end``, and where
    they begin; ``StoreError`` where they are damaged."""
    found = list(_pieces(connection, filing, start, end))
    if not found or found[0][0] > start:
        found.insert(0, (0, _first(connection, filing)))
    return "".join(text for _, text in found), found[0][0]


def _first(connection: sqlite3.Connection, filing: int) -> str:
    text, own = connection.execute(
        "SELECT text, text_crc FROM filings WHERE id = ?", (filing,)
    ).fetchone()
    return _sound(text, own)


def _sound(piece: Any, own: int) -> str:
    if not isinstance(piece, bytes) or crc(piece) != own:
        raise StoreError(f"its extracted text was changed; {CURE}")
    return zlib.decompress(piece).decode("utf-8", "surrogatepass")


def _pieces(
    connection: sqlite3.Connection, filing: int, start: int, end: int | None
) -> Iterator[tuple[int, str]]:
    """Further pieces with the characters from ``start`` to ``end``, with where each begins."""
    rows = connection.execute(
        "SELECT start, text, crc FROM text_pieces WHERE filing_id = ?"
        " AND start > ? AND start < coalesce(?, start + 1) ORDER BY start",
        (filing, start - PIECE, end),
    )
    for place, piece, own in rows:
        yield place, _sound(piece, own)
