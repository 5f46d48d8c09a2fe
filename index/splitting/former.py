"""Names that a company says it had: 曾用名, 曾用简称, 原名."""

from __future__ import annotations

import re

_SAID = re.compile(
    r"(?:曾\s*用\s*(?:名称?|简称|证券简称)|原\s*(?:证券简称|公司名称|名称|简称|名)|更名前(?:名称|简称)?|前称)"
    r"\s*(?:为|是)?\s*[：:“”\"「（(]?\s*"
    r"((?:[\u4e00-\u9fffA-Za-z*]{2,30}[、/]?){1,4})"
)
_MOST = 8


def former_names(head: str) -> tuple[str, ...]:
    """The former names, full and short, that a filing's head tells, in its order."""
    names = (name for match in _SAID.finditer(head) for name in re.split(r"[、/]", match[1]))
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST]
