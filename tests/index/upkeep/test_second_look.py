"""Another library's reading of the same file, held against the pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from index.intake.parse import parse
from index.records import LeftOut, ParsedFiling
from index.upkeep.second_look import contradiction, second_look
from tests.paths import ROOT

FILES = ROOT / "eval" / "collection" / "files" / "dev"
LOST = "（其中一次性因素约占两成）"


@pytest.fixture(scope="module")
def filing() -> tuple[Path, ParsedFiling]:
    path = sorted(FILES.glob("*.pdf"))[0]
    return path, parse(path)


def test_pairs_that_are_as_filed_are_not_contradicted(filing: tuple[Path, ParsedFiling]) -> None:
    assert filing[1].pairs
    assert second_look(*filing) == []


def pages_of(parsed: ParsedFiling) -> list[str]:
    """The pages of a filing as they would be read again, in the same order."""
    count = max(page for pair in parsed.pairs for page in pair.pages)
    return ["".join(parsed.text)] * count


@pytest.mark.parametrize("place", [0.3, 0.5, 0.8])
def test_what_the_first_reading_lost_is_told(
    filing: tuple[Path, ParsedFiling], place: float
) -> None:
    parsed = filing[1]
    pair = max(parsed.pairs, key=lambda p: len(p.answer))
    assert contradiction(pair, parsed, pages_of(parsed)) is None
    at = pair.answer_spans[0].start + int(place * (pair.end - pair.answer_spans[0].start))
    text = parsed.text[:at] + LOST + parsed.text[at:]
    told = contradiction(pair, parsed, [text] * max(pair.pages))
    assert told
    assert "其中一次性因素" in told
    # What the accounting says was left out is no contradiction.
    known = replace(pair, left_out=(*pair.left_out, LeftOut("furniture", LOST)))
    assert contradiction(known, parsed, [text] * max(pair.pages)) is None


def test_what_only_the_first_reading_has_is_told(filing: tuple[Path, ParsedFiling]) -> None:
    parsed = filing[1]
    pair = max(parsed.pairs, key=lambda p: len(p.answer))
    cut = pair.answer[40:60]
    text = parsed.text.replace("\r", "").replace("\n", "")
    assert cut in text
    told = contradiction(pair, parsed, [text.replace(cut, "", 1)] * max(pair.pages))
    assert told
    assert "nothing of" in told
