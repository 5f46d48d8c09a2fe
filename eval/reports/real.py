"""Yuanda on a part's real sets: ``python -m eval.reports.real --sets DIR --part dev``.

DIR is what ``python -m eval.sets.build`` made. Each set is put into a store (kept below ``--work``
until the model or the set changes) and asked the way that users ask. Beside the measures of
``yuanda evaluate``: whether the company that a question names comes first, and for each kind of
question how often the first pair is right, and how many were answered. ``--rivals`` asks BM25
and, with ``--rival-model FOLDER``, an encoder; ``--against NAME=FOLDER`` compares with what an
earlier run (of another version, or with another model) kept by ``--records``. p-values are of
two-sided paired randomisation tests, not adjusted for how many there are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from assistant.answering.answer import Assistant
from assistant.retrieval.calibration import load_calibration, shipped_for
from assistant.retrieval.cross import judge_for
from eval.measuring.asking import ask_store
from eval.measuring.measures import Outcome, measure
from eval.measuring.runs import read_records, record_lines, write
from eval.measuring.significance import compare
from eval.output import put_out
from eval.reports.evaluate import latency, rounded
from eval.reports.real_rivals import rivals
from eval.sets.datasets import LabelledQuery
from eval.sets.remembering import RememberingEncoder
from eval.sets.split import Part
from eval.sets.stored import StoredSet, some, stored_set
from index.embedding.encoder import Encoder, load_encoder
from index.errors import YuandaError
from index.store.store import Store

SETS = ("briefings", "answers", "platform", "filings")
COMPARED = ("R@1", "R@5", "MRR@10", "Success@1", "served")
_OF_KINDS = ("Success@1", "Success@5")
_MOST = 600


def report(
    stored: StoredSet,
    queries: Sequence[LabelledQuery],
    outcomes: Sequence[Outcome],
    others: Mapping[str, Sequence[Outcome]],
) -> dict[str, Any]:
    """One set's part of the document; ``others`` are runs that are compared with."""
    return {
        "queries": len(outcomes),
        "answerable": sum(bool(o.relevant) for o in outcomes),
        "measures": rounded(measure(outcomes)),
        "company_first": company_first(stored, queries, outcomes),
        "kinds": kinds_of(outcomes),
        "latency_ms": latency(outcomes),
        "against": {name: against(outcomes, other) for name, other in others.items()},
    }


def kinds_of(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Each kind of question: how many there are, were answered, and answered wrongly."""
    members: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        members.setdefault(outcome.slices.get("type", ""), []).append(outcome)
    return {
        kind: {
            "queries": len(own),
            "answered": sum(o.answered for o in own),
            "wrong": sum(o.answered and not o.right for o in own),
            "measures": rounded({name: measure(own)[name] for name in _OF_KINDS}),
        }
        for kind, own in sorted(members.items())
    }


def company_first(
    stored: StoredSet, queries: Sequence[LabelledQuery], outcomes: Sequence[Outcome]
) -> dict[str, int]:
    """Questions that name a company that is held, and those whose first pair is that company's."""
    named = [(q, o) for q, o in zip(queries, outcomes, strict=True) if q.names]
    first = [o.ranking[0] if o.ranking else "" for _, o in named]
    right = sum(stored.companies.get(d) == q.names for d, (q, _) in zip(first, named, strict=True))
    return {"named": len(named), "first": right}


def against(outcomes: Sequence[Outcome], other: Sequence[Outcome]) -> dict[str, Any]:
    """Another system on the same queries: its means, and the chance that it does as well."""
    asked = {outcome.query_id for outcome in outcomes}
    same = [outcome for outcome in other if outcome.query_id in asked]
    return {
        name: {"value": round(found.second, 4), "p": round(found.p, 4)}
        for name, found in compare(outcomes, same, COMPARED).items()
    }


def table(document: Mapping[str, Any]) -> str:
    """The document for a terminal."""
    lines = [f"{document['part']}: {document['model']}"]
    for name, found in document["sets"].items():
        values = found["measures"]
        named = found["company_first"]
        lines += [
            "",
            f"{name}: {found['queries']} questions, {found['answerable']} with an answer; "
            f"p50 {found['latency_ms']['p50']} ms",
            "  " + "  ".join(f"{m} {_shown(v)}" for m, v in values.items()),
            f"  named company first {named['first']} of {named['named']}",
        ]
        for kind, own in found["kinds"].items():
            first, fifth = (own["measures"][m]["value"] for m in _OF_KINDS)
            lines.append(
                f"  {kind:<16}{own['queries']:>6}  first {first:.3f}  in five {fifth:.3f}"
                f"  answered {own['answered']:>4}  of these wrong {own['wrong']:>4}"
            )
        for other, means in found["against"].items():
            cells = "  ".join(f"{m} {v['value']:.3f} (p {v['p']})" for m, v in means.items())
            lines.append(f"  against {other}: {cells}")
    return "\n".join(lines)


def _shown(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write JSON and records where asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, required=True, help="what eval.sets.build made")
    parser.add_argument("--part", choices=get_args(Part), default="dev")
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--work", type=Path, required=True, help="where stores are kept")
    parser.add_argument("--model", help="another embedding model, by name or path")
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--no-judge", action="store_true")
    parser.add_argument("--most", type=int, default=_MOST, help="questions of a set")
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--rival-model", metavar="FOLDER")
    parser.add_argument("--against", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--records", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    try:
        encoder = RememberingEncoder(load_encoder(arguments.model), arguments.work)
        document = _measured(arguments, encoder)
    except YuandaError as error:
        parser.error(str(error))
    print(table(document))
    if arguments.json:
        put_out(document, arguments.json)
    return 0


def _measured(arguments: argparse.Namespace, encoder: Encoder) -> dict[str, Any]:
    sets = {}
    for name in arguments.only:
        if not (source := arguments.sets / arguments.part / name).is_dir():
            print(f"{source}: isn't there, left out", file=sys.stderr)
            continue
        stored = stored_set(source, arguments.work, encoder)
        queries = some(stored.queries, arguments.most)
        calibration = load_calibration(arguments.calibration or shipped_for(encoder.name))
        judge = None if arguments.no_judge else judge_for(calibration)
        store = Store.open(stored.folder)
        with Assistant(store, encoder, calibration, judge=judge) as assistant:
            outcomes = ask_store(assistant, stored, queries)
        others: dict[str, Sequence[Outcome]] = {}
        if arguments.rivals or arguments.rival_model:
            others |= dict(rivals(stored, queries, arguments.rival_model))
        for other in arguments.against:
            label, _, folder = other.partition("=")
            others[label] = read_records(Path(folder) / f"{name}.jsonl")
        sets[name] = report(stored, queries, outcomes, others)
        if arguments.records:
            arguments.records.mkdir(parents=True, exist_ok=True)
            write(arguments.records / f"{name}.jsonl", record_lines(outcomes))
    return {
        "made_by": "python -m eval.reports.real",
        "part": arguments.part,
        "model": f"{encoder.name} {encoder.revision[:12]}",
        "sets": sets,
    }


if __name__ == "__main__":
    raise SystemExit(main())
