"""Scores the reader on the collection: ``python -m eval.measuring.parsing --split dev``.

A pair is right where its question and its answer both equal the expected ones, all white
space taken out. Precision, recall and F1 count pairs over all files; a file that can't be
read counts as one without pairs. Character accuracy of answers is 1 − (Levenshtein
distance) / (length of the longer), 0 for an answer that was not found.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from index.errors import YuandaError
from index.records import ParsedFiling, assemble

FILES = Path(__file__).parent.parent / "collection" / "files"
SPLITS = ("train", "dev", "test")
GROUPS = ("split", "format", "layout", "mark", "trait")
_SPACE = re.compile(r"[\s\u200b\ufeff]+")
_OTHER = re.compile("^其他[（(].*")  # what the other kind is may stand in brackets behind it

Reader = Callable[[Path], ParsedFiling]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be found in one file. Pairs are (number, question, answer)."""

    path: Path
    groups: dict[str, tuple[str, ...]]
    head: dict[str, Any]
    pairs: tuple[tuple[str, str, str], ...]


@dataclass(slots=True)
class Tally:
    """Counts that add up over files."""

    files: int = 0
    expected: int = 0
    found: int = 0
    right: int = 0
    numbers: int = 0
    unproved: int = 0
    characters: float = 0.0
    head: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else float(not self.expected)

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        both = self.expected + self.found
        return 2 * self.right / both if both else 1.0

    def add(self, other: Tally) -> None:
        """Add another's counts."""
        for name in ("files", "expected", "found", "right", "numbers", "unproved", "characters"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for key, (right, all_) in other.head.items():
            self.head[key][0] += right
            self.head[key][1] += all_

    def as_json(self) -> dict[str, Any]:
        """Measures, rounded to 4 places. ``numbers`` is over right pairs only."""
        ratios = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "numbers": self.numbers / self.right if self.right else 0.0,
            "answer_characters": self.characters / self.expected if self.expected else 1.0,
        }
        head = {key: round(right / all_, 4) for key, (right, all_) in sorted(self.head.items())}
        return {
            "files": self.files,
            "expected": self.expected,
            "found": self.found,
            "right": self.right,
            "unproved": self.unproved,
            **{key: round(value, 4) for key, value in ratios.items()},
            "head": head,
        }


@dataclass(frozen=True, slots=True)
class Miss:
    """Something that went wrong in a file: ``got`` is empty where nothing was found."""

    file: str
    kind: str
    expected: str
    got: str


def read_wanted(folder: Path, splits: Sequence[str]) -> Iterator[Wanted]:
    """Read the ``expected.jsonl`` of each split."""
    for split in splits:
        path = folder / split / "expected.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            groups = {
                "split": (split,),
                "format": (row["file"].rsplit(".", 1)[1],),
                "layout": (row["layout"],),
                "mark": (row["mark"],),
                "trait": tuple(row["traits"]),
            }
            pairs = tuple(
                (p["number"], squeeze(p["question"]), squeeze(p["answer"])) for p in row["pairs"]
            )
            yield Wanted(folder / split / row["file"], groups, row["filing"], pairs)


def squeeze(text: str) -> str:
    """A text without any white space."""
    return _SPACE.sub("", text)


def score_file(wanted: Wanted, reader: Reader) -> tuple[Tally, list[Miss]]:
    """Read one file and compare."""
    name = f"{wanted.path.parent.name}/{wanted.path.name}"
    tally = Tally(files=1, expected=len(wanted.pairs))
    try:
        parsed = reader(wanted.path)
    except YuandaError as error:
        for key in wanted.head:
            tally.head[key] = [0, 1]
        return tally, [Miss(name, "unread", "", str(error))]
    misses = []
    for key, value in wanted.head.items():
        got = getattr(parsed.filing, key)
        right = _same_field(value, got)
        tally.head[key] = [int(right), 1]
        if not right:
            misses.append(Miss(name, key, str(value), str(got)))
    found = [(p.number, squeeze(p.question), squeeze(p.answer)) for p in parsed.pairs]
    tally.found = len(found)
    tally.unproved = sum(
        (assemble(parsed.text, p.question_spans), assemble(parsed.text, p.answer_spans))
        != (p.question, p.answer)
        for p in parsed.pairs
    )
    for pair, match in _align(wanted.pairs, found):
        tally.right += match is not None and pair[1:] == match[1:]
        if match is None:
            misses.append(Miss(name, "missing", _shown(pair), ""))
        elif pair[1:] != match[1:]:
            misses.append(Miss(name, "differs", _shown(pair), _shown(match)))
        elif _number(pair[0]) == _number(match[0]):
            tally.numbers += 1
        else:
            misses.append(Miss(name, "number", pair[0], match[0]))
        if match is not None:
            tally.characters += Levenshtein.normalized_similarity(pair[2], match[2])
            found.remove(match)
    misses += [Miss(name, "extra", "", _shown(pair)) for pair in found]
    return tally, misses


