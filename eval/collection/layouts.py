"""The forms that filings come in: from content to blocks, and what their head says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random

from eval.collection import wording as w
from eval.collection.blocks import Block, Document, Gap, Paragraph, Table, TextBox, plain
from eval.collection.content import Content
from eval.collection.look import Look, han
from eval.collection.marks import Expected, form_of, mark_pairs

LAYOUTS = ("szse-table", "sse-run", "bse-run", "briefing", "minutes", "sheet")
Head = dict[str, str | list[str] | None]


@dataclass(frozen=True, slots=True)
class Laid:
    """A filing laid out, and what a reader should find in it.

    ``head`` holds the fields that this layout states; ``None`` is a field that the file
    doesn't give, a field that is absent can't be judged.
    """

    document: Document
    head: Head
    pairs: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One filing on its way into a layout."""

    content: Content
    style: str
    look: Look
    traits: frozenset[str] = frozenset()

    def fill(self, options: tuple[str, ...]) -> str:
        company = self.content.company
        return self.look.one(options).format(
            name=company.name, short=company.short, code=company.code, number=self.content.number
        )

    def text(self, text: str) -> str:
        return self.look.typeset(text)


def lay_out(page: Page, layout: str) -> Laid:
    """Put a filing into one of ``LAYOUTS`` (not ``sheet``, which has rows and no page)."""
    build = {
        "szse-table": _table_form,
        "sse-run": _running_form,
        "bse-run": _running_form,
        "briefing": _briefing,
        "minutes": _minutes,
    }[layout]
    content, look = page.content, page.look
    head: Head = {
        "company": content.company.name,
        "code": content.company.code,
        "exchange": content.company.exchange,
        "activity_date": content.activity_date,
        "filed_date": content.filed_date,
        "place": page.text(content.place),
        "participants": page.text(content.participants),
        "hosts": page.text(content.hosts),
    }
    same_line = "same-line" in page.traits
    marked = mark_pairs(content.pairs, page.style, look, same_line=same_line)
    title, blocks = build(page, _dialogue(page, marked.pairs), head)
    header = (
        page.fill(w.PAGE_HEADERS if head["code"] else w.PAGE_HEADERS[:2]) if look.header else ""
    )
    document = Document(title.replace("\n", ""), tuple(blocks), header, look.footer)
    return Laid(document, head, marked.expected)


