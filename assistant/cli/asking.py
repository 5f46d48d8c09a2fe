"""``yuanda ask``: one question, or a file of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from assistant.answering import explaining, report
from assistant.cli.commands import DONE, INPUT_FAILED, filters_of, open_assistant
from assistant.records import Answer, Query
from assistant.settings import Settings
from assistant.terminal import printable
from assistant.understanding.codes import plain_code
from index.errors import CallError

# What a JSON line of a batch may have beside its question, each as the option of that name.
_DAYS = ("since", "until", "as_of")
_KEYS = ("question", "company", "code", *_DAYS, "previous")


def ask(arguments: argparse.Namespace, settings: Settings) -> int:
    """Official answers to one question, or to a file of them."""
    if (arguments.question is None) == (arguments.batch is None):
        raise CallError("ask takes either a QUESTION or --batch FILE")
    if arguments.batch is not None:
        return _ask_batch(arguments, settings)
    query = _query({"question": arguments.question}, arguments)
    with open_assistant(arguments, settings) as assistant:
        answer = assistant.ask(query)
    print(report.dumps(_json(answer, arguments)) if arguments.json else _text(answer, arguments))
    return DONE


def _ask_batch(arguments: argparse.Namespace, settings: Settings) -> int:
    status = DONE
    lines = list(_question_lines(arguments.batch))
    with open_assistant(arguments, settings) as assistant:
        for number, line in lines:
            try:
                answer = assistant.ask(_query(_row(line), arguments))
            except CallError as error:
                status = INPUT_FAILED
                print(f"yuanda: {arguments.batch}, line {number}: {error}", file=sys.stderr)
                if arguments.json:
                    print(report.dumps({"question": line, "error": str(error)}))
                else:
                    print(printable(f"# {line}\nfailed: {error}\n"))
                continue
            if arguments.json:
                print(report.dumps(_json(answer, arguments)))
            else:
                print(f"# {printable(answer.question)}\n{_text(answer, arguments)}\n")
    return status


def _json(answer: Answer, arguments: argparse.Namespace) -> report.Json:
    document = report.answer_json(answer)
    return document | explaining.why_json(answer) if arguments.explain else document


def _text(answer: Answer, arguments: argparse.Namespace) -> str:
    text = report.answer_text(answer)
    return f"{text}\n\n{explaining.why_text(answer)}" if arguments.explain else text


def _question_lines(name: str) -> Iterator[tuple[int, str]]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CallError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CallError(f"{name}: not UTF-8; save the questions as UTF-8 text") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.strip()


def _row(line: str) -> dict[str, str]:
    """What a line of a batch asks: a plain question, or a JSON object."""
    if not line.startswith("{"):
        return {"question": line}
    try:
        row: dict[str, Any] = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise CallError("begins like JSON but is not") from None
    if not isinstance(row.get("question"), str):
        raise CallError('a JSON line needs "question", a string')
    for key, value in row.items():
        if key not in _KEYS:
            raise CallError(f"unknown key {key!r}: a line may have {', '.join(_KEYS)}")
        if value is not None and not isinstance(value, str):
            raise CallError(f"{key!r} is no string")
        if key in _DAYS and value is not None and not _is_day(value):
            raise CallError(f"{key!r}: {value!r} is not a date like 2024-09-12")
    return {key: value for key, value in row.items() if value is not None}


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _query(row: dict[str, str], arguments: argparse.Namespace) -> Query:
    """A question under the call's options, which what its own row says replaces."""
    question = row["question"].strip()
    if not question:
        raise CallError("the question is empty")
    if any("\ud800" <= ch <= "\udfff" for value in row.values() for ch in value):
        raise CallError("the question is not UTF-8 text")
    own = {key: value for key, value in row.items() if key not in ("question", "previous")}
    if code := own.get("code", arguments.code):
        own["code"] = plain_code(code)
    return Query(
        question,
        arguments.top_k,
        replace(filters_of(arguments), **own),
        row.get("previous", arguments.previous),
        arguments.today,
    )