def score(wanted: Iterable[Wanted], reader: Reader) -> dict[str, Any]:
    """Score many files: the whole, by group, and what fails, as JSON."""
    whole = Tally()
    groups: dict[str, dict[str, Tally]] = {name: defaultdict(Tally) for name in GROUPS}
    misses: list[Miss] = []
    for file in wanted:
        tally, missed = score_file(file, reader)
        whole.add(tally)
        misses += missed
        for name, values in file.groups.items():
            for value in values:
                groups[name][value].add(tally)
    by = {
        name: {value: tally.as_json() for value, tally in sorted(members.items())}
        for name, members in groups.items()
    }
    fails = [{"file": m.file, "kind": m.kind, "expected": m.expected, "got": m.got} for m in misses]
    return {**whole.as_json(), "by": by, "fails": fails}


_Triple = tuple[str, str, str]


def _align(
    expected: Sequence[_Triple], found: Sequence[_Triple]
) -> list[tuple[_Triple, _Triple | None]]:
    """Pair each expected with a found one: the same text first, then the likest left."""
    left = list(found)
    matches: dict[int, _Triple] = {}
    for i, pair in enumerate(expected):
        same = [f for f in left if f[1:] == pair[1:]]
        if same:
            matches[i] = min(same, key=lambda f: _number(f[0]) != _number(pair[0]))
            left.remove(matches[i])
    for i, pair in enumerate(expected):
        if i in matches or not left:
            continue
        likeness = [Levenshtein.normalized_similarity(pair[1] + pair[2], f[1] + f[2]) for f in left]
        if max(likeness) > 0.2:
            matches[i] = left.pop(likeness.index(max(likeness)))
    return [(pair, matches.get(i)) for i, pair in enumerate(expected)]


def _same_field(value: Any, got: Any) -> bool:
    if isinstance(value, list):
        return {_OTHER.sub("其他", v) for v in value} == {_OTHER.sub("其他", g) for g in got}
    return squeeze(value or "") == squeeze(got or "")


def _number(number: str) -> str:
    """A number as it compares: full-width digits are the same digits."""
    return unicodedata.normalize("NFKC", number)


def _shown(pair: _Triple) -> str:
    def cut(text: str) -> str:
        return text if len(text) <= 60 else f"{text[:36]}…{text[-20:]}"

    return f"[{pair[0]}] {cut(pair[1])} ⇒ {cut(pair[2])}"


def table(result: dict[str, Any]) -> str:
    """The measures as a plain table, by group."""
    heading = f"{'':24}{'files':>6}{'pairs':>7}{'P':>8}{'R':>8}{'F1':>8}{'chars':>8}{'number':>8}"
    lines = [heading, _row("all", result)]
    for name in GROUPS:
        lines += ["", name]
        lines += [_row("  " + value, row) for value, row in result["by"][name].items()]
    lines += ["", "head"]
    lines += [f"  {key:22}{value:.4f}" for key, value in result["head"].items()]
    lines.append(f"pairs that the text does not prove: {result['unproved']}")
    kinds = Counter(miss["kind"] for miss in result["fails"])
    lines.append("fails: " + (", ".join(f"{k} {n}" for k, n in kinds.most_common()) or "none"))
    return "\n".join(lines)


def _row(name: str, row: dict[str, Any]) -> str:
    measures = ("precision", "recall", "f1", "answer_characters", "numbers")
    values = "".join(f"{row[key]:8.4f}" for key in measures)
    return f"{name:24}{row['files']:6}{row['expected']:7}{values}"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 where a file could not be read."""
    parser = argparse.ArgumentParser(prog="eval.measuring.parsing", description=__doc__)
    parser.add_argument("--split", nargs="+", choices=SPLITS, default=["dev"])
    parser.add_argument("--files", type=Path, default=FILES, help="folder of rendered files")
    parser.add_argument("--only", default="", help="files whose name, layout or mark holds this")
    parser.add_argument("--fails", type=int, default=40, help="how many fails to print")
    parser.add_argument("--json", type=Path, help="write the result here")
    arguments = parser.parse_args(argv)
    from index.intake.parse import parse

    wanted = [
        w
        for w in read_wanted(arguments.files, arguments.split)
        if arguments.only in " ".join((w.path.name, *w.groups["layout"], *w.groups["mark"]))
    ]
    result = score(wanted, parse)
    for miss in result["fails"][: arguments.fails]:
        print(f"{miss['file']}  {miss['kind']}\n    {miss['expected']}\n    {miss['got']}")
    print(table(result))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, ensure_ascii=False, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return int(any(miss["kind"] == "unread" for miss in result["fails"]))


if __name__ == "__main__":
    sys.exit(main())
