"""Answers as HTML cards. Pure: records in, markup out.

Filings and questions are untrusted: all text goes through templates that escape it, and none
of it becomes an address or a script.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, Template
from markupsafe import Markup, escape

from assistant.asking import Chip
from assistant.crops import Crop
from assistant.history import Timeline, steps
from assistant.pages import AROUND, PageView, PassageView
from assistant.records import Answer, Citation
from assistant.report import RECOGNISED, quotation
from assistant.side_by_side import Column
from index.records import Span

Language = Literal["zh", "en"]

# A further pair this likely to answer stands beside the first one, open.
_ALSO = 0.5
_NOTHING = Markup()

LABELS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "tagline": "上市公司的官方答复，一字不改",
        "ask": "提问",
        "placeholder": "用平常的话提问，例如：限售股什么时候解禁？",
        "question": "公司被问到",
        "answer": "官方答复（原文）",
        "recognised": "官方答复（OCR 识别，非原文）",
        "best": "最切题的一句",
        "picture": "原件图像",
        "source": "出处",
        "number": "问题",
        "page": "页",
        "confidence": "置信度",
        "high": "高",
        "medium": "中",
        "low": "低",
        "quote": "复制引文",
        "quoted": "已复制",
        "related": "相关的已披露问答",
        "also": "也可能回答了这个问题",
        "none": "无官方答复",
        "none_why": "已披露的问答没有涵盖这个问题。原答不会自己编写答案。",
        "nearest": "最接近的已披露问题，点击可查看原文：",
        "empty": "请输入问题。",
        "long": "问题太长了，请控制在 500 字以内。",
        "welcome": "向已披露的投资者关系记录提问",
        "welcome_why": "答案只取自公司披露的原文，逐字核对后才会显示。没有答复的，会直说没有。",
        "try": "试试这些问题",
        "sample": "正在使用随程序附带的样例：",
        "holdings": "{filings} 份披露文件 · {pairs} 组问答",
        "you": "你问",
        "show_page": "看原页",
        "show_text": "看原文",
        "place": "原文所在",
        "page_of": "第 {page} / {pages} 页",
        "previous": "上一页",
        "next": "下一页",
        "pair_pages": "问答在",
        "enlarge": "放大",
        "reduce": "缩小",
        "open": "打开 PDF",
        "asked_there": "问题",
        "answered_there": "答复",
        "not_here": "问答不在这一页",
        "around": "从文件中提取的文本，问答前后各 {around} 字",
        "undrawn": "这一页画不出来，以下是提取的文本。",
        "judge": "这个答复对吗？",
        "judge_none": "确实没有答复吗？",
        "right": "对",
        "wrong": "不对",
        "should_none": "应为“无官方答复”",
        "right_none": "确实没有",
        "wrong_none": "应该有答复",
        "other": "这才是答复",
        "thanks": "谢谢，已记下。",
        "unkept": "没能记下，请稍后再试。",
        "gone": "索引库里的这份文件已被移除或损坏，无法显示。",
        "filter": "筛选",
        "companies": "公司（选两至四家可并排比较）",
        "since": "活动日期自",
        "until": "活动日期至",
        "as_of": "截至此日已披露",
        "activity": "活动类型",
        "date": "日期请写成 2024-05-31 这样。",
        "many": "最多并排比较四家公司。",
        "chip_company": "{text}",
        "chip_since": "自 {text}",
        "chip_until": "至 {text}",
        "chip_as_of": "截至 {text} 已披露",
        "chip_activity": "{text}",
        "chip_after": "接着问：{text}",
        "offer_company": "只看{text}",
        "offer_side": "并排比较：{text}",
        "offer_after": "接着上一问再问",
        "take_away": "去掉",
        "link": "复制链接",
        "contents": "本次提问（{count}）",
        "history": "同一问题的 {count} 次答复",
        "filed_on": "{day} 披露",
        "figures": "数字变化（左：{day}）",
        "is_number": "数字有变",
        "is_added": "比前一次新增",
        "is_removed": "后一次没有",
        "is_only": "只有这一次有",
    },
    "en": {
        "tagline": "Official answers of listed companies, word for word",
        "ask": "Ask",
        "placeholder": "Ask in plain Chinese, e.g. 限售股什么时候解禁？",
        "question": "The company was asked",
        "answer": "Official answer (verbatim)",
        "recognised": "Official answer (recognised by OCR, not verbatim)",
        "best": "the sentence closest to the question",
        "picture": "The filing's own page",
        "source": "Source",
        "number": "Question",
        "page": "p.",
        "confidence": "Confidence",
        "high": "high",
        "medium": "medium",
        "low": "low",
        "quote": "Copy quotation",
        "quoted": "Copied",
        "related": "Related filed questions and answers",
        "also": "May also answer the question",
        "none": "No official answer",
        "none_why": "No filed answer covers this question. Yuanda never writes one of its own.",
        "nearest": "The nearest filed questions; click one to read what was answered:",
        "empty": "Please enter a question.",
        "long": "That question is too long: 500 characters at most.",
        "welcome": "Ask the filed investor-relations records",
        "welcome_why": "Answers are the companies' own filed words, proved before they are shown. "
        "Where nothing was filed, it says so.",
        "try": "Try one of these",
        "sample": "Answering from the sample filing that ships: ",
        "holdings": "{filings} filings · {pairs} questions and answers",
        "you": "You asked",
        "show_page": "Show the page",
        "show_text": "Show in the filing",
        "place": "Where it stands",
        "page_of": "Page {page} of {pages}",
        "previous": "Previous page",
        "next": "Next page",
        "pair_pages": "On pages",
        "enlarge": "Enlarge",
        "reduce": "Reduce",
        "open": "Open the PDF",
        "asked_there": "question",
        "answered_there": "answer",
        "not_here": "Not on this page",
        "around": "Text taken from the file, {around} characters on either side",
        "undrawn": "This page can't be drawn; below is its text.",
        "judge": "Is this the answer?",
        "judge_none": "Is there really none?",
        "right": "Right",
        "wrong": "Wrong",
        "should_none": "Should be “no official answer”",
        "right_none": "There is none",
        "wrong_none": "There is one",
        "other": "This is the answer",
        "thanks": "Thank you, noted.",
        "unkept": "Could not be noted; please try again later.",
        "gone": "The store's copy of this filing is gone or damaged; it can't be shown.",
        "filter": "Filter",
        "companies": "Companies (two to four: side by side)",
        "since": "Activity from",
        "until": "Activity to",
        "as_of": "Public as of",
        "activity": "Type of activity",
        "date": "Please write dates like 2024-05-31.",
        "many": "At most four companies stand side by side.",
        "chip_company": "{text}",
        "chip_since": "from {text}",
        "chip_until": "to {text}",
        "chip_as_of": "public as of {text}",
        "chip_activity": "{text}",
        "chip_after": "follow-up of: {text}",
        "offer_company": "only {text}",
        "offer_side": "side by side: {text}",
        "offer_after": "ask as a follow-up",
        "take_away": "Take away",
        "link": "Copy link",
        "contents": "Asked so far ({count})",
        "history": "Answered {count} times",
        "filed_on": "filed {day}",
        "figures": "Numbers that changed (left: {day})",
        "is_number": "changed number",
        "is_added": "new since the time before",
        "is_removed": "gone the next time",
        "is_only": "only this time",
    },
}


Pictures = Callable[[Citation], Sequence[Crop]]
Emphasis = Callable[[Citation], Span | None]


def _no_pictures(_: Citation) -> Sequence[Crop]:
    return ()


def _no_emphasis(_: Citation) -> Span | None:
    return None


def answer_card(
    answer: Answer,
    language: Language,
    turn: int = 0,
    timeline: Timeline | None = None,
    under: Markup = _NOTHING,
    *,
    pictures: Pictures = _no_pictures,
    emphasis: Emphasis = _no_emphasis,
    judged: Mapping[tuple[int, int], str] | None = None,
) -> Markup:
    """A question with what came of it: an answer's cards, or an abstention.

    ``turn`` is its place in the conversation, for its buttons; ``under`` stands under the
    question; ``pictures`` gives what is shown of the pages above a quote that was recognised on
    them, ``emphasis`` the part of a quote that answers best; ``judged`` is what its reader said of
    answers, by turn and rank (0: as a whole).
    """
    first, rest = answer.citations[:1], answer.citations[1:]
    if answer.decision == "abstain":
        first, rest = (), answer.citations
    dated = {c.rank for c in timeline.entries} if timeline else set()
    also = tuple(c for c in rest if first and c.confidence >= _ALSO and c.rank not in dated)
    return _render(
        "answer",
        language,
        answer=answer,
        turn=turn,
        pictures=pictures,
        emphasis=emphasis,
        label=RECOGNISED,
        quoted=first + also,
        related=[c for c in rest if c not in also and c.rank not in dated],
        history=timeline_card(timeline, language, turn, pictures) if timeline else "",
        under=under,
        said={rank: verdict for (at, rank), verdict in (judged or {}).items() if at == turn},
    )


def side_card(
    question: str,
    columns: Sequence[Column],
    under: Markup,
    language: Language,
    turn: int = 0,
    pictures: Pictures = _no_pictures,
    emphasis: Emphasis = _no_emphasis,
) -> Markup:
    """The same question to several companies, a column each."""
    return _render(
        "side",
        language,
        question=question,
        columns=columns,
        under=under,
        turn=turn,
        pictures=pictures,
        emphasis=emphasis,
        label=RECOGNISED,
    )


def chips_row(chips: Sequence[Chip], address: str, language: Language) -> Markup:
    """What a question was restricted to, and its address to be shared."""
    return _render("chips", language, chips=chips, address=address)


def contents(questions: Sequence[str], language: Language) -> Markup:
    """The questions of this conversation, to go back to."""
    return _render("contents", language, questions=questions)


def timeline_card(
    timeline: Timeline, language: Language, turn: int = 0, pictures: Pictures = _no_pictures
) -> Markup:
    """A company's answers at several dates, newest first, with what changed marked."""
    dates = steps(timeline)
    kinds = {run.kind for step in dates for run in step.runs}
    return _render(
        "timeline",
        language,
        steps=dates,
        kinds=kinds,
        turn=turn,
        pictures=pictures,
        label=RECOGNISED,
    )


