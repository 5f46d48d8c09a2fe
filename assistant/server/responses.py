"""The JSON documents that ``report`` makes, as types: they describe the API and the tools."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

# The standard library's can't be described by pydantic before Python 3.12.
from typing_extensions import TypedDict

from assistant.records import Decision, Reason
from index.records import Exchange, Format, LeftOutKind


class FilingDocument(TypedDict):
    """A filing's head. ``recognised``: its text was read off pictures and isn't verbatim."""

    path: str
    sha256: str
    format: Format
    title: str
    company: str
    code: str | None
    exchange: Exchange | None
    activity_types: list[str]
    activity_date: str | None
    filed_date: str | None
    place: str
    participants: str
    hosts: str
    pages: int | None
    recognised: NotRequired[Literal[True]]


class ListedFiling(FilingDocument):
    """A filing with its number of pairs."""

    pairs: int


class ListDocument(TypedDict):
    """The filings in the store."""

    filings: list[ListedFiling]


class BoxDocument(TypedDict):
    """A rectangle on a page, in PDF points from the page's top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class LeftOutDocument(TypedDict):
    """What stands amid a pair and isn't quoted, and what it was taken for."""

    kind: LeftOutKind
    text: str


class TableDocument(TypedDict):
    """A table in an answer: where in it, and its cells row by row."""

    start: int
    end: int
    rows: list[list[str]]


class PairDocument(TypedDict):
    """A question with its answer, verbatim; ``start`` and ``end`` in the extracted text.

    ``company``, ``code`` and ``date`` are those of its own row, ``null`` where the filing's hold.
    """

    number: str
    question: str
    answer: str
    start: int
    end: int
    pages: list[int]
    boxes: list[BoxDocument]
    session: str | None
    left_out: list[LeftOutDocument]
    company: str | None
    code: str | None
    date: str | None
    tables: list[TableDocument]


class NewerDocument(TypedDict):
    """Where the newest answer to the same question by the same company stands."""

    filing: FilingDocument
    number: str
    date: str


class CitationDocument(TypedDict):
    """A pair quoted verbatim. ``confidence``: the chance that it answers the question; ``newer``
    is null where it is the newest answer."""

    rank: int
    score: float
    confidence: float
    filing: FilingDocument
    pair: PairDocument
    newer: NewerDocument | None


class CompanyDocument(TypedDict):
    """A company that a question is about."""

    name: str
    code: str | None
    short_name: str


class SearchedDocument(TypedDict):
    """What was looked through in vain: filings, the newest of them of the day ``until``."""

    filings: int
    until: str | None


class AnswerDocument(TypedDict):
    """What came of a question: with "abstain" the citations are related at best, no answer, and
    ``reason`` says why. ``companies`` are those that the question is about, ``absent`` those of
    them that aren't held; ``understood`` is what a follow-up was taken to ask, ``damaged`` evidence
    that is missing, damaged or can't be read.
    """

    question: str
    decision: Decision
    confidence: float
    reason: Reason | None
    companies: list[CompanyDocument]
    absent: list[str]
    understood: str | None
    searched: SearchedDocument | None
    citations: list[CitationDocument]
    elapsed_ms: float
    damaged: NotRequired[list[str]]


class RefusedQuestion(TypedDict):
    """A question of a batch that can't be asked, and why."""

    question: str
    error: str


class BatchDocument(TypedDict):
    """What came of each question, in the order asked."""

    answers: list[AnswerDocument | RefusedQuestion]


class NoteDocument(TypedDict):
    """What a filing says outside its questions."""

    text: str
    start: int
    end: int
    pages: list[int]


class ParsedDocument(TypedDict):
    """A filing with all its pairs, and what it says outside them."""

    filing: FilingDocument
    pairs: list[PairDocument]
    warnings: list[str]
    notes: list[NoteDocument]


def served(document: Any) -> Any:
    """A document for callers elsewhere: filings go by their names, without the server's folders."""
    if isinstance(document, list):
        return [served(one) for one in document]
    if not isinstance(document, dict):
        return document
    found = {key: served(value) for key, value in document.items()}
    if "sha256" in found and isinstance(found.get("path"), str):
        found["path"] = found["path"].replace("\\", "/").rpartition("/")[2]
    return found


class HealthDocument(TypedDict):
    """What can be searched; ``sample``: the filing that ships with the program alone."""

    status: Literal["ok"]
    filings: int
    pairs: int
    sample: bool


class ReadyDocument(TypedDict):
    """Whether calls are taken on."""

    status: Literal["ok"]
