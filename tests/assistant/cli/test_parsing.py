"""What calls say of themselves: suggestions, examples, completion; other forms of what is found."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from assistant.cli.main import _parser
from assistant.cli.parsing import EXAMPLES
from tests.assistant.cli.test_main import subparsers
from tests.conftest import Call

FILED = """证券代码：309001 证券简称：禾木光电
禾木光电股份有限公司投资者关系活动记录表
时间 2024年5月8日
1、公司的产能利用率如何？
答：产能利用率为92%。
"""


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["aks", "甲"], "ask"),
        (["lst"], "list"),
        (["list", "--comapny", "甲"], "--company"),
        (["ask", "甲", "--formt=bibtex"], "--format"),
        (["ask", "甲", "--format", "bibtx"], "bibtex"),
        (["completion", "bsh"], "bash"),
    ],
)
def test_what_may_have_been_meant(call: Call, arguments: list[str], meant: str) -> None:
    told = call(*arguments)
    assert told.status == 2
    assert told.err.rstrip().endswith(f"did you mean {meant}?")


@pytest.mark.parametrize("arguments", [["xyzzy"], ["list", "--xyzzy"], ["remove", "a", "-x"]])
def test_nothing_is_suggested_for_what_is_like_nothing(call: Call, arguments: list[str]) -> None:
    told = call(*arguments)
    assert told.status == 2
    assert "did you mean" not in told.err


def test_each_help_ends_in_examples_that_can_be_called(call: Call) -> None:
    assert EXAMPLES.keys() == subparsers().keys()
    for name, lines in EXAMPLES.items():
        helped = call(name, "--help").out
        for line in lines:
            assert line in helped
            program, *words = shlex.split(line.partition(" > ")[0])
            assert program == "yuanda"
            assert _parser().parse_args(words).command == name


def test_bash_completes_commands_and_options(call: Call, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    script = tmp_path / "yuanda.bash"
    script.write_text(call("completion", "bash").out, "utf-8")

    def completed(*words: str) -> set[str]:
        typed = " ".join(shlex.quote(word) for word in words)
        code = f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; "
        code += '_shtab_yuanda yuanda "${COMP_WORDS[COMP_CWORD]}" ""; echo "${COMPREPLY[@]}"'
        done = subprocess.run([bash, "-c", code], capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    assert completed("yuanda", "q") == {"quote"}
    assert completed("yuanda", "pr") == {"prepare", "prove"}
    assert {"--store", "--format"} <= completed("yuanda", "ask", "--")
    assert completed("yuanda", "completion", "z") == {"zsh"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_their_own(call: Call, shell: str, tmp_path: Path) -> None:
    script = call("completion", shell).out
    assert all(name in script for name in subparsers())
    if (program := shutil.which(shell)) is None:
        return
    path = tmp_path / "script"
    path.write_text(script, "utf-8")
    subprocess.run([program, "-n", path], check=True)


@pytest.fixture
def store(call: Call, tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(FILED, "utf-8")
    call("add", tmp_path / "a.txt", "--store", tmp_path / "store")
    return tmp_path / "store"


@pytest.mark.model
def test_other_forms_of_what_is_found(call: Call, store: Path, tmp_path: Path) -> None:
    where = ("--store", store)
    cited = call("ask", "产能利用率如何？", "--format", "gbt7714", *where)
    assert cited.status == 0
    assert cited.out.startswith("禾木光电股份有限公司. ")
    assert "置信度" not in cited.out
    rows = list(csv.DictReader(io.StringIO(call("ask", "产能利用率？", "--csv", *where).out)))
    assert [(row["rank"], row["answer"]) for row in rows] == [("1", "产能利用率为92%。")]
    batch = tmp_path / "q.txt"
    batch.write_text("产能利用率如何？\n帮我写一首诗\n", "utf-8")
    both = call("ask", "--batch", batch, "--format", "bibtex", *where)
    assert (both.status, both.out.count("@techreport")) == (0, 1)
    assert "帮我写一首诗" in both.err
    listed = list(csv.DictReader(io.StringIO(call("list", "--csv", *where).out)))
    assert [(row["code"], row["pairs"]) for row in listed] == [("309001", "1")]
    assert call("list", "--csv", "--json", *where).status == 2
    assert call("ask", "甲", "--csv", "--json", *where).status == 2


@pytest.mark.model
def test_an_abstention_may_be_a_failure(call: Call, store: Path) -> None:
    where = ("--store", store)
    assert call("ask", "帮我写一首诗", *where).status == 0
    failed = call("ask", "帮我写一首诗", "--fail-on-abstain", "--json", *where)
    assert (failed.status, failed.json["decision"]) == (1, "abstain")
    assert call("ask", "产能利用率如何？", "--fail-on-abstain", *where).status == 0


@pytest.mark.model
def test_an_answer_is_made_again_or_said_not_to_be(call: Call, store: Path, tmp_path: Path) -> None:
    where = ("--store", store)
    call("prove", "产能利用率如何？", *where, "--out", tmp_path / "proof.json")
    stamp = json.loads((tmp_path / "proof.json").read_bytes())["scope"]["stamp"]
    asked = [call("ask", "产能利用率如何？", *where, "--at", stamp, "--json").json for _ in "ab"]
    for answer in asked:
        del answer["elapsed_ms"]
    assert asked[0] == asked[1]
    (tmp_path / "b.txt").write_text(FILED.replace("92%", "95%"), "utf-8")
    call("add", tmp_path / "b.txt", *where)
    refused = call("ask", "产能利用率如何？", *where, "--at", stamp)
    assert refused.status == 2
    assert "can't be made again" in refused.err
    call("remove", tmp_path / "b.txt", *where)
    assert call("ask", "产能利用率如何？", *where, "--at", stamp).status == 2
