"""A proof: what was quoted, where it stands, and all that a stranger needs to look it up.

It is one JSON document. Whoever has it and the filing finds the quotation again: the filing's
SHA-256 is that of the file, and ``question`` and ``answer`` are slices of its extracted text in
order, between which only what ``left_out`` names (and white space) stands.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assistant.answering.address import address_of
from assistant.answering.answer import Assistant
from assistant.answering.stamp import stamp_of
from assistant.proof.crop import Crop, crops_of
from assistant.proof.squeezed import without_space
from assistant.records import Answer, Citation, Query
from index.records import Filing, Pair, Span
from index.store.store import Store

Proof = dict[str, Any]

VERSION = 1
# What reads files of each format: its version says how the text was extracted.
_READERS = {
    "pdf": ("pypdfium2",),
    "docx": ("python-docx", "lxml"),
    "html": ("lxml",),
    "xlsx": ("openpyxl",),
}
# How a stranger gets at the same text.
_HOW = {
    "pdf": "text of each page as PDFium gives it (FPDFText_GetText), pages joined by a line feed",
    "text": "the decoded file",
}
_HEAD = ("format", "title", "company", "code", "activity_date", "filed_date", "pages")


def proof_of(assistant: Assistant, query: Query, answer: Answer) -> Proof:
    """A proof of an answer's first citation. ``KeyError`` where its filing is gone."""
    citation = answer.citations[0]
    filing, pair = citation.filing, citation.pair
    with Store.open(assistant.folder) as store:
        stamp = stamp_of(store)
    text, copy = assistant.text(filing.sha256), assistant.original(filing)
    return {
        "proof": "yuanda",
        "version": VERSION,
        "question": answer.question,
        "confidence": round(answer.confidence, 4),
        "quotation": quotation(text, pair, recognised=filing.recognised),
        "filing": {
            "file": Path(filing.path).name,
            "sha256": filing.sha256,
            "bytes": copy.stat().st_size,
            **head(filing),
            "address": address_of(filing),
        },
        "text": {
            "sha256": digest(text),
            "characters": len(text),
            "how": _HOW.get(filing.format, "text of the document in its order"),
            "read_with": dict(_versions(_READERS.get(filing.format, ()))),
        },
        "crops": [_crop(crop) for crop in crops_of(copy, text, filing, pair)],
        "scope": _scope(assistant, query, citation, stamp),
        "made": {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "with": dict(_versions(("yuanda",))),
            "model": f"{assistant.encoder.name} {assistant.encoder.revision}",
        },
    }


def head(filing: Filing) -> dict[str, Any]:
    """What a filing's head says, as far as a proof tells of it."""
    return {name: getattr(filing, name) for name in _HEAD}


def quotation(text: str, pair: Pair, *, recognised: bool) -> dict[str, Any]:
    """A pair as slices of its filing's extracted text, and what stands between them."""
    return {
        "number": pair.number,
        "question": pair.question,
        "answer": pair.answer,
        "start": pair.start,
        "end": pair.end,
        "question_spans": [list(span) for span in pair.question_spans],
        "answer_spans": [list(span) for span in pair.answer_spans],
        "left_out": left_out(text, (*pair.question_spans, *pair.answer_spans)),
        "pages": list(pair.pages),
        "recognised": recognised,
    }


def left_out(text: str, spans: Sequence[Span]) -> list[dict[str, Any]]:
    """What stands between the first and the last character of the spans and is in none of them,
    white space aside."""
    return [
        {"start": gap.start, "end": gap.end, "text": text[gap.start : gap.end]}
        for gap in _gaps(sorted(spans))
        if without_space(text[gap.start : gap.end])
    ]


def _gaps(spans: Sequence[Span]) -> Iterator[Span]:
    at = spans[0].start if spans else 0
    for span in spans:
        if at < span.start:
            yield Span(at, span.start)
        at = max(at, span.end)


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _versions(packages: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in packages:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _crop(crop: Crop) -> dict[str, Any]:
    return {**asdict(crop), "png": base64.b64encode(crop.png).decode()}


def _scope(assistant: Assistant, query: Query, citation: Citation, stamp: str) -> dict[str, Any]:
    """What was searched, as of which day."""
    entries = assistant.entries(query.filters)
    days = [e.filing.filed_date or e.filing.activity_date for e in entries]
    own = citation.filing.filed_date or citation.filing.activity_date
    told = {name: getattr(query.filters, name) for name in query.filters.__slots__}
    return {
        "filters": {name: value for name, value in told.items() if value},
        "filings": len(entries),
        "pairs": sum(entry.pairs for entry in entries),
        "companies": len({e.filing.code or e.filing.company for e in entries}),
        "newest": max((day for day in days if day), default=None),
        "newer_of_the_company": sum(
            bool(day and own and day > own and e.filing.company == citation.filing.company)
            for day, e in zip(days, entries, strict=True)
        ),
        "stamp": stamp,
        "as_of": query.filters.as_of or datetime.now(UTC).date().isoformat(),
    }
