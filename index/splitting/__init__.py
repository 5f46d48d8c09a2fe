"""Split a filing's text by question. Pure: text in, spans out."""

from dataclasses import replace

from index.reading.document import Document
from index.splitting import pairs
from index.splitting.attached import attached
from index.splitting.pairs import SplitText
from index.splitting.rows import split_rows, with_others

__all__ = ["SplitText", "split"]


def split(document: Document) -> SplitText:
    """Find head and pairs in a document; rows of a table need no search."""
    # Notes stand behind the text, and are told with what refers to them.
    body = replace(document, text=document.text[: document.notes]) if document.notes else document
    result = with_others(body, split_rows(body)) if body.rows else pairs.split(body)
    return attached(document, result)
