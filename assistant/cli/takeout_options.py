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
