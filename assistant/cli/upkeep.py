"""The commands that keep a store sound. Each returns the exit status."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from assistant.answering import report
from assistant.cli.commands import DONE, INPUT_FAILED, model_options, open_store, store_path
from assistant.settings import Settings
from assistant.terminal import printable

# Filed questions that recall is measured with.
_RECALL_QUESTIONS = 200


def verify(arguments: argparse.Namespace, settings: Settings) -> int:
    """Re-read every filing in the store and prove every pair."""
    from index.upkeep.verify import verify as prove

    with open_store(arguments, settings) as store:
        proof = prove(store)
    if arguments.json:
        print(report.dumps(report.proof_json(proof)))
    else:
        print(report.proof_text(proof))
    return INPUT_FAILED if proof.failed else DONE


def doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    """Find what is wrong with a store and mend what can be mended."""
    from index.embedding.encoder import load_encoder
    from index.search.opening import keep_index_at
    from index.upkeep.doctor import examine, rebuild, recall
    from index.upkeep.mending import Mender

    path, options = store_path(arguments, settings), model_options(arguments, settings)
    wanted, findings = arguments.model or settings.model, []
    if arguments.rebuild:
        mender = Mender(lambda: load_encoder(wanted, options))
        findings = rebuild(path, mender, restore=arguments.restore)
    with open_store(arguments, settings) as store:
        if address := arguments.index_url or settings.index_url:
            keep_index_at(store, address)
        if not arguments.rebuild:
            mender = Mender(lambda: load_encoder(wanted or store.model, options))
            findings = examine(store, mender, restore=arguments.restore)
        found = recall(store, _RECALL_QUESTIONS) if arguments.recall else None
    if arguments.json:
        measured = {} if found is None else {"recall": found}
        print(report.dumps({"findings": [asdict(one) for one in findings], **measured}))
    else:
        for one in findings:
            print(printable(f"{one.status:<8}{one.what}  {one.detail}".rstrip()))
        for name, value in (found or {}).items():
            print(f"{name:<8}{value:.4f}")
    return INPUT_FAILED if any(one.status == "broken" for one in findings) else DONE
