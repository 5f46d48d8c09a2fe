"""Scores the reader on real filings: ``python -m eval.measuring.filings FOLDER --split dev``.

What 131 filings of seven companies hold was annotated by reading them. Only fingerprints of it
are kept here (``fingerprints.json``): the filings themselves are not, so that a folder of them
has to be at hand; those that lack are left out and counted. A pair is right where its question
and its answer both have the annotated fingerprint, all white space taken out. The parts are by
company: ``test`` is of others than ``dev``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.measuring.parsing import Miss, Reader, Tally, squeeze
from index.errors import YuandaError
from index.records import ParsedFiling, assemble

FINGERPRINTS = Path(__file__).parent / "fingerprints.json"
HEAD = ("company", "code", "activity_types", "activity_date", "filed_date")
# Fields whose separators the annotation has in its own way: measured apart.
MORE = ("place", "participants", "hosts")
TEST = frozenset({"300308", "300470", "300474"})
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Annotated:
    """What a filing holds, as fingerprints. Pairs are (number, question, answer).

    ``texts`` gives what a fingerprint was made of, where the annotation itself is at hand;
    ``doubtful`` are numbers of pairs that don't count.
    """

    file: str
    split: str
    head: dict[str, Any]
    more: dict[str, Any]
    pairs: tuple[tuple[str, str, str], ...]
    doubtful: frozenset[str]
    texts: dict[str, str]


def digest(text: str) -> str:
    """The fingerprint of a text: of its SHA-256, white space out, the first 16 digits."""
    return hashlib.sha256(squeeze(text).encode()).hexdigest()[:_DIGITS]


def read_annotated(path: Path) -> Iterator[Annotated]:
    """Annotations from a file of fingerprints, or from a folder of them with their text."""
    if path.is_dir():
        for each in sorted(path.glob("*.json")):
            if "pairs" in (row := json.loads(each.read_text(encoding="utf-8"))):
                yield _with_text(row)
        return
    for row in json.loads(path.read_text(encoding="utf-8")):
        pairs = tuple((p["number"], p["question"], p["answer"]) for p in row["pairs"])
        doubtful = frozenset(map(str, row["doubtful"]))
        yield Annotated(
            row["file"], row["split"], row["head"], row["head_more"], pairs, doubtful, {}
        )


def _with_text(row: dict[str, Any]) -> Annotated:
    said = [(p["number"], p["question"], p["answer"]) for p in row["pairs"]]
    texts = {digest(text): text for _, *both in said for text in both}
    head: dict[str, Any] = {}
    for name in HEAD:
        value = row["head"][name]
        if isinstance(value, list):
            head[name] = sorted(map(digest, value))
        else:
            head[name] = None if value is None else digest(value)
        texts[str(head[name])] = str(value)
    filed = {name: value for name, value in row.get("head_more", {}).items() if value}
    more = {name: digest(value) for name, value in filed.items()}
    texts |= {digest(value): value for value in filed.values()}
    split = "test" if row["head"]["code"] in TEST else "dev"
    pairs = tuple((number, digest(q), digest(a)) for number, q, a in said)
    return Annotated(
        row["file"], split, head, more, pairs, frozenset(map(str, row.get("doubtful", ()))), texts
    )


def score_filing(wanted: Annotated, path: Path, reader: Reader) -> tuple[Tally, list[Miss]]:
    """Read one filing and compare."""
    counted = [pair for pair in wanted.pairs if pair[0] not in wanted.doubtful]
    tally = Tally(files=1, expected=len(counted))
    try:
        parsed = reader(path)
    except YuandaError as error:
        for name in HEAD:
            tally.head[name] = [0, 1]
        return tally, [Miss(wanted.file, "unread", "", str(error))]
    misses = []
    for name in HEAD:
        right = _same(wanted.head[name], getattr(parsed.filing, name))
        tally.head[name] = [int(right), 1]
        if not right:
            expected = wanted.texts.get(str(wanted.head[name]), str(wanted.head[name]))
            misses.append(Miss(wanted.file, name, expected, str(getattr(parsed.filing, name))))
    misses += _more(wanted, parsed, tally)
    tally.unproved = sum(
        (assemble(parsed.text, p.question_spans), assemble(parsed.text, p.answer_spans))
        != (p.question, p.answer)
        for p in parsed.pairs
    )
    found = [(p.number, digest(p.question), digest(p.answer)) for p in parsed.pairs]
    texts = {digest(t): t for p in parsed.pairs for t in (p.question, p.answer)}
    left = list(found)
    for pair in counted:
        same = next((f for f in left if f[1:] == pair[1:]), None)
        if same is None:
            misses.append(Miss(wanted.file, "missing", _shown(pair, wanted.texts), ""))
            continue
        left.remove(same)
        tally.right += 1
        tally.numbers += same[0] == pair[0]
        tally.characters += 1.0
        if same[0] != pair[0]:
            misses.append(Miss(wanted.file, "number", pair[0], same[0]))
    left = [pair for pair in left if pair[0] not in wanted.doubtful]
    tally.found = tally.right + len(left)
    misses += [Miss(wanted.file, "extra", "", _shown(pair, texts)) for pair in left]
    return tally, misses


def _more(wanted: Annotated, parsed: ParsedFiling, tally: Tally) -> Iterator[Miss]:
    """People and place: counted in the tally, and what is otherwise."""
    for name in MORE:
        if wanted.more.get(name):
            value = getattr(parsed.filing, name)
            right = wanted.more[name] == digest(value)
            tally.head[name] = [int(right), 1]
            if not right:
                expected = wanted.texts.get(wanted.more[name], wanted.more[name])
                yield Miss(wanted.file, name, expected, value)


def score(
    annotated: Iterable[Annotated], folder: Path, reader: Reader
) -> tuple[dict[str, Any], list[Miss]]:
    """Score the filings that are at hand: the whole, by part and by company (its code)."""
    whole, lacking = Tally(), 0
    groups: dict[str, Tally] = defaultdict(Tally)
    misses: list[Miss] = []
    for wanted in annotated:
        path = folder / wanted.file
        if not path.is_file():
            lacking += 1
            continue
        tally, missed = score_filing(wanted, path, reader)
        whole.add(tally)
        groups[wanted.split].add(tally)
        groups[f"{wanted.split} {wanted.file[:4]}"].add(tally)
        misses += missed
    by = {name: _measures(tally) for name, tally in sorted(groups.items())}
    kinds = dict(Counter(miss.kind for miss in misses).most_common())
    return {**_measures(whole), "lacking": lacking, "by": by, "fails": kinds}, misses


def _measures(tally: Tally) -> dict[str, Any]:
    right = sum(tally.head[name][0] for name in HEAD)
    fields = sum(tally.head[name][1] for name in HEAD)
    found = tally.as_json()
    del found["answer_characters"]
    return {**found, "head_fields": [right, fields]}


def _same(wanted: Any, got: Any) -> bool:
    """Whether a field has the fingerprint; 其他（…） counts by its first word alone, too."""
    if not isinstance(wanted, list):
        return bool(wanted == (digest(got) if got else None))
    if len(wanted) != len(got):
        return False
    both = [{digest(kind), digest(kind.split("（")[0].split("(")[0])} for kind in got]
    return all(any(value in each for each in both) for value in wanted) or (
        # Annotated with its bracket, read without.
        len(set(wanted) - set().union(*both)) == 1 and any(k.startswith("其他") for k in got)
    )


def _shown(pair: tuple[str, str, str], texts: dict[str, str]) -> str:
    def cut(text: str) -> str:
        text = text.replace("\n", "⏎")
        return text if len(text) <= 90 else f"{text[:50]}…{text[-38:]}"

    return f"[{pair[0]}] {' ⇒ '.join(cut(texts.get(part, part)) for part in pair[1:])}"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 where a filing could not be read, or none is at hand."""
    parser = argparse.ArgumentParser(prog="eval.measuring.filings", description=__doc__)
    parser.add_argument("folder", type=Path, help="the filings, as PDF")
    parser.add_argument("--split", nargs="+", choices=("dev", "test"), default=["dev"])
    parser.add_argument("--annotated", nargs="+", type=Path, default=[FINGERPRINTS])
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--fails", type=int, default=0, help="how many fails to print")
    parser.add_argument("--json", type=Path, help="write the result here")
    arguments = parser.parse_args(argv)
    from index.intake.parse import parse

    annotated = (a for path in arguments.annotated for a in read_annotated(path))
    chosen = [a for a in annotated if a.split in arguments.split and arguments.only in a.file]
    result, misses = score(chosen, arguments.folder, parse)
    for miss in misses[: arguments.fails]:
        print(f"{miss.file}  {miss.kind}\n    {miss.expected}\n    {miss.got}")
    print(f"{'':16}{'files':>6}{'pairs':>7}{'P':>8}{'R':>8}{'F1':>8}{'head':>10}")
    for name, row in (("all", result), *result["by"].items()):
        values = "".join(f"{row[key]:8.4f}" for key in ("precision", "recall", "f1"))
        right, fields = row["head_fields"]
        print(f"{name:16}{row['files']:6}{row['expected']:7}{values}{right:6}/{fields}")
    print(f"not at hand: {result['lacking']}; not proved: {result['unproved']}")
    print("fails: " + (", ".join(f"{k} {n}" for k, n in result["fails"].items()) or "none"))
    if arguments.json:
        text = json.dumps(result, ensure_ascii=False, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return int(not result["files"] or "unread" in result["fails"])


if __name__ == "__main__":
    sys.exit(main())
