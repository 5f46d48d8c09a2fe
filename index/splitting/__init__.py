"""Split a filing's text by question. Pure: text in, spans out."""

from index.reading.document import Document
from index.splitting import pairs
from index.splitting.pairs import SplitText
from index.splitting.rows import split_rows

__all__ = ["SplitText", "split"]


def split(document: Document) -> SplitText:
    """Find head and pairs in a document; a sheet's rows need no search."""
    return split_rows(document) if document.rows else pairs.split(document)
