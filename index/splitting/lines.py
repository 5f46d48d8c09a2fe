"""Text to lines: where each stands, which are page furniture, which end a paragraph."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.reading.document import Document
from index.records import Span

_PAGE_NUMBER = re.compile(
    r"[-—–－~·\s]*(?:第\s*)?\d{1,4}\s*(?:页)?(?:\s*[,，/]?\s*(?:共\s*)?\d{1,4}\s*页?)?[-—–－~·\s]*"
)
_SURE_PAGE_NUMBER = re.compile(
    r"第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*共?\s*\d{1,4}\s*页)?|[-—–－]\s*\d{1,4}\s*[-—–－]"
    r"|\d{1,4}\s*/\s*\d{1,4}"
)
_RUNNING = re.compile(r"(?:证券|股票)代码\s*[:：]\s*\d{6}.*")
_DIGITS = re.compile(r"\d+")
_ITEM = re.compile(
    r"[（(][一二三四五六七八九十\d]{1,3}[)）]|[①-⑳]|\d{1,2}、|[一二三四五六七八九十]{1,3}、"
)
_TITLE = re.compile(
    r"(?P<company>[\u4e00-\u9fff（）()]{4,30}?有限公司)(?:.{0,16}(?:记录表|说明会|纪要|公告|记录))?"
)
# Lines at the top of a filing where its title stands.
_TOP = 8
_SIGNED = re.compile(
    r"董事会.{0,6}|0[年./-]0[月./-]0日?|二[〇○零].{2}年.{1,3}月.{1,3}日|[（(]?(?:盖章|公章)[)）]?"
)
# Lines at the head and foot of a page where running heads, feet and numbers stand.
_EDGE = 2
# In columns (a Chinese character has two): a first line's indent and hanging punctuation
# make a full line this much narrower than the widest.
_SLACK = 9
_INDENT = 4
_WORD = re.compile(r"[A-Za-z0-9.,%]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it; ``indent`` counts what stood before it."""

    start: int
    end: int
    page: int
    indent: int
    width: int
    ends_paragraph: bool = True

    @property
    def span(self) -> Span:
        """The characters of the line."""
        return Span(self.start, self.end)


def body_lines(document: Document) -> tuple[list[Line], list[Span]]:
    """Lines with text, in order, without page furniture; and the furniture."""
    lines = list(_lines(document))
    furniture = _furniture(document, lines)
    kept = [line for line in lines if line.span not in furniture]
    return _with_paragraphs(document, kept), sorted(furniture)


def _lines(document: Document) -> Iterator[Line]:
    offset = 0
    for raw in re.split(r"(?<=[\n\f\v\u2028\u2029])|(?<=\r)(?!\n)", document.text):
        content = raw.strip()
        if content:
            start = offset + raw.index(content[0])
            page = bisect_right(document.page_starts, start)
            width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in content)
            yield Line(start, start + len(content), page, start - offset, width)
        offset += len(raw)


