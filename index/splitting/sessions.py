"""Where a filing's questions begin anew: headings of sessions, and questions within a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.splitting.lines import Line

_HAN = "一二三四五六七八九十"
# A short line without a sentence: 一、上午场, 第二场, 【线上交流】, 5 月 13 日下午
_HEADING = re.compile(
    rf"(?:[（(]?[{_HAN}]{{1,2}}[)）]?\s*[、.．：:]?|第\s*[{_HAN}\d]{{1,2}}\s*[场部节次批轮组]|[【\[]"
    r"|(?:\d{1,2}\s*月\s*\d{1,2}\s*日\s*)?(?:上午|下午|晚间|晚上|早上|现场|线上|电话|网络))"
    r"[^。？?；;！!]{0,30}$"
)
_SESSION = re.compile(rf"上午|下午|场|第[{_HAN}\d]+(?:部分|节|批|轮|组)")
# A mark behind a sentence: with a number that is next, or one that asks and is answered.
_MARKED = re.compile(
    r"(?<=[。！？；”）)?!;\s])(?=(?:Q|问题?|提问|Question)\s*(?P<number>\d{1,3})\s*[：:]"
    r"|(?:问|提问|Q)\s*[：:]"
    r"|(?P<plain>\d{1,3})[、.．]\s*[^。；\n]{4,150}[？?]\s*(?:答|回复|A)\s*\d{0,3}\s*[：:])"
)


def heading_before(text: str, lines: Sequence[Line], place: int) -> int | None:
    """The line right before a question that is a heading of its session or part."""
    if place and _HEADING.match(text[lines[place - 1].start : lines[place - 1].end]):
        return place - 1
    return None


def is_session(said: str) -> bool:
    """Whether a heading is of a session, however its questions are numbered."""
    return bool(_HEADING.match(said)) and bool(_SESSION.search(said))


def parted_at_marks(text: str, lines: Sequence[Line]) -> list[Line]:
    """The lines; one that holds several questions is parted before each."""
    return [piece for line in lines for piece in _parted(text, line)]


def _parted(text: str, line: Line) -> Iterator[Line]:
    start, before = line.start, _first_number(text, line)
    for match in _MARKED.finditer(text, line.start + 1, line.end):
        number = match.group("number") or match.group("plain")
        if number is not None:
            # The first of a line may be the next after another line's.
            if before is not None and int(number) != before + 1:
                continue
            before = int(number)
        elif not _WORD.match(text, line.start):
            continue
        if text[start : match.start()].strip():
            yield replace(line, start=start, end=match.start(), ends_paragraph=True)
            start = match.start()
    yield line if start == line.start else replace(line, start=start)


_FIRST = re.compile(r"(?:Q|问题?|提问|Question)?\s*(\d{1,3})\s*[：:、.．]")
_WORD = re.compile(r"(?:问|提问|Q)\s*[：:]")


def _first_number(text: str, line: Line) -> int | None:
    match = _FIRST.match(text, line.start, line.end)
    return int(match.group(1)) if match else None
