"""The tables in documents, made from the committed results: ``python -m eval.reports.tables``.

A table stands between ``<!-- NAME -->`` and ``<!-- end -->``; a test holds that it is what the
results say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results"
README = Path(__file__).parent.parent / "README.md"
_ROOT = README.parent.parent
TABLED = (README, _ROOT / "index" / "model" / "README.md", _ROOT / "docs" / "sizing.md")
# Tables of another table's results.
_FROM = {"peers": "scale", "sizing": "scale", "changes": "scale"}
_SETS = {
    "cmrc2018_dev": "CMRC 2018 dev",
    "drcd_dev": "DRCD dev (Traditional)",
    "stard_law": "STARD (lay legal questions)",
    "lcqmc_devtest": "LCQMC",
    "domain_dev": "own domain set",
}
_OF_MODEL = ("dense R@1", "dense R@3", "dense R@10", "fused R@1", "fused R@3", "fused R@10", "AUC")
_WAITS = {
    "first_paint": "the first paint",
    "usable": "a chat that can be used",
    "complete": "questions offered, from the last key on",
    "answer": "the answer, from asking on",
    "page": "its page drawn and marked, from the answer on",
    "turn": "the next page, from turning on",
}
_SIZED: Mapping[str, tuple[Callable[[Any], float], Callable[[float], str]]] = {
    "loading, two cores": (lambda s: s["load"]["load_s"] / 60, lambda v: f"{v:.0f} min"),
    "memory while loading": (lambda s: s["load"]["peak_bytes"] / 1e9, lambda v: f"{v:.1f} GB"),
    "disk": (lambda s: s["load"]["store_bytes"] / 1e9, lambda v: f"{v:.1f} GB"),
    "of it indexes": (lambda s: s["load"]["indexes_bytes"] / 1e9, lambda v: f"{v:.1f} GB"),
    "memory while asking": (lambda s: s["memory_bytes"]["total"] / 1e9, lambda v: f"{v:.1f} GB"),
    "opening": (lambda s: s["open_s"], lambda v: f"{v:.1f} s"),
}
_TABLE = re.compile(r"<!-- (?P<name>[\w-]+) -->\n.*?<!-- end -->", re.S)


def with_tables(text: str, results: Path = RESULTS) -> str:
    """``text`` with each marked table made anew; ``KeyError`` for one that nothing makes."""
    return _TABLE.sub(lambda found: _marked(found["name"], results), text)


def _marked(name: str, results: Path) -> str:
    document = json.loads((results / f"{_FROM.get(name, name)}.json").read_text("utf-8"))
    return f"<!-- {name} -->\n{_MAKERS[name.partition('-')[0]](document)}\n<!-- end -->"


def _measures(document: Mapping[str, Any]) -> str:
    """One run's measures with their intervals."""
    rows = [
        (name, f"{m['value']:.3f}", f"{m['low']:.3f} to {m['high']:.3f}")
        for name, m in document["measures"].items()
    ]
    return _table(("measure", "value", "95 % interval"), rows)


def _compare(document: Mapping[str, Any]) -> str:
    """A row for each system; ``p`` is that of its R@1 being the first one's."""
    measures = tuple(document["systems"][0]["measures"])
    rows = []
    for system in document["systems"]:
        values = [f"{system['measures'][name]['value']:.3f}" for name in measures]
        p = system["p"]["R@1"]
        rows.append((system["system"], *values, "" if p is None else f"{p:.4f}"))
    return _table(("system", *measures, "p (R@1)"), rows)


def _parsing(document: Mapping[str, Any]) -> str:
    """The whole, then a row for each format."""
    measures = ("files", "expected", "precision", "recall", "f1", "answer_characters")
    names = ("files", "pairs", "precision", "recall", "F1", "characters of answers")
    rows = [
        (label, *(_number(values[name]) for name in measures))
        for label, values in (("all", document), *document["by"]["format"].items())
    ]
    return _table(("format", *names), rows)


