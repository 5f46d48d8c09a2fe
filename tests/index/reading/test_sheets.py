"""Sheets of the question platforms: XLSX and CSV to pairs and head."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from index.errors import ReadError
from index.intake import build
from index.intake.parse import parse
from index.reading.columns import COLUMNS, columns_of
from index.records import ParsedFiling, assemble
from index.splitting.rows import code_of
from index.store.store import Store
from index.upkeep.verify import verify
from tests.fakes import FakeEncoder

HEADER = ["序号", "证券代码", "证券简称", "提问内容", "提问时间", "回复内容", "回复时间"]
ROWS: list[list[Any]] = [
    [1, "002415", "云岫科技", "毛利率是多少？", "2024-05-14", "约30%。\n\n较上年持平。",
     "2024-05-16"],
    [2, "002415", "云岫科技", "何时分红？", "2024-05-13", "7月，派现1,200万元，称“特别”。",
     "2024-05-15"],
]  # fmt: skip


def xlsx(path: Path, rows: Sequence[Sequence[Any]], merge: str = "") -> Path:
    """A workbook of one sheet."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    if merge:
        sheet.merge_cells(merge)
    book.save(path)
    return path


def csv_text(rows: Sequence[Sequence[Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def told(parsed: ParsedFiling) -> list[tuple[str, str, str]]:
    """The pairs, proved against the text; the parts must cover it."""
    for pair in parsed.pairs:
        assert pair.question == assemble(parsed.text, pair.question_spans)
        assert pair.answer == assemble(parsed.text, pair.answer_spans)
        spans = (*pair.question_spans, *pair.answer_spans)
        assert all(pair.start <= span.start < span.end <= pair.end for span in spans)
    ends = [0, *(part.end for part in parsed.parts)]
    assert [part.start for part in parsed.parts] == ends[:-1]
    assert ends[-1] == len(parsed.text)
    return [(pair.number, pair.question, pair.answer) for pair in parsed.pairs]


EXPECTED = [
    ("1", "毛利率是多少？", "约30%。\n较上年持平。"),
    ("2", "何时分红？", "7月，派现1,200万元，称“特别”。"),
]


def test_an_xlsx_below_merged_titles(tmp_path: Path) -> None:
    titles = [["云岫科技投资者互动平台问答情况"], [None, "单位：条"], []]
    parsed = parse(xlsx(tmp_path / "a.xlsx", [*titles, HEADER, *ROWS], merge="A1:G1"))
    assert told(parsed) == EXPECTED
    filing = parsed.filing
    assert filing.format == "xlsx"
    assert filing.title == "云岫科技投资者互动平台问答情况"
    assert (filing.company, filing.code, filing.exchange) == ("云岫科技", "002415", "SZSE")
    assert filing.activity_date == "2024-05-16"
    assert parsed.warnings == ()
    assert [part.kind for part in parsed.parts][:2] == ["head", "mark"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
def test_a_csv_is_told_by_its_header_row(
    tmp_path: Path, name: str, encoding: str, delimiter: str
) -> None:
    path = tmp_path / name
    path.write_bytes(csv_text([HEADER, *ROWS], delimiter).encode(encoding))
    parsed = parse(path)
    assert parsed.filing.format == "csv"
    assert told(parsed) == EXPECTED
    assert parsed.filing.code == "002415"


def test_quotes_and_line_breaks_in_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('sep=,\r\n问题,回答\r\n"a,""b""\r\n？","一\r\n二 "\r\n'.encode())
    assert told(parse(path)) == [("1", 'a,"b"\n？', "一\n二")]


def test_a_question_without_an_answer_is_a_warning(tmp_path: Path) -> None:
    rows = [["问题", "回答", "回复时间"], ["甲？", None, None], ["乙？", "是。", None],
            ["丙？", "暂未回复", None], [None, "否。", None]]  # fmt: skip
    parsed = parse(xlsx(tmp_path / "a.xlsx", rows))
    assert told(parsed) == [("1", "乙？", "是。")]
    assert parsed.warnings == (
        "2 questions without an answer left out",
        "1 answer without a question left out",
    )
    assert "context" not in {part.kind for part in parsed.parts}
    bare = parse(xlsx(tmp_path / "b.xlsx", rows[:2]))
    assert bare.pairs == ()
    assert bare.warnings[0] == "no question with an answer found"


def test_numbers_dates_and_breaks_as_a_spreadsheet_has_them(tmp_path: Path) -> None:
    rows = [
        ["编号", "股票代码", "公司名称", "提问", "提问时间", "回复", "答复时间"],
        [7.0, 2415, "云岫科技股份有限公司", "甲？", date(2024, 5, 1), "一_x000D_\n二", None],
        [8, 2415.0, "云岫科技股份有限公司", 1.5, None, True, datetime(2024, 5, 3, 9, 30)],
    ]
    parsed = parse(xlsx(tmp_path / "a.xlsx", rows))
    assert told(parsed) == [("7", "甲？", "一\n二"), ("8", "1.5", "TRUE")]
    assert "2024-05-01\t一\n二\n8\t" in parsed.text
    assert "2024-05-03 9:30:00" in parsed.text
    filing = parsed.filing
    assert (filing.company, filing.code) == ("云岫科技股份有限公司", "002415")
    assert filing.activity_date == "2024-05-03"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("002415", "002415"), ("2415", "002415"), ("2415.0", "002415"), ("SZ002415", "002415"),
        ("600519.SH", "600519"), ('="000001"', "000001"), ("'000001", "000001"), ("1", "000001"),
        ("00700", None), ("AAPL", None), ("1234567", None), ("", None),
    ],
)  # fmt: skip
def test_codes(cell: str, code: str | None) -> None:
    assert code_of(cell) == code


def test_rows_of_several_companies_have_their_own(tmp_path: Path) -> None:
    rows = [["公司代码", "公司简称", "问题", "回答"], [600519, "甲", "一？", "是。"],
            [601318, "乙", "二？", "否。"]]  # fmt: skip
    parsed = parse(xlsx(tmp_path / "a.xlsx", rows))
    assert len(parsed.pairs) == 2
    filing = parsed.filing
    assert (filing.company, filing.code, filing.exchange) == ("", None, "SSE")
    assert [(p.company, p.code) for p in parsed.pairs] == [("甲", "600519"), ("乙", "601318")]


def test_all_visible_sheets_and_repeated_headers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = Workbook()
    book.worksheets[0].append(["说明：以下为本月问答"])
    for name, state in (("一", "visible"), ("二", "visible"), ("三", "hidden")):
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in (["问题", "回答"], [f"{name}甲？", "是。"], ["回答", "问题"], ["否。", "乙？"]):
            sheet.append(row)
    book.save(path)
    assert told(parse(path)) == [
        ("1", "一甲？", "是。"),
        ("2", "乙？", "否。"),
        ("3", "二甲？", "是。"),
        ("4", "乙？", "否。"),
    ]


def test_columns() -> None:
    assert columns_of(["回复", "回复内容 ", "提问人", "问 题（必填）：", "NO."]) == {
        "answer": 1, "question": 3, "asker": 2, "number": 4,
    }  # fmt: skip
    assert columns_of(["问题", "时间"]) is None
    names = [name for known in COLUMNS.values() for name in known]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("股票,价格\n甲,1\n", "name them in a header row"),
        ("问题,回答\n", "no question below"),
        ("问题,回答,时间\n甲？,营收1,200万元,2024-05-01\n", "line 2 has 4 cells"),
        ("序号,问题,回答\n1,甲？,一\n二\n", "line 3 has 1 cells"),
        ('问题,回答\n"甲"乙？,是。\n', "quotes"),
        ('问题,回答\n甲？,"是。\n', "quotes"),
    ],
)
def test_a_csv_that_would_cut_answers_is_refused(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ReadError, match=word):
        parse(path)
    # By its content alone it is no sheet.
    assert parse(path.rename(tmp_path / "a.txt")).filing.format == "text"