class _Headings:
    """Section headings, numbered 一、 unless the questions are."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._count = 0

    def __call__(self, options: tuple[str, ...]) -> Paragraph:
        self._count += 1
        text = self._page.look.one(options)
        if "{h}" in form_of(self._page.style, self._page.look)[0]:
            return plain(f"【{text}】", role="heading", bold=True)
        return plain(f"{han(self._count)}、{text}", role="heading", bold=True)


def _table_form(page: Page, dialogue: list[Block], head: Head) -> tuple[str, list[Block]]:
    content, look = page.content, page.look
    title = page.fill(w.TITLES)
    cell: list[Block] = []
    if content.presentation:
        headings = _Headings(page)
        cell += [headings(w.TALK_HEADING), *_body(page, content.presentation)]
        cell += [headings(w.MINUTES_QA_HEADING)]
    else:
        cell += _optional(page, w.LEAD_IN)
    cell += dialogue
    if content.closing:
        if look.closing_heading:
            cell.append(plain(look.one(w.CLOSING_HEADING) + "：", role="heading", bold=True))
        cell += _body(page, content.closing)
    fields: list[tuple[str, list[Block]]] = [
        (look.one(w.TYPE), _types(page, head, stacked=False)),
        (look.one(w.PARTICIPANTS), [plain(page.text(content.participants))]),
        (look.label(look.one(w.TIME)), [plain(_when(page))]),
        (look.label(look.one(w.PLACE)), [plain(page.text(content.place))]),
        (look.one(w.HOSTS), [plain(page.text(content.hosts))]),
        (look.one(w.CONTENT), cell),
        (look.one(w.DISCLOSURE), [plain(look.one(w.NO_DISCLOSURE))]),
        (look.one(w.SLIDES), [plain(look.one(w.NONE))]),
        (look.one(w.ATTACHMENTS), [plain(look.one(w.NONE))]),
        (look.label(look.one(w.DATE)), [plain(look.day(content.filed_date))]),
    ]
    if look.pick % 3 == 0:  # the older form has neither of these two rows
        del fields[6:8]
    if "附件" in content.participants:
        fields[-2] = (fields[-2][0], [plain("参会机构名单")])
    rows = tuple(((plain(label, role="field"),), tuple(blocks)) for label, blocks in fields)
    top = _masthead(page)
    number = plain(f"编号：{content.number}", align="right")
    return title, [*top, *_title(title), number, Table(rows, (0.24, 0.76))]


def _running_form(page: Page, dialogue: list[Block], head: Head) -> tuple[str, list[Block]]:
    content, look = page.content, page.look
    title = page.fill(w.TITLES)
    headings = _Headings(page)
    blocks: list[Block] = []
    if content.company.exchange != "BSE" or look.pick % 2:
        blocks += _masthead(page)
    else:
        head["code"] = None
        del head["exchange"]
    blocks += [*_title(title), *_body(page, (look.one(w.DISCLAIMERS),))]
    blocks += [headings(w.TYPE), *_types(page, head, stacked=True)]
    blocks += [headings(w.BASICS_HEADING), *_fields(page)]
    if content.presentation:
        blocks += [headings(w.TALK_HEADING), *_body(page, content.presentation)]
        blocks += [headings(w.MINUTES_QA_HEADING)]
    else:
        blocks += [headings(w.QA_HEADING), *_optional(page, w.LEAD_IN)]
    blocks += [*dialogue, *_closing(page, headings), *_signature(page)]
    return title, blocks


def _briefing(page: Page, dialogue: list[Block], head: Head) -> tuple[str, list[Block]]:
    content, look = page.content, page.look
    briefing = "业绩说明会" in content.activity_types
    title = page.fill(w.BRIEFING_TITLES if briefing else w.OTHER_BRIEFING_TITLES)
    # The day, the place and the guests stand in labelled lines; the types in the title only.
    head.pop("activity_types", None)
    kind = "业绩说明会" if briefing else "投资者说明会"
    headings = _Headings(page)
    opening = f"{content.company.name}于{_when(page)}召开了{kind}，与投资者进行了交流。"
    blocks: list[Block] = [*_masthead(page), *_title(title)]
    blocks += [*_body(page, (look.one(w.DISCLAIMERS),)), headings(w.BRIEFING_BASICS_HEADING)]
    blocks += [*_body(page, (opening,)), *_fields(page, when=False)]
    if content.presentation:
        blocks += [headings(w.TALK_HEADING), *_body(page, content.presentation)]
    blocks += [headings(w.BRIEFING_QA_HEADING), *_body(page, (look.one(w.BRIEFING_LEAD_IN),))]
    blocks += [*dialogue, *_closing(page, headings), *_signature(page)]
    return title, blocks


def _minutes(page: Page, dialogue: list[Block], head: Head) -> tuple[str, list[Block]]:
    content, look = page.content, page.look
    title = page.fill(w.MINUTES_TITLES)
    headings = _Headings(page)
    blocks: list[Block] = [*_title(title), *_masthead(page), *_fields(page)]
    blocks += [headings(w.TALK_HEADING), *_body(page, content.presentation)]
    blocks += [headings(w.MINUTES_QA_HEADING), *_optional(page, w.LEAD_IN)]
    blocks += [*dialogue, *_closing(page, headings)]
    if look.pick % 2:
        blocks += _signature(page)
    else:
        head["filed_date"] = None
    return title, blocks


def _dialogue(page: Page, pairs: tuple[tuple[Paragraph, ...], ...]) -> list[Block]:
    if "nested-table" in page.traits:
        return [Table(tuple((pair,) for pair in pairs), (1.0,))]
    blocks: list[Block] = []
    for i, pair in enumerate(pairs):
        if page.look.blank_between and i:
            blocks.append(Gap())
        if "text-box" in page.traits and i == len(pairs) // 2:
            blocks.append(TextBox(pair))
        else:
            blocks += pair
    return blocks


def _masthead(page: Page) -> list[Block]:
    line = plain(page.fill(w.HEADERS))
    return [TextBox((line,))] if "text-box" in page.traits else [line]


def _title(title: str) -> Iterator[Block]:
    for line in title.split("\n"):
        yield plain(line, role="title", align="center", bold=True)


def _body(page: Page, paragraphs: Iterable[str]) -> list[Block]:
    return [plain(page.text(paragraph)) for paragraph in paragraphs]


def _optional(page: Page, options: tuple[str, ...]) -> list[Block]:
    text = page.look.one(options)
    return _body(page, (text,)) if text else []


def _types(page: Page, head: Head, *, stacked: bool) -> list[Block]:
    """The boxes of activity types, ticked as they apply."""
    content, look = page.content, page.look
    kinds = content.activity_types
    known = w.ACTIVITY_TYPES[content.company.exchange]
    known += tuple(k for k in kinds if k not in known and not k.startswith("其他"))
    other = next((k for k in kinds if k.startswith("其他")), None)
    boxes = [(look.tick if kind in kinds else look.box) + kind for kind in known]
    boxes.append(look.tick + other if other else look.box + look.one(w.OTHER_TYPE))
    head["activity_types"] = [k for k in (*known, other) if k is not None and k in kinds]
    if stacked:
        return [plain(box) for box in boxes]
    step = 2 + look.pick % 2
    return [plain("    ".join(boxes[i : i + step])) for i in range(0, len(boxes), step)]


def _fields(page: Page, *, when: bool = True) -> list[Block]:
    content, look = page.content, page.look
    fields = [
        (w.RUN_PLACE, page.text(content.place)),
        (w.RUN_PARTICIPANTS, page.text(content.participants)),
        (w.RUN_HOSTS, page.text(content.hosts)),
    ]
    if when:
        fields.insert(0, (w.RUN_TIME, _when(page)))
    return [plain(f"{look.label(look.one(labels))}：{value}") for labels, value in fields]


def _when(page: Page) -> str:
    rng = Random(page.look.pick)
    hour = rng.choice((9, 10, 14, 15))
    clock = rng.choice(("", f" {hour}:00-{hour + 1}:30", " 上午" if hour < 12 else " 下午"))
    return page.look.day(page.content.activity_date) + clock


def _closing(page: Page, headings: _Headings) -> list[Block]:
    if not page.content.closing:
        return []
    body = _body(page, page.content.closing)
    return [headings(w.CLOSING_HEADING), *body] if page.look.closing_heading else body


def _signature(page: Page) -> list[Block]:
    content = page.content
    lines = [content.company.name, "董事会", page.look.signed(content.filed_date)]
    if page.look.pick % 4 == 0:
        lines = ["特此公告。", *lines]
    signed: list[Block] = [Gap(), Gap()]
    for line in lines:
        paragraph = plain(line)
        signed.append(paragraph if line == "特此公告。" else replace(paragraph, align="right"))
    return signed
