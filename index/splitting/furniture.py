"""Running heads, feet and page numbers, by position, repetition, size and order together.

Nothing is furniture by its form alone: a number, a date or a short answer that stands where text
stands is text. In a format without pages nothing is, but for a text that was extracted from pages:
numbers that count them from the first to the last, a page's length apart, and the filing's own
title where it stands again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.reading.document import Document, PlacedLine
from index.records import Span

_NUMBER = re.compile(
    r"[-—–－~·|\s]*(?:第\s*)?(\d{1,4})\s*(?:页)?(?:\s*[,，/]?\s*(?:共\s*)?\d{1,4}\s*页?)?"
    r"[-—–－~·|\s]*|Page\s*(\d{1,4})(?:\s*of\s*\d{1,4})?",
    re.IGNORECASE,
)
_OF = re.compile(
    r"[-—–－\s]*(?:第\s*)?(\d{1,4})\s*页?\s*(?:[,，/／]|of|共)\s*(?:共\s*)?(\d{1,4})\s*页?[-—–－\s]*"
)
_IDENTITY = re.compile(
    r"(?:证券|股票|公司)(?:代码[:：]\d{6}|简称[:：]\S{2,8}){1,2}|公告编号[:：]\S{4,12}"
)
_CODE = re.compile(r"(?:证券|股票)代码[:：]\d{6}.*")
_DIGITS = re.compile(r"\d+")
# Points by which a running line may stand elsewhere on another page.
_NEAR = 4.0
# What stands apart has a gap as large as this, in distances of lines, or type of another size.
_GAP, _SIZE = 1.45, 0.07
# Of a page's height: where a lone number is a page's.
_MARGIN = 0.1
# Of a text that was extracted from pages: the fewest lines and characters of a page, and the lines
# at the top where the title stands.
_PAGE_LINES, _PAGE_CHARACTERS, _TOP = 12, 200, 8
_TITLE = re.compile(
    r"(?P<company>[\u4e00-\u9fff（）()]{4,30}?有限公司)(?:.{0,16}(?:记录表|说明会|纪要|公告|记录))?"
)
_SIGNED = re.compile(
    r"董事会.{0,6}|0[年./-]0[月./-]0日?|二[〇○零].{2}年.{1,3}月.{1,3}日|[（(]?(?:盖章|公章)[)）]?"
)


@dataclass(frozen=True, slots=True)
class _Usual:
    """Of most lines: how high they are, and how far one is from the next."""

    height: float
    distance: float


def furniture_of(document: Document) -> set[Span]:
    """The spans of lines that are page furniture."""
    if document.format == "text":
        return _in_extracted(document.text)
    pages: dict[int, list[PlacedLine]] = defaultdict(list)
    told = {i for aside in document.asides for i in range(*aside.span)}
    for line in document.lines:
        if line.start not in told and line.page <= len(document.page_sizes):
            pages[line.page].append(line)
    if not pages:
        return set()
    usual = _usual(pages.values())
    repeated = _repeated(document.text, pages)
    blocks = [
        (block, apart)
        for page, lines in pages.items()
        for block, apart in _blocks(
            document.text, lines, repeated, usual, document.page_sizes[page - 1][1]
        )
    ]
    apart: dict[int, list[bool]] = defaultdict(list)
    for block, stands_apart in blocks:
        for line in block:
            apart[_group(repeated, line)].append(stands_apart)
    mostly = {group for group, told in apart.items() if 2 * sum(told) > len(told)}
    return {
        Span(line.start, line.end)
        for block, _ in blocks
        for line in block
        if _is_furniture(document, line, repeated, usual, mostly, len(pages))
    }


def _group(repeated: dict[PlacedLine, tuple[int, int]], line: PlacedLine) -> int:
    return repeated.get(line, (-1, 0))[0]


def _is_furniture(
    document: Document,
    line: PlacedLine,
    repeated: dict[PlacedLine, tuple[int, int]],
    usual: _Usual,
    mostly_apart: set[int],
    pages: int,
) -> bool:
    """Whether a line at a page's edge is a running one, or a page's number."""
    group, often = repeated.get(line, (-1, 0))
    number = _NUMBER.fullmatch(_said(document.text, line))
    if often >= (2 if number else max(2, pages // 2)) and group in mostly_apart:
        return True
    # In the margin of nearly all pages it needn't stand apart.
    if often >= max(4, 0.8 * pages) and _in_margin(document, line):
        return True
    return bool(number) and _alone(document, line, usual)


def _said(text: str, line: PlacedLine) -> str:
    return text[line.start : line.end]


def _usual(pages: Iterable[Sequence[PlacedLine]]) -> _Usual:
    heights, distances = [], []
    for lines in pages:
        ordered = sorted(lines, key=lambda line: line.y0)
        heights += [line.y1 - line.y0 for line in ordered]
        below = pairwise(ordered)
        distances += [d for a, b in below if (d := b.y0 - a.y0) > (a.y1 - a.y0) / 2]
    return _Usual(_middle(heights), _middle(distances))


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def _repeated(text: str, pages: dict[int, list[PlacedLine]]) -> dict[PlacedLine, tuple[int, int]]:
    """Lines that say the same at about the same height on several pages: which belong together,
    and on how many pages. Numbers in them may be the same, or count the pages."""
    alike: dict[tuple[str, tuple[int | str, ...]], list[PlacedLine]] = defaultdict(list)
    for page, lines in pages.items():
        for line in lines:
            plain = "".join(_said(text, line).split())
            numbers = [int(n) for n in _DIGITS.findall(plain) if len(n) < 6]
            masked = _DIGITS.sub("0", plain)
            alike[masked, ("same", *_DIGITS.findall(plain))].append(line)
            if numbers:  # 第 3 页 共 9 页: the first counts the pages
                alike[masked, ("counted", numbers[0] - page, *numbers[1:])].append(line)
    found: dict[PlacedLine, tuple[int, int]] = {}
    for group, lines in enumerate(alike.values()):
        lines.sort(key=lambda line: line.y0)
        for near in _near(lines):
            often = len({line.page for line in near})
            for line in near:
                if often > 1 and often > found.get(line, (0, 0))[1]:
                    found[line] = group, often
    return found


def _near(lines: Sequence[PlacedLine]) -> Iterator[list[PlacedLine]]:
    """Runs of lines, sorted by height, of which each is near the one before."""
    run: list[PlacedLine] = []
    for line in lines:
        if run and line.y0 - run[-1].y0 > _NEAR:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _blocks(
    text: str,
    lines: Sequence[PlacedLine],
    repeated: dict[PlacedLine, tuple[int, int]],
    usual: _Usual,
    height: float,
) -> Iterator[tuple[list[PlacedLine], bool]]:
    """What may be a page's head and its foot, and whether it stands apart from the text."""
    order = {line: i for i, line in enumerate(lines)}
    top = sorted(lines, key=lambda line: line.y0)
    for ordered, sign in ((top, 1), (top[::-1], -1)):
        block: list[PlacedLine] = []
        for line in ordered:
            if line not in repeated and not _NUMBER.fullmatch(_said(text, line)):
                break
            block.append(line)
        rest = ordered[len(block) :]
        if block and rest:
            yield block, _apart(block, rest, usual, sign, order)
        elif block and (block[0].y0 < _MARGIN * height or block[0].y1 > (1 - _MARGIN) * height):
            yield block, True


