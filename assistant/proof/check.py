"""Whether a proof holds: told by the proof and the filing alone, without a store.

Nothing that the proof says is believed: the file is hashed, read and split anew.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from assistant.proof.crop import Crop, crops_of
from assistant.proof.document import VERSION, Proof, digest, head, left_out
from assistant.proof.pages import shown
from assistant.proof.squeezed import without_space
from index.errors import CallError, ReadError
from index.files import sha256_of
from index.intake.parse import parse
from index.records import Pair, ParsedFiling, Span, assemble

ATTACHED = "proof.json"

_LARGEST = 64 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
# How far blocks of pictures of one page by two versions may differ in grey (0 to 255): on average,
# and the one that differs most.
_SAME_ON_AVERAGE, _SAME_AT_MOST = 3.0, 64
_BLOCK = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, whether it holds, and what was found."""

    what: str
    holds: bool
    detail: str = ""


def check(proof_file: Path, filing: Path) -> tuple[Finding, ...]:
    """What of a proof holds; all of it has to.

    ``ReadError`` where one of the files can't be read.
    """
    try:
        proof, text = read_proof(proof_file)
        if not filing.is_file():
            raise CallError(f"{filing}: no such file")
        return tuple(_findings(proof, text, filing))
    except OSError as error:
        raise CallError(f"{proof_file}: {error.strerror or 'can not be read'}") from None


def read_proof(path: Path) -> tuple[Proof, str | None]:
    """A proof from JSON or from its PDF, and the text that the PDF shows.

    ``ReadError`` where it is none.
    """
    if path.stat().st_size > _LARGEST:
        raise ReadError(str(path), "too large for a proof")
    content, text = path.read_bytes(), None
    if content.startswith(b"%PDF-"):
        from index.reading.attachments import attached
        from index.reading.pdf import read_pdf

        content = attached(path, ATTACHED)
        try:
            text = read_pdf(path).text
        except ReadError:  # nothing but pictures
            text = ""
    try:
        proof = json.loads(content)
    except (ValueError, RecursionError):
        raise ReadError(str(path), "no proof: neither JSON nor a PDF that holds it") from None
    if not _is_proof(proof):
        raise ReadError(str(path), f"no proof of version {VERSION}, or something lacks in it")
    return proof, text


def _is_proof(proof: Any) -> bool:
    """Whether all that is looked at is there, and of the right kind."""
    if not isinstance(proof, dict) or proof.get("proof") != "yuanda":
        return False
    q, f, t = (proof.get(name) for name in ("quotation", "filing", "text"))
    if not (isinstance(q, dict) and isinstance(f, dict) and isinstance(t, dict)):
        return False
    return (
        proof.get("version") == VERSION
        and isinstance(proof.get("question"), str)
        and all(isinstance(q.get(name), str) for name in ("number", "question", "answer"))
        and all(_are_spans(q.get(name)) for name in ("question_spans", "answer_spans"))
        and isinstance(q.get("left_out"), list)
        and isinstance(q.get("pages"), list)
        and bool(_SHA256.fullmatch(str(f.get("sha256"))))
        and isinstance(t.get("sha256"), str)
        and isinstance(proof.get("scope"), dict)
        and isinstance(proof.get("made"), dict)
        and _are_crops(proof.get("crops"))
    )


def _are_spans(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(span, list) and len(span) == 2 and all(type(edge) is int for edge in span)
        for span in value
    )


def _are_crops(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(crop, dict) and isinstance(crop.get("png"), str) for crop in value
    )


def _findings(proof: Proof, text: str | None, filing: Path) -> Iterator[Finding]:
    told = proof["quotation"]
    found = sha256_of(filing)
    same = found == proof["filing"]["sha256"]
    yield Finding("file", same, "" if same else f"another file: its SHA-256 is {found}")
    if not same:
        return
    try:
        parsed = parse(filing)
    except ReadError as error:
        yield Finding("text", False, str(error))
        return
    question, answer = (
        tuple(Span(*span) for span in told[name]) for name in ("question_spans", "answer_spans")
    )
    for name, spans in (("question", question), ("answer", answer)):
        yield _quoted(name, told[name], parsed.text, spans)
    yield _text(proof, parsed)
    between = left_out(parsed.text, (*question, *answer))
    yield Finding(
        "left_out",
        between == told["left_out"],
        "" if between == told["left_out"] else "it doesn't tell all that stands between its pieces",
    )
    yield _head(proof, parsed)
    yield _pair(told, parsed, question, answer)
    yield from _crops(proof, parsed, filing)
    if text is not None:
        yield _shown(proof, text)


