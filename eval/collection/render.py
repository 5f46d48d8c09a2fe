"""Renders the collection: ``python -m eval.collection.render [--out DIR]``.

Writes ``<split>/<filing>.<suffix>`` and ``<split>/expected.jsonl``. PDFs need Chromium, the
Noto CJK fonts and the TrueType fonts that ``write_pdf`` names.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eval.collection.assign import HERE, Assignment, read_assignments
from eval.collection.content import Content, read_all
from eval.collection.layouts import Head, Page, lay_out
from eval.collection.look import look_for
from eval.collection.marks import MARKS, Expected

FILES = HERE / "files"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file's bytes, and what a reader should find in it."""

    data: bytes
    head: Head
    pairs: tuple[Expected, ...]


def render(content: Content, a: Assignment, chromium: Callable[[], Any]) -> Rendered:
    """Render one filing as assigned. ``chromium`` gives the browser, asked for once needed."""
    look = look_for(a.name)
    if a.mark in MARKS and MARKS[a.mark].bold:
        look = replace(look, serif=True)  # Hei has no bold face beside it
    if "composed" in a.traits:  # its fonts have no other ticks
        look = replace(look, tick="■" if look.tick == "■" else "√", box="□")
    charset = "gb18030" if "gb18030" in a.traits else "utf-8-sig" if "bom" in a.traits else "utf-8"
    if a.layout == "sheet":
        from eval.collection.write_sheet import csv_text, sheet, xlsx_bytes

        rows, head, pairs = sheet(content, look)
        data = xlsx_bytes(rows) if a.suffix == "xlsx" else csv_text(rows).encode(charset)
        return Rendered(data, head, pairs)
    laid = lay_out(Page(content, a.mark, look, frozenset(a.traits)), a.layout)
    document = laid.document
    match a.suffix:
        case "docx":
            from eval.collection.write_docx import docx_bytes

            data = docx_bytes(document, look)
        case "html":
            from eval.collection.write_html import html

            published = "portal" in a.traits
            data = html(document, look, "portal" if published else "word", charset).encode(charset)
        case "txt":
            from eval.collection.write_text import FLAVOURS, text

            kind = next(flavour for flavour in FLAVOURS if flavour in a.traits)
            data = text(document, look, kind).encode(charset)
        case "pdf":
            from eval.collection.write_pdf import composed_pdf, printed_pdf

            composed = "composed" in a.traits
            data = (
                composed_pdf(document, look)
                if composed
                else printed_pdf(document, look, chromium())
            )
        case _:
            raise ValueError(f"{a.name}: no writer for {a.suffix}")
    return Rendered(data, laid.head, laid.pairs)


def render_all(
    filings: Iterable[Content], assignments: Iterable[Assignment], out: Path
) -> Iterator[Path]:
    """Write every assigned file and each split's ``expected.jsonl``; gives the files' paths."""
    contents = {filing.id: filing for filing in filings}
    expected: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as stack:
        open_browsers: list[Any] = []

        def chromium() -> Any:
            if not open_browsers:
                from eval.collection.write_pdf import browser

                open_browsers.append(stack.enter_context(browser()))
            return open_browsers[0]

        for a in assignments:
            content = contents[a.filing]
            rendered = render(content, a, chromium)
            path = out / content.split / a.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(rendered.data)
            expected[content.split].append(expected_row(a, rendered))
            yield path
    for split, rows in expected.items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / split / "expected.jsonl").write_text(lines, encoding="utf-8")


def expected_row(a: Assignment, rendered: Rendered) -> dict[str, Any]:
    """What a reader should find in one file, as a line of ``expected.jsonl``."""
    return {
        "file": a.name,
        "layout": a.layout,
        "mark": a.mark,
        "traits": list(a.traits),
        "filing": rendered.head,
        "pairs": [asdict(pair) for pair in rendered.pairs],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="eval.collection.render", description=__doc__)
    parser.add_argument("--out", type=Path, default=FILES)
    arguments = parser.parse_args()
    total = count = 0
    for path in render_all(read_all(HERE / "filings"), read_assignments(), arguments.out):
        count += 1
        total += path.stat().st_size
    print(f"{count} files, {total / 1e6:.2f} MB in {arguments.out}")


if __name__ == "__main__":
    main()
