"""Text of filings on a terminal."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """Text from a filing for a terminal: what would act there, or is no text, is replaced."""
    return "".join(
        "\ufffd" if unicodedata.category(ch) in {"Cc", "Cf", "Cs"} and ch not in "\n\t" else ch
        for ch in text
    )
