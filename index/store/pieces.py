"""Extracted texts in pieces, so that what a quote is proved from can be read of a long one alone.

The first piece of a text stands in its filing's row, further ones in ``text_pieces``.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

from index.errors import StoreError

# Characters of a piece: a filing is one, a sheet of thousands of rows some hundred.
PIECE = 1 << 16

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


def unpacked(piece: bytes) -> str:
    """A piece's characters."""
    return zlib.decompress(piece).decode("utf-8", "surrogatepass")


def keep_further(connection: sqlite3.Connection, filing: int, text: str) -> None:
    """Keep all pieces of a text but the first."""
    rows = (
        (filing, start, piece, zlib.crc32(piece))
        for start in range(PIECE, len(text), PIECE)
        for piece in (packed(text[start : start + PIECE]),)
    )
    connection.executemany("INSERT INTO text_pieces VALUES (?, ?, ?, ?)", rows)


def further(connection: sqlite3.Connection, filing: int) -> str:
    """What follows the first piece of a filing's text; ``StoreError`` where it is damaged."""
    return "".join(text for _, text in _pieces(connection, filing, 0, None))


def around(connection: sqlite3.Connection, filing: int, start: int, end: int) -> tuple[str, int]:
    """The pieces of a filing's text that have the characters from ``start`` to ``end``, and where
    they begin; ``StoreError`` where they are damaged."""
    found = list(_pieces(connection, filing, start, end))
    if not found or found[0][0] > start:
        row = connection.execute("SELECT text FROM filings WHERE id = ?", (filing,)).fetchone()
        found.insert(0, (0, unpacked(row[0])))
    return "".join(text for _, text in found), found[0][0]


def _pieces(
    connection: sqlite3.Connection, filing: int, start: int, end: int | None
) -> Iterator[tuple[int, str]]:
    """Further pieces with the characters from ``start`` to ``end``, with where each begins."""
    rows = connection.execute(
        "SELECT start, text, crc FROM text_pieces WHERE filing_id = ?"
        " AND start > ? AND start < coalesce(?, start + 1) ORDER BY start",
        (filing, start - PIECE, end),
    )
    for place, piece, crc in rows:
        if zlib.crc32(piece) != crc:
            raise StoreError(f"the extracted text of filing {filing} was changed: `yuanda verify`")
        yield place, unpacked(piece)
