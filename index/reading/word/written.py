"""The text of a Word document as it is put together, with what stands where in it."""

from __future__ import annotations

from index.reading.document import Grid, Omitted
from index.records import LeftOutKind, Span


class Written:
    """Text in pieces; ``bold``, ``omitted`` and ``grids`` have places in it."""

    def __init__(self) -> None:
        self.bold: list[Span] = []
        self.omitted: list[Omitted] = []
        self.grids: list[Grid] = []
        self.offset = 0
        # What parts the next paragraph from the one before.
        self.gap = ""
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._pieces)

    def put(self, text: str) -> None:
        """Add text."""
        if text:
            self._pieces.append(text)
            self.offset += len(text)

    def part(self, after: str = "\n") -> None:
        """Begin a paragraph; ``after`` parts the next one from it."""
        self.put(self.gap)
        self.gap = after

    def omit(self, kind: LeftOutKind, text: str) -> None:
        """Remember what isn't put here."""
        text = text.strip()
        last = self.omitted[-1] if self.omitted else None
        if last and (last.kind, last.at) == (kind, self.offset):
            # One thing that is set in several runs.
            self.omitted[-1] = Omitted(kind, last.at, last.text + text)
        else:
            self.omitted.append(Omitted(kind, self.offset, text))
