"""Everything that Yuanda raises on purpose.

YuandaError
├── ReadError          a file can't be read as a filing; names the file and the cure
│   └── ScannedError   its pages are pictures, to be recognised first
├── ModelError         an embedding model can't be loaded, or is not the store's
├── StoreError         a store can't be opened or written
├── FetchError         an announcement, or a list of them, can't be had from the site
│   └── PassingError   but may be another time
└── CallError          the call itself is wrong (an unknown option value, a bad date)
"""

from __future__ import annotations


class YuandaError(Exception):
    """Base of all errors that are meant for the user; ``str()`` is a full sentence."""


class ReadError(YuandaError):
    """A file can't be read as a filing. ``reason`` says why and what helps."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)  # both, so that it can pass between processes
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class ScannedError(ReadError):
    """A PDF whose pages are pictures without text."""

    def __init__(self, path: str, reason: str = "") -> None:
        super().__init__(
            path,
            reason
            or "a scanned PDF without a text layer; Yuanda recognises it where its extra `ocr` is "
            "installed: pip install 'yuanda[ocr]' (from a checkout: pip install '.[ocr]')",
        )


class ModelError(YuandaError):
    """An embedding model can't be loaded, or is not the one a store was built with."""


class StoreError(YuandaError):
    """A store can't be opened or written."""


class FetchError(YuandaError):
    """An announcement, or a list of them, can't be had from the disclosure site."""


class PassingError(FetchError):
    """What may go well another time; ``after`` is how many seconds the site asks to wait."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class CallError(YuandaError):
    """The call itself is wrong."""
