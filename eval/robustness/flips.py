"""Bits flipped in every kind of file of a store, and in every column of its database.

    python -m eval.robustness.flips --flips 300 --json eval/results/flips.json

Each flip is made in a fresh copy of a sound store. Then questions are asked, the filings are listed
and verified, and `yuanda doctor` looks at it all. A flip is *nothing* where all of that is as it
was, *noticed* where something says that it isn't; it is a fault where a quote is shown that was
not filed, where what is shown has changed and nothing says so, where a command ends in a
traceback, and where a copy of a filing is deleted or changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.scale.generate import Market
from eval.output import put_out
from index.embedding.encoder import Encoder, load_encoder
from index.errors import YuandaError
from index.intake.build import add
from index.records import Filters
from index.store.feedback import Feedback, keep, kept
from index.store.store import Store
from index.upkeep.doctor import examine, rebuild
from index.upkeep.mending import Mender
from index.upkeep.verify import verify

FILINGS = 8
# What may be derived or forgotten, and is no copy of a filing.
_COPIES = ("filings", "set-aside")

Shown = dict[str, Any]


@dataclass
class Outcome:
    """What came of all flips."""

    flips: int = 0
    nothing: int = 0
    noticed: int = 0
    wrong_quotes: int = 0
    unnoticed: int = 0
    tracebacks: int = 0
    deleted: int = 0
    mended: int = 0
    places: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def run(flips: int, folder: Path, seed: int = 1) -> Outcome:
    """Flip so many bits, each in a copy of a store made in the empty folder."""
    rng, encoder = random.Random(seed), load_encoder(None)
    sound = folder / "sound"
    _fill(sound, folder / "filings", encoder)
    before = _copies(sound)
    wanted, said = _look(sound, encoder)
    if said:
        raise RuntimeError(f"not sound to begin with: {said}")
    truth = {json.dumps(quote) for answer in _answers(sound, encoder, 100) for quote in answer}
    outcome, places, began = Outcome(), Counter[str](), time.perf_counter()
    makers = _makers(sound)
    for number in range(flips):
        store = folder / f"store-{number}"
        shutil.copytree(sound, store)
        place = makers[number % len(makers)](store, rng)
        places[place.partition(":")[0]] += 1
        _judge(outcome, place, store, encoder, wanted, truth, before)
        shutil.rmtree(store, ignore_errors=True)
        print(f"{number + 1}/{flips} {place}", file=sys.stderr)
    outcome.flips, outcome.places = flips, dict(sorted(places.items()))
    outcome.seconds = round(time.perf_counter() - began, 1)
    return outcome


def _fill(store: Path, filings: Path, encoder: Encoder) -> None:
    filings.mkdir(parents=True)
    for number, (_, content) in zip(range(FILINGS), Market(10 * FILINGS).filings(), strict=False):
        (filings / f"{number}.txt").write_bytes(content)
    with Store.open(store, create=True) as opened:
        add(opened, [filings], encoder, processes=1)
        for entry in opened.filings()[:3]:
            keep(store, Feedback("毛利率？", "right", entry.filing.sha256, "1", "answer", 0.9))


def _makers(store: Path) -> list[Callable[[Path, random.Random], str]]:
    """A way to flip a bit for each kind of file, and for each column that holds something."""
    kinds = sorted({_kind(path, store) for path in store.rglob("*") if path.is_file()})
    makers = [_in_file(kind) for kind in kinds]
    with closing(sqlite3.connect(store / "store.sqlite")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            makers += [_in_column(table, column[1]) for column in columns]
    return makers


def _kind(path: Path, store: Path) -> str:
    """A file's kind: its folder, and its name's end, or its name where that is always the same."""
    name = path.suffix or path.name
    if path.suffix in (".json", ".jsonl", ".sqlite") or path.name.startswith("."):
        name = path.name
    return f"{path.parent.relative_to(store)}/{name}"


def _in_file(kind: str) -> Callable[[Path, random.Random], str]:
    def flip(store: Path, rng: random.Random) -> str:
        paths = [p for p in sorted(store.rglob("*")) if p.is_file() and _kind(p, store) == kind]
        path = rng.choice([p for p in paths if p.stat().st_size] or paths)
        content = bytearray(path.read_bytes())
        if not content:
            return f"{kind}: empty"
        bit = rng.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        return f"{kind}: bit {bit} of {path.name}"

    return flip


def _in_column(table: str, column: str) -> Callable[[Path, random.Random], str]:
    def flip(store: Path, rng: random.Random) -> str:
        with closing(sqlite3.connect(store / "store.sqlite")) as connection:
            rows = connection.execute(
                f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
            ).fetchall()
            if not rows:
                return f"{table}.{column}: empty"
            row, value = rng.choice(rows)
            changed = _flipped(value, rng)
            try:
                update = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608
                connection.execute(update, (changed, row))
                connection.commit()
            except sqlite3.Error as error:
                return f"{table}.{column}: refused ({error})"
        return f"{table}.{column}: {str(value)[:30]!r} to {str(changed)[:30]!r}"

    return flip


def _flipped(value: Any, rng: random.Random) -> Any:
    """A value of the same type, one bit of which is another."""
    if isinstance(value, int):
        return value ^ 1 << rng.randrange(16)
    if isinstance(value, float):
        return value + 2.0 ** rng.randrange(-8, 8)
    content = bytearray(value if isinstance(value, bytes) else value.encode())
    if not content:
        return b"\1" if isinstance(value, bytes) else "\1"
    while True:
        bit = rng.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        if isinstance(value, bytes):
            return bytes(content)
        try:
            return content.decode()
        except UnicodeDecodeError:
            content[bit // 8] ^= 1 << bit % 8


def _judge(
    outcome: Outcome,
    place: str,
    store: Path,
    encoder: Encoder,
    wanted: Shown,
    truth: set[str],
    before: dict[str, str],
) -> None:
    try:
        shown, said = _look(store, encoder)
        wrong = [q for q in shown.get("quotes", []) if json.dumps(q) not in truth]
        gone = _lost(before, store, place)
        said += _doctor(store, encoder)
        gone += _lost(before, store, place)
    except Exception:
        outcome.tracebacks += 1
        outcome.faults.append(f"{place}: {traceback.format_exc()[-600:]}")
        return
    if wrong:
        outcome.wrong_quotes += 1
        outcome.faults.append(f"{place}: shown {wrong[0]}")
    if gone:
        outcome.deleted += 1
        outcome.faults.append(f"{place}: copies lost: {gone}")
    if said:
        outcome.noticed += 1
        outcome.mended += any("mended" in one for one in said)
    elif shown == wanted:
        outcome.nothing += 1
    else:
        outcome.unnoticed += 1
        changed = [key for key in wanted if shown.get(key) != wanted[key]]
        outcome.faults.append(f"{place}: {changed} changed, nobody says so")


def _look(store: Path, encoder: Encoder) -> tuple[Shown, list[str]]:
    """What a store shows, and what is said to be wrong with it."""
    shown: Shown = {}
    said: list[str] = []

    def see(what: str, look: Callable[[], Any]) -> None:
        try:
            shown[what] = look()
        except (YuandaError, sqlite3.Error) as error:
            said.append(f"{what}: {error}")

    def ask() -> list[Any]:
        with Assistant(Store.open(store), encoder, Calibration.load()) as assistant:
            answers = [assistant.ask(query) for query in _queries()]
            said.extend(str(one) for answer in answers for one in answer.damaged)
            return [[_quote(c) for c in answer.citations] for answer in answers]

    def names() -> list[str]:
        with Store.open(store) as opened:
            said.extend(map(str, opened.damaged()))
            return [f"{e.filing} {e.pairs}" for e in opened.filings()]

    def proof() -> int:
        with Store.open(store) as opened:
            found = verify(opened)
            said.extend(f"{f.path}: {f.reason}" for f in found.failed)
            return found.pairs

    see("asked", ask)
    see("list", names)
    see("verify", proof)
    see("feedback", lambda: [asdict(one) for one in kept(store)])
    shown["quotes"] = [quote for answer in shown.get("asked", []) for quote in answer]
    return shown, said


def _doctor(store: Path, encoder: Encoder) -> list[str]:
    """What the doctor finds; the second time all has to be sound, or still named."""
    mender = Mender(lambda: encoder)
    try:
        with Store.open(store) as opened:
            found = examine(opened, mender)
    except (YuandaError, sqlite3.Error) as error:
        found = rebuild(store, mender)
        return [str(error), *(f"{one.status} {one.what}" for one in found)]
    return [f"{one.status} {one.what}" for one in found if one.status != "sound"]


def _queries() -> Iterator[Query]:
    company = next(iter(Market(10 * FILINGS).filings()))[0].filing.company
    yield Query("公司今年的毛利率怎么样？", top_k=3)
    yield Query("海外业务的进展如何？", top_k=3)
    yield Query("产能利用率是多少？", top_k=3, filters=Filters(company=company))


def _answers(store: Path, encoder: Encoder, top: int) -> list[list[Any]]:
    """Every pair as it may be quoted."""
    with Assistant(Store.open(store), encoder, Calibration.load()) as assistant:
        answers = [assistant.ask(Query("公司", top_k=top))]
        quotes = [[_quote(c) for c in answer.citations] for answer in answers]
        for entry in assistant.entries():
            parsed = assistant.filed(entry.filing.sha256)
            quotes.append([_quoted(parsed.filing, pair) for pair in parsed.pairs])
    return quotes


def _quote(citation: Any) -> Any:
    return _quoted(citation.filing, citation.pair)


def _quoted(filing: Any, pair: Any) -> Any:
    return [str(filing), str(pair)]


def _copies(store: Path) -> dict[str, str]:
    """Copies of filings, wherever they are, by their content."""
    return {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.name
        for folder in _COPIES
        if (store / folder).is_dir()
        for path in (store / folder).iterdir()
    }


def _lost(before: dict[str, str], store: Path, place: str) -> list[str]:
    gone = set(before) - set(_copies(store))
    allowed = 1 if place.startswith("filings/") else 0  # the copy whose bit was flipped
    return sorted(gone) if len(gone) > allowed else []


def main() -> None:
    """Print what came of it as JSON, or write it where asked."""
    parser = argparse.ArgumentParser(prog="eval.robustness.flips", description=__doc__)
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yuanda-flips-") as folder:
        outcome = run(arguments.flips, Path(folder), arguments.seed)
    put_out(asdict(outcome), arguments.json)


if __name__ == "__main__":
    main()
