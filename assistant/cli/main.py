"""The command line: ``yuanda``. Parses the call; the commands are in ``commands``."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.cli import values
from assistant.cli.parsing import Parser, with_examples
from assistant.cli.takeout_options import add_commands as add_takeout
from assistant.cli.takeout_options import add_options
from index.errors import CallError, ReadError, YuandaError

DONE, INPUT_FAILED, CALL_WRONG = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 some input failed, 2 wrong call."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    arguments.parser = parser
    try:
        return _run(arguments)
    except ReadError as error:
        print(f"yuanda: {error}", file=sys.stderr)
        return INPUT_FAILED
    except YuandaError as error:
        print(f"yuanda: {error}", file=sys.stderr)
        return CALL_WRONG
    except sqlite3.Error as error:
        print(f"yuanda: the store can't be read ({error}); `yuanda doctor`", file=sys.stderr)
        return CALL_WRONG
    except BrokenPipeError:
        # The reader of a pipe has gone (`yuanda list | head`): nothing more to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    from assistant.cli import asked, asking, commands, intake, takeout, upkeep
    from assistant.settings import Settings, forget_secrets

    # Progress and warnings of libraries go to standard error, results to standard output.
    # A file's name may hold bytes that are no UTF-8; escaped, they are still good JSON.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    settings = Settings.read(os.environ)
    forget_secrets()
    command = {
        "add": commands.add,
        "fetch": intake.fetch,
        "watch": intake.watch,
        "remove": commands.remove,
        "list": asked.listed_by(commands.list_filings),
        "parse": commands.parse_file,
        "ask": asked.asked_by(asking.ask),
        "verify": upkeep.verify,
        "doctor": upkeep.doctor,
        "feedback": commands.feedback,
        "quote": takeout.quote,
        "prepare": takeout.prepare,
        "prove": takeout.prove,
        "completion": asked.completion,
        "evaluate": commands.evaluate,
        "models": commands.models,
        "ui": commands.ui,
        "mcp": commands.mcp,
    }[arguments.command]
    return command(arguments, settings)


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(
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
    _options_of(model, "model")
    index = argparse.ArgumentParser(add_help=False)
    index.add_argument(
        "--index-url",
        metavar="URL",
        help="from now on the store's index is on this Milvus server, http://HOST:19530, or "
        "`embedded` again (default: $YUANDA_INDEX_URL, else where it is)",
    )
    reranker = argparse.ArgumentParser(add_help=False)
    reranker.add_argument(
        "--reranker",
        metavar="NAME_OR_PATH",
        help="a cross-encoder that orders the first ten anew (default: $YUANDA_RERANKER)",
    )
    _options_of(reranker, "reranker")
    reranker.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="made by `python -m eval.fitting.calibrate`"
        " (default: $YUANDA_CALIBRATION, else the shipped)",
    )
    filters = _filters()

    add = commands.add_parser(
        "add", parents=[store, model, index, as_json], help="read files and folders into the store"
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

    _intake(commands, [store, model, as_json])

    add.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="embed on this Ray cluster, or `local` for one of this machine's processors",
    )

    remove = commands.add_parser(
        "remove", parents=[store, as_json], help="take filings out of the store"
    )
    remove.add_argument(
        "filings", nargs="+", type=values.text, metavar="FILING", help="sha256 prefix or path"
    )

    doctor = commands.add_parser(
        "doctor",
        parents=[store, model, index, as_json],
        help="find what is wrong with a store, and mend it",
    )
    doctor.add_argument(
        "--recall",
        action="store_true",
        help="measure how many of the nearest passages a search finds, against reading all",
    )

    doctor.add_argument(
        "--rebuild",
        action="store_true",
        help="make a database that is gone or damaged anew from the store's copies of the files",
    )
    doctor.add_argument(
        "--restore", action="store_true", help="file again what was moved to set-aside/"
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
        "ask",
        parents=[store, model, reranker, filters, as_json],
        help="official answers to a question",
    )
    ask.add_argument(
        "question", nargs="?", type=values.text, metavar="QUESTION", help="in plain words"
    )
    ask.add_argument(
        "--batch",
        metavar="FILE",
        help="questions, one a line, plain or as JSON with question, company, code, since, until, "
        "as_of, previous ('-': standard input)",
    )
    ask.add_argument(
        "--previous",
        type=values.text,
        metavar="QUESTION",
        help="the question that this one follows up",
    )
    ask.add_argument(
        "--today",
        type=values.date,
        metavar="DATE",
        help="the day that 去年 and the like are counted from (default: the clock's)",
    )
    ask.add_argument(
        "--explain", action="store_true", help="say why the first five stand where they do"
    )
    ask.add_argument(
        "--top-k", type=values.count, default=5, metavar="N", help="citations (default 5)"
    )

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
        "evaluate",
        parents=[model, reranker, as_json],
        help="retrieval and abstention over a labelled set",
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

    commands.add_parser(
        "models", parents=[store, as_json], help="models that fit, and what they need"
    )

    ui = commands.add_parser("ui", parents=[store, model, reranker], help="the chat in the browser")
    ui.add_argument("--host", default="127.0.0.1", help="address to listen at (default loopback)")
    ui.add_argument(
        "--port", type=values.port, default=None, help="port (default: first free from 7860)"
    )
    ui.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        type=values.text,
        metavar="NAME",
        help="another name under which it is called (also: $YUANDA_ALLOWED_HOSTS)",
    )
    ui.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        type=values.network,
        metavar="ADDRESS",
        help="a proxy before it, whose word is taken for who calls (also: $YUANDA_TRUSTED_PROXIES)",
    )

    commands.add_parser(
        "mcp",
        parents=[store, model, reranker],
        help="an MCP server over standard input and output, for other assistants",
    )
    parents = {"store": store, "json": as_json, "model": model, "reranker": reranker}
    add_takeout(commands, parents | {"filters": filters}, values.text)
    add_options(commands)
    return with_examples(parser)


def _intake(commands: Any, parents: list[argparse.ArgumentParser]) -> None:
    fetch = commands.add_parser(
        "fetch", parents=parents, help="download companies' records from the disclosure site"
    )
    fetch.add_argument("codes", nargs="*", type=values.security, metavar="CODE", help="6 digits")
    fetch.add_argument(
        "--since", type=values.date, metavar="DATE", help="filed YYYY-MM-DD or later"
    )
    fetch.add_argument(
        "--until", type=values.date, metavar="DATE", help="or earlier (default today)"
    )
    fetch.add_argument(
        "--list", type=Path, metavar="FILE", help="announcements as JSON lines, instead of CODEs"
    )
    fetch.add_argument(
        "--to", type=Path, metavar="DIR", help="folder for the files (default: a user data folder)"
    )
    fetch.add_argument("--add", action="store_true", help="add them to the store, too")
    fetch.add_argument(
        "--refresh", action="store_true", help="ask whether files that are there have changed"
    )
    fetch.add_argument(
        "--interval",
        type=values.seconds,
        default=1.0,
        metavar="S",
        help="between requests (default 1)",
    )
    fetch.add_argument(
        "--limit",
        type=values.count,
        default=50,
        metavar="MB",
        help="the most of a file (default 50)",
    )
    watch = commands.add_parser(
        "watch", parents=parents, help="keep the store in line with folders, until interrupted"
    )
    watch.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="folders to watch")
    watch.add_argument(
        "--remove-deleted", action="store_true", help="take out what is gone from a folder"
    )
    watch.add_argument(
        "--settle",
        type=values.seconds,
        default=2.0,
        metavar="S",
        help="how long a file has to be left alone before it is read (default 2)",
    )


def _options_of(parser: argparse.ArgumentParser, kind: str) -> None:
    parser.add_argument(
        f"--{kind}-option",
        action="append",
        default=[],
        type=values.option,
        metavar="NAME=VALUE",
        help=f"device, backend, dtype, … of the {kind} (default: $YUANDA_{kind.upper()}_NAME)",
    )


def _filters() -> argparse.ArgumentParser:
    filters = argparse.ArgumentParser(add_help=False)
    filters.add_argument(
        "--company", type=values.text, metavar="NAME", help="company whose name contains NAME"
    )
    filters.add_argument("--code", type=values.text, metavar="CODE", help="security code, 6 digits")
    filters.add_argument("--since", type=values.date, metavar="DATE", help="YYYY-MM-DD or later")
    filters.add_argument("--until", type=values.date, metavar="DATE", help="YYYY-MM-DD or earlier")
    filters.add_argument(
        "--as-of", type=values.date, metavar="DATE", help="only what was filed by YYYY-MM-DD"
    )
    filters.add_argument(
        "--activity",
        type=values.text,
        metavar="TYPE",
        help="type of activity, such as 特定对象调研",
    )
    return filters


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("yuanda")
    except PackageNotFoundError:
        raise CallError("yuanda is not installed: run `make run` or `pip install .`") from None
