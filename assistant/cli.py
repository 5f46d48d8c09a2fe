"""The command line: ``yuanda``. Parses the call; the commands are in ``commands``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from index.errors import CallError, ReadError, YuandaError

DONE, INPUT_FAILED, CALL_WRONG = 0, 1, 2
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 some input failed, 2 wrong call."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except ReadError as error:
        print(f"yuanda: {error}", file=sys.stderr)
        return INPUT_FAILED
    except YuandaError as error:
        print(f"yuanda: {error}", file=sys.stderr)
        return CALL_WRONG
    except BrokenPipeError:
        # The reader of a pipe has gone (`yuanda list | head`): nothing more to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    from assistant import commands
    from assistant.settings import Settings

    # Progress and warnings of libraries go to standard error, results to standard output.
    # A file's name may hold bytes that are no UTF-8; escaped, they are still good JSON.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    settings = Settings.read(os.environ)
    command = {
        "add": commands.add,
        "remove": commands.remove,
        "list": commands.list_filings,
        "parse": commands.parse_file,
        "ask": commands.ask,
        "verify": commands.verify,
        "doctor": commands.doctor,
        "feedback": commands.feedback,
        "evaluate": commands.evaluate,
        "ui": commands.ui,
        "mcp": commands.mcp,
    }[arguments.command]
    return command(arguments, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yuanda",
        description="Yuanda 原答: official answers from investor-relations filings, verbatim.",
    )
    parser.add_argument("--version", action="version", version=f"yuanda {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    store = argparse.ArgumentParser(add_help=False)
    store.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help="folder of the store (default: $YUANDA_STORE, else a user data folder)",
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="one JSON document on standard output")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--model",
        metavar="NAME_OR_PATH",
        help="any sentence-transformers model (default: $YUANDA_MODEL, else the one that ships)",
    )
    filters = _filters()

    add = commands.add_parser(
        "add", parents=[store, model, as_json], help="read files and folders into the store"
    )
    add.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="files, and folders with all below them"
    )
    add.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="processes that read files; by default as many as there are processors",
    )

    remove = commands.add_parser(
        "remove", parents=[store, as_json], help="take filings out of the store"
    )
    remove.add_argument(
        "filings", nargs="+", type=_text, metavar="FILING", help="sha256 prefix or path"
    )

    doctor = commands.add_parser(
        "doctor", parents=[store, as_json], help="find what is wrong with a store, and mend it"
    )
    doctor.add_argument(
        "--recall",
        action="store_true",
        help="measure how many of the nearest passages a search finds, against reading all",
    )

    commands.add_parser("list", parents=[store, filters, as_json], help="the filings in the store")

    parse = commands.add_parser(
        "parse", parents=[as_json], help="read one file without a store and show its pairs"
    )
    parse.add_argument("file", type=Path, metavar="FILE", help="PDF, DOCX, XLSX, CSV, HTML or text")
    parse.add_argument("--text", action="store_true", help="print the extracted text instead")
    parse.add_argument(
        "--explain", action="store_true", help="show what each part of the text was taken for"
    )

    ask = commands.add_parser(
        "ask", parents=[store, model, filters, as_json], help="official answers to a question"
    )
    ask.add_argument("question", nargs="?", type=_text, metavar="QUESTION", help="in plain words")
    ask.add_argument("--batch", metavar="FILE", help="questions, one a line ('-': standard input)")
    ask.add_argument(
        "--previous", type=_text, metavar="QUESTION", help="the question that this one follows up"
    )
    ask.add_argument("--top-k", type=_count, default=5, metavar="N", help="citations (default 5)")

    commands.add_parser(
        "verify", parents=[store, as_json], help="re-read every filing and prove every pair"
    )

    feedback = commands.add_parser(
        "feedback", parents=[store, as_json], help="what readers said of the answers in the chat"
    )
    feedback.add_argument(
        "--export",
        type=Path,
        metavar="DIR",
        help="write it to a new folder as a labelled set that evaluate takes",
    )

    evaluate = commands.add_parser(
        "evaluate", parents=[model, as_json], help="retrieval and abstention over a labelled set"
    )
    evaluate.add_argument(
        "dataset",
        type=Path,
        metavar="DATASET",
        help="folder in BEIR form, filings with questions.jsonl, or eval/collection",
    )
    evaluate.add_argument(
        "--split", choices=["train", "dev", "test"], help="of a set that has splits (default dev)"
    )
    evaluate.add_argument("--run", type=Path, metavar="FILE", help="write the ranking, TREC form")
    evaluate.add_argument(
        "--records", type=Path, metavar="FILE", help="write a JSON line for each query"
    )
    evaluate.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots")
    evaluate.add_argument(
        "--retriever",
        choices=["hybrid", "dense", "lexical"],
        default="hybrid",
        help="which side ranks (default hybrid)",
    )

    ui = commands.add_parser("ui", parents=[store, model], help="the chat in the browser")
    ui.add_argument("--host", default="127.0.0.1", help="address to listen at (default loopback)")
    ui.add_argument("--port", type=_port, default=None, help="port (default: first free from 7860)")

    commands.add_parser(
        "mcp",
        parents=[store, model],
        help="an MCP server over standard input and output, for other assistants",
    )
    return parser


def _filters() -> argparse.ArgumentParser:
    filters = argparse.ArgumentParser(add_help=False)
    filters.add_argument(
        "--company", type=_text, metavar="NAME", help="company whose name contains NAME"
    )
    filters.add_argument("--code", type=_text, metavar="CODE", help="security code, 6 digits")
    filters.add_argument("--since", type=_date, metavar="DATE", help="YYYY-MM-DD or later")
    filters.add_argument("--until", type=_date, metavar="DATE", help="YYYY-MM-DD or earlier")
    filters.add_argument(
        "--as-of", type=_date, metavar="DATE", help="only what was filed by YYYY-MM-DD"
    )
    filters.add_argument(
        "--activity", type=_text, metavar="TYPE", help="type of activity, such as 特定对象调研"
    )
    return filters


def _text(value: str) -> str:
    # Bytes of an argument that are no UTF-8 arrive as lone surrogates.
    if any("\ud800" <= ch <= "\udfff" for ch in value):
        raise argparse.ArgumentTypeError("not UTF-8 text")
    return value


def _date(value: str) -> str:
    from datetime import date

    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a date like 2024-09-12") from None


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 100:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number from 1 to 100")
    return int(value)


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not a port from 1 to 65535")
    return int(value)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("yuanda")
    except PackageNotFoundError:
        raise CallError("yuanda is not installed: run `make run` or `pip install .`") from None
