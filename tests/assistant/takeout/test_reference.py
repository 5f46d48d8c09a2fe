"""Citations as scholars write them, and rows of CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from assistant.cli import takeout_options
from assistant.records import Answer, Citation
from assistant.takeout.reference import FORMATS, bibtex, gbt7714
from assistant.takeout.rows import answers_csv, filings_csv
from index.records import Filing
from tests.fakes import make_pair

TODAY = date(2024, 7, 1)
ADDRESS = "https://www.example.com/a?id=1"
FILING = Filing(
    path="a.pdf",
    sha256="ab" * 32,
    format="pdf",
    title="禾木光电：投资者关系 活动记录表",
    company="禾木光电股份有限公司",
    code="309001",
    activity_date="2024-05-08",
    filed_date="2024-05-09",
)


def cited(filing: Filing = FILING, pages: tuple[int, ...] = (2, 3), answer: str = "乙") -> Citation:
    return Citation(1, 1.0, 0.9, filing, replace(make_pair("3", "甲", answer), pages=pages))


def test_gbt7714() -> None:
    first, note = gbt7714(cited(), ADDRESS, TODAY).split("\n")
    assert first == (
        "禾木光电股份有限公司. 禾木光电：投资者关系 活动记录表[R/OL]. "
        f"2024: 2-3(2024-05-09)[2024-07-01]. {ADDRESS}."
    )
    assert note == f"活动日期 2024-05-08；披露日期 2024-05-09；问题 3；SHA-256 {'ab' * 32}"
    first, _ = gbt7714(cited(pages=(2,)), None, TODAY).split("\n")
    assert first.endswith("[R]. 2024: 2.")
    bare = replace(FILING, activity_date=None, filed_date=None, company="")
    assert gbt7714(cited(bare, ()), None, TODAY).startswith(
        "佚名. 禾木光电：投资者关系 活动记录表[R].\n"
    )


def test_bibtex() -> None:
    entry = bibtex(cited(replace(FILING, title="甲_乙 & 50%{x}\\")), ADDRESS, TODAY)
    lines = entry.split("\n")
    assert lines[0] == "@techreport{309001-2024-05-09-3,"
    assert lines[-1] == "}"
    assert r"  title = {{甲\_乙 \& 50\%\{x\}\textbackslash{}}}," in lines
    assert "  pages = {2--3}," in lines
    assert f"  url = {{{ADDRESS}}}," in lines
    assert entry.count("{") - entry.count(r"\{") == entry.count("}") - entry.count(r"\}")


def test_what_was_recognised_says_so() -> None:
    scanned = cited(replace(FILING, recognised=True))
    for form in FORMATS.values():
        assert "OCR" in form(scanned, None, TODAY)


def test_the_call_offers_the_forms_that_there_are() -> None:
    assert tuple(FORMATS) == takeout_options._FORMATS


@pytest.mark.parametrize("acting", ["=1+2", "+1", "-5%", "@x", "\t=1"])
def test_no_cell_of_csv_acts(acting: str) -> None:
    answer = Answer(acting, "answer", 0.9, (cited(answer=acting),), 1.0)
    empty = Answer("甲,\n乙", "abstain", 0.0, (), 1.0)
    head, first, second = csv.reader(io.StringIO(answers_csv([answer, empty])))
    row = dict(zip(head, first, strict=True))
    assert (row["question"], row["answer"]) == (f"'{acting}", f"'{acting}")
    assert (row["number"], row["pages"], row["filed_date"]) == ("3", "2 3", "2024-05-09")
    assert dict(zip(head, second, strict=True))["question"] == "甲,\n乙"
    head, row_of = csv.reader(io.StringIO(filings_csv([(replace(FILING, title=acting), 7)])))
    told = dict(zip(head, row_of, strict=True))
    assert (told["title"], told["pairs"], told["pages"]) == (f"'{acting}", "7", "")