def page_card(
    shown: PageView | PassageView | None, citation: Citation, language: Language, turn: int = 0
) -> Markup:
    """Where a quote stands: its page, or the text around it; ``None`` where neither is there."""
    return _render(
        "page",
        language,
        shown=shown,
        page=shown if isinstance(shown, PageView) else None,
        c=citation,
        turn=turn,
        around=AROUND,
    )


def notice_card(question: str, message: str, language: Language, turn: int = 0) -> Markup:
    """A question that can't be asked, and why not."""
    return _render("notice", language, question=question, message=message, turn=turn)


def welcome_card(examples: Sequence[str], language: Language) -> Markup:
    """What stands where no question was asked yet."""
    return _render("welcome", language, examples=examples)


def header(filings: int, pairs: int, sample: str | None, language: Language) -> Markup:
    """Name and holdings; ``sample`` is the company of the sample filing where that is used."""
    holdings = LABELS[language]["holdings"].format(filings=filings, pairs=pairs)
    return _render("header", language, holdings=holdings, sample=sample)


def confidence_word(confidence: float) -> str:
    """Key of the label for a confidence (0..1)."""
    return "high" if confidence >= 0.8 else "medium" if confidence >= 0.5 else "low"


def percent(share: float) -> str:
    """A chance as a whole percentage; never certain."""
    return f"{min(0.99, max(0.0, share)):.0%}"


