"""Whether two systems differ by more than chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval.measuring.runs import record_lines
from eval.measuring.significance import compare, main, randomisation_test
from index.errors import CallError
from tests.fakes import outcome


def test_alike_systems_do_not_differ() -> None:
    values = np.array([1.0, 0.0, 0.5])
    assert randomisation_test(values, values) == 1.0
    # One query better and one worse: the difference is 0, which any flip reaches.
    assert randomisation_test(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0


def test_p_value_is_the_share_of_flips_as_extreme() -> None:
    better, worse = np.ones(5), np.zeros(5)
    # Of 32 flips, two are as extreme either way, one is as low, all are as high.
    assert randomisation_test(better, worse) == pytest.approx(2 / 32, abs=0.01)
    assert randomisation_test(worse, better, "less") == pytest.approx(1 / 32, abs=0.01)
    assert randomisation_test(better, worse, "less") == 1.0
    assert randomisation_test(better, worse) == randomisation_test(better, worse)


def test_p_values_hold_what_they_promise() -> None:
    random = np.random.default_rng(1)
    found = [
        randomisation_test(random.random(30), random.random(30), rounds=200) for _ in range(400)
    ]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.03)


def test_systems_are_paired_by_query() -> None:
    good = [outcome(str(i), True) for i in range(20)]
    bad = [outcome(str(i), i < 10) for i in reversed(range(20))]
    found = compare(good, bad)
    assert (found["R@1"].first, found["R@1"].second) == (1.0, 0.5)
    assert found["R@1"].p < 0.01
    assert found["served"].p < 0.01
    with pytest.raises(CallError, match="same labelled queries"):
        compare(good, bad[1:])


def test_two_saved_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(record_lines([outcome("1", True)]), "utf-8")
    second.write_text(record_lines([outcome("1", False)]), "utf-8")
    assert main([str(first), str(second)]) == 0
    assert "R@1           1.0000  0.0000  +1.0000" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([str(first), str(tmp_path / "none")])
