"""What a filing says outside of its questions."""

from __future__ import annotations

import pytest

from index.reading.document import Document
from index.splitting import split
from index.splitting.notes import notes_of

HEAD = "某某股份有限公司\n投资者关系活动记录表\n时间：2025年5月12日\n主要内容介绍：\n"
TALK = "公司董事会秘书介绍了上半年的经营情况：收入增长15%，净利润增长20%。"
REMARK = "接待过程中，公司与投资者进行了充分的交流，没有出现未公开重大信息泄露的情况。"
ASKED = "1、公司产能如何？\n答：产能充足。\n2、公司分红吗？\n答：公司会分红的。\n"


def notes(body: str) -> list[str]:
    document = Document(HEAD + body, "docx")
    found = notes_of(document.text, split(document).parts)
    assert all(document.text[note.start : note.end] == note.text for note in found)
    return [note.text for note in found]


@pytest.mark.parametrize("talk", [TALK, f"一、公司介绍\n{TALK}", f"{TALK}\n{TALK}"])
def test_what_is_said_before_the_questions(talk: str) -> None:
    assert notes(f"{talk}\n{ASKED}") == [talk]


@pytest.mark.parametrize(
    "row", ["", "附件清单（如有） 无\n日期 2025年5月12日\n", "附\n件清单\n无\n"]
)
def test_remarks_behind_the_questions_without_the_forms_rows(row: str) -> None:
    assert notes(f"{ASKED}{REMARK}\n{row}") == [REMARK]


def test_nothing_is_said_outside_of_the_questions() -> None:
    assert notes(ASKED) == []
    assert notes(f"{ASKED}附件清单（如有） 无\n日期 2025年5月12日\n") == []


def test_a_record_without_a_question_is_all_note() -> None:
    document = Document(f"{HEAD}{TALK}\n", "docx")
    result = split(document)
    assert result.pairs == ()
    assert "no question with an answer found" in result.warnings
    assert TALK in "".join(note.text for note in notes_of(document.text, result.parts))