def render(template: str, labels: Mapping[str, str], **values: object) -> Markup:
    """A template filled in; all that comes from elsewhere is escaped."""
    return Markup(_template(template).render(t=labels, **values))  # noqa: S704


def _render(template: str, language: Language, **values: object) -> Markup:
    return render(template, LABELS[language], **values)


def verbatim(answer: str, emphasised: Span | None) -> Markup:
    """A filed answer, every character as it is, with a part of it marked."""
    if emphasised is None:
        return escape(answer)
    start, end = emphasised.start, emphasised.end
    parts = answer[:start], answer[start:end], answer[end:]
    return Markup('{}<mark class="best">{}</mark>{}').format(*parts)


def _closed_up(text: str) -> str:
    """What is between quoted lines, without the layout's many blank lines."""
    if "\n" in text and not text.strip():
        return "\n"
    return re.sub(r"\n\s*\n", "\n\n", text)


@cache
def _template(name: str) -> Template:
    # Autoescape: whatever a filing says, it stays text.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = percent
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    environment.filters["closed_up"] = _closed_up
    environment.globals |= {
        "quotation": quotation,
        "confidence_word": confidence_word,
        "verbatim": verbatim,
    }
    folder = Path(__file__).parent / "templates"
    return environment.from_string((folder / f"{name}.html").read_text("utf-8"))
