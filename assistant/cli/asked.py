"""What ``ask`` and ``list`` found, told in other forms, and as an exit status."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime

from assistant.cli.commands import DONE, INPUT_FAILED, filters_of, store_path
from assistant.records import Answer
from assistant.settings import Settings
from index.errors import CallError

Command = Callable[[argparse.Namespace, Settings], int]


def asked_by(ask: Command) -> Command:
    """``ask`` with ``--format``, ``--csv``, ``--fail-on-abstain`` and ``--at``."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        if sum(map(bool, (arguments.json, arguments.csv, arguments.format))) > 1:
            raise CallError("ask takes one of --json, --csv and --format")
        if arguments.at:
            _check_stamp(arguments, settings)
        answers: list[Answer] = []
        arguments.on_answer = answers.append
        told_here = arguments.csv or arguments.format
        with redirect_stdout(io.StringIO()) if told_here else nullcontext():
            status = ask(arguments, settings)
        if arguments.csv:
            from assistant.takeout.rows import answers_csv

            sys.stdout.write(answers_csv(answers))
        elif arguments.format:
            _tell(answers, arguments.format)
        abstained = any(answer.decision == "abstain" for answer in answers)
        failed = arguments.fail_on_abstain and abstained and status == DONE
        return INPUT_FAILED if failed else status

    return run


def _check_stamp(arguments: argparse.Namespace, settings: Settings) -> None:
    """``CallError`` where the store doesn't hold what it held at the stamp."""
    from assistant.answering.stamp import stamp_of
    from index.store.store import Store

    with Store.open(store_path(arguments, settings)) as store:
        now = stamp_of(store)
    if now != arguments.at:
        raise CallError(
            f"the store is not as it was at {arguments.at} but at {now}: filings were added or "
            "taken out, or a new version reads them otherwise; the answer can't be made again"
        )


def _tell(answers: list[Answer], form: str) -> None:
    from assistant.answering.address import address_of
    from assistant.takeout.reference import FORMATS
    from assistant.terminal import printable

    today = datetime.now(UTC).astimezone().date()
    for answer in answers:
        if answer.decision == "abstain":
            print(printable(f"yuanda: 无官方答复：{answer.question}"), file=sys.stderr)
            continue
        first = answer.citations[0]
        print(printable(FORMATS[form](first, address_of(first.filing), today)), end="\n\n")


def listed_by(list_filings: Command) -> Command:
    """``list`` with ``--csv``."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        if not arguments.csv:
            return list_filings(arguments, settings)
        if arguments.json:
            raise CallError("list takes one of --json and --csv")
        from assistant.takeout.rows import filings_csv
        from index.store.store import Store

        with Store.open(store_path(arguments, settings)) as store:
            entries = store.filings(filters_of(arguments))
        sys.stdout.write(filings_csv((entry.filing, entry.pairs) for entry in entries))
        return DONE

    return run


def completion(arguments: argparse.Namespace, _settings: Settings) -> int:
    """What a shell has to read to complete calls of ``yuanda``."""
    import shtab

    print(shtab.complete(arguments.parser, arguments.shell))
    return DONE
