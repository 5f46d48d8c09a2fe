"""The growth benchmark: medians of rounds, ratios within a round, and a small run of it all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eval.benchmarks.scale.__main__ import _growth, _middle
from tests.paths import ROOT


def asked(p50: float, p99: float, memory: int) -> dict[str, Any]:
    return {"ask_ms": {"p50": p50, "p99": p99}, "memory_bytes": {"total": memory}}


def test_each_figure_is_the_median_of_the_rounds() -> None:
    rounds = [asked(1.0, 9.0, 5), asked(3.0, 7.0, 7), asked(2.0, 8.0, 6)]
    assert _middle(rounds) == asked(2.0, 8.0, 6)


def test_growth_is_within_a_round_from_ten_thousand_pairs_on() -> None:
    sizes = (1_000, 10_000, 1_010_000)
    one = [asked(1.0, 1.0, 100), asked(2.0, 4.0, 1_000), asked(3.0, 10.0, 1_001_000)]
    assert _growth(sizes, one) == {"ask_p50": 1.5, "ask_p99": 2.5, "memory_bytes_a_pair": 1.0}
    assert _growth((1_000, 10_000), one[:2]) == {}, "nothing larger"
    assert _growth((1_000, 1_010_000), one[::2]) == {}


@pytest.mark.model
def test_stores_are_loaded_asked_and_changed(tmp_path: Path) -> None:
    report = tmp_path / "scale.json"
    call = ["--pairs", "60", "120", "--questions", "6", "--rounds", "2", "--peers", "120"]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "eval.benchmarks.scale",
            *call,
            "--folder",
            tmp_path,
            "--json",
            report,
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    found = json.loads(report.read_text("utf-8"))
    assert [size["pairs"] for size in found["sizes"]] == [60, 120]
    for size in found["sizes"]:
        assert len(size["ask_ms_p50_of_rounds"]) == 2
        assert size["recall"]["R@64"] == 1.0, "so few are read through"
        assert size["change_ms"].keys() == {"add", "follow", "remove"}
        assert size["load"]["store_bytes"] > size["load"]["indexes_bytes"] > 0
    own, *others = found["peers"]
    assert (own["peer"], own["passages"]) == ("yuanda", found["sizes"][1]["passages"])
    assert all(peer.get("passages", own["passages"]) == own["passages"] for peer in others)
