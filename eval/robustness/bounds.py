"""Files made to take a reader's time and memory: none may take more than its limits.

    python -m eval.robustness.bounds --files 500 --json eval/results/bounds.json

Kinds of files, each in many sizes, and small ones made to hang or outgrow a reader, are read as
`yuanda add` reads them, each in a fresh process of its own. What is measured is that process:
its processor time and the most memory that it held.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from eval.output import put_out
from eval.robustness.hostile import HOSTILE, docx, page_pdf
from index.errors import ReadError
from index.intake.parse import parse
from index.reading import sandbox
from index.reading.standing import LARGE, SLOW

_HEAD = "投资者关系活动记录表\n"
_WORD = '<w:p><w:r><w:t xml:space="preserve">{}</w:t></w:r></w:p>'
# Bytes that a file of each kind is made of, about, from least to most.
_SIZES = (4_000, 1_500_000)


def _repeated(piece: str, head: str = _HEAD) -> Callable[[int], bytes]:
    return lambda size: (head + piece * (size // len(piece.encode()))).encode()


def _counted(piece: str, head: str = _HEAD) -> Callable[[int], bytes]:
    def made_of(size: int) -> bytes:
        count = size // (len(piece.encode()) + 3)
        return (head + "".join(piece.format(n) for n in range(1, count + 1))).encode()

    return made_of


def _docx(piece: str) -> Callable[[int], bytes]:
    return lambda size: docx(piece * (size // len(piece.encode())))


def _archive(name: str) -> Callable[[int], bytes]:
    """One that unpacks to a thousand times its size."""

    def packed(size: int) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(name, b"<w>" + b" " * (200 * size))
        return out.getvalue()

    return packed


KINDS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "numbers": (".txt", _repeated("1、\n")),
    "counted": (".txt", _counted("{}、\n")),
    "counted questions": (".txt", _counted("{}、公司产能如何？\n答：产能充足。\n")),
    "bracketed": (".txt", _repeated("（1）\n")),
    "decimals": (".txt", _counted("{}.1 是否\n")),
    "han": (".txt", _repeated("一、\n二、\n")),
    "asking": (".txt", _repeated("是否")),
    "question marks": (".txt", _repeated("？")),
    "answers": (".txt", _repeated("答：")),
    "questions and answers": (".txt", _repeated("问：\n答：\n")),
    "offices": (".txt", _repeated("董事会秘书")),
    "offices that answer": (".txt", _repeated("董事会秘书、")),
    "spaces": (".txt", _repeated(" ", "问")),
    "blank lines": (".txt", _repeated("\n", "问")),
    "names": (".txt", _counted("张{}：你好\n")),
    "speakers": (".txt", _repeated("张三先生：是的。\n李四女士：如何？\n")),
    "one line": (".txt", _repeated("公司的毛利率是多少")),
    "rows": (".csv", _repeated("甲,乙\n", "问题,回答\n")),
    "cells": (".csv", _repeated(",", "问题,回答\n")),
    "quotes": (".csv", _repeated('"', "问题,回答\n")),
    "headers": (".csv", _repeated("问题,回答\n", "")),
    "attributes": (".html", _counted(" a{}=1", "<html><p")),
    "nested": (".html", _repeated("<div>", "<html>")),
    "open tables": (".html", _repeated("<table><tr><td>1、", "<html>")),
    "entities": (".html", _repeated("&#38;", "<html><p>")),
    "comments": (".html", _repeated("<!--", "<html>")),
    "bold": (".html", _repeated("<b><i>1、</b>", "<html>")),
    "paragraphs": (".docx", _docx(_WORD.format("1、"))),
    "tables": (".docx", _docx("<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>")),
    "runs": (".docx", lambda size: docx(f"<w:p>{'<w:r><w:t>问</w:t></w:r>' * (size // 24)}</w:p>")),
    "unpacked": (".docx", _archive("word/document.xml")),
    "sheet unpacked": (".xlsx", _archive("xl/workbook.xml")),
    "drawn": (".pdf", lambda size: page_pdf(b"BT /F1 9 Tf (1.) Tj ET\n" * (size // 24))),
    "nested state": (".pdf", lambda size: page_pdf(b"q " * (size // 2))),
}


@dataclass
class Outcome:
    """What the files took."""

    files: int = 0
    read: int = 0
    refused: int = 0
    over_time: int = 0
    over_memory: int = 0
    worst_seconds: float = 0.0
    slowest: str = ""
    worst_megabytes: float = 0.0
    largest: str = ""
    limit_megabytes: int = sandbox.MEMORY >> 20
    errors: list[str] = field(default_factory=list)
    seconds_of_kinds: dict[str, float] = field(default_factory=dict)


def run(files: int, folder: Path, seed: int = 1) -> Outcome:
    """Read so many files, each in a fresh process."""
    rng, outcome = Random(seed), Outcome()
    for number in range(files):
        place = number % (len(KINDS) + 1)
        if place == len(KINDS):
            maker = HOSTILE[number // (len(KINDS) + 1) % len(HOSTILE)]
            name, (suffix, content) = maker.__name__, maker(rng)
        else:
            name, (suffix, make) = list(KINDS.items())[place]
            size = int(_SIZES[0] * (_SIZES[1] / _SIZES[0]) ** rng.random())
            content = make(size)
        path = folder / f"{number}{suffix}"
        path.write_bytes(content)
        _read(path, f"{name}, {len(content)} bytes", name, outcome)
        path.unlink()
    return outcome


def _read(path: Path, name: str, kind: str, outcome: Outcome) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome.files += 1
    try:
        parse(path)
        outcome.read += 1
    except ReadError as error:
        outcome.refused += 1
        outcome.over_time += error.reason == SLOW
        outcome.over_memory += error.reason == LARGE
        if error.reason in (SLOW, LARGE) or error.reason.startswith(sandbox.FAILED):
            outcome.errors.append(f"{name}: {error.reason}")
    except Exception as error:  # a fault that would end the whole `add`
        outcome.errors.append(f"{name}: {type(error).__name__}: {error}")
    sandbox.end_readers()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    outcome.seconds_of_kinds[kind] = round(max(seconds, outcome.seconds_of_kinds.get(kind, 0)), 2)
    if seconds > outcome.worst_seconds:
        outcome.worst_seconds, outcome.slowest = round(seconds, 2), name
    if after.ru_maxrss > before.ru_maxrss:  # the most of any child so far
        outcome.worst_megabytes, outcome.largest = round(after.ru_maxrss / 1024, 1), name


def main() -> None:
    """Print what came of it as JSON, or write it where asked."""
    parser = argparse.ArgumentParser(prog="eval.robustness.bounds", description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="yuanda-bounds-") as folder:
        outcome = run(arguments.files, Path(folder), arguments.seed)
    document = asdict(outcome) | {"seconds": round(time.perf_counter() - began, 1)}
    put_out(document, arguments.json)


if __name__ == "__main__":
    main()
