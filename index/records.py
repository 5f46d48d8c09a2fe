"""Frozen records that pass between the stages.

Offsets are character offsets into a filing's extracted text (``Document.text``); page
numbers are 1-based; boxes are in PDF points from the page's top left corner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Format = Literal["pdf", "docx", "html", "text", "xlsx", "csv"]
PartKind = Literal["head", "context", "question", "answer", "mark", "furniture", "rest"]
Exchange = Literal["SSE", "SZSE", "BSE"]
LeftOutKind = Literal[
    "furniture", "watermark", "invisible", "struck out",
    "deleted", "footnote", "equation", "picture", "object",
]  # fmt: skip


class Span(NamedTuple):
    """A half-open range of characters in a filing's extracted text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in PDF points from the page's top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Filing:
    """One disclosed document and what its head says of it.

    ``recognised``: its text was read off pictures of its pages, so that it isn't verbatim.
    ``former_names`` are those that it says its company had.
    """

    path: str
    sha256: str
    format: Format
    title: str = ""
    company: str = ""
    code: str | None = None
    exchange: Exchange | None = None
    activity_types: tuple[str, ...] = ()
    activity_date: str | None = None
    filed_date: str | None = None
    place: str = ""
    participants: str = ""
    hosts: str = ""
    pages: int | None = None
    short_name: str = ""
    recognised: bool = False
    former_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What stands amid a pair and isn't quoted, and what it was taken for."""

    kind: LeftOutKind
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table in an answer: where in the answer it stands, and its cells row by row."""

    start: int
    end: int
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One question with its official answer, as filed.

    ``question`` and ``answer`` are ``assemble(text, question_spans)`` and
    ``assemble(text, answer_spans)`` of the filing's extracted text; ``start`` and ``end``
    bound the whole pair there, marks included. ``session``: the heading of the session that its
    number counts in, as filed, where a filing has several; ``left_out``: what stands between the
    question's first and the answer's last character and isn't quoted. ``company``, ``code`` and
    ``date`` are those of its own row where a sheet's rows have them (``None``: the filing's hold);
    ``short_name`` goes with them. ``tables`` are those that stand in the answer.
    """

    number: str
    question: str
    answer: str
    start: int
    end: int
    question_spans: tuple[Span, ...]
    answer_spans: tuple[Span, ...]
    pages: tuple[int, ...] = ()
    boxes: tuple[Box, ...] = ()
    session: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    company: str | None = None
    code: str | None = None
    date: str | None = None
    short_name: str | None = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a filing's text and what it is; ``pair`` counts from 0, ``None`` outside of pairs.

    ``head``: the fields at the top. ``context``: what the company says before the questions.
    ``mark``: what marks a question or an answer. ``furniture``: running titles and page numbers.
    ``rest``: what is in no pair.
    """

    kind: PartKind
    start: int
    end: int
    pair: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What a filing says outside of its questions; its place in the extracted text."""

    text: str
    start: int
    end: int
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFiling:
    """A filing read and split: its head, its pairs and the text that both are cut from.

    ``parts`` cover the text without gap or overlap; ``notes`` are what it says outside of its
    questions.
    """

    filing: Filing
    pairs: tuple[Pair, ...]
    text: str
    warnings: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a pair that is embedded.

    ``place`` is 0 for the question and counts from 1 over the pieces of the answer;
    ``start`` is the piece's offset in that part of the pair.
    """

    place: int
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a pair is read together with a question.

    ``year`` (YYYY) and ``day`` (YYYY-MM-DD) are those of its filing; ``sentences`` are its tokens
    (``index.embedding.sentences``), where they have been worked out. ``company`` is who answered
    (code, or name where it has none), ``occasion`` the filing's title and types of activity.
    """

    question: str
    answer: str
    year: str | None = None
    sentences: bytes | None = None
    day: str | None = None
    company: str = ""
    occasion: str = ""

    @property
    def text(self) -> str:
        """Question and answer."""
        return f"{self.question}\n{self.answer}"


def assemble(text: str, spans: Iterable[Span]) -> str:
    """Put the slices of ``text`` that ``spans`` name together, in order.

    Nothing is added, but for one space where a line wrap between two slices parted two
    Latin words.
    """
    out: list[str] = []
    for span in spans:
        piece = text[span.start : span.end]
        if out and piece and _latin_words(out[-1], piece):
            out.append(" ")
        if piece:
            out.append(piece)
    return "".join(out)


def slice_spans(text: str, spans: Iterable[Span], wanted: Span) -> tuple[Span, ...]:
    """What of ``spans`` gives a slice of the text that ``assemble`` makes of them."""
    found: list[Span] = []
    place, last = 0, ""
    for span in spans:
        piece = text[span.start : span.end]
        if last and piece and _latin_words(last, piece):
            place += 1
        start, end = max(wanted.start - place, 0), min(wanted.end - place, len(piece))
        if start < end:
            found.append(Span(span.start + start, span.start + end))
        place += len(piece)
        last = piece or last
    return tuple(found)


def place_in(text: str, spans: Iterable[Span], at: int) -> int:
    """Where in the text that ``assemble`` makes of ``spans`` the character at ``at`` stands."""
    place, last = 0, ""
    for span in spans:
        piece = text[span.start : span.end]
        if last and piece and _latin_words(last, piece):
            place += 1
        if at <= span.end:
            return place + max(at - span.start, 0)
        place += len(piece)
        last = piece or last
    return place


def _latin_words(left: str, right: str) -> bool:
    a, b = left[-1], right[0]
    both = a.isascii() and b.isascii() and a.isalnum() and b.isalnum()
    return both and not (a.isdigit() and b.isdigit())


@dataclass(frozen=True, slots=True)
class Filters:
    """Which filings may answer: all conditions hold, ``None`` is no condition.

    ``company`` matches a part of the company's name, ``code`` the whole security code;
    ``since`` and ``until`` (YYYY-MM-DD, both inclusive) bound the date of the activity,
    or the date of filing where the head names no other. ``as_of`` leaves out what was filed
    after that day; where no date of filing is known, the activity's counts. ``activity`` is one
    of the filing's types of activity.
    """

    company: str | None = None
    code: str | None = None
    since: str | None = None
    until: str | None = None
    as_of: str | None = None
    activity: str | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)
