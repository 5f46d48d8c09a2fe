"""``yuanda watch``: rows on the way, a calm end, and nothing lost by a kill."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.cli.test_stores import FILING, LATER
from tests.conftest import Call
from tests.fakes import until
from tests.paths import ROOT


def start(*arguments: object) -> subprocess.Popen[str]:
    code = "from assistant.cli.main import main; raise SystemExit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, "watch", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def next_row(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    row: dict[str, Any] = json.loads(process.stdout.readline())
    return row


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_follows_a_folder_until_it_is_told_to_stop(
    tmp_path: Path, call: Call, number: signal.Signals
) -> None:
    folder, store = tmp_path / "filings", tmp_path / "store"
    folder.mkdir()
    (folder / "hemu.txt").write_text(FILING, "utf-8")
    process = start(folder, "--store", store, "--json", "--settle", "0.2", "--remove-deleted")
    try:
        first = next_row(process)
        assert first == {
            "path": str(folder / "hemu.txt"),
            "sha256": first["sha256"],
            "status": "added",
            "pairs": 2,
            "warnings": [],
            "error": None,
        }
        (folder / "broken.pdf").write_bytes(b"%PDF-1.7 no more")
        assert next_row(process)["status"] == "failed"
        (folder / "hemu.txt").write_text(LATER, "utf-8")
        assert next_row(process)["status"] == "replaced"
        assert call("ask", "产能利用率", "--store", store, "--json").json["citations"]
        shutil.copy(folder / "hemu.txt", tmp_path / "kept.txt")
        (folder / "hemu.txt").unlink()
        assert next_row(process)["status"] == "removed"
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "")
    assert time.monotonic() - began < 10
    assert err.strip() == "yuanda: watching; Ctrl+C ends it"
    assert call("verify", "--store", store).status == 0


def test_a_killed_watcher_goes_on_from_there(tmp_path: Path, call: Call) -> None:
    folder, store = tmp_path / "filings", tmp_path / "store"
    folder.mkdir()
    for number in range(12):
        content = FILING.replace("八成", f"{number + 10}%")
        (folder / f"{number:02}.txt").write_text(content, "utf-8")
    process = start(folder, "--store", store, "--json", "--settle", "0.2")
    try:
        next_row(process)
        process.kill()
    finally:
        process.kill()
        process.communicate()
    process = start(folder, "--store", store, "--settle", "0.2")
    try:
        until(lambda: len(call("list", "--store", store, "--json").json["filings"]) == 12, 40)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert call("verify", "--store", store).status == 0


def test_the_command_refuses_what_is_no_folder(call: Call, tmp_path: Path) -> None:
    refused = call("watch", tmp_path / "none", "--store", tmp_path / "store")
    assert (refused.status, "no such folder" in refused.err) == (2, True)
