"""Split a filing's text by question. Pure: text in, spans out."""

from index.splitting.pairs import SplitText, split

__all__ = ["SplitText", "split"]