def _furniture(document: Document, lines: Sequence[Line]) -> set[Span]:
    text = document.text
    if not document.page_starts:
        return _furniture_without_pages(text, lines)
    pages: dict[int, list[Line]] = {}
    for line in lines:
        pages.setdefault(line.page, []).append(line)
    edges = [line for page in pages.values() for line in {*page[:_EDGE], *page[-_EDGE:]}]
    seen = Counter(_masked(text, line) for line in edges)
    often = max(2, len(pages) // 2)
    found = set()
    for page in pages.values():
        for side in (page[:_EDGE], page[::-1][:_EDGE]):
            for line in side:
                number = _PAGE_NUMBER.fullmatch(text[line.start : line.end])
                repeated = seen[_masked(text, line)] >= often and len(pages) > 1
                if not number and not repeated:
                    break
                found.add(line.span)
    return found


def _furniture_without_pages(text: str, lines: Sequence[Line]) -> set[Span]:
    found = set()
    running = Counter(_masked(text, line) for line in lines)
    bare = []
    for line in lines:
        content = text[line.start : line.end]
        repeats = _RUNNING.fullmatch(content) and running[_masked(text, line)] > 1
        if _SURE_PAGE_NUMBER.fullmatch(content) or repeats:
            found.add(line.span)
        elif content.isdecimal() and len(content) <= 4:
            bare.append(line)
    found |= _running_titles(text, lines)
    numbers = [int(text[line.start : line.end]) for line in bare]
    # Lone numbers that count up are page numbers; others may be a figure that was wrapped.
    if len(numbers) > 1 and all(b == a + 1 for a, b in pairwise(numbers)):
        found |= {line.span for line in bare}
    return found


def _running_titles(text: str, lines: Sequence[Line]) -> set[Span]:
    """The company's name, or the filing's title, where it stands again amid other text.

    Among the first lines it is the title, before 董事会 or a date the signature.
    """
    said = [_masked(text, line) for line in lines]
    titles = {place: m["company"] for place, s in enumerate(said) if (m := _TITLE.fullmatch(s))}
    own = next((company for s in said[:_TOP] if (company := _company_in(s))), None)
    found = set()
    for place, company in titles.items():
        after = said[place + 1] if place + 1 < len(said) else ""
        if place >= _TOP and company == own and after and not _SIGNED.fullmatch(after):
            found.add(lines[place].span)
    return found


def _company_in(said: str) -> str | None:
    match = _TITLE.match(said)
    return match["company"] if match else None


def _masked(text: str, line: Line) -> str:
    return _DIGITS.sub("0", "".join(text[line.start : line.end].split()))


def _with_paragraphs(document: Document, lines: Sequence[Line]) -> list[Line]:
    """Tell hard-wrapped lines from the ends of paragraphs by their width."""
    widths = sorted(line.width for line in lines)
    if document.format not in ("text", "pdf") or len(widths) < 4:
        return list(lines)
    full = widths[int(len(widths) * 0.98)]
    wrapped = sum(w >= full - _SLACK for w in widths) >= 0.2 * len(widths)
    if not wrapped or full > 200:
        return list(lines)
    indent = min((line.indent for line in lines), default=0)
    following = [*lines[1:], None]
    told = [
        replace(
            line,
            ends_paragraph=after is None
            or line.width < full - _slack(document.text, line, after)
            or after.indent >= indent + 2 > line.indent + 2
            or _new_item(document.text, line, after),
        )
        for line, after in zip(lines, following, strict=True)
    ]
    return [
        line
        if line.ends_paragraph or not _question_next(document.text, told, place)
        else replace(line, ends_paragraph=True)
        for place, line in enumerate(told)
    ]


def _question_next(text: str, lines: Sequence[Line], place: int) -> bool:
    """Whether a sentence ends with the line, by chance a full one, and a question follows."""
    if text[lines[place].end - 1] not in "。！":
        return False
    end = place + 1
    while end < len(lines) - 1 and not lines[end].ends_paragraph and end - place < 4:
        end += 1
    said = text[lines[place + 1].start : lines[end].end]
    return lines[end].ends_paragraph and said[-1] in "？?" and "。" not in said


def _slack(text: str, line: Line, after: Line) -> int:
    """How much narrower than the widest a full line may be."""
    said = text[line.start : line.end]
    latin = sum(c.isascii() for c in said)
    if said[-1] not in "。？！?!" or latin * 5 >= len(said):
        return _SLACK
    # A sentence's end behind which the next word had room, an indent counted.
    word = _WORD.match(text, after.start)
    return _INDENT - 1 + (len(word.group()) if word else 2)


def _new_item(text: str, line: Line, after: Line) -> bool:
    """Whether a sentence ends with the line and a numbered item begins with the next."""
    return text[line.end - 1] in "。；！？：" and bool(_ITEM.match(text, after.start))
