"""What is written of a citation's source, and text that documents can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.answering.report import RECOGNISED
from assistant.records import Citation

# What XML can't hold, and what turns the direction of the text that follows.
_UNWRITABLE = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)


def writable(text: str) -> str:
    """Text as it is, but for what documents can't hold or what acts there: U+FFFD each."""
    return _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a quote stands, each field as text, empty where it isn't known."""

    company: str
    code: str
    title: str
    activity_day: str
    filed_day: str
    number: str
    pages: str
    sha256: str
    address: str
    note: str

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Names and values of what is known."""
        company = f"{self.company}（{self.code}）" if self.code else self.company
        every = (
            ("公司", company),
            ("公告", self.title),
            ("活动日期", self.activity_day),
            ("披露日期", self.filed_day),
            ("编号", self.number),
            ("页", self.pages),
            ("SHA-256", self.sha256[:16]),
            ("地址", self.address),
            ("注意", self.note),
        )
        return tuple((name, value) for name, value in every if value)


def source_of(citation: Citation, address: str | None = None) -> Source:
    """The source of a citation."""
    filing, pair = citation.filing, citation.pair
    return Source(
        company=filing.company,
        code=filing.code or "",
        title=filing.title,
        activity_day=filing.activity_date or "",
        filed_day=filing.filed_date or "",
        number=pair.number,
        pages="、".join(str(page) for page in pair.pages),
        sha256=filing.sha256,
        address=address or "",
        note=RECOGNISED if filing.recognised else "",
    )
