"""A short run of the fuzzer, and that it tells a fault from a refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.robustness.fuzz import FINE, fuzz, main, make, read_one, seeds


def test_files_are_the_same_each_time() -> None:
    basis = seeds()
    assert [make(n, 1, basis) for n in range(30)] == [make(n, 1, basis) for n in range(30)]


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ["--files", "60", "--seed", "7", "--json", str(report), "--seconds", "120"]
    assert main(arguments) == 0
    result = json.loads(report.read_text("utf-8"))
    assert result["files"] == 60 == sum(result["outcomes"].values())
    assert set(result["outcomes"]) == set(FINE)
    assert result["wrong"] == []


def test_one_file_is_kept(tmp_path: Path) -> None:
    (found,) = fuzz([3], 7, jobs=1, keep=tmp_path, keep_fine=True)
    (kept,) = tmp_path.iterdir()
    assert found.number == 3
    assert kept.read_bytes() == make(3, 7, seeds())[1][1]


def test_a_fault_is_no_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "filing.txt"
    path.write_bytes("问：有何计划？\n答：没有。\n".encode())
    assert read_one(path) == ("read", "some pairs")

    def fail(_path: Path) -> None:
        raise KeyError("x")

    monkeypatch.setattr("index.intake.parse.read", fail)
    monkeypatch.setattr("index.reading.sandbox._here", True)
    outcome, reason = read_one(path)
    assert (outcome, reason.split()[0]) == ("error", "KeyError")
