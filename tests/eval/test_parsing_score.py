"""The scorer tells a right pair from a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.measuring.parsing import Wanted, score, table
from index.errors import ReadError
from index.records import Filing, Pair, ParsedFiling, Span

Q, A = "产能何时释放？", "预计三季度试产。"


def _wanted() -> Wanted:
    groups = {
        "split": ("dev",),
        "format": ("txt",),
        "layout": ("minutes",),
        "mark": ("wen-da",),
        "trait": (),
    }
    head = {"code": "309811", "filed_date": None, "activity_types": ["现场参观", "路演活动"]}
    return Wanted(Path("dev/a.txt"), groups, head, (("1", Q, A), ("2", A, Q)))


def _reader(*pairs: tuple[str, str, str], code: str = "309811"):
    def read(path: Path) -> ParsedFiling:
        text, made = "", []
        for number, question, answer in pairs:
            q = Span(len(text), len(text) + len(question))
            a = Span(q.end, q.end + len(answer))
            text += question + answer
            made.append(Pair(number, question, answer, q.start, a.end, (q,), (a,)))
        filing = Filing(str(path), "", "text", code=code, activity_types=("路演活动", "现场参观"))
        return ParsedFiling(filing, tuple(made), text)

    return read


def test_all_right() -> None:
    result = score([_wanted()], _reader(("１", "产能 何时\n释放？", A), ("2", A, Q)))
    assert (result["precision"], result["recall"], result["f1"]) == (1, 1, 1)
    assert (result["numbers"], result["answer_characters"], result["unproved"]) == (1, 1, 0)
    assert result["head"] == {"activity_types": 1, "code": 1, "filed_date": 1}
    assert result["fails"] == []
    assert "fails: none" in table(result)


def test_a_wrong_pair_counts_against_both() -> None:
    result = score(
        [_wanted()], _reader(("1", Q, A[:-2]), ("9", A, Q), ("3", "？", "。"), code="300000")
    )
    assert result["precision"] == pytest.approx(1 / 3, abs=1e-4)
    assert (result["recall"], result["f1"], result["numbers"]) == (0.5, 0.4, 0)
    assert result["answer_characters"] == pytest.approx((6 / 8 + 1) / 2)
    assert result["head"]["code"] == 0
    assert sorted(m["kind"] for m in result["fails"]) == ["code", "differs", "extra", "number"]
    assert result["by"]["mark"]["wen-da"]["f1"] == 0.4


def test_a_file_that_cannot_be_read_has_no_pairs() -> None:
    def read(path: Path) -> ParsedFiling:
        raise ReadError(str(path), "it is empty")

    result = score([_wanted()], read)
    assert (result["f1"], result["recall"], result["head"]["code"]) == (0, 0, 0)
    assert [m["kind"] for m in result["fails"]] == ["unread"]


def test_a_pair_that_its_spans_do_not_give_is_unproved() -> None:
    def read(path: Path) -> ParsedFiling:
        pair = Pair("1", Q, A, 0, 4, (Span(0, 2),), (Span(2, 4),))
        return ParsedFiling(Filing(str(path), "", "text"), (pair,), Q + A)

    assert score([_wanted()], read)["unproved"] == 1
