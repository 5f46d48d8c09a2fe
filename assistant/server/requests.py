"""What a program may ask for, over HTTP or MCP: the parameters, described and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from assistant.records import LONGEST, Query
from assistant.understanding.codes import plain_code
from index.records import Filters

# A company's name or code is shorter by far.
_SHORT = 100
# Questions of one batch, and filings of one list.
MOST_QUESTIONS, MOST_FILINGS = 100, 1000


def _day(value: str) -> str:
    return date.fromisoformat(value).isoformat()


Question = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)
]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_day),
    Field(json_schema_extra={"format": "date"}),
]
Short = Annotated[str, StringConstraints(max_length=_SHORT)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Filtering(BaseModel):
    """Which filings are meant: all conditions hold."""

    model_config = ConfigDict(extra="forbid")

    company: Short | None = Field(None, description="part of the company's name, as filed")
    code: Short | None = Field(None, description="the security code, 6 digits")
    since: Day | None = Field(None, description="date of the activity, YYYY-MM-DD or later")
    until: Day | None = Field(None, description="date of the activity, YYYY-MM-DD or earlier")
    as_of: Day | None = Field(None, description="only what was filed by YYYY-MM-DD")
    activity: Short | None = Field(
        None, description="one of the filing's types of activity, as filed, such as 特定对象调研"
    )

    def filters(self) -> Filters:
        """The same, for a store."""
        code = self.code and plain_code(self.code)
        return Filters(self.company, code, self.since, self.until, self.as_of, self.activity)


class Listing(Filtering):
    """Which filings, and how many of them."""

    limit: int = Field(MOST_FILINGS, ge=1, le=MOST_FILINGS, description="filings at most")
    offset: int = Field(0, ge=0, le=1 << 40, description="filings to leave out before them")


class Asking(Filtering):
    """A question, and which filings may answer it."""

    question: Question = Field(description="in plain words")
    top_k: int = Field(5, ge=1, le=100, description="citations at most")
    previous: Question | None = Field(
        None,
        description="the question before, where this one follows it up; what company it was "
        "restricted to is sent again as `code` or `company`",
    )
    today: Day | None = Field(
        None, description="the day that 去年 and the like are counted from; by default today"
    )

    def query(self) -> Query:
        """The same, for an assistant."""
        return Query(self.question, self.top_k, self.filters(), self.previous, self.today)


class AskingBatch(Filtering):
    """Several questions, each by itself, and which filings may answer them."""

    questions: list[str] = Field(
        min_length=1, max_length=MOST_QUESTIONS, description="each in plain words"
    )
    top_k: int = Field(5, ge=1, le=100, description="citations at most, of each")

    def asking(self, question: str) -> Asking:
        """One of the questions; ``ValidationError`` where it can't be asked."""
        return Asking(question=question, **self.model_dump(exclude={"questions"}))


class Naming(BaseModel):
    """One filing."""

    model_config = ConfigDict(extra="forbid")

    sha256: Sha256 = Field(description="SHA-256 of the filing's file, 64 hexadecimal digits")


class Turning(Naming):
    """One page of a filing."""

    page: int = Field(1, ge=1, le=100_000, description="number of the page, from 1")


def reasons(errors: Iterable[Mapping[str, Any]]) -> str:
    """What is wrong with a call, in one line, from pydantic's list of errors."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors)
