"""The store's database schema and its version."""

from index.store import own_rows, pieces
from index.store.rows import LISTED_COLUMNS, PAIR_COLUMNS, SEALED_COLUMNS

VERSION = 10

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

# What the indexes are made from: vectors (float16) of each pair's passages, which are those at
# ``first_place`` and after; pairs that were removed, in that order; filings without their text.
_INDEXED = """
CREATE TABLE vectors (
    pair_id INTEGER PRIMARY KEY REFERENCES pairs ON DELETE CASCADE,
    first_place INTEGER NOT NULL,
    vectors BLOB NOT NULL
) STRICT;

CREATE TABLE removed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    pair_id INTEGER NOT NULL
) STRICT;
CREATE TRIGGER pair_removed AFTER DELETE ON pairs
BEGIN INSERT INTO removed (pair_id) VALUES (old.id); END;

CREATE INDEX filings_listed ON filings (
    company, code, short_name, activity_date, filed_date, activity_types, first_pair, pair_count
);
INSERT INTO meta VALUES ('store', lower(hex(randomblob(16))));
"""

# What a pair has of its own beside its filing; and further pieces of long texts.
_BY_ROWS = f"{own_rows.COLUMNS}{own_rows.INDEX}{pieces.TABLE}"

# Checksums of rows (``index/store/seals.py``), and where else a filing's content was found.
_SEALED = f"""
ALTER TABLE filings ADD COLUMN text_crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE filings ADD COLUMN listed_crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE filings ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE pairs ADD COLUMN said_crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pairs ADD COLUMN sentences_crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pairs ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE vectors ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feedback ADD COLUMN crc INTEGER;

CREATE TABLE places (
    path TEXT PRIMARY KEY,
    filing_id INTEGER NOT NULL REFERENCES filings ON DELETE CASCADE
) STRICT;

DROP INDEX filings_listed;
CREATE INDEX filings_listed ON filings ({", ".join(LISTED_COLUMNS)}, listed_crc);

UPDATE filings SET text_crc = crc(text), listed_crc = crc({", ".join(LISTED_COLUMNS)});
UPDATE filings SET seal = seal({", ".join(SEALED_COLUMNS)});
UPDATE pairs SET said_crc = crc(question, answer), sentences_crc = crc(sentences), seal = seal(
    (SELECT sha256 FROM filings WHERE filings.id = filing_id), {", ".join(PAIR_COLUMNS)}
);
UPDATE vectors SET crc = crc(first_place, vectors);
"""  # noqa: S608

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
    former_names TEXT NOT NULL DEFAULT '[]',
    text BLOB NOT NULL,
    warnings TEXT NOT NULL,
    added_at TEXT NOT NULL,
    first_pair INTEGER NOT NULL DEFAULT 0,
    pair_count INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Ids are never used again, so that an index can tell by ids alone what it lacks. ``sentences``:
-- see ``index/embedding/sentences.py``.
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
    boxes TEXT NOT NULL,
    session TEXT,
    left_out TEXT NOT NULL DEFAULT '[]',
    sentences BLOB
) STRICT;
CREATE INDEX pairs_of_filing ON pairs (filing_id);
{_INDEXED}{_FEEDBACK}{_BY_ROWS}{_SEALED}"""

# What brings a database of a version to the next one.
MIGRATIONS = {
    1: "ALTER TABLE filings ADD COLUMN short_name TEXT NOT NULL DEFAULT ''",
    2: "ALTER TABLE filings ADD COLUMN recognised INTEGER NOT NULL DEFAULT 0",
    3: _FEEDBACK,
    4: f"""
ALTER TABLE filings ADD COLUMN first_pair INTEGER NOT NULL DEFAULT 0;
ALTER TABLE filings ADD COLUMN pair_count INTEGER NOT NULL DEFAULT 0;
UPDATE filings SET
    first_pair = coalesce((SELECT min(id) FROM pairs WHERE filing_id = filings.id), 0),
    pair_count = (SELECT count(*) FROM pairs WHERE filing_id = filings.id);
{_INDEXED}
INSERT INTO vectors
    SELECT pair_id, min(id & 65535), halves(vector)
    FROM (SELECT id, pair_id, vector FROM passages ORDER BY id) GROUP BY pair_id;
INSERT INTO meta SELECT 'dimension', length(vector) / 4 FROM passages LIMIT 1;
DROP TABLE passages;
""",  # noqa: S608
    # Worked out whenever they are read, until ``yuanda doctor`` keeps them.
    5: "ALTER TABLE pairs ADD COLUMN sentences BLOB",
    6: """
ALTER TABLE pairs ADD COLUMN session TEXT;
ALTER TABLE pairs ADD COLUMN left_out TEXT NOT NULL DEFAULT '[]';
""",
    7: _BY_ROWS,
    8: "ALTER TABLE filings ADD COLUMN former_names TEXT NOT NULL DEFAULT '[]'",
    # Last: the seals are over all that a row has.
    9: _SEALED,
}