def _apart(
    block: Sequence[PlacedLine],
    rest: Sequence[PlacedLine],
    usual: _Usual,
    sign: int,
    order: dict[PlacedLine, int],
) -> bool:
    gap = sign * (rest[0].y0 - block[-1].y0)
    if gap > _GAP * usual.distance:
        return True
    sizes = [line.y1 - line.y0 for line in block]
    if all(abs(size - usual.height) > _SIZE * usual.height for size in sizes):
        return True
    # A foot that is written before the text, a head after it.
    first, last = min(order[line] for line in rest), max(order[line] for line in rest)
    if sign > 0:
        return all(order[line] > last for line in block)
    return all(order[line] < first for line in block)


def _in_margin(document: Document, line: PlacedLine) -> bool:
    height = document.page_sizes[line.page - 1][1]
    return line.y1 < _MARGIN * height or line.y0 > (1 - _MARGIN) * height


def _alone(document: Document, line: PlacedLine, usual: _Usual) -> bool:
    """Whether a number stands alone in a page's margin, where a page's number stands."""
    width, height = document.page_sizes[line.page - 1]
    middle = (line.x0 + line.x1) / 2
    if not _in_margin(document, line):
        return False
    others = [o for o in document.lines if o.page == line.page and o != line]
    gap = min((abs(o.y0 - line.y0) for o in others), default=height)
    centred = abs(middle - width / 2) < 0.05 * width or line.x0 > 0.75 * width
    match = _NUMBER.fullmatch(_said(document.text, line))
    shown = int(next((g for g in match.groups() if g), "0")) if match else 0
    return centred and gap > _GAP * usual.distance and abs(shown - line.page) <= 2


