"""Cards show filed words exactly, and whatever a filing or a question says stays text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from assistant.answering.pages import Mark, PageView, PassageView, Run
from assistant.chat import cards
from assistant.chat.labels import LABELS, Language
from assistant.records import Answer, Citation
from index.records import Filing
from tests.fakes import make_pair

LANGUAGES: tuple[Language, ...] = ("zh", "en")
FILING = Filing(
    path="/filings/hemu.txt",
    sha256="ab" * 32,
    format="text",
    title="投资者关系活动记录表",
    company="禾木股份有限公司",
    code="309001",
    exchange="SZSE",
    activity_types=("业绩说明会",),
    activity_date="2024-05-08",
)
HOSTILE = [
    "<script>window.__pwned = 1</script>",
    "<img src=x onerror=alert(1)>",
    "</blockquote></section><script>alert(1)</script>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "[click](javascript:alert(1))",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;&amp;amp;",
    "\u202eexe.fdp\u202c",
    "<!-- <svg/onload=alert(1)>",
    "$x^2$ **bold** `code`",
]
# Characters that HTML can carry as they are.
plain_text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80)


def citation(rank: int = 1, confidence: float = 0.9, text: str = "") -> Citation:
    """``text`` goes into every field that comes from a filing."""
    pair = make_pair(str(rank), f"第{rank}问", f"第{rank}答")
    if not text:
        return Citation(rank, 1.0, confidence, FILING, pair)
    hostile = replace(
        FILING,
        path=f"/filings/{text}",
        title=text,
        company=text,
        code=text,
        exchange=text,  # type: ignore[arg-type]
        activity_types=(text,),
        activity_date=text,
        place=text,
        participants=text,
        hosts=text,
    )
    told = replace(pair, number=text, question=text, answer=text)
    return Citation(rank, 1.0, confidence, hostile, told)


def answer(*citations: Citation, decision: str = "answer", question: str = "问") -> Answer:
    confidence = citations[0].confidence if citations else 0.0
    return Answer(question, decision, confidence, citations, 1.0)  # type: ignore[arg-type]


def parsed(markup: str) -> html.HtmlElement:
    return html.fragment_fromstring(str(markup), create_parent="div")


def texts(markup: str, path: str) -> list[str]:
    return [element.text_content() for element in parsed(markup).xpath(path)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("length", [1, 700])
def test_the_answer_is_shown_word_for_word(language: Language, length: int) -> None:
    said = ("  公司 <b>毛利率</b> 为 30%，\n\n（一）同比 & 环比。 \t末尾  " * length)[: 40 * length]
    cited = citation()
    cited = replace(cited, pair=replace(cited.pair, answer=said))
    card = cards.answer_card(answer(cited), language)
    assert texts(card, "//blockquote[@class='answer']") == [said]
    assert texts(card, "//p[@class='question']") == ["第1问"]


@given(plain_text)
def test_any_answer_is_shown_word_for_word(said: str) -> None:
    cited = citation()
    card = cards.answer_card(answer(replace(cited, pair=replace(cited.pair, answer=said))), "zh")
    assert texts(card, "//blockquote") == [said]


def test_the_source_is_named() -> None:
    text = parsed(cards.answer_card(answer(citation()), "zh")).text_content()
    for part in ("禾木股份有限公司", "309001.SZSE", "2024-05-08", "业绩说明会", "hemu.txt", "90%"):
        assert part in text
    assert "ab" * 6 in text
    assert "/filings" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_abstention_quotes_nothing(language: Language) -> None:
    card = cards.answer_card(
        answer(citation(1, 0.4), citation(2, 0.9), decision="abstain"), language
    )
    assert 'class="answer"' not in card
    assert texts(card, "//blockquote") == []
    assert "第1答" not in card
    assert texts(card, "//article[contains(@class, 'none')]/h3") == [LABELS[language]["none"]]
    asked = parsed(card).xpath("//button/@data-ask")
    assert asked == ["第1问", "第2问"]


def test_an_abstention_with_nothing_near() -> None:
    card = cards.answer_card(answer(decision="abstain"), "zh")
    assert texts(card, "//button[@data-ask]") == []
    assert len(parsed(card).xpath("//article[contains(@class, 'none')]")) == 1


def test_further_pairs_are_quoted_only_where_likely() -> None:
    card = cards.answer_card(answer(citation(1), citation(2, 0.5), citation(3, 0.49)), "zh")
    assert texts(card, "//blockquote") == ["第1答", "第2答"]
    assert parsed(card).xpath("//button/@data-ask") == ["第3问"]


def every_card(text: str, language: Language) -> list[str]:
    cited = [citation(1, 0.9, text), citation(2, 0.8, text), citation(3, 0.1, text)]
    return [
        cards.answer_card(answer(*cited, question=text), language),
        cards.answer_card(answer(*cited, decision="abstain", question=text), language),
        cards.notice_card(text, LABELS[language]["long"], language),
        cards.welcome_card([text], language),
        cards.header(1, 2, text, language),
    ]


def skeleton(markup: str) -> list[tuple[str, list[str]]]:
    return [
        (str(element.tag), sorted(map(str, element.attrib))) for element in parsed(markup).iter()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str, language: Language) -> None:
    for shown, harmless in zip(every_card(text, language), every_card("甲", language), strict=True):
        assert skeleton(shown) == skeleton(harmless)
        assert text in parsed(shown).text_content()
        for element in parsed(shown).iter():
            assert element.tag not in {"script", "img", "svg", "a", "iframe"}
            names = [str(name) for name in element.attrib]
            assert not [n for n in names if n.startswith("on") or n in {"href", "src", "style"}]


@pytest.mark.parametrize("text", HOSTILE)
def test_buttons_carry_the_text_itself(text: str) -> None:
    card = cards.answer_card(answer(citation(1, 0.9, text), citation(2, 0.1, text)), "zh")
    assert parsed(card).xpath("//button/@data-ask") == [text]
    copied, _ = parsed(card).xpath("//button/@data-copy")
    assert copied.startswith(f"问：{text}\n答：{text}\n——{text}")


def test_a_quotation_in_markdown_shows_the_text_as_it_is() -> None:
    from markdown_it import MarkdownIt

    text = "- 1. [x](javascript:y) *a* _b_ `c` <b>d</b> &lt; | # e ~~f~~ $g$\n# 甲\n1. 乙\n\n+ 丙"
    _, copied = parsed(cards.answer_card(answer(citation(1, 0.9, text)), "zh")).xpath(
        "//button/@data-copy"
    )
    shown = html.fromstring(MarkdownIt("commonmark").render(copied))
    assert shown.tag == "blockquote"
    assert {str(e.tag) for e in shown.iter()} == {"blockquote", "p", "strong"}
    assert "".join(text.split()) in "".join(shown.text_content().split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_that_turns_the_line_around_is_kept_apart(text: str) -> None:
    card = parsed(cards.answer_card(answer(citation(1, 0.9, text)), "zh"))
    for path in ("//h3/bdi", "//p[@class='source']/bdi", "//span[@class='kind']/bdi"):
        assert card.xpath(path)[0].text_content() == text


def test_both_languages_say_everything() -> None:
    assert LABELS["zh"].keys() == LABELS["en"].keys()
    assert all(text for labels in LABELS.values() for text in labels.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "make",
    [
        lambda language: cards.answer_card(answer(citation(), citation(2, 0.1)), language),
        lambda language: cards.answer_card(answer(citation(), decision="abstain"), language),
        lambda language: cards.welcome_card(["问"], language),
        lambda language: cards.header(3, 40, None, language),
    ],
    ids=["answer", "abstain", "welcome", "header"],
)
def test_labels_are_in_the_language(make: Callable[[Language], str], language: Language) -> None:
    other: Language = "en" if language == "zh" else "zh"
    text = str(parsed(make(language)).text_content())
    wrong = [v for k, v in LABELS[other].items() if len(v) > 3 and v in text and "{" not in v]
    assert not wrong


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(1.0, "high"), (0.8, "high"), (0.79, "medium"), (0.5, "medium"), (0.49, "low"), (0.0, "low")],
)
def test_confidence_in_words(confidence: float, word: str) -> None:
    assert cards.confidence_word(confidence) == word


def test_a_long_question_is_cut_in_its_notice() -> None:
    text = parsed(cards.notice_card("长" * 600, "太长", "zh")).xpath("//div")[1].text_content()
    assert text == "长" * 200 + "…"


def page_of(text: str, kind: str) -> tuple[PageView | PassageView | None, Citation]:
    cited = citation(1, 0.9, text)
    if kind == "page":
        cited = replace(cited, pair=replace(cited.pair, pages=(2, 3)))
        marks = (Mark("question", 10, 20, 30, 1.5), Mark("answer", 10, 22.25, 40, 1.5))
        return PageView(2, 3, 595.3, 841.9, b"picture", marks), cited
    if kind == "passage":
        runs = (Run(None, text), Run("question", text), Run(None, "\n"), Run("answer", text))
        return PassageView(runs, before=True, after=False), cited
    return None, cited


@pytest.mark.parametrize("kind", ["page", "passage", "gone"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_on_its_page(text: str, kind: str) -> None:
    shown, harmless = (parsed(cards.page_card(*page_of(t, kind), "zh", 4)) for t in (text, "甲"))
    assert [(e.tag, sorted(e.attrib)) for e in shown.iter()] == [
        (e.tag, sorted(e.attrib)) for e in harmless.iter()
    ]
    assert text in shown.text_content()
    for path in ("//@style", "//@src", "//@href", "//@class"):
        assert shown.xpath(path) == harmless.xpath(path)


def test_a_page_is_drawn_with_its_marks() -> None:
    card = parsed(cards.page_card(*page_of("甲", "page"), "zh", 4))
    (picture,) = card.xpath("//img")
    assert base64.b64decode(picture.get("src").removeprefix("data:image/png;base64,")) == b"picture"
    assert (picture.get("width"), picture.get("height")) == ("595", "842")
    assert picture.get("alt") == "甲 · 第 2 / 3 页"
    assert [(m.get("class"), m.get("style")) for m in card.xpath("//div[@style]")] == [
        ("mark of-question", "left:10.000%;top:20.000%;width:30.000%;height:1.500%"),
        ("mark of-answer", "left:10.000%;top:22.250%;width:40.000%;height:1.500%"),
    ]
    assert card.xpath("//a/@href") == [f"filing/{FILING.sha256}.pdf#page=2"]
    buttons = {b.get("class"): dict(b.attrib) for b in card.xpath("//button[@data-page]")}
    assert [buttons[name]["data-page"] for name in ("previous", "next", "to-2", "to-3")] == list(
        "1323"
    )
    assert {(b["data-turn"], b["data-rank"]) for b in buttons.values()} == {("4", "1")}


@pytest.mark.parametrize(("page", "disabled"), [(1, "previous"), (3, "next")])
def test_there_is_no_page_beyond_the_ends(page: int, disabled: str) -> None:
    shown, cited = page_of("甲", "page")
    assert isinstance(shown, PageView)
    card = parsed(cards.page_card(replace(shown, page=page), cited, "zh"))
    assert card.xpath("//button[@disabled]/@class") == [disabled]


def test_a_passage_marks_question_and_answer() -> None:
    card = cards.page_card(*page_of("甲", "passage"), "zh")
    assert texts(card, "//p[@class='passage']") == ["…甲甲\n甲"]
    assert texts(card, "//mark[@class='of-question']") == ["甲"]
    assert texts(card, "//mark[@class='of-answer']") == ["甲"]


def test_blank_lines_of_the_layout_are_closed_up() -> None:
    gaps = ("head\n \n\n", "\n\n \n", "  ", "\n\n\n\nrest")
    runs = [run for gap in gaps for run in (Run(None, gap), Run("answer", "甲"))]
    shown = PassageView(tuple(runs), before=False, after=False)
    card = cards.page_card(shown, citation(), "zh")
    assert texts(card, "//p[@class='passage']") == ["head\n\n甲\n甲  甲\n\nrest甲"]


def test_what_is_gone_is_said_to_be() -> None:
    assert LABELS["zh"]["gone"] in cards.page_card(*page_of("甲", "gone"), "zh")


def test_each_quote_has_a_button_for_its_place() -> None:
    card = parsed(cards.answer_card(answer(citation(1), citation(2), citation(3, 0.1)), "zh", 7))
    shows = card.xpath("//button[@class='show']")
    assert [(b.get("data-turn"), b.get("data-rank")) for b in shows] == [("7", "1"), ("7", "2")]


def test_no_confidence_is_shown_as_certain() -> None:
    assert [cards.percent(share) for share in (0.0, 0.874, 0.999, 1.0)] == [
        "0%",
        "87%",
        "99%",
        "99%",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_reader_said_is_shown(language: Language) -> None:
    card = cards.answer_card(
        answer(citation(1), citation(2, 0.1)),
        language,
        3,
        judged={(3, 2): "other", (2, 1): "right"},
    )
    tree = html.fromstring(card)
    pressed = tree.xpath("//button[@aria-pressed='true']")
    assert [b.get("data-rank") for b in pressed] == ["2"]
    assert {b.get("data-turn") for b in tree.xpath("//button[@data-verdict]")} == {"3"}
    assert len(tree.xpath("//details[@open]")) == 1
    heard = [text for text in texts(card, "//*[@class='heard']") if text]
    assert heard == [LABELS[language]["thanks"]]
    unkept = cards.answer_card(answer(decision="abstain"), language, 0, judged={(0, 0): "unkept"})
    assert LABELS[language]["unkept"] in texts(unkept, "//*[@class='heard']")
