"""The calls of the commands that take answers out of the program: ``takeout``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any


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
