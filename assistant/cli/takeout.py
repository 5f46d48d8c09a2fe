"""The commands that check quotes and take answers out of the program. Each returns the status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assistant.answering import report
from assistant.cli.commands import DONE, INPUT_FAILED, filters_of, open_assistant, store_path
from assistant.settings import Settings
from assistant.terminal import printable
from index.errors import CallError

# Bytes of a text that is looked up.
_LARGEST = 1_000_000


def quote(arguments: argparse.Namespace, settings: Settings) -> int:
    """Whether a text was filed, where, and how it was altered."""
    from assistant.proof.quote import Quoted, check
    from assistant.proof.quote_report import quote_json, quote_text
    from index.search.opening import open_index
    from index.store.store import Store

    text = _text_of(arguments)
    with Store.open(store_path(arguments, settings)) as store:
        if store.dimension is None:  # nothing has been added
            found = Quoted("not_filed")
        else:
            index = open_index(store, store.dimension)
            with store.snapshot():
                found = check(store, index, text)
    print(report.dumps(quote_json(found)) if arguments.json else quote_text(found))
    return DONE


def _text_of(arguments: argparse.Namespace) -> str:
    if (arguments.text is None) == (arguments.file is None):
        raise CallError("quote takes either a TEXT or --file F")
    if arguments.file is None:
        return str(arguments.text)
    from index.reading.decoding import decode

    try:
        if str(arguments.file) == "-":
            content = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(arguments.file).open("rb") as file:
                content = file.read(_LARGEST + 1)
    except OSError as error:
        raise CallError(f"{arguments.file}: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise CallError(f"{arguments.file}: too long for a quote; check it in parts")
    return decode(arguments.file, content)


def prepare(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer a list of questions as one document."""
    from assistant.takeout.prepared import prepare as answered
    from assistant.takeout.questions import read_questions
    from assistant.takeout.writing import check_name, write

    check_name(arguments.out)
    listed = read_questions(arguments.questions, filters_of(arguments))
    if listed.unused:
        columns = printable("、".join(listed.unused))
        print(f"yuanda: {arguments.questions}: columns not used: {columns}", file=sys.stderr)
    for one in listed.questions:
        if one.error:
            where = f"{arguments.questions}, row {one.row}"
            print(printable(f"yuanda: {where}: {one.error}"), file=sys.stderr)
    with open_assistant(arguments, settings) as assistant:
        prepared = answered(assistant, listed.questions, arguments.title)
    write(prepared, arguments.out)
    told = {
        "out": str(arguments.out),
        "questions": len(prepared.items),
        "answered": len(prepared.answered),
        "gaps": len(prepared.gaps),
        "failed": prepared.failed,
    }
    if arguments.json:
        print(report.dumps(told))
    else:
        print(
            f"{told['questions']} 个问题：{told['answered']} 个有官方答复，{told['gaps']} 个没有"
            f"（其中 {told['failed']} 个未能检索）：{printable(str(arguments.out))}"
        )
    return INPUT_FAILED if prepared.failed else DONE
