"""Text in the encoding that it is in, told by its characters where nothing else tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import ReadError
from index.intake.parse import parse
from index.reading import read

SIMPLIFIED = "问：公司今年的资本开支计划是多少？\n答：约2.5亿元，主要用于苏州二期厂房。\n"
TRADITIONAL = "問：公司今年的資本開支計劃是多少？\n答：約2.5億元，主要用於蘇州二期廠房。\n"
HONG_KONG = "問：嘅喺咗啲？公司有否派發股息？\n答：公司會於六月派發，請留意公告。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gb2312"),
        (TRADITIONAL, "gb18030"),  # GBK has Traditional characters, too
        (TRADITIONAL, "big5"),
        (TRADITIONAL.replace("2.5", "€2.5"), "cp950"),
        (HONG_KONG, "big5hkscs"),
        (SIMPLIFIED, "utf-16-le"),
        (TRADITIONAL, "utf-16-be"),
    ],
)
def test_the_encoding_is_told_by_the_characters(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert read(path).text == text


def test_big5_in_a_page_and_in_a_sheet(tmp_path: Path) -> None:
    page, sheet = tmp_path / "a.html", tmp_path / "a.csv"
    page.write_bytes(f"<html><body><p>{TRADITIONAL}</p></body></html>".encode("big5"))
    assert "資本開支計劃" in read(page).text
    sheet.write_bytes("問題,回覆\n何時派息？,六月。\n會否回購？,不會。\n".encode("big5"))
    assert [p.answer for p in parse(sheet).pairs] == ["六月。", "不會。"]


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_a_nul_costs_its_character_and_a_warning(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = "问题,回复\n" + "".join(f"第{i}季度毛利率是多少？,约30%。\n" for i in range(40))
    path.write_bytes(rows.replace("约30%", "约3\x000%", 1).encode())
    parsed = parse(path)
    assert len(parsed.pairs) == 40
    assert parsed.pairs[0].answer == "约3\ufffd0%。"
    assert parsed.warnings[0] == "1 character that can't be read (U+FFFD)"


def test_many_nuls_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(range(256)) * 4 + b"\0" * 99)
    with pytest.raises(ReadError, match="not a text file"):
        read(path)
