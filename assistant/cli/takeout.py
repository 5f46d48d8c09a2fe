"""The commands that check quotes and take answers out of the program. Each returns the status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assistant.answering import report
from assistant.cli.commands import DONE, INPUT_FAILED, filters_of, open_assistant, store_path
from assistant.records import Query
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


def prove(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write a proof of the first citation, or check one."""
    if arguments.check:
        return _check(arguments)
    if arguments.question is None or not arguments.question.strip() or arguments.out is None:
        raise CallError("prove takes a QUESTION and --out FILE, or --check FILE and --filing PATH")
    from assistant.proof.document import proof_of
    from assistant.proof.fonts import font_of
    from assistant.proof.pdf import dumps, pdf_of
    from index.files import write_for_others

    out = Path(arguments.out)
    suffix = out.suffix.lower()
    if suffix not in (".pdf", ".json"):
        raise CallError(f"{out}: --out takes a name that ends in .pdf or .json")
    if not out.absolute().parent.is_dir():
        raise CallError(f"{out}: there is no folder {out.absolute().parent}")
    font = font_of(arguments.font) if suffix == ".pdf" else None
    if suffix == ".pdf" and font is None:
        print(
            "yuanda: no font with Chinese characters on this machine: the PDF shows the page "
            "itself, and its text is in the attachment (--font names one)",
            file=sys.stderr,
        )
    query = Query(arguments.question.strip(), 1, filters_of(arguments))
    with open_assistant(arguments, settings) as assistant:
        answer = assistant.ask(query)
        if answer.decision == "abstain":
            print("yuanda: 无官方答复：没有可以证明的答复。", file=sys.stderr)
            if arguments.json:
                print(report.dumps({"out": None, "decision": "abstain"}))
            return INPUT_FAILED
        proof = proof_of(assistant, query, answer)
    content = pdf_of(proof, font) if suffix == ".pdf" else dumps(proof)
    try:
        write_for_others(out, content)
    except OSError as error:
        raise CallError(f"{out}: {error.strerror or 'can not be written'}") from None
    told = {"out": str(out), "decision": "answer", "filing": proof["filing"]["sha256"]}
    if arguments.json:
        print(report.dumps(told | {"number": proof["quotation"]["number"]}))
    else:
        print(printable(f"{out}: {report.source_line(answer.citations[0])}"))
    return DONE


def _check(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from assistant.proof.check import check

    if arguments.filing is None or arguments.question is not None or arguments.out is not None:
        raise CallError("prove --check FILE takes --filing PATH and nothing else")
    findings = check(arguments.check, arguments.filing)
    holds = all(finding.holds for finding in findings)
    if arguments.json:
        print(report.dumps({"holds": holds, "checks": [asdict(one) for one in findings]}))
        return DONE if holds else INPUT_FAILED
    for one in findings:
        print(printable(f"{'ok' if one.holds else 'NOT':<4}{one.what}  {one.detail}".rstrip()))
    print("holds" if holds else "does not hold")
    return DONE if holds else INPUT_FAILED
