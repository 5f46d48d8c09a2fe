"""What a filing's head says: company, code, kinds of activity, dates, place, people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

from index.records import Exchange
from index.splitting.former import former_names
from index.splitting.lines import columns
from index.splitting.marks import has_office
from index.splitting.spelling import compatible, plain

_EVENT = "(?:活动|会议|接待|召开|调研|交流|说明会|接待活动)?(?:召开|举办|举行)?的?"
# Labels as filings print them; white space, a line break too, may stand between any characters.
_LABELS = {
    "activity_types": "(?:投资者关系)?活动(?:类别|类型)",
    "participants": "(?:参与|参会|参加|来访|调研|与会|出席)(?:单位|机构|人员|投资者|对象)(?:名称)?"
    "(?:(?:及|和|与|、)(?:(?:参会|参与|来访|参加)?人员|姓名)(?:姓名|名单)?)?"
    r"(?:[（(]\s*排名不分先后\s*[)）])?",
    "activity_date": f"{_EVENT}时间(?:及方式)?|(?:活动|会议|接待|召开|调研|交流)日期"
    r"|Date(?=\s*[：:])",
    "place": f"{_EVENT}(?:方式(?:及|和))?地点",
    "hosts": "(?:上市公司|本?公司)(?:接待|参会|出席|参加|与会|参与)(?:人员|人|嘉宾)"
    "(?:姓名)?(?:及职务)?"
    "|接待(?:人员|人)(?:姓名)?(?:及职务)?",
    "filed_date": "(?:发布|披露|公告|公布)(?:时间|日期)",
}
# What else ends a field.
_OTHERS = (
    "(?:投资者关系[；;]?)?活动的?主要内容[；;]?(?:介绍)?|主要内容(?:介绍)?|交流的?主要(?:内容|问题)"
    "|(?:交流|会议|调研)内容|问答(?:环节|内容|情况)|投资者关系活动情况|(?:调研|活动|会议)基本情况"
    "|(?:公告)?编号|(?:证券|股票)(?:代码|简称)|(?:召开|会议|活动)(?:方式|形式)"
)
_SECTION = r"[一二三四五六七八九十]{1,2}、|【"
# White space is bounded: looked for at each of many blank lines, it would be all that follow.
_START = (
    r"^[ \t\u3000\xa0]{0,80}(?:[（(]?[一二三四五六七八九十\d]{1,2}[)）、.．]\s{0,40})?"
    r"[【\[]?\s{0,40}"
)
# The end of a label in a narrow column, beside its value.
_LEFT_OVER = re.compile(
    r"^\s*(?:名称及人员姓名|及人员姓名|人员姓名|及人\s*员|员姓名|姓\s*名|员|名|介绍|内容|别)(?=\s|$)",
    re.MULTILINE,
)

_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s*[年./\-]\s*(\d{1,2})\s*[月./\-]\s*(\d{1,2})(?!\d|\s*/)"
)
_HAN_DATE = re.compile(
    r"([二一][一二三四五六七八九〇○零Ｏ0]{3})\s*年\s*([一二三四五六七八九十]{1,2})\s*月\s*"
    r"([一二三四五六七八九十]{1,3})\s*日"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ENGLISH_DATE = re.compile(
    rf"(?:(?P<first>\d{{1,2}})\s+)?\b(?P<month>(?:{'|'.join(_MONTHS)})[a-z]*)\.?\s+"
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+)?(?P<year>(?:19|20)\d{2})\b",
    re.IGNORECASE,
)
_WHOLE_DATE = re.compile(r"(?:19|20)\d{2}年\d{1,2}月\d{1,2}日")
_HELD = re.compile(r"于\s*(\d{4}.{0,16}?)\s*(?:日|\d\d:\d\d|[上下]午|在|通过|召开|(?:举办|举行))")
_CODES = (
    re.compile(
        r"(?:证券|股票|股份|公司|A\s*股)\s*代\s*码\s*[：:]?\s*(?:SZ|SH|BJ)?\s*(\d{6})(?!\d)"
    ),
    re.compile(r"(?:Stock|Securities|Security)\s+Code\s*[：:]?\s*(\d{6})(?!\d)", re.IGNORECASE),
    re.compile(
        r"[（(]\s*(?:SZ|SH|BJ|代码)?\s*[.：:]?\s*([0234689]\d{5})\s*(?:\.(?:SZ|SH|BJ))?\s*[)）]"
    ),
)
_SHORT = re.compile(r"(?:证券|股票|公司)\s*简\s*称\s*[：:]?\s*([*A-Za-z\u4e00-\u9fff]{2,10})")
_COMPANY = re.compile(r"[\u4e00-\u9fff（）()A-Za-z]{2,40}?(?:股份有限公司|集团有限公司|有限公司)")
_BOXES = "√☑■✓✔☒▣◼●þ🗹"
_EMPTY = "□☐○◻◯¨"
# A tick in what says how to tick (选中项请打√) is none.
_TICKED = re.compile(
    rf"(?<![打划画选勾以用为“\"])[{_BOXES}](?!\s*[”\"）)选为表])\s*([^{_BOXES}{_EMPTY}]+)"
)
# A form has all kinds of activities; where more than this are named, none was seen to be ticked.
_MOST_NAMED = 3
# What filings call their activities.
ACTIVITY_TYPES = re.compile(
    "特定对象调研|分析师会议|媒体采访|业绩说明会|新闻发布会|路演活动|现场参观|电话会议|投资者说明会"
    "|一对一沟通|策略会"
)
# The end of a title that was wrapped.
_TITLE_REST = re.compile(r"(?:情况)?(?:的?公告|告|记?录?表|纪?要|录)$")
_TITLE = re.compile(
    r"^[^□☑√☐■\n]*(?:记录表|业绩说明会|调研纪要|活动记录|会议纪要|调研记录|活动公告|情况的公告)[^□☑√☐■\n]*$",
    re.MULTILINE,
)
_EXCHANGE_NAMES = {"上海证券交易所": "SSE", "深圳证券交易所": "SZSE", "北京证券交易所": "BSE"}


# Columns by which a line that goes on in the next is narrower than the widest; what a line that
# ends or begins with it goes on at.
_RAGGED, _GOING_ON = 6, "、，；：,;:（(）)-—"
# Of the head's widest line, how wide a line is that goes on; where an office stands in a line.
_FULL, _OFFICE = 0.6, 8


def _spaced(pattern: str) -> str:
    """A pattern that lets white space stand behind each Chinese character."""
    return re.sub(r"([\u4e00-\u9fff])(\??)", r"(?:\1\\s*)\2", pattern)


_ANY_LABEL = "|".join(_spaced(p) for p in (*_LABELS.values(), _OTHERS))
_FOLLOWING = rf"(?={_START}(?:{_ANY_LABEL}|{_SECTION})|^{_SECTION}|\Z)"
_HEAD_LABEL = re.compile(rf"{_START}(?:{_ANY_LABEL})", re.MULTILINE)
_FIELDS = {
    name: re.compile(
        rf"{_START}(?:{_spaced(label)})[】\]]?\s*[：:]?\s*(.*?){_FOLLOWING}",
        re.MULTILINE | re.DOTALL,
    )
    for name, label in _LABELS.items()
}


def read_head(head: str, tail: str) -> tuple[dict[str, Any], int]:
    """Fields of ``Filing`` from the text before the first question and after the last answer.

    What isn't there is left out. Beside the fields: where the head ends, the company's talk
    before the questions left out.
    """
    # Found in one spelling, and given as filed, at the same places.
    filed, head, tail = compatible(head), plain(head), plain(tail)
    fields = _named(head, filed)
    widest = max(map(columns, filed.splitlines()), default=0)
    end = max((_line_end(head, match) for match in _HEAD_LABEL.finditer(head)), default=0)
    for name, pattern in _FIELDS.items():
        for match in pattern.finditer(head):
            said = filed[match.start(1) : match.end(1)]
            if value := _value(name, match.group(1), said, widest):
                fields[name] = value
                end = max(end, match.end(1))
                break
    if "activity_date" not in fields and (day := _held(head)):
        fields["activity_date"] = day
    if day := _filed(tail):
        fields["filed_date"] = day
    return fields, end


def _named(head: str, filed: str) -> dict[str, Any]:
    """Title, company, short name, code and exchange."""
    fields: dict[str, Any] = {}
    if title := _TITLE.search(head):
        line, _, after = filed[title.end() :].lstrip("\r\n").partition("\n")
        rest = line.strip() if after and _TITLE_REST.fullmatch(line.strip()) else ""
        fields["title"] = filed[title.start() : title.end()].strip() + rest
    if company := _company(filed):
        fields["company"] = company
    if code := _code(head):
        fields["code"] = code
    if short := _SHORT.search(head):
        fields["short_name"] = filed[short.start(1) : short.end(1)]
    if former := former_names(head):
        fields["former_names"] = former
    if exchange := _exchange(fields.get("code"), head):
        fields["exchange"] = exchange
    return fields


def _filed(tail: str) -> str | None:
    """The last date behind the questions; in a narrow cell each digit may have its own line."""
    days = dates_in(tail)
    if not days:
        label = max(tail.rfind("日期"), 0)
        squeezed = _WHOLE_DATE.search("".join(tail[label:].split()))
        days = dates_in(squeezed.group()) if squeezed else []
    return days[-1] if days else None


def _line_end(head: str, label: re.Match[str]) -> int:
    """The end of the line that a label ends in."""
    at = head.find("\n", label.start() + len(label.group().rstrip()))
    return at if at >= 0 else len(head)


def _value(name: str, value: str, filed: str, widest: int) -> Any:
    """What stands behind a label, as the field has it; ``widest`` is the head's widest line."""
    if name == "activity_types":
        return _kinds(_LEFT_OVER.sub("", filed))
    if name in ("activity_date", "filed_date"):
        return next(iter(dates_in(value)), None)
    return _joined(_LEFT_OVER.sub("", filed), widest)


