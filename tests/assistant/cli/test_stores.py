"""The commands over a store and over one file: add, remove, list, verify, parse."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from index.intake.parse import parse
from index.store.store import Store
from tests.assistant.cli.test_main import FILING_KEYS, PAIR_KEYS
from tests.conftest import Call, Called
from tests.paths import ROOT

SAMPLE = next((ROOT / "index" / "sample").iterdir())
FILING = """禾木股份有限公司
投资者关系活动记录表
证券代码：309001
活动时间：2024 年 5 月 8 日
问题 1、公司今年的产能利用率如何？
回答：一季度产能利用率约为八成，二季度逐月回升。
问题 2、海外市场的进展怎样？
回答：海外订单按计划交付，新增两家客户。
"""
LATER = FILING.replace("八成", "九成").replace("5 月 8 日", "8 月 1 日").replace("309001", "309002")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    filings = tmp_path / "filings"
    filings.mkdir()
    (filings / "hemu.txt").write_text(FILING, "utf-8")
    return filings


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def statuses(added: Called) -> dict[str, str]:
    return {Path(row["path"]).name: row["status"] for row in added.json["files"]}


@pytest.mark.model
def test_add_reports_each_file(call: Call, folder: Path, store: Path) -> None:
    added = call("add", folder, "--store", store, "--json")
    assert added.status == 0
    (row,) = added.json["files"]
    assert row.keys() == {"path", "sha256", "status", "pairs", "warnings", "error"}
    assert row["path"] == str(folder / "hemu.txt")
    assert (row["status"], row["pairs"], row["error"]) == ("added", 2, None)
    assert added.json["totals"] == {
        **{"files": 1, "added": 1, "unchanged": 0, "replaced": 0, "failed": 0, "pairs": 2}
    }
    assert statuses(call("add", folder, "--store", store, "--json")) == {"hemu.txt": "unchanged"}
    (folder / "hemu.txt").write_text(LATER, "utf-8")
    assert statuses(call("add", folder, "--store", store, "--json")) == {"hemu.txt": "replaced"}
    assert "1 unchanged" in call("add", folder, "--store", store).out


@pytest.mark.model
def test_bad_files_do_not_stop_the_rest(call: Call, folder: Path, store: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    (folder / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    (folder / "broken.docx").write_bytes(b"PK\x03\x04" + bytes(64))
    (folder / "gb.txt").write_bytes(LATER.encode("gb18030"))
    (folder / "notice.txt").write_text(
        "关于召开年度股东大会的通知，会议地点为公司会议室。", "utf-8"
    )
    locked = Canvas(str(folder / "locked.pdf"), encrypt="secret")
    locked.drawString(72, 720, "Question 1")
    locked.save()
    added = call("add", folder, folder / "missing.pdf", "--store", store, "--json")
    assert added.status == 1
    assert statuses(added) == {
        "broken.docx": "failed",
        "empty.txt": "failed",
        "gb.txt": "added",
        "hemu.txt": "added",
        "locked.pdf": "failed",
        "missing.pdf": "failed",
        "notice.txt": "failed",
        "picture.pdf": "failed",
    }
    errors = {Path(r["path"]).name: r["error"] for r in added.json["files"] if r["error"]}
    for name, word in {
        "broken.docx": "damaged",
        "empty.txt": "empty",
        "locked.pdf": "password",
        "missing.pdf": "no such file",
        "notice.txt": "no question",
        "picture.pdf": "picture",
    }.items():
        assert name in errors[name]
        assert word in errors[name]
    assert added.json["totals"]["pairs"] == 4
    text = call("add", folder, "--store", store)
    assert text.status == 1
    assert text.out.count("failed: ") == 5
    assert "added" not in text.err


@pytest.mark.model
def test_a_name_of_odd_bytes_is_a_failed_row(call: Call, tmp_path: Path, store: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.txt")
    try:
        path.write_text(FILING, "utf-8")
    except OSError:
        pytest.skip("this file system takes names of UTF-8 only")
    added = call("add", path, "--store", store, "--json")
    assert added.status == 1
    (row,) = added.json["files"]
    assert (row["path"], row["status"]) == (str(path), "failed")
    assert "rename" in row["error"]
    assert call("add", path, "--store", store).status == 1
    assert call("remove", path, "--store", store).status == 2
    assert call("parse", path, "--json").json["filing"]["path"] == str(path)


@pytest.mark.model
def test_list_and_its_filters(call: Call, folder: Path, store: Path) -> None:
    (folder / "later.txt").write_text(LATER, "utf-8")
    call("add", folder, "--store", store)
    listed = call("list", "--store", store, "--json")
    assert listed.status == 0
    rows = listed.json["filings"]
    assert [Path(row["path"]).name for row in rows] == ["later.txt", "hemu.txt"]
    assert all(row.keys() == FILING_KEYS | {"pairs"} for row in rows)
    assert [(r["code"], r["activity_date"], r["pairs"]) for r in rows] == [
        ("309002", "2024-08-01", 2),
        ("309001", "2024-05-08", 2),
    ]

    def found(*options: str) -> list[str]:
        rows = call("list", "--store", store, "--json", *options).json["filings"]
        return [Path(row["path"]).name for row in rows]

    assert found("--code", "309001") == ["hemu.txt"]
    assert found("--since", "2024-05-09") == ["later.txt"]
    assert found("--until", "2024-05-08") == ["hemu.txt"]
    assert found("--company", "禾木") == ["later.txt", "hemu.txt"]
    assert found("--company", "别家") == []
    lines = call("list", "--store", store).out.splitlines()
    assert len(lines) == 2
    assert "309002" in lines[0]


@pytest.mark.model
def test_the_store_may_come_from_the_environment(
    call: Call, folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUANDA_STORE", str(store))
    call("add", folder)
    assert len(call("list", "--json").json["filings"]) == 1
    asked = call("ask", "产能利用率如何", "--json")
    assert asked.err == ""
    assert asked.json["citations"][0]["filing"]["code"] == "309001"


@pytest.mark.model
def test_remove_by_path_and_by_digits(call: Call, folder: Path, store: Path) -> None:
    (folder / "later.txt").write_text(LATER, "utf-8")
    rows = call("add", folder, "--store", store, "--json").json["files"]
    hemu, later = (row["sha256"] for row in rows)
    removed = call("remove", hemu[:12], "beef" * 16, "--store", store, "--json")
    assert removed.status == 1
    assert [row["status"] for row in removed.json["filings"]] == ["removed", "failed"]
    assert removed.json["filings"][0]["sha256"] == hemu
    assert removed.json["filings"][1]["error"]
    left = call("ask", "产能利用率", "--store", store, "--json").json["citations"]
    assert {c["filing"]["sha256"] for c in left} == {later}
    assert call("remove", folder / "later.txt", "--store", store).status == 0
    assert call("list", "--store", store, "--json").json == {"filings": []}
    empty = call("ask", "产能利用率", "--store", store, "--json")
    assert (empty.status, empty.json["decision"], empty.json["citations"]) == (0, "abstain", [])


@pytest.mark.model
def test_verify_proves_an_honest_store(call: Call, folder: Path, store: Path) -> None:
    call("add", folder, SAMPLE, "--store", store)
    proof = call("verify", "--store", store, "--json")
    assert proof.status == 0
    assert proof.json == {"filings": 2, "pairs": 7, "failed": [], "notes": []}
    (folder / "hemu.txt").unlink()
    gone = call("verify", "--store", store, "--json")
    assert gone.status == 0
    assert "hemu.txt" in gone.json["notes"][0]


@pytest.mark.model
def test_verify_finds_a_changed_answer_and_nobody_is_shown_it(
    call: Call, folder: Path, store: Path
) -> None:
    call("add", folder, "--store", store)
    with sqlite3.connect(store / "store.sqlite") as connection:
        connection.execute("UPDATE pairs SET answer = replace(answer, '八成', '十成')")
    connection.close()
    proof = call("verify", "--store", store, "--json")
    assert proof.status == 1
    assert [f["number"] for f in proof.json["failed"]] == ["1"]
    assert "1 failures" in call("verify", "--store", store).out
    cited = call("ask", "产能利用率如何", "--store", store, "--json").json["citations"]
    assert "1" not in [c["pair"]["number"] for c in cited]


@pytest.mark.model
def test_verify_finds_a_changed_source(call: Call, folder: Path, store: Path) -> None:
    call("add", folder, "--store", store)
    (folder / "hemu.txt").write_text(LATER, "utf-8")
    proof = call("verify", "--store", store, "--json")
    assert proof.status == 1
    assert proof.json["failed"][0].keys() == {"path", "sha256", "number", "reason"}
    assert "changed since" in proof.json["failed"][0]["reason"]


@pytest.mark.model
def test_verify_finds_a_changed_copy(call: Call, folder: Path, store: Path) -> None:
    call("add", folder, "--store", store)
    with Store.open(store) as opened:
        copy = opened.original(opened.filings()[0].filing)
    copy.write_text(LATER, "utf-8")
    proof = call("verify", "--store", store, "--json")
    assert proof.status == 1
    assert "copy" in proof.json["failed"][0]["reason"]


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_parse_the_sample(call: Call) -> None:
    parsed = call("parse", SAMPLE, "--json")
    assert parsed.status == 0
    assert parsed.json.keys() == {"filing", "pairs", "warnings", "notes"}
    filing, pairs = parsed.json["filing"], parsed.json["pairs"]
    assert filing.keys() == FILING_KEYS
    assert filing["company"] == "北京并行科技股份有限公司"
    assert (filing["activity_date"], filing["filed_date"]) == ("2024-09-12", "2024-09-13")
    assert all(pair.keys() == PAIR_KEYS for pair in pairs)
    assert [pair["number"] for pair in pairs] == ["1", "2", "3", "4", "5"]
    assert pairs[0]["question"] == "请介绍不同的算力资源接入模式及其成本结构、毛利率差异"
    assert pairs[0]["answer"].startswith("公司主要通过共建模式")
    assert pairs[0]["answer"].endswith("毛利率更高。")
    assert pairs[4]["answer"].endswith("锁定十二个月。")


def test_what_is_parsed_stands_in_the_text(call: Call) -> None:
    text = call("parse", SAMPLE, "--text").out
    assert text == parse(SAMPLE).text
    end = 0
    for pair in call("parse", SAMPLE, "--json").json["pairs"]:
        assert end <= pair["start"] < pair["end"] <= len(text)
        end = pair["end"]
        within = squeezed(text[pair["start"] : pair["end"]])
        assert within.startswith(f"问题{pair['number']}、{squeezed(pair['question'])}回答：")
        assert within.endswith(squeezed(pair["answer"]))


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_parse_says_why_a_file_cannot_be_read(
    call: Call, tmp_path: Path, options: list[str]
) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    parsed = call("parse", empty, *options)
    assert parsed.status == 1
    assert "empty file" in parsed.err
    if options:
        assert parsed.json["filing"] is None
        assert "empty file" in parsed.json["error"]
    else:
        assert parsed.out == ""


def test_parse_a_missing_file(call: Call, tmp_path: Path) -> None:
    parsed = call("parse", tmp_path / "none.pdf")
    assert parsed.status == 1
    assert "none.pdf" in parsed.err


def unwritable() -> list[str]:
    """What a command is run by so that it is held to permissions, as root isn't."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root needs setpriv to be held to permissions")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.model
def test_a_store_that_cannot_be_written_is_listed_asked_and_verified(
    call: Call, folder: Path, store: Path
) -> None:
    call("add", folder, "--store", store)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    store.chmod(0o555)
    program = "import sys; from assistant.cli.main import main; sys.exit(main())"
    try:
        for command in (["list"], ["ask", "产能利用率如何"], ["verify"], ["doctor"]):
            done = subprocess.run(
                [*unwritable(), sys.executable, "-c", program, *command, "--store", store],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
            assert (done.returncode, done.stderr) == (0, ""), command
            assert "broken" not in done.stdout
        assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before
    finally:
        for path in (store, *before):
            path.chmod(0o755)