def test_html_named_csv_is_html(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "<table><tr><td>问题1：甲？</td></tr><tr><td>回答：是。</td></tr></table>", "utf-8"
    )
    assert parse(path).filing.format == "html"


def test_xlsx_without_columns_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [["股票", "价格"], ["甲", 1]])
    with pytest.raises(ReadError, match="name them in a header row"):
        parse(path)
    with pytest.raises(ReadError, match="name them"):
        parse(xlsx(tmp_path / "b.xlsx", []))


def test_an_xlsx_is_told_by_its_content(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS]).rename(tmp_path / "a.pdf")
    assert parse(path).filing.format == "xlsx"


def repack(path: Path, name: str, content: bytes) -> Path:
    """The same archive with one member's content changed."""
    with zipfile.ZipFile(path) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, old in members.items():
            archive.writestr(entry, content if entry == name else old)
    return path


SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "damaged"),
        (b"<worksheet", "damaged"),
        (b"0" * (300 << 20), "unpacks to"),
        (
            f'<worksheet xmlns="{_MAIN}"><sheetData><row r="99999999999"><c r="A1"/></row>'
            "</sheetData></worksheet>".encode(),
            "too many rows",
        ),
    ],
    ids=["empty", "torn", "bomb", "far row"],
)
def test_a_broken_xlsx_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    path = repack(xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS]), SHEET, content)
    with pytest.raises(ReadError, match=word):
        parse(path)


