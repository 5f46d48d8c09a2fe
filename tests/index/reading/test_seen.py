"""What a reader of the page can't see isn't quoted; what it can see, is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from index.intake.parse import parse
from index.records import ParsedFiling

FONT = "STSong-Light"
LINES = (
    "江南星河精密股份有限公司",
    "投资者关系活动记录表",
    "1、公司的负债率是多少？",
    "答：资产负债率为35%。",
    "2、公司的员工人数是多少？",
    "答：截至2024年末员工1,850人。",
)
TOP, STEP = 740, 20
Draw = Callable[[Canvas], None]


def filing(tmp_path: Path, *pages: tuple[str, ...], before: Draw, after: Draw) -> ParsedFiling:
    """A filing with lines on each page, and what is drawn on it before and after them."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(600, 800))
    for lines in pages:
        canvas.setFont(FONT, 12)
        before(canvas)
        canvas.setFont(FONT, 12)
        canvas.setFillGray(0)
        for line, said in enumerate(lines):
            canvas.drawString(60, TOP - STEP * line, said)
        after(canvas)
        canvas.showPage()
    canvas.save()
    path = tmp_path / "filing.pdf"
    path.write_bytes(out.getvalue())
    return parse(path)


def nothing(_: Canvas) -> None:
    pass


def said_at(line: float, said: str, **options: object) -> Draw:
    """Draws a text at a line; ``mode`` and ``grey``, ``size``, ``x`` and ``turn`` as given."""

    def draw(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.setFillGray(options.get("grey", 0))
        canvas.translate(options.get("x", 60), TOP - STEP * line)
        canvas.rotate(options.get("turn", 0))
        text = canvas.beginText(0, 0)
        text.setFont(FONT, options.get("size", 12))
        text.setTextRenderMode(options.get("mode", 0))
        text.textOut(said)
        canvas.drawText(text)
        canvas.restoreState()

    return draw


@pytest.mark.parametrize(
    "draw",
    [
        said_at(4.5, "更正为99%。", mode=3),
        said_at(6, "更正为99%。", grey=1),
        said_at(4, "更正为99%。", grey=0.98, x=300),
        said_at(6, "更正为99%。", size=1),
        said_at(4, "更正为99%。", size=0.5, x=300),
        said_at(60, "更正为99%。"),
        said_at(6, "更正为99%。", x=700),
        said_at(6, "更正为99%。", turn=30),
    ],
    ids=["mode", "white", "nearly", "tiny", "tiny-amid", "below", "beside", "slanted"],
)
def test_what_is_not_seen_is_not_quoted(tmp_path: Path, draw: Draw) -> None:
    for order in ({"before": draw, "after": nothing}, {"before": nothing, "after": draw}):
        parsed = filing(tmp_path, LINES, **order)
        assert [pair.answer for pair in parsed.pairs] == [
            "资产负债率为35%。",
            "截至2024年末员工1,850人。",
        ]


def test_what_is_left_out_amid_a_pair_is_told(tmp_path: Path) -> None:
    hidden = said_at(3.5, "更正为99%。", mode=3)

    def after(canvas: Canvas) -> None:
        hidden(canvas)
        canvas.drawString(60, TOP - STEP * 6, "另有外包人员300人。")

    parsed = filing(tmp_path, (*LINES[:3], "答：截至年末"), before=nothing, after=after)
    (pair,) = parsed.pairs
    assert "".join(pair.answer.split()) == "截至年末另有外包人员300人。"
    assert [(left.kind, left.text) for left in pair.left_out] == [("invisible", "更正为99%。")]


@pytest.mark.parametrize("grey", [1, 0.5])
def test_covered_text_is_not_seen(tmp_path: Path, grey: float) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, TOP - STEP * 6, "更正为99%。")
        canvas.setFillGray(grey)
        canvas.rect(50, TOP - STEP * 6 - 5, 200, 18, stroke=0, fill=1)

    parsed = filing(tmp_path, LINES, before=nothing, after=draw)
    assert parsed.pairs[-1].answer == "截至2024年末员工1,850人。"