def _in_extracted(text: str) -> set[Span]:
    """Page numbers and running titles in a text that was extracted from pages."""
    lines = [
        Span(line.start() + len(said) - len(said.lstrip()), line.start() + len(said.rstrip()))
        for line in re.finditer(r"[^\r\n\f\v\u2028\u2029]+", text)
        if (said := line.group()).strip()
    ]
    numbered = [
        (place, int(next(g for g in match.groups() if g)))
        for place, line in enumerate(lines)
        if (match := _NUMBER.fullmatch(text[line.start : line.end]))
    ]
    chain = {*_counting(numbered, lines), *_of_a_total(text, lines)}
    # Beside a page's number, its head or foot.
    beside = {
        near for place in chain for step in (-1, 1) for near in _run(text, lines, place, step)
    }
    return {lines[place] for place in chain | beside} | _running_titles(text, lines)


def _run(text: str, lines: Sequence[Span], place: int, step: int) -> Iterator[int]:
    """Places of a code and a short name that stand alone, from a page's number on."""
    place += step
    while _TOP <= place < len(lines):
        span = lines[place]
        if not _IDENTITY.fullmatch("".join(text[span.start : span.end].split())):
            return
        yield place
        place += step


def _of_a_total(text: str, lines: Sequence[Span]) -> list[int]:
    """Places of the numbers that count nearly all pages of a number of pages: 3 / 24."""
    series: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, line in enumerate(lines):
        if match := _OF.fullmatch(text[line.start : line.end]):
            series[int(match[2])].append((place, int(match[1])))
    found = []
    for total, shown in series.items():
        counted = [number for _, number in shown]
        rises = all(a < b for a, b in pairwise(counted))
        if total > 1 and rises and len(counted) >= max(2, 0.8 * total) and counted[-1] <= total:
            found += [place for place, _ in shown]
    return found


def _counting(numbered: Sequence[tuple[int, int]], lines: Sequence[Span]) -> list[int]:
    """Places of the numbers that count pages: from 1 or 2, each next and a page's length on."""
    chain: list[int] = []
    wanted: int | None = None
    for place, number in numbered:
        if wanted is None and number not in (1, 2):
            continue
        if wanted is not None and number != wanted:
            continue
        before = chain[-1] if chain else 0
        far = place - before >= _PAGE_LINES and (
            lines[place].start - lines[before].start >= _PAGE_CHARACTERS
        )
        if far or (not chain and number == 2) or (not chain and place < _TOP):
            chain.append(place)
            wanted = number + 1
    return chain if len(chain) > 1 else []


def _running_titles(text: str, lines: Sequence[Span]) -> set[Span]:
    """The company's name, its code, or the filing's title, where it stands again amid other text.

    Among the first lines it is the title, before 董事会 or a date the signature.
    """
    said = [_DIGITS.sub("0", "".join(text[a:b].split())) for a, b in lines]
    own = next((m["company"] for s in said[:_TOP] if (m := _TITLE.match(s))), None)
    codes = {s for a, b in lines[:_TOP] if _CODE.fullmatch(s := "".join(text[a:b].split()))}
    found = {span for span in lines[_TOP:] if "".join(text[span.start : span.end].split()) in codes}
    for place, line in enumerate(said):
        match = _TITLE.fullmatch(line)
        after = said[place + 1] if place + 1 < len(said) else ""
        if place >= _TOP and match and match["company"] == own and after:
            found |= set() if _SIGNED.fullmatch(after) else {lines[place]}
    return found
