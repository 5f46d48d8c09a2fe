"""The calls of the commands that take answers out of the program: ``takeout``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Not `assistant.takeout.reference.FORMATS`: parsing a call imports nothing of what it calls.
_FORMATS = ("text", "markdown", "gbt7714", "bibtex")
_SHELLS = ("bash", "zsh", "fish")


def add_commands(
    commands: Any, parents: dict[str, argparse.ArgumentParser], text: Callable[[str], str]
) -> None:
    """Add the parsers; ``parents`` by name, ``text`` is the type of what has to be UTF-8."""
    quote = commands.add_parser(
        "quote",
        parents=[parents["store"], parents["json"]],
        help="whether a text was filed: verbatim, altered (how), or not",
    )
    quote.add_argument("text", nargs="?", type=text, metavar="TEXT", help="as pasted; … may omit")
    quote.add_argument(
        "--file", type=Path, metavar="F", help="the text from a file ('-': standard input)"
    )

    prepare = commands.add_parser(
        "prepare",
        parents=[parents[name] for name in ("store", "model", "reranker", "filters", "json")],
        help="answer a list of questions as one Word or Excel document",
    )
    prepare.add_argument(
        "questions",
        type=Path,
        metavar="QUESTIONS",
        help="text, CSV, XLSX or JSON lines; columns 问题, and 公司, 代码, 起, 止 where there",
    )
    prepare.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="ends in .docx or .xlsx"
    )
    prepare.add_argument("--title", type=text, default="问答准备", help="of the document")

    prove = commands.add_parser(
        "prove",
        parents=[parents[name] for name in ("store", "model", "reranker", "filters", "json")],
        help="a file that proves a quote, or the check of one",
    )
    prove.add_argument("question", nargs="?", type=text, metavar="QUESTION", help="in plain words")
    prove.add_argument(
        "--out", type=Path, metavar="FILE", help="ends in .pdf or .json: proves the first citation"
    )
    prove.add_argument(
        "--font", type=Path, metavar="F", help="font of the PDF (default: one of this machine)"
    )
    prove.add_argument("--check", type=Path, metavar="FILE", help="a proof, .pdf or .json")
    prove.add_argument(
        "--filing", type=Path, metavar="PATH", help="the filing that it is checked against"
    )

    completion = commands.add_parser("completion", help="completion of calls for a shell")
    completion.add_argument("shell", choices=_SHELLS, help="whose script is printed")


def add_options(commands: Any) -> None:
    """Add to ``ask`` and ``list`` the other forms in which they tell what they found."""
    ask, listed = commands.choices["ask"], commands.choices["list"]
    for command in (ask, listed):
        command.add_argument("--csv", action="store_true", help="CSV on standard output")
    ask.add_argument(
        "--format", choices=_FORMATS, help="the first citation alone, to be put elsewhere"
    )
    ask.add_argument(
        "--at", metavar="STAMP", help="only if the store is as it was: a proof has its stamp"
    )
    ask.add_argument(
        "--fail-on-abstain", action="store_true", help="exit status 1 where nothing answers"
    )