def _kinds(value: str) -> tuple[str, ...]:
    """What is ticked; where there are no boxes, what is named."""
    ticked = tuple(kind for m in _TICKED.finditer(value) if (kind := _kind(m.group(1))))
    if ticked or any(box in value for box in _EMPTY):
        return ticked
    named = ACTIVITY_TYPES.findall(plain(value))
    return tuple(named) if len(named) <= _MOST_NAMED else ()


def _kind(said: str) -> str:
    """A kind of activity, though it be wrapped; what the other kind is stands behind it."""
    squeezed = plain("".join(said.split()))
    if known := ACTIVITY_TYPES.match(squeezed):
        return known.group()
    if squeezed.startswith(("其他", "其它")):
        return _joined(said, 0)
    return said.strip().split("\n")[0].strip()


def _joined(value: str, widest: int) -> str:
    """Lines of a value as one: a full one goes on in the next without a space, unless both are
    Latin there, or the next begins with an office."""
    lines = [" ".join(line.split()) for line in value.splitlines()]
    full = max(_FULL * widest, max(map(columns, lines), default=0) - _RAGGED)
    out, before = "", 0
    for line in filter(None, lines):
        latin = bool(out) and out[-1].isascii() and line[0].isascii()
        ends = before < full or has_office(line[:_OFFICE])
        apart = ends and out[-1:] not in _GOING_ON and line[0] not in _GOING_ON
        out += f" {line}" if out and (latin or apart) else line
        before = columns(line)
    return out


