"""A list of questions with their official answers, ready to be written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assistant.answering.address import address_of
from assistant.answering.answer import Assistant
from assistant.records import Answer, Citation, Query
from assistant.takeout.questions import Listed
from index.errors import YuandaError
from index.records import Filters

# Filed questions that are told of where none answers.
_RELATED = 3

_REASONS = {
    "company_not_held": "索引库中没有这家公司的公告。",
    "filtered_out": "有相关的公告，但不在限定的公司或日期之内。",
    "not_covered": "已披露的问答没有涵盖这个问题。",
    "evidence_damaged": "相关公告的原件已损坏或缺失，无法证明原文，因此不予引用。",
    "not_a_question": "这不是一个可以由公告回答的问题。",
}


@dataclass(frozen=True, slots=True)
class Searched:
    """What an answer was looked for in: filings and their pairs, the newest day (YYYY-MM-DD)."""

    filings: int
    pairs: int
    newest: str | None

    def told(self, filters: Filters) -> str:
        """In words, with what it was restricted to."""
        conditions = [
            f"{name}{value}"
            for name, value in (
                ("公司：", filters.company),
                ("代码：", filters.code),
                ("活动日起：", filters.since),
                ("活动日止：", filters.until),
                ("披露截至：", filters.as_of),
                ("活动类别：", filters.activity),
            )
            if value
        ]
        within = f"（{'；'.join(conditions)}）" if conditions else ""
        newest = f"，最新一份的日期为 {self.newest}" if self.newest else ""
        return f"检索了 {self.filings} 份公告中的 {self.pairs} 条问答{within}{newest}。"


@dataclass(frozen=True, slots=True)
class Item:
    """One question with what came of it; ``answer`` is ``None`` where it couldn't be asked."""

    listed: Listed
    answer: Answer | None
    searched: Searched | None
    addresses: tuple[str | None, ...] = ()

    @property
    def citation(self) -> Citation | None:
        """The pair that answers; ``None`` where none does."""
        answered = self.answer and self.answer.decision == "answer"
        return self.answer.citations[0] if self.answer and answered else None

    @property
    def related(self) -> tuple[Citation, ...]:
        """The nearest filed pairs of a question that none answers; no answers themselves."""
        return () if not self.answer or self.citation else self.answer.citations[:_RELATED]

    @property
    def address(self) -> str | None:
        """The announcement that answers, where its address is known."""
        return self.addresses[0] if self.citation and self.addresses else None

    @property
    def why(self) -> str:
        """Why there is no answer, in words."""
        if self.listed.error:
            return f"未能检索：{self.listed.error}"
        reason = getattr(self.answer, "reason", None)
        return _REASONS.get(reason or "not_covered", _REASONS["not_covered"])


@dataclass(frozen=True, slots=True)
class Prepared:
    """All items of a list in its order, and when they were asked."""

    title: str
    items: tuple[Item, ...]
    searched: Searched
    at: datetime

    @property
    def gaps(self) -> tuple[tuple[int, Item], ...]:
        """Those without an official answer, with their numbers from 1."""
        return tuple((n, i) for n, i in enumerate(self.items, 1) if i.citation is None)

    @property
    def answered(self) -> tuple[tuple[int, Item], ...]:
        """Those with one, with their numbers."""
        return tuple((n, i) for n, i in enumerate(self.items, 1) if i.citation is not None)

    @property
    def failed(self) -> int:
        """How many couldn't be asked."""
        return sum(item.listed.error is not None for item in self.items)


def prepare(
    assistant: Assistant,
    questions: Sequence[Listed],
    title: str,
    on_item: Callable[[Item], None] | None = None,
) -> Prepared:
    """Ask all questions; ``on_item`` is told of each as it is answered."""
    known: dict[Filters, Searched] = {}

    def searched(filters: Filters) -> Searched:
        if filters not in known:
            known[filters] = _searched(assistant, filters)
        return known[filters]

    items = []
    for listed in questions:
        item = _item(assistant, listed, searched)
        items.append(item)
        if on_item:
            on_item(item)
    return Prepared(title, tuple(items), searched(Filters()), datetime.now(UTC))


def _searched(assistant: Assistant, filters: Filters) -> Searched:
    entries = assistant.entries(filters)
    days = [e.filing.activity_date or e.filing.filed_date for e in entries]
    newest = max((day for day in days if day), default=None)
    return Searched(len(entries), sum(e.pairs for e in entries), newest)


def _item(assistant: Assistant, listed: Listed, searched: Callable[[Filters], Searched]) -> Item:
    if listed.error:
        return Item(listed, None, None)
    try:
        answer = assistant.ask(Query(listed.question, _RELATED, listed.filters))
    except YuandaError as error:  # this one can't be asked, the others can
        failed = Listed(listed.row, listed.question, listed.filters, str(error))
        return Item(failed, None, None)
    addresses = tuple(address_of(citation.filing) for citation in answer.citations)
    return Item(listed, answer, searched(listed.filters), addresses)
