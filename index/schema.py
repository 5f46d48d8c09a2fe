"""The store's database schema and its version."""

VERSION = 4

# A row for each time that a reader judged an answer; what it names may be removed from the store.
_FEEDBACK = """
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    question TEXT NOT NULL,
    verdict TEXT NOT NULL,
    filing TEXT,
    number TEXT,
    decision TEXT,
    confidence REAL,
    at TEXT NOT NULL
) STRICT;
"""

SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE filings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL UNIQUE,
    format TEXT NOT NULL,
    title TEXT NOT NULL,
    company TEXT NOT NULL,
    code TEXT,
    exchange TEXT,
    activity_types TEXT NOT NULL,
    activity_date TEXT,
    filed_date TEXT,
    place TEXT NOT NULL,
    participants TEXT NOT NULL,
    hosts TEXT NOT NULL,
    pages INTEGER,
    short_name TEXT NOT NULL,
    recognised INTEGER NOT NULL,
    text BLOB NOT NULL,
    warnings TEXT NOT NULL,
    added_at TEXT NOT NULL
) STRICT;

-- Ids are never used again, so that an index can tell by ids alone what it lacks.
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    filing_id INTEGER NOT NULL REFERENCES filings ON DELETE CASCADE,
    number TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    question_spans TEXT NOT NULL,
    answer_spans TEXT NOT NULL,
    pages TEXT NOT NULL,
    boxes TEXT NOT NULL
) STRICT;
CREATE INDEX pairs_of_filing ON pairs (filing_id);

CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    pair_id INTEGER NOT NULL REFERENCES pairs ON DELETE CASCADE,
    start INTEGER NOT NULL,
    length INTEGER NOT NULL,
    vector BLOB NOT NULL
) STRICT;
CREATE INDEX passages_of_pair ON passages (pair_id);
{_FEEDBACK}"""

# What brings a database of a version to the next one.
MIGRATIONS = {
    1: "ALTER TABLE filings ADD COLUMN short_name TEXT NOT NULL DEFAULT ''",
    2: "ALTER TABLE filings ADD COLUMN recognised INTEGER NOT NULL DEFAULT 0",
    3: _FEEDBACK,
}
