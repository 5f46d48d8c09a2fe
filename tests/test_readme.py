"""What the documents name exists: files, commands, options, modules, targets."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from eval.reports.tables import TABLED, with_tables
from tests.assistant.cli.test_main import subparsers
from tests.paths import ROOT

FOLDERS = ("docs", "eval", "index", "assistant", "tests")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(p for f in FOLDERS for p in (ROOT / f).rglob("*.md"))])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
# A block between fences, indented lines, or a span between backticks.
CODE = re.compile(r"^```\w*\n(.*?)^```|^((?: {4}.*\n)+)|`([^`\n]+)`", re.M | re.S)
# Placeholders, and what the shell does with the rest of a line.
REST = re.compile(r"[|>…&#].*")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_lines(path: Path) -> Iterator[str]:
    """Lines of code in a document."""
    for block in CODE.finditer(path.read_text("utf-8")):
        yield from next(text for text in block.groups() if text is not None).splitlines()


def calls(path: Path, start: str) -> Iterator[str]:
    """What follows ``start`` where a document's code calls it."""
    for line in code_lines(path):
        # In a table `|` between alternatives is escaped.
        for command in re.split(r"(?<!\\)\||&&|;", line):
            found = re.match(rf"\s*(?:\.venv/bin/)?{start}\s+(.*)", command)
            if found:
                yield REST.sub("", found[1]).strip()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text("utf-8")):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        file = path.parent / unquote(target.partition("#")[0])
        assert file.exists(), f"{name(path)}: {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_commands_and_their_options_exist(path: Path) -> None:
    parsers = subparsers()
    for call in calls(path, "yuanda"):
        command, *words = shlex.split(call)
        assert command in parsers, f"{name(path)}: yuanda {call}"
        known = parsers[command]._option_string_actions
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        assert set(options) <= known.keys(), f"{name(path)}: yuanda {call}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_modules_and_targets_exist(path: Path) -> None:
    for call in calls(path, "python -m"):
        assert importlib.util.find_spec(call.split()[0]), f"{name(path)}: {call}"
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    for call in calls(path, "make"):
        assert set(call.split()) <= set(targets), f"{name(path)}: make {call}"


def test_the_reference_gives_each_command_its_own_options() -> None:
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    rows = re.findall(r"^\| `yuanda (\w+)(.*)$", text, re.M)
    assert {command for command, _ in rows} == subparsers().keys()
    for command, row in rows:
        known = subparsers()[command]._option_string_actions
        assert set(re.findall(r"--[a-z][a-z-]*", row)) <= known.keys(), command


def test_the_documents_are_really_read() -> None:
    readme = ROOT / "README.md"
    assert len(LINK.findall(readme.read_text("utf-8"))) >= 6
    assert {call.split()[0] for call in calls(readme, "yuanda")} >= {"add", "ask", "verify", "ui"}
    assert "run" in set(calls(readme, "make"))
    assert len(set(calls(ROOT / "eval" / "README.md", "python -m"))) >= 4


@pytest.mark.parametrize("document", TABLED, ids=lambda path: path.parent.name)
def test_the_tables_are_those_of_the_committed_results(document: Path) -> None:
    text = document.read_text("utf-8")
    assert "<!-- end -->" in text
    assert with_tables(text) == text, "run `python -m eval.reports.tables`"
    assert with_tables(text.replace("R@1 |", "R@2 |")) == text