def test_damage_anywhere_is_a_read_error_or_harmless(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS])
    with zipfile.ZipFile(good) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path, rng, refused = tmp_path / "b.xlsx", random.Random(5), 0
    for _ in range(60):
        name = rng.choice(list(members))
        bad = bytearray(members[name])
        for _ in range(rng.randrange(1, 6)):
            bad[rng.randrange(len(bad))] = rng.randrange(32, 127)
        path.write_bytes(good.read_bytes())
        try:
            told(parse(repack(path, name, bytes(bad))))
        except ReadError:
            refused += 1
    path.write_bytes(good.read_bytes()[:-30])
    with pytest.raises(ReadError, match="damaged"):
        parse(path)
    assert refused


def test_a_wrong_dimension_hides_no_rows(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS])
    with zipfile.ZipFile(path) as archive:
        content = archive.read(SHEET)
    assert b'ref="A1:G3"' in content
    repack(path, SHEET, content.replace(b'ref="A1:G3"', b'ref="A1"'))
    assert told(parse(path)) == EXPECTED


def test_added_and_verified(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    xlsx(folder / "a.xlsx", [HEADER, *ROWS])
    (folder / "b.csv").write_bytes(csv_text([HEADER, *ROWS[:1]]).encode("gb18030"))
    (folder / "~$a.xlsx").write_bytes(b"lock")
    with Store.open(tmp_path / "store", create=True) as store:
        report = build.add(store, [folder], FakeEncoder())
        assert [(row.status, row.pairs) for row in report.files] == [("added", 2), ("added", 1)]
        proof = verify(store)
        assert (proof.filings, proof.pairs, proof.failed, proof.notes) == (2, 3, (), ())
        book = load_workbook(folder / "a.xlsx")
        book.worksheets[0]["F2"] = "约40%。"
        book.save(folder / "a.xlsx")
        assert [failure.number for failure in verify(store).failed] == [None]
        assert build.add(store, [folder], FakeEncoder()).count("replaced") == 1
        assert verify(store).failed == ()


def test_rows_without_a_code_are_not_anothers(tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    file.write_text(
        "证券代码,公司简称,问题,回复\n,甲木精密,毛利率是多少？,毛利率为三成。\n"
        "309002,乙水电子,毛利率是多少？,毛利率为五成。\n,乙水电子,产能是多少？,产能为一万台。\n",
        "utf-8",
    )
    pairs = parse(file).pairs
    assert [(pair.company, pair.code) for pair in pairs][:2] == [
        ("甲木精密", None),
        ("乙水电子", "309002"),
    ]
    assert pairs[2].company == "乙水电子"
