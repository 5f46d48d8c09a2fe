"""One spelling for search: exact cases, and what must hold of any text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.normalize import SHIPPED_MODEL, normalize, read_tokenizer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("請問大股東什麼時候能賣股票？", "请问大股东什么时候能卖股票?"),
        ("臺灣後來乾旱，著名", "台湾后来干旱,著名"),
        ("ＡＩＧＣ　１２．５％", "aigc 12.5%"),
        ("毛利率㊤：Ⅳ ㎡ ①", "毛利率上:iv m2 1"),
        ("ﾃｽﾄ カフェ", "テスト カフェ"),
        ("回\u200b购\ufeff", "回购"),
        ("cafe\u0301", "café"),
        ("", ""),
        ("第一行\n第二行", "第一行\n第二行"),
        ("没有要改的字", "没有要改的字"),
    ],
)
def test_exact(text: str, expected: str) -> None:
    assert normalize(text) == expected


def test_undecodable_bytes_become_question_marks() -> None:
    assert normalize("回购\udcff") == "回购?"


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, categories=["L", "N", "P"])))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_full_width_comes_out_as_half_width(text: str) -> None:
    full = "".join(chr(ord(character) + 0xFEE0) for character in text)
    assert normalize(full) == normalize(text) == text.lower()


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)))
def test_a_chinese_character_stays_one_chinese_character(text: str) -> None:
    plain = normalize(text)
    assert len(plain) == len(text)
    assert all("CJK" in unicodedata.name(character) for character in plain)


def test_no_character_of_gb2312_is_unknown_to_the_model() -> None:
    codes = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    common = "".join(code.decode("gb2312", "ignore") for code in codes)
    known = read_tokenizer(SHIPPED_MODEL).get_vocab()
    assert len(common) == 6763
    assert [character for character in common if normalize(character) not in known] == []