def _company(head: str) -> str | None:
    for line in head.split("\n"):
        if match := _COMPANY.match(line.strip()):
            return match.group()
    match = _COMPANY.search(head)
    return match.group() if match else None


def _code(head: str) -> str | None:
    plain = unicodedata.normalize("NFKC", head)
    match = next((m for pattern in _CODES if (m := pattern.search(plain))), None)
    return match.group(1) if match else None


def _exchange(code: str | None, head: str) -> str | None:
    if code:
        return exchange_of(code)
    found = {short for name, short in _EXCHANGE_NAMES.items() if name in head}
    return found.pop() if len(found) == 1 and found <= set(get_args(Exchange)) else None


def exchange_of(code: str) -> Exchange | None:
    """The exchange of a security code, by how it begins."""
    if code[0] == "6" or code.startswith("900"):
        return "SSE"
    if code[0] in "023":
        return "SZSE"
    return "BSE" if code[0] in "489" else None


def _held(head: str) -> str | None:
    """The date of 公司于……召开, where no label gives one."""
    for match in _HELD.finditer(unicodedata.normalize("NFKC", head)):
        if days := dates_in(match.group(1)):
            return days[0]
    return None


def dates_in(text: str) -> list[str]:
    """All dates in a text, in order, as YYYY-MM-DD."""
    arabic = _HAN_DATE.sub(_arabic, _ENGLISH_DATE.sub(_of_english, text))
    return list(_valid(unicodedata.normalize("NFKC", arabic)))


def _valid(plain: str) -> Iterator[str]:
    for match in _DATE.finditer(plain):
        try:
            yield date(*(int(part) for part in match.groups())).isoformat()
        except ValueError:
            continue


def _of_english(match: re.Match[str]) -> str:
    day = match.group("day") or match.group("first") or "0"
    month = _MONTHS.index(match.group("month")[:3].lower()) + 1
    return f"{match.group('year')}年{month}月{day}日"


def _arabic(match: re.Match[str]) -> str:
    digits = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | dict.fromkeys(
        "○零Ｏ0", "0"
    )
    year = "".join(digits[c] for c in match.group(1))
    return f"{year}年{_count(match.group(2))}月{_count(match.group(3))}日"


def _count(number: str) -> int:
    tens, ten, ones = number.rpartition("十")
    units = "〇一二三四五六七八九"
    if not ten:
        return units.index(number) if len(number) == 1 else 0
    return (units.index(tens) if tens else 1) * 10 + (units.index(ones) if ones else 0)
