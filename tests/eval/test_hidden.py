"""Filed questions as queries, with all questions hidden."""

from __future__ import annotations

import pytest

from eval.reports.hidden import SYSTEMS, measured, outcomes, without_question
from eval.sets.written import read_pairs


def test_nothing_of_a_question_is_left() -> None:
    filed = read_pairs("train")[0]
    hidden = without_question(filed)
    assert filed.pair.question
    assert (hidden.pair.question, hidden.pair.question_spans) == ("", ())
    assert hidden.pair.answer == filed.pair.answer


@pytest.mark.model
def test_answers_are_found_by_what_they_say() -> None:
    pairs = read_pairs("dev")[:40]
    found = outcomes(pairs, "hybrid")
    assert [one.query_id for one in found] == [filed.name for filed in pairs]
    assert all(one.query_id in one.relevant for one in found)
    assert sum(one.right for one in found) > 20


@pytest.mark.model
def test_it_is_measured_for_each_system() -> None:
    document = measured("dev")
    assert [one["system"] for one in document["systems"]] == list(SYSTEMS)
    assert document["systems"][0]["p"] == dict.fromkeys(("R@1", "R@5", "MRR@10"))
    for system in document["systems"]:
        low, value = (system["measures"][name]["value"] for name in ("R@1", "R@5"))
        assert 0 < low <= value <= 1