def _chat(document: Mapping[str, Any]) -> str:
    """What one waits for, in milliseconds."""
    rows = [
        (_WAITS[name], f"{own['median']:.0f}", f"{own['p90']:.0f}", str(own["n"]))
        for name, own in document["ms"].items()
    ]
    return _table(("milliseconds", "median", "90th percentile", "times"), rows)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _scale(document: Mapping[str, Any]) -> str:
    """A row for each size."""
    rows = [
        (
            f"{size['pairs']:,}",
            f"{size['load']['load_s']:.0f} s",
            f"{size['load']['store_bytes'] / 1e6:.0f} MB",
            f"{size['memory_bytes']['total'] / 1e6:.0f} MB",
            *(f"{size[k]['p50']:.1f} / {size[k]['p99']:.1f}" for k in ("ask_ms", "askers_50")),
            *(f"{size['ask_filtered_ms'][k]['p50']:.1f}" for k in ("company", "month", "years")),
            f"{size['recall']['R@64']:.3f}",
        )
        for size in document["sizes"]
    ]
    names = ("pairs", "load", "store", "memory", "ask p50 / p99, ms", "50 askers", "company")
    return _table((*names, "month", "years", "recall@64"), rows)


def _changes(document: Mapping[str, Any]) -> str:
    """A row for each size."""
    rows = [
        (
            f"{size['pairs']:,}",
            *(f"{size['change_ms'][k]['p50']:.0f} ms" for k in ("add", "remove", "follow")),
        )
        for size in document["sizes"]
    ]
    return _table(("pairs", "add a filing", "remove it", "follow"), rows)


def _peers(document: Mapping[str, Any]) -> str:
    """A row for each peer, on the same vectors."""
    rows = [
        (
            peer["peer"],
            f"{peer['passages']:,}",
            f"{peer['load_s']:.0f} s",
            f"{peer['search_ms']['p50']:.1f} / {peer['search_ms']['p99']:.1f}",
            f"{peer['memory_bytes'] / 1e6:.0f} MB",
        )
        for peer in document["peers"]
    ]
    return _table(("", "passages", "load", "search p50 / p99, ms", "memory"), rows)


def _sizing(document: Mapping[str, Any]) -> str:
    """The last two sizes measured, and ten times the last: as much more for each pair more."""
    small, large = document["sizes"][-2:]
    ten = 10 * large["pairs"]
    rows = []
    for name, (of, form) in _SIZED.items():
        first, last = of(small), of(large)
        each = (last - first) / (large["pairs"] - small["pairs"])
        values = first, last, last + each * (ten - large["pairs"])
        rows.append((name, *(form(value) for value in values)))
    for name in ("p50", "p99"):
        first, last = small["ask_ms"][name], large["ask_ms"][name]
        values = first, last, last * last / first
        rows.append((f"`ask`, {name}", *(f"{value:.0f} ms" for value in values)))
    sizes = (f"{count:,} pairs" for count in (small["pairs"], large["pairs"]))
    return _table(("", *sizes, f"{ten:,} pairs, extrapolated"), rows)


def _model(document: Mapping[str, Any]) -> str:
    """A row for each measure, a column for each system, and BM25 where it has the like."""
    systems = document["measures"]
    rows = []
    for key, name in _SETS.items():
        for measure in _OF_MODEL:
            if measure in systems["trained"][key]:
                values = [f"{system[key][measure]:.3f}" for system in systems.values()]
                bm25 = systems["trained"][key].get(measure.replace("fused", "BM25"))
                beside = f"{bm25:.3f}" if bm25 and "fused" in measure else ""
                rows.append((f"{name}, {measure}", *values, beside))
    return _table(("measure", *systems, "BM25 alone"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sample": _measures,
    "evaluate": _measures,
    "compare": _compare,
    "hidden": _compare,
    "parsing": _parsing,
    "chat": _chat,
    "scale": _scale,
    "changes": _changes,
    "peers": _peers,
    "sizing": _sizing,
    "questions": _measures,
    "model": _model,
}


def main() -> None:
    """Write the tables."""
    for document in TABLED:
        document.write_text(with_tables(document.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
