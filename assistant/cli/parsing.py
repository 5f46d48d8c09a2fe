"""argparse with suggestions for what was mistyped, and examples below each help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

# Calls of each command, as one would type them.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "add": ("yuanda add filings/", "yuanda add 2024.pdf --store ~/briefing --jobs 4"),
    "fetch": ("yuanda fetch 301001 --since 2024-01-01 --add",),
    "watch": ("yuanda watch filings/ --remove-deleted",),
    "remove": ("yuanda remove 3f2a9c", "yuanda remove filings/2024.pdf"),
    "doctor": ("yuanda doctor", "yuanda doctor --recall --json"),
    "list": ("yuanda list --company 并行科技", "yuanda list --since 2024-01-01 --csv"),
    "parse": ("yuanda parse 2024.pdf --json", "yuanda parse 2024.pdf --explain"),
    "ask": (
        "yuanda ask '公司的毛利率是多少？' --code 301001",
        "yuanda ask --batch questions.txt --json",
        "yuanda ask '产能利用率？' --format gbt7714 --fail-on-abstain",
    ),
    "verify": ("yuanda verify --json",),
    "feedback": ("yuanda feedback --export labelled/",),
    "evaluate": ("yuanda evaluate eval/sample --html report.html",),
    "models": ("yuanda models --json",),
    "ui": ("yuanda ui --port 7860",),
    "mcp": ("yuanda mcp --store ~/briefing",),
    "quote": ("yuanda quote '公司产能利用率为92%'", "yuanda quote --file draft.txt --json"),
    "prepare": (
        "yuanda prepare questions.xlsx --out answers.docx",
        "yuanda prepare questions.txt --code 301001 --out answers.xlsx",
    ),
    "prove": (
        "yuanda prove '公司的毛利率是多少？' --code 301001 --out proof.pdf",
        "yuanda prove --check proof.pdf --filing 2024.pdf",
    ),
    "completion": (
        "yuanda completion bash > ~/.local/share/bash-completion/completions/yuanda",
        "yuanda completion zsh > ~/.zfunc/_yuanda",
        "yuanda completion fish > ~/.config/fish/completions/yuanda.fish",
    ),
}
_CHOICE = re.compile(r"invalid choice: '(?P<typed>[^']*)' \(choose from (?P<known>.*)\)")
_WORD = re.compile(r"[\w-]+")


class Parser(argparse.ArgumentParser):
    """Says what may have been meant where a command, an option or a choice isn't known."""

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """As argparse's, but that what isn't known is compared with the command's own options."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            command = _commands(self).get(getattr(found, "command", ""), self)
            known = command._option_string_actions
            meant = (_meant(word.partition("=")[0], known) for word in unknown if word[:1] == "-")
            command.error(f"unrecognized arguments: {' '.join(unknown)}{next(meant, '')}")
        return found

    def error(self, message: str) -> NoReturn:
        """End with exit status 2."""
        if choice := _CHOICE.search(message):
            message += _meant(choice["typed"], _WORD.findall(choice["known"]))
        super().error(message)


def with_examples(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The same parser, its commands' help ending in examples."""
    for name, command in _commands(parser).items():
        if lines := EXAMPLES.get(name):
            command.formatter_class = argparse.RawDescriptionHelpFormatter
            command.epilog = "\n".join(("examples:", *(f"  {line}" for line in lines)))
    return parser


def _commands(parser: argparse.ArgumentParser) -> dict[str, Any]:
    kinds = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(next((action.choices for action in kinds), {}))


def _meant(typed: str, known: Iterable[str]) -> str:
    found = get_close_matches(typed, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""
