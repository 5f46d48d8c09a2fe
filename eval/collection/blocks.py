"""What a layout is made of, before a writer puts it into a file format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from eval.collection.look import han

Align = Literal["left", "center", "right"]
Role = Literal["title", "heading", "body", "question", "answer", "field"]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a paragraph in one weight."""

    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. ``auto`` is the number that the file format counts by itself.

    It holds a pattern with ``{n}`` or ``{h}`` (Arabic or Chinese); the number is not in
    the runs, and formats that can't count print it as text.
    """

    runs: tuple[Run, ...]
    role: Role = "body"
    align: Align = "left"
    auto: str = ""
    ordinal: int = 0

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty line."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """Paragraphs in a floating frame, where the format has such; else in the flow."""

    blocks: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; ``widths`` are shares of the line."""

    rows: tuple[tuple[tuple[Block, ...], ...], ...]
    widths: tuple[float, ...]


Block = Paragraph | Gap | TextBox | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A filing laid out. ``header`` and ``footer`` are what every page repeats.

    ``footer`` holds ``{page}`` and ``{pages}``; either is empty for none.
    """

    title: str
    blocks: tuple[Block, ...]
    header: str = ""
    footer: str = ""


def plain(
    text: str, *, role: Role = "body", align: Align = "left", bold: bool = False
) -> Paragraph:
    """A paragraph in one weight."""
    return Paragraph((Run(text, bold),), role, align)


def paragraphs(blocks: Iterable[Block]) -> Iterator[Paragraph]:
    """Every paragraph, in reading order, out of boxes and cells as well."""
    for block in blocks:
        match block:
            case Paragraph():
                yield block
            case TextBox():
                yield from block.blocks
            case Table():
                for row in block.rows:
                    for cell in row:
                        yield from paragraphs(cell)
            case Gap():
                pass


def counted(paragraph: Paragraph) -> str:
    """The number that a format which counts by itself would show."""
    return paragraph.auto.format(n=paragraph.ordinal, h=han(paragraph.ordinal))
