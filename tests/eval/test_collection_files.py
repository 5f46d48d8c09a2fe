"""What the committed collection promises: size, splits, and every layout and mark in each part."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import pypdfium2
import pytest

from eval.collection.assign import HERE, LEAST, Assignment, assign, read_assignments
from eval.collection.content import SPLITS, Content, read_all
from eval.collection.layouts import LAYOUTS
from eval.collection.marks import MARKS
from eval.collection.render import FILES
from eval.measuring.parsing import squeeze


@pytest.fixture(scope="module")
def filings() -> dict[str, Content]:
    return {filing.id: filing for filing in read_all(HERE / "filings")}


@pytest.fixture(scope="module")
def assignments() -> tuple[Assignment, ...]:
    return read_assignments()


def test_a_third_is_kept_aside(filings: dict[str, Content]) -> None:
    test = [filing for filing in filings.values() if filing.split == "test"]
    assert len(test) >= len(filings) / 3 - 1


def test_no_company_is_in_two_splits(filings: dict[str, Content]) -> None:
    splits = defaultdict(set)
    for filing in filings.values():
        splits[filing.company.code].add(filing.split)
    assert [code for code, found in splits.items() if len(found) > 1] == []


@pytest.mark.parametrize("what", ["layout", "mark"])
def test_each_occurs_often_enough_and_in_both_parts(
    filings: dict[str, Content], assignments: tuple[Assignment, ...], what: str
) -> None:
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for a in assignments:
        counts[filings[a.filing].split == "test"][getattr(a, what)] += 1
    for name in LAYOUTS if what == "layout" else MARKS:
        aside, seen = counts[True][name], counts[False][name]
        assert aside >= 1, name
        assert seen >= 1, name
        assert aside + seen >= LEAST, name


def test_every_filing_has_been_dealt(
    filings: dict[str, Content], assignments: tuple[Assignment, ...]
) -> None:
    assert assign(tuple(filings.values()), assignments) == assignments


def test_every_file_is_there_and_expected(
    filings: dict[str, Content], assignments: tuple[Assignment, ...]
) -> None:
    expected = set()
    for split in SPLITS:
        lines = (FILES / split / "expected.jsonl").read_text(encoding="utf-8").splitlines()
        expected |= {(split, json.loads(line)["file"]) for line in lines}
    assert expected == {(filings[a.filing].split, a.name) for a in assignments}
    there = {(path.parent.name, path.name) for path in FILES.glob("*/*") if path.suffix != ".jsonl"}
    assert there == expected
    assert sum(path.stat().st_size for path in FILES.glob("*/*")) < 8_000_000


def _expected_pdfs() -> list[dict[str, Any]]:
    lines = (FILES / "dev" / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["file"].endswith(".pdf")]


@pytest.mark.parametrize("row", _expected_pdfs(), ids=lambda row: row["file"])
def test_pdf_text_layer_holds_what_is_expected(row: dict[str, Any]) -> None:
    document = pypdfium2.PdfDocument(FILES / "dev" / row["file"])
    pages = [document[i].get_textpage().get_text_range() for i in range(len(document))]
    # PDFium gives U+FFFE for a hyphen that ends a line.
    text = squeeze("".join(pages)).replace("\ufffe", "-")
    at = 0
    for pair in row["pairs"]:
        for part in (squeeze(pair["question"]), squeeze(pair["answer"])):
            at = text.index(part[0], at)
            for char in part:  # page headers and labels may stand between, but not much
                found = text.find(char, at, at + 200)
                assert found >= 0, (row["file"], pair["number"], part[:40])
                at = found + 1
