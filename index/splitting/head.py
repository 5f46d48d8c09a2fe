"""What a filing's head says: company, code, kinds of activity, dates, place, people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

from index.records import Exchange
from index.splitting.former import former_names

_EVENT = "(?:活动|会议|接待|召开|调研|交流|说明会|接待活动)?(?:召开|举办|举行)?的?"
# Labels as filings print them; white space, a line break too, may stand between any characters.
_LABELS = {
    "activity_types": "(?:投资者关系)?活动(?:类别|类型)",
    "participants": "(?:参与|参会|参加|来访|调研|与会|出席)(?:单位|机构|人员|投资者|对象)(?:名称)?"
    "(?:(?:及|和|与|、)(?:(?:参会|参与|来访|参加)?人员|姓名)(?:姓名|名单)?)?",
    "activity_date": f"{_EVENT}时间(?:及方式)?|(?:活动|会议|接待|召开|调研|交流)日期",
    "place": f"{_EVENT}(?:方式(?:及|和))?地点",
    "hosts": "(?:上市公司|本?公司)(?:接待|参会|出席|参加|与会|参与)(?:人员|人|嘉宾)"
    "(?:姓名)?(?:及职务)?"
    "|接待(?:人员|人)(?:姓名)?(?:及职务)?",
    "filed_date": "(?:发布|披露|公告|公布)(?:时间|日期)",
}
# What else ends a field.
_OTHERS = (
    "(?:投资者关系)?活动的?主要内容(?:介绍)?|主要内容(?:介绍)?|交流的?主要(?:内容|问题)"
    "|(?:交流|会议|调研)内容|问答(?:环节|内容|情况)|投资者关系活动情况|(?:调研|活动|会议)基本情况"
    "|(?:公告)?编号|(?:证券|股票)(?:代码|简称)|(?:召开|会议|活动)(?:方式|形式)"
)
_SECTION = r"[一二三四五六七八九十]{1,2}、|【"
_START = r"^[ \t\u3000\xa0]*(?:[（(]?[一二三四五六七八九十\d]{1,2}[)）、.．]\s*)?[【\[]?\s*"
# The end of a label in a narrow column, beside its value.
_LEFT_OVER = re.compile(
    r"^\s*(?:名称及人员姓名|及人员姓名|人员姓名|及人\s*员|员姓名|姓\s*名|员|名|介绍|内容|别)(?=\s|$)",
    re.MULTILINE,
)

_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})\s*[年./\-]\s*(\d{1,2})\s*[月./\-]\s*(\d{1,2})(?!\d)")
_HAN_DATE = re.compile(
    r"([二一][一二三四五六七八九〇○零Ｏ0]{3})\s*年\s*([一二三四五六七八九十]{1,2})\s*月\s*"
    r"([一二三四五六七八九十]{1,3})\s*日"
)
_HELD = re.compile(r"于\s*(\d{4}.{0,16}?)\s*(?:日|\d\d:\d\d|[上下]午|在|通过|召开|(?:举办|举行))")
_CODES = (
    re.compile(
        r"(?:证券|股票|股份|公司|A\s*股)\s*代\s*码\s*[：:]?\s*(?:SZ|SH|BJ)?\s*(\d{6})(?!\d)"
    ),
    re.compile(
        r"[（(]\s*(?:SZ|SH|BJ|代码)?\s*[.：:]?\s*([0234689]\d{5})\s*(?:\.(?:SZ|SH|BJ))?\s*[)）]"
    ),
)
_SHORT = re.compile(r"(?:证券|股票|公司)\s*简\s*称\s*[：:]?\s*([*A-Za-z\u4e00-\u9fff]{2,10})")
_COMPANY = re.compile(r"[\u4e00-\u9fff（）()A-Za-z]{2,40}?(?:股份有限公司|集团有限公司|有限公司)")
_BOXES = "√☑■✓✔☒▣◼●þ🗹"
_EMPTY = "□☐○◻◯¨"
_TICKED = re.compile(rf"[{_BOXES}]\s*([^{_BOXES}{_EMPTY}\n]+)")
# What filings call their activities.
ACTIVITY_TYPES = re.compile(
    "特定对象调研|分析师会议|媒体采访|业绩说明会|新闻发布会|路演活动|现场参观|电话会议|投资者说明会"
    "|一对一沟通|策略会"
)
_TITLE = re.compile(
    r"^.*(?:记录表|业绩说明会|调研纪要|活动记录|会议纪要|调研记录|活动公告|情况的公告).*$",
    re.MULTILINE,
)
_EXCHANGE_NAMES = {"上海证券交易所": "SSE", "深圳证券交易所": "SZSE", "北京证券交易所": "BSE"}


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
    fields = _named(head)
    end = max((_line_end(head, match) for match in _HEAD_LABEL.finditer(head)), default=0)
    for name, pattern in _FIELDS.items():
        for match in pattern.finditer(head):
            if value := _value(name, match.group(1)):
                fields[name] = value
                end = max(end, match.end(1))
                break
    if "activity_date" not in fields and (day := _held(head)):
        fields["activity_date"] = day
    if days := dates_in(tail):
        fields["filed_date"] = days[-1]
    return fields, end


def _named(head: str) -> dict[str, Any]:
    """Title, company, short name, code and exchange."""
    fields: dict[str, Any] = {}
    title = _TITLE.search(head)
    if title:
        fields["title"] = title.group().strip()
    if company := _company(head):
        fields["company"] = company
    if code := _code(head):
        fields["code"] = code
    if short := _SHORT.search(head):
        fields["short_name"] = short.group(1)
    if former := former_names(head):
        fields["former_names"] = former
    if exchange := _exchange(fields.get("code"), head):
        fields["exchange"] = exchange
    return fields


def _line_end(head: str, label: re.Match[str]) -> int:
    """The end of the line that a label ends in."""
    at = head.find("\n", label.start() + len(label.group().rstrip()))
    return at if at >= 0 else len(head)


def _value(name: str, value: str) -> Any:
    """What stands behind a label, as the field has it."""
    if name == "activity_types":
        return _kinds(value)
    if name in ("activity_date", "filed_date"):
        return next(iter(dates_in(value)), None)
    return _joined(_LEFT_OVER.sub("", value))


def _kinds(value: str) -> tuple[str, ...]:
    ticked = tuple(t for m in _TICKED.finditer(value) if (t := m.group(1).strip()))
    if ticked or any(box in value for box in _EMPTY):
        return ticked
    return tuple(ACTIVITY_TYPES.findall(value))


def _joined(value: str) -> str:
    """Lines of a value as one: a wrap between Chinese characters leaves no space."""
    out = ""
    for line in value.splitlines():
        line = " ".join(line.split())
        wide = not out or not line or not (out[-1].isascii() and line[0].isascii())
        out += line if wide else f" {line}"
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
    plain = _HAN_DATE.sub(_arabic, text)
    return list(_valid(unicodedata.normalize("NFKC", plain)))


def _valid(plain: str) -> Iterator[str]:
    for match in _DATE.finditer(plain):
        try:
            yield date(*(int(part) for part in match.groups())).isoformat()
        except ValueError:
            continue


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
