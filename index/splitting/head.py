"""What a filing's head says: company, code, kinds of activity, dates, place, people."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

from index.records import Exchange

_LABELS = {
    "activity_types": "投资者关系活动类别|投资者关系活动类型|活动类别|活动类型",
    "participants": "参与单位名称及人员姓名|参与单位名称及人员|参会单位及人员|参与单位及人员"
    "|参会单位名称及人员姓名|参与单位名称|来访单位及人员|来访单位|参会单位|参与单位|参加单位|参与人员|参会人员",
    "activity_date": "活动时间|会议时间|接待时间|召开时间|活动日期|时间",
    "place": "活动地点|会议地点|接待地点|召开地点|地点",
    "hosts": "上市公司接待人员姓名|上市公司接待人员|公司接待人员姓名|公司接待人员|接待人员姓名"
    "|接待人员"
    "|上市公司参会人员|公司参会人员|公司出席人员|上市公司参加人员",
}
_BODY = "投资者关系活动主要内容介绍|投资者关系活动主要内容|活动主要内容|主要内容|交流内容|问答环节"
_NEXT = "|".join([*_LABELS.values(), _BODY, "投资者关系活动情况"])
_START = r"^[ \t\u3000]*(?:[（(]?[一二三四五六七八九十\d]{1,2}[)）、.．])?\s*"

_DATE = re.compile(r"(?<!\d)(20\d{2}|19\d{2})\s*[年./\-]\s*(\d{1,2})\s*[月./\-]\s*(\d{1,2})(?!\d)")
_CODE = re.compile(r"(?:证券|股票|股份|A\s*股)\s*代码\s*[：:]?\s*(\d{6})")
_COMPANY = re.compile(r"[\u4e00-\u9fff（）()A-Za-z]{2,40}?(?:股份有限公司|集团有限公司|有限公司)")
_TICKED = re.compile(r"[√☑■✓✔☒▣◼●][\s]*([^√☑■✓✔☒▣◼●□☐○◻\n]+)")
_TITLE = re.compile(
    r"^.*(?:记录表|业绩说明会|调研纪要|活动记录|会议纪要|调研记录|活动公告).*$", re.MULTILINE
)
_EXCHANGE_NAMES = {"上海证券交易所": "SSE", "深圳证券交易所": "SZSE", "北京证券交易所": "BSE"}


def read_head(head: str, tail: str) -> dict[str, Any]:
    """Fields of ``Filing`` from the text before the first question and after the last answer.

    What isn't there is left out.
    """
    fields: dict[str, Any] = {}
    title = _TITLE.search(head)
    if title:
        fields["title"] = title.group().strip()
    if company := _company(head):
        fields["company"] = company
    if code := _CODE.search(head):
        fields["code"] = code.group(1)
    if exchange := _exchange(fields.get("code"), head):
        fields["exchange"] = exchange
    for name, labels in _LABELS.items():
        if value := _labelled(head, labels):
            fields[name] = _value(name, value)
    if days := _dates(tail):
        fields["filed_date"] = days[-1]
    return fields


def _value(name: str, value: str) -> Any:
    """What stands behind a label, as the field has it."""
    if name == "activity_types":
        return tuple(t for m in _TICKED.finditer(value) if (t := m.group(1).strip()))
    if name == "activity_date":
        return next(iter(_dates(value)), None)
    return " ".join(value.split())


def _labelled(head: str, labels: str) -> str | None:
    """What stands behind a label, up to the next one."""
    following = rf"(?={_START}(?:{_NEXT})|\Z)"
    pattern = rf"{_START}(?:{labels})\s*[：:]?\s*(.*?){following}"
    match = re.search(pattern, head, re.MULTILINE | re.DOTALL)
    return match.group(1).strip() if match else None


def _company(head: str) -> str | None:
    for line in head.split("\n"):
        if match := _COMPANY.match(line.strip()):
            return match.group()
    match = _COMPANY.search(head)
    return match.group() if match else None


def _exchange(code: str | None, head: str) -> str | None:
    if code:
        if code[0] == "6":
            return "SSE"
        return "SZSE" if code[0] in "03" else "BSE" if code[0] in "489" else None
    found = {short for name, short in _EXCHANGE_NAMES.items() if name in head}
    return found.pop() if len(found) == 1 and found <= set(get_args(Exchange)) else None


def _dates(text: str) -> list[str]:
    found = []
    for match in _DATE.finditer(text):
        try:
            found.append(date(*(int(part) for part in match.groups())).isoformat())
        except ValueError:
            continue
    return found
