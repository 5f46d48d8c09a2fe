"""A store killed at random moments of adding, removing and index switching.

    python -m eval.robustness.kills --kills 200 --json eval/results/kills.json

A child works on the store and tells of each step that is done; it is killed (SIGKILL) after a
random time. Another child then opens what was left: everything that was told of has to be there,
once, with its vectors and its words, and what was amid has to be there whole or not at all. The
next child goes on from there. Thresholds are set low, so that compressed indexes are made and
replaced all the time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eval.benchmarks.scale.generate import Market
from eval.output import put_out
from index.embedding.encoder import Encoder, load_encoder
from index.intake.build import FileRow, add
from index.search import vectors
from index.search.snapshot import improve, open_indexes
from index.store.scope import pairs_of
from index.store.store import Store

Say = Callable[[str], None]

FILINGS = 60
_LONGEST = 0.6  # seconds from the beginning of a step until a kill
_OPENING = 0.1  # share of kills that don't wait for a step
_COMPRESS, _TAIL = 400, 60


@dataclass
class Outcome:
    """What many kills left behind."""

    kills: int = 0
    during: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    failed_to_open: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def run(kills: int, folder: Path, seed: int = 1) -> Outcome:
    """Kill a store in an empty folder that often."""
    vectors.COMPRESS, vectors.TAIL = _COMPRESS, _TAIL
    encoder = load_encoder(None)
    texts = _write(folder / "filings")
    store, rng = folder / "store", random.Random(seed)
    _finished(_fill, (store, folder / "filings", encoder))
    outcome, during = Outcome(), Counter[str]()
    there = set(texts)
    began = time.perf_counter()
    for number in range(kills):
        said = _killed(_work, (store, folder / "filings", encoder, seed + number), rng)
        step, certain, amid = _told(said, there)
        during[step] += 1
        found = _finished(_look, (store, encoder))
        outcome.kills += 1
        _judge(outcome, found, certain, amid, texts)
        there = set((found or {}).get("filings", there))
    outcome.during, outcome.seconds = dict(during), round(time.perf_counter() - began, 1)
    return outcome


def _write(folder: Path) -> dict[str, int]:
    """Files to be added; the number of pairs of each."""
    folder.mkdir(parents=True)
    counts = {}
    for number, (parsed, content) in enumerate(Market(10 * FILINGS).filings()):
        name = f"{number:03}.txt"
        (folder / name).write_bytes(content)
        counts[name] = len(parsed.pairs)
    return counts


def _fill(say: Say, folder: Path, files: Path, encoder: Encoder) -> None:
    """A store with all filings."""
    with Store.open(folder, create=True) as store:
        add(store, [files], encoder, processes=1)
    say("{}")


def _work(
    say: Callable[[str], None], folder: Path, files: Path, encoder: Encoder, seed: int
) -> None:
    """Add, remove and switch by chance, until killed."""
    rng = random.Random(seed)
    names = sorted(path.name for path in files.iterdir())
    with Store.open(folder) as store:
        say("begin open")
        open_indexes(store, encoder.dimension)
        while True:
            there = {Path(entry.filing.path).name for entry in store.filings()}
            absent = [name for name in names if name not in there]
            step = rng.choice(["add", "remove", "switch"])
            if step == "add" and absent:
                chosen = rng.sample(absent, min(len(absent), rng.randint(1, 12)))
                say(f"begin add {' '.join(chosen)}")

                def tell(row: FileRow) -> None:
                    say(f"added {Path(row.path).name}")

                add(store, [files / name for name in chosen], encoder, tell, processes=1)
            elif step == "remove" and len(there) > FILINGS // 2:
                name = rng.choice(sorted(there))
                say(f"begin remove {name}")
                store.remove(str(files / name))
                say(f"removed {name}")
                open_indexes(store, encoder.dimension)
            else:
                say("begin switch")
                improve(store, anew=True)


def _look(say: Say, folder: Path, encoder: Encoder) -> None:
    """Open what was left and say what is in it."""
    with Store.open(folder) as store:
        names = Counter(Path(entry.filing.path).name for entry in store.filings())
        pairs = {
            Path(entry.filing.path).name: len(store.pairs_of(entry.filing.sha256))
            for entry in store.filings()
        }
        indexes = open_indexes(store, encoder.dimension)
        wanted, passages = store.pair_ids().tolist(), indexes.dense.ids()
        harm = []
        if sorted(indexes.lexical.ids().tolist()) != wanted:
            harm.append("the lexical index has other pairs")
        if np.unique(pairs_of(passages)).tolist() != wanted:
            harm.append("the dense index has other pairs")
        if len(np.unique(passages)) != len(passages):
            harm.append("a vector is there twice")
        harm += [
            f"a copy is gone: {e.filing.path}"
            for e in store.filings()
            if not store.original(e.filing).is_file()
        ]
        for pair_id, first, rows in list(store.vectors(store.pair_ids()))[::17]:
            own = (
                np.frombuffer(rows, dtype=np.float16)
                .astype(np.float32)
                .reshape(-1, encoder.dimension)
            )
            scores, found = indexes.dense.search(own[:1], 1)
            if len(found) == 0 or scores[0] < float((own[0] ** 2).sum()) - 1e-3:
                harm.append(f"a vector isn't found: pair {pair_id}, place {first}")
        store.tidy()
        if any(copy.name.startswith(".") for copy in store.orphans()):
            harm.append("a copy without a filing stays")
    say(json.dumps({"filings": names, "pairs": pairs, "harm": harm}))


def _told(said: str, there: set[str]) -> tuple[str, set[str], set[str]]:
    """The step that was killed; filings certain to be there; those that may be or not."""
    step, certain, amid = "open", set(there), set[str]()
    for line in said.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        kind, *names = line.split()
        if kind == "begin":
            step = names[0]
            amid = set(names[1:])
            certain -= amid if step == "remove" else set()
        elif kind == "added":
            certain |= set(names)
            amid -= set(names)
        elif kind == "removed":
            amid -= set(names)
    return step, certain, amid


def _judge(
    outcome: Outcome,
    found: dict[str, Any] | None,
    certain: set[str],
    amid: set[str],
    texts: dict[str, int],
) -> None:
    if found is None:
        outcome.failed_to_open += 1
        outcome.faults.append("can't be opened")
        return
    names, pairs = found["filings"], found["pairs"]
    lost = certain - amid - names.keys()
    parts = [name for name, count in pairs.items() if count != texts[name]]
    strange = names.keys() - certain - amid
    doubled = [name for name, count in names.items() if count > 1]
    outcome.lost += len(lost) + len(parts)
    outcome.doubled += len(doubled)
    outcome.faults += [f"lost: {name}" for name in sorted(lost)]
    outcome.faults += [f"in part: {name}" for name in parts]
    outcome.faults += [f"removed, and there: {name}" for name in sorted(strange)]
    outcome.faults += found["harm"]


def _killed(work: Callable[..., None], given: tuple[Any, ...], rng: random.Random) -> str:
    """What a child said before it was killed."""
    reader, child = _started(work, given)
    said = ""
    with os.fdopen(reader) as pipe:
        if rng.random() < _OPENING:
            time.sleep(rng.uniform(0, _LONGEST))
        else:
            while line := pipe.readline():
                said += line
                if line.startswith("begin") and "open" not in line:
                    time.sleep(rng.uniform(0, _LONGEST))
                    break
        os.kill(child, signal.SIGKILL)
        said += pipe.read()
    os.waitpid(child, 0)
    return said


def _finished(work: Callable[..., None], given: tuple[Any, ...]) -> dict[str, Any] | None:
    """What a child found; ``None`` where it failed."""
    reader, child = _started(work, given)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(said) if status == 0 and said else None


def _started(work: Callable[..., None], given: tuple[Any, ...]) -> tuple[int, int]:
    """Where a new child's words can be read, and its id. This process never opens the store."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return reader, child
    os.close(reader)
    status = 1
    try:
        work(lambda line: os.write(writer, f"{line}\n".encode()), *given)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    """Kill, and tell what that left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(arguments.kills, Path(folder), arguments.seed)
    put_out(asdict(outcome), arguments.json)
    raise SystemExit(bool(outcome.faults))


if __name__ == "__main__":
    main()