def test_white_letters_on_a_dark_ground_are_seen(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFillGray(0.1)
        canvas.rect(50, TOP - STEP * 6 - 5, 300, 18, stroke=0, fill=1)
        canvas.setFillGray(1)
        canvas.drawString(60, TOP - STEP * 6, "其中研发人员占三成。")

    parsed = filing(tmp_path, LINES, before=nothing, after=draw)
    assert "其中研发人员占三成。" in parsed.pairs[-1].answer


@pytest.mark.parametrize("frame", [True, False])
def test_text_in_a_shaded_cell_is_seen(tmp_path: Path, frame: bool) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFillGray(0.9)
        canvas.rect(50, 500, 400, 260, stroke=1, fill=1)

    def after(canvas: Canvas) -> None:
        if frame:
            canvas.rect(50, 500, 400, 260, stroke=1, fill=0)

    parsed = filing(tmp_path, LINES, before=draw, after=after)
    assert parsed.pairs[0].answer == "资产负债率为35%。"


@pytest.mark.parametrize(
    "draw",
    [
        said_at(3.5, "内部资料 请勿外传", grey=0.85, size=40, turn=45),
        said_at(3.5, "内部资料 请勿外传", grey=0.8, size=30),
        said_at(3.4, "仅供参考", grey=0.75, x=250),
        said_at(8, "某某证券研究所", turn=315),
    ],
    ids=["slanted", "large", "pale-on-all-pages", "dark"],
)
def test_watermarks_are_no_part_of_an_answer(tmp_path: Path, draw: Draw) -> None:
    second = ("3、公司有回购计划吗？", "答：公司目前没有回购计划，如有", "将及时公告。")
    for order in ({"before": draw, "after": nothing}, {"before": nothing, "after": draw}):
        parsed = filing(tmp_path, LINES, second, **order)
        assert ["".join(pair.answer.split()) for pair in parsed.pairs] == [
            "资产负债率为35%。",
            "截至2024年末员工1,850人。",
            "公司目前没有回购计划，如有将及时公告。",
        ]


def test_grey_text_is_text(tmp_path: Path) -> None:
    parsed = filing(
        tmp_path, LINES, before=nothing, after=said_at(6, "其中研发人员占三成。", grey=0.65)
    )
    assert "其中研发人员占三成。" in parsed.pairs[-1].answer


@pytest.mark.parametrize(
    ("rise", "size", "shown"), [(5, 7, "10⁵"), (-3, 7, "10₅"), (0, 12, "105"), (0, 9, "105")]
)
def test_raised_and_lowered_digits(tmp_path: Path, rise: float, size: float, shown: str) -> None:
    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(60, TOP - STEP * 6)
        text.setFont(FONT, 12)
        text.textOut("减排3×10")
        text.setFont(FONT, size)
        text.setRise(rise)
        text.textOut("5")
        text.setRise(0)
        text.setFont(FONT, 12)
        text.textOut("吨。")
        canvas.drawText(text)

    parsed = filing(tmp_path, LINES, before=nothing, after=draw)
    assert f"减排3×{shown}吨。" in parsed.pairs[-1].answer


@pytest.mark.parametrize(("left", "gutter"), [(60, 60), (40, 30)])
def test_columns_of_questions_are_read_one_after_the_other(
    tmp_path: Path, left: float, gutter: float
) -> None:
    first = ("1、今年的资本开支计划是多少？", "答：约2.5亿元，主要用于二期", "厂房建设和设备购置。")
    second = ("2、海外收入占比是多少？", "答：海外收入占比约38%，", "较上年提升4个百分点。")

    def draw(canvas: Canvas) -> None:
        for line, (one, other) in enumerate(zip(first, second, strict=True)):
            canvas.drawString(left, 600 - STEP * line, one)
            canvas.drawString(left + 190 + gutter, 600 - STEP * line, other)

    parsed = filing(tmp_path, LINES[:2], before=nothing, after=draw)
    assert ["".join(pair.answer.split()) for pair in parsed.pairs] == [
        "约2.5亿元，主要用于二期厂房建设和设备购置。",
        "海外收入占比约38%，较上年提升4个百分点。",
    ]
    # Each box is in its own column.
    middle = left + 190 + gutter / 2
    for pair, on_the_left in zip(parsed.pairs, (True, False), strict=True):
        assert all((box.x1 < middle) == on_the_left for box in pair.boxes)


@pytest.mark.parametrize("value", ["RMB 250 million.", ""])
def test_what_is_filled_in_in_a_form_is_read(tmp_path: Path, value: str) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 600, "1、资本开支计划是多少？")
        canvas.drawString(60, 580, "答：")
        canvas.acroForm.textfield(
            value=value, x=90, y=555, width=300, height=18, fontName="Helvetica"
        )
        canvas.setFont(FONT, 12)
        canvas.drawString(60, 530, "2、员工人数是多少？")
        canvas.drawString(60, 510, "答：1,850人。")

    parsed = filing(tmp_path, LINES[:2], before=nothing, after=draw)
    answers = [pair.answer for pair in parsed.pairs]
    assert answers == ([value, "1,850人。"] if value else ["1,850人。"])
    assert any("has no answer" in warning for warning in parsed.warnings) == (not value)
