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

from jinja2 import Environment, Template
from markupsafe import Markup

from assistant.answering.crops import Crop
from assistant.answering.history import Timeline, steps
from assistant.answering.pages import AROUND, Mark, PageView, PassageView
from assistant.answering.question import Chip
from assistant.answering.report import RECOGNISED, markdown_quotation, quotation
from assistant.answering.side_by_side import Column
from assistant.chat.labels import LABELS, Language
from assistant.chat.quotes import beside, left_out, verbatim
from assistant.records import Answer, Citation
from index.records import Span

# A further pair this likely to answer stands beside the first one, open.
_ALSO = 0.5
# Characters of a company's or a file's name that are shown.
_LONGEST_NAME = 120
_NOTHING = Markup()

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


def completions(address: str, language: Language) -> Markup:
    """Where filed questions are offered while one is being typed; ``address`` has its filters."""
    return _render("completions", language, address=address)


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


def brief(name: str) -> str:
    """A name of bearable length."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def render(template: str, labels: Mapping[str, str], **values: object) -> Markup:
    """A template filled in; all that comes from elsewhere is escaped."""
    return Markup(_template(template).render(t=labels, **values))  # noqa: S704


def _render(template: str, language: Language, **values: object) -> Markup:
    return render(template, LABELS[language], **values)


def _closed_up(text: str) -> str:
    """What is between quoted lines, without the layout's many blank lines."""
    if "\n" in text and not text.strip():
        return "\n"
    return re.sub(r"\n\s*\n", "\n\n", text)


def _placed(mark: Mark) -> str:
    """The style that puts a mark on its page."""
    sides = ("left", "top", "width", "height")
    return ";".join(f"{side}:{getattr(mark, side):.3f}%" for side in sides)


def _why(answer: Answer, labels: Mapping[str, str]) -> list[str]:
    """Why there is no answer, in sentences."""
    if answer.reason == "company_not_held":
        names = "、".join(answer.absent) or answer.question
        return [labels["company_not_held"].format(text=names)]
    if answer.reason in ("filtered_out", "not_a_question"):
        return [labels[answer.reason]]
    looked = answer.searched
    if looked and looked.until:
        told = labels["not_covered"].format(until=looked.until, filings=looked.filings)
        return [labels["none_why"], told]
    return [labels["none_why"]]


def _shows_related(answer: Answer) -> bool:
    """Whether the nearest pairs may help: not another company's, nor any to what asks nothing."""
    if answer.reason == "not_a_question":
        return bool(answer.companies)
    return answer.reason != "company_not_held"


@cache
def _template(name: str) -> Template:
    # Autoescape: whatever a filing says, it stays text.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = percent
    environment.filters["brief"] = brief
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    environment.filters["closed_up"] = _closed_up
    environment.filters["placed"] = _placed
    environment.globals |= {
        "quotation": quotation,
        "markdown": markdown_quotation,
        "confidence_word": confidence_word,
        "verbatim": verbatim,
        "beside": beside,
        "left_out": left_out,
        "why": _why,
        "shows_related": _shows_related,
    }
    folder = Path(__file__).parent / "templates"
    return environment.from_string((folder / f"{name}.html").read_text("utf-8"))
