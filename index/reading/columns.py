"""What a sheet's columns hold, told by their names in the header row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from index.normalize import normalize

# Names as question platforms, their exports and common tools write them. Where a sheet has
# several columns of one kind, the name that stands first here is taken.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "question": (
        "提问内容", "问题内容", "咨询内容", "投资者提问", "投资者问题", "提问问题", "问题", "提问",
        "question", "q", "问",
    ),
    "answer": (
        "回复内容", "答复内容", "回答内容", "公司回复", "公司答复", "公司回答", "上市公司回复",
        "上市公司答复", "董秘回复", "董秘答复", "董秘回答", "问题回复", "问题答复", "回复", "答复",
        "回答", "answer", "a", "答",
    ),
    "number": ("序号", "编号", "问题序号", "问题编号", "提问编号", "no.", "no"),
    "company": ("公司名称", "公司全称", "上市公司名称", "上市公司", "公司"),
    "short": ("公司简称", "证券简称", "股票简称", "证券名称", "股票名称", "简称", "name"),
    "code": (
        "证券代码", "股票代码", "公司代码", "上市公司代码", "代码", "ts_code", "symbol", "code",
    ),
    "asked": ("提问时间", "提问日期", "问题时间", "问题日期"),
    "answered": (
        "回复时间", "回复日期", "答复时间", "答复日期", "回答时间", "回答日期", "公司回复时间",
        "公司答复时间", "更新时间", "pub_time",
    ),
    "asker": ("提问人", "提问者", "投资者", "用户名", "昵称"),
    "answerer": ("回复人", "回复者", "答复人", "答复者", "回答人", "回答者"),
}  # fmt: skip
_LONGEST = 40
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_IGNORED = re.compile(r"[\s:*\u200b-\u200f\u2060\ufeff]+")


def columns_of(cells: Sequence[str]) -> dict[str, int] | None:
    """Where each kind of column stands, if this is a header row: one that names both a question
    and an answer."""
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        places.setdefault(plain(cell), place)
    found = {
        kind: places[name]
        for kind, known in COLUMNS.items()
        if (name := next((name for name in known if name in places), None)) is not None
    }
    return found if "question" in found and "answer" in found else None


@lru_cache(maxsize=1 << 12)
def plain(cell: str) -> str:
    """A header cell, or a label, without brackets, marks and white space; empty for a long one."""
    if not cell or len(cell) > _LONGEST:
        return ""
    # 回覆 is what Traditional Chinese writes for 回复.
    spelt = normalize(cell).replace("回覆", "回复").replace("答覆", "答复")
    return _IGNORED.sub("", _BRACKETS.sub("", spelt))
