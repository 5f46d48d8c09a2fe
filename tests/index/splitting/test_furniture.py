"""Furniture by position, repetition, size and order together; nothing by its form alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.reading.document import Aside, Document, PlacedLine
from index.records import Pair, Span
from index.splitting import split

# Of a line of text: left and upper edge, and how high it is.
Put = tuple[str, float, float, float]
LEFT, TOP, STEP, HIGH = 60.0, 80.0, 18.0, 10.5
WIDTH, HEIGHT = 595.0, 842.0


def put(said: str, line: float, left: float = LEFT, high: float = HIGH) -> Put:
    return said, left, TOP + STEP * line, high


def body(*said: str, first: float = 0) -> list[Put]:
    return [put(line, first + i) for i, line in enumerate(said)]


def document(*pages: Sequence[Put], asides: Sequence[str] = ()) -> Document:
    """A document whose pages have lines put somewhere, in the order of the text."""
    text, starts, lines = "", [], []
    for page, placed in enumerate(pages, start=1):
        starts.append(len(text))
        for said, left, top, high in placed:
            wide = sum(high if c > "\u2e80" else high / 2 for c in said)
            at = len(text), len(text) + len(said)
            lines.append(PlacedLine(*at, page, left, top, left + wide, top + high))
            text += f"{said}\r\n"
    return Document(
        text,
        "pdf",
        tuple(starts),
        lines=tuple(lines),
        page_sizes=((WIDTH, HEIGHT),) * len(pages),
        asides=tuple(
            Aside("watermark", Span(text.index(a), text.index(a) + len(a))) for a in asides
        ),
    )


def pairs(*pages: Sequence[Put], asides: Sequence[str] = ()) -> list[Pair]:
    return list(split(document(*pages, asides=asides)).pairs)


def answers(*pages: Sequence[Put]) -> list[str]:
    return ["".join(pair.answer.split()) for pair in pairs(*pages)]


FIRST = body("1、产能如何？", "答：产能利用率")
SECOND = body("处于高位。", "2、分红吗？", "答：分红。")


@pytest.mark.parametrize(
    "heads",
    [
        ("某某股份有限公司",),
        ("某某股份有限公司", "投资者关系活动记录表", "证券代码：300001 公告编号：2025-018"),
        ("甲", "乙", "丙", "丁"),
    ],
    ids=len,
)
def test_a_running_head_of_any_number_of_lines(heads: tuple[str, ...]) -> None:
    head = [put(said, -4 + 0.6 * i, high=9) for i, said in enumerate(heads)]
    found = pairs([*head, *FIRST], [*head, *SECOND])
    assert ["".join(p.answer.split()) for p in found] == ["产能利用率处于高位。", "分红。"]
    assert [left.kind for left in found[0].left_out] == ["furniture"] * len(heads)
    assert [left.text for left in found[0].left_out] == list(heads)


@pytest.mark.parametrize("form", ["{}", "- {} -", "第 {} 页", "第 {} 页 共 2 页", "{}/2"])
def test_page_numbers_at_the_foot(form: str) -> None:
    def foot(page: int) -> Put:
        return put(form.format(page), 40, left=290)

    assert answers([*FIRST, foot(1)], [*SECOND, foot(2)]) == ["产能利用率处于高位。", "分红。"]
    # Written before the text, as Word does.
    assert answers([foot(1), *FIRST], [foot(2), *SECOND]) == ["产能利用率处于高位。", "分红。"]


@pytest.mark.parametrize("answer", ["约为45%。", "3/4", "-12-", "2025-06", "318", "暂无。", "2"])
def test_short_answers_at_the_edges_of_pages_are_text(answer: str) -> None:
    first = body("1、前五大客户占比是多少？", "答：见下页。", "2、今年的目标呢？", "答：", answer)
    second = body(answer, "3、明年呢？", "答：", answer)
    found = answers(first, second)
    assert found[1] == answer * 2
    assert found[2] == answer


def test_two_short_answers_alike_at_the_same_place_of_two_pages_stay() -> None:
    first = body("1、有并购计划吗？", "答：暂无。")
    second = body("2、有回购计划吗？", "答：暂无。")
    third = body("3、有增持计划吗？", "答：暂无。")
    assert answers(first, second, third) == ["暂无。"] * 3


def test_what_is_no_part_of_the_text_is_left_out_amid_a_line_and_told() -> None:
    page = body("1、产能如何？", "答：产能利用率内部资料处于高位。", "2、分红吗？", "答：分红。")
    found = pairs(page, asides=["内部资料"])
    assert "".join(found[0].answer.split()) == "产能利用率处于高位。"
    assert [(left.kind, left.text) for left in found[0].left_out] == [("watermark", "内部资料")]
    assert found[1].left_out == ()


@pytest.mark.parametrize(
    "said",
    ["318\n319\n320", "3/4\n2025-06\n-12-", "1\n2\n3", "第1页\n第2页", "12,345\n12,345"],
)
@pytest.mark.parametrize("kind", ["text", "docx", "html"])
def test_nothing_is_furniture_where_there_are_no_pages(said: str, kind: str) -> None:
    text = f"1、各年门店数分别是多少？\n答：依次为：\n{said}\n2、分红吗？\n答：分红。\n"
    found = split(Document(text, kind)).pairs  # type: ignore[arg-type]
    assert found[0].answer == f"依次为：\n{said}"


def test_numbers_that_count_the_pages_of_an_extracted_text_are_not_its_text() -> None:
    lines = [f"第{i}项业务进展顺利，收入和利润都有增长，公司将继续投入。" for i in range(40)]
    lines[13:13], lines[27:27] = ["1"], ["2"]
    text = "1、业务进展如何？\n答：" + "\n".join(lines) + "\n2、分红吗？\n答：分红。\n"
    answer = split(Document(text, "text")).pairs[0].answer
    assert [line for line in answer.split("\n") if line.isdecimal()] == []