def _quoted(name: str, told: str, text: str, spans: Sequence[Span]) -> Finding:
    rising = all(a.end <= b.start for a, b in pairwise(spans))
    inside = all(0 <= span.start <= span.end <= len(text) for span in spans)
    if not (rising and inside):
        return Finding(name, False, "its pieces aren't in the filing's order")
    same = assemble(text, spans) == told
    return Finding(name, same, "" if same else "not what the filing has there")


def _text(proof: Proof, parsed: ParsedFiling) -> Finding:
    """The extracted text; where another version reads it otherwise, the quote decides."""
    if digest(parsed.text) == proof["text"]["sha256"]:
        return Finding("text", True)
    told = proof["text"].get("read_with")
    return Finding("text", True, f"read otherwise beside the quote: the proof was made with {told}")


def _head(proof: Proof, parsed: ParsedFiling) -> Finding:
    read = head(parsed.filing)
    other = [name for name, value in read.items() if proof["filing"].get(name) != value]
    detail = "; ".join(f"{name} is {read[name]!r} in the filing" for name in other)
    return Finding("head", not other, detail)


def _pair(
    told: dict[str, Any], parsed: ParsedFiling, question: Sequence[Span], answer: Sequence[Span]
) -> Finding:
    """The pair as the filing is split: its number, its pages, whose answer it is."""
    for pair in parsed.pairs:
        if (pair.question_spans, pair.answer_spans) == (question, answer):
            wrong = [name for name, value in _places(pair).items() if told.get(name) != value]
            wrong += ["recognised"] * (told.get("recognised") != parsed.filing.recognised)
            detail = f"{', '.join(wrong)} differ from the filing's" if wrong else ""
            return Finding("pair", not wrong, detail)
    return Finding("pair", False, "the filing has no pair of this question and this answer")


def _places(pair: Pair) -> dict[str, Any]:
    return {
        "number": pair.number,
        "start": pair.start,
        "end": pair.end,
        "pages": list(pair.pages),
    }


def _crops(proof: Proof, parsed: ParsedFiling, filing: Path) -> Iterator[Finding]:
    told = proof["crops"]
    wanted = [Span(*span) for span in proof["quotation"]["question_spans"]]
    pair = next((p for p in parsed.pairs if list(p.question_spans) == wanted), None)
    drawn = crops_of(filing, parsed.text, parsed.filing, pair) if pair else ()
    if len(drawn) != len(told):
        yield Finding("pictures", False, f"{len(told)} instead of {len(drawn)}")
        return
    for crop, picture in zip(drawn, told, strict=True):
        same = _is_same(crop, picture)
        yield Finding(
            f"picture of page {crop.page}", same, "" if same else "not what the page shows"
        )


def _is_same(crop: Crop, told: dict[str, Any]) -> bool:
    if told.get("page") != crop.page:
        return False
    try:
        content = base64.b64decode(told["png"], validate=True)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            mine = Image.open(io.BytesIO(crop.png)).convert("L")
            if picture.size != mine.size:
                return False
            # The marks are colours; blocks forgive what two versions smooth otherwise.
            small = (max(mine.width // _BLOCK, 1), max(mine.height // _BLOCK, 1))
            theirs = picture.convert("L").resize(small)
    except (OSError, ValueError, binascii.Error, Image.DecompressionBombError, SyntaxError):
        return False
    difference = ImageStat.Stat(ImageChops.difference(mine.resize(small), theirs))
    return bool(difference.mean[0] < _SAME_ON_AVERAGE and difference.extrema[0][1] < _SAME_AT_MOST)


def _shown(proof: Proof, text: str) -> Finding:
    """Whether a PDF's pages show what its attachment says."""
    expected, found = without_space("".join(shown(proof))), without_space(text)
    # With no Chinese font at hand only pictures are shown.
    same = not found or (
        len(expected) == len(found)
        and all(b in (a, "〓") for a, b in zip(expected, found, strict=True))
    )
    return Finding("pages", same, "" if same else "the PDF shows another text than it holds")
