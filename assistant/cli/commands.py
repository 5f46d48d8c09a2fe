"""What each command of ``yuanda`` does. Each returns the exit status."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.answering import report
from assistant.progress import Progress
from assistant.settings import Settings
from assistant.terminal import printable
from index.embedding.model_options import ModelOptions
from index.errors import CallError, ReadError, YuandaError
from index.records import Filters

if TYPE_CHECKING:
    from assistant.answering.answer import Assistant
    from assistant.retrieval.rerank import Reranker
    from index.store.store import Store

DONE, INPUT_FAILED = 0, 1


def add(arguments: argparse.Namespace, settings: Settings) -> int:
    """Read files and folders into the store."""
    from index.intake import build
    from index.intake.bulk import bulk_encoder
    from index.search.opening import keep_index_at
    from index.store.store import Store

    options = model_options(arguments, settings)
    encoder, together = bulk_encoder(arguments.ray, arguments.model or settings.model, options)
    path = store_path(arguments, settings)
    with Store.open(path, create=True) as store, Progress.on(sys.stderr) as progress:
        if address := arguments.index_url or settings.index_url:
            keep_index_at(store, address)
        added = build.add(
            store,
            arguments.paths,
            encoder,
            on_row=progress.row,
            on_start=progress.start,
            on_page=progress.page,
            processes=arguments.jobs,
            together=together,
        )
        forgotten = store.forgotten()
    if forgotten:
        cure = "`yuanda doctor --rebuild` files them again"
        print(f"yuanda: {forgotten} copies are not in the database; {cure}", file=sys.stderr)
    if arguments.json:
        print(report.dumps(report.add_json(added)))
    else:
        print(report.add_text(added))
    return INPUT_FAILED if added.count("failed") else DONE


def remove(arguments: argparse.Namespace, settings: Settings) -> int:
    """Take filings out of the store."""
    from index.search.opening import open_index

    rows: list[dict[str, Any]] = []
    with open_store(arguments, settings) as store:
        for name in arguments.filings:
            try:
                gone = store.remove(name)
                rows.append(
                    {"filing": name, "path": gone.path, "sha256": gone.sha256, "status": "removed"}
                )
            except CallError as error:
                rows.append({"filing": name, "status": "failed", "error": str(error)})
        if store.dimension is not None:
            open_index(store, store.dimension)
    failed = [row for row in rows if row["status"] == "failed"]
    if arguments.json:
        print(report.dumps({"filings": rows}))
    else:
        for row in rows:
            print(row["error"] if "error" in row else f"removed  {printable(row['path'])}")
    return INPUT_FAILED if failed else DONE


def list_filings(arguments: argparse.Namespace, settings: Settings) -> int:
    """The filings in the store."""
    with open_store(arguments, settings) as store:
        entries, damaged = store.filings(filters_of(arguments)), store.damaged()
    for one in damaged:
        print(printable(f"yuanda: not shown: {one}"), file=sys.stderr)
    status = INPUT_FAILED if damaged else DONE
    if arguments.json:
        print(report.dumps(report.list_json(entries)))
        return status
    for e in entries:
        date = e.filing.activity_date or e.filing.filed_date or "----------"
        head = f"{e.filing.sha256[:12]}  {date}  {e.filing.code or '------'}  {e.filing.company}"
        print(printable(f"{head}  {e.pairs} 问答  {e.filing.path}"))
    return status


def parse_file(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Read one file without a store, or an archive's."""
    from index.intake.packages import is_package
    from index.intake.parse import parse

    if is_package(arguments.file):
        return _parse_package(arguments)
    try:
        parsed = parse(arguments.file)
    except ReadError as error:
        if not arguments.json:
            raise
        print(f"yuanda: {error}", file=sys.stderr)
        print(report.dumps(report.unread_json(error)))
        return INPUT_FAILED
    if arguments.text:
        sys.stdout.write(parsed.text)
    elif arguments.json:
        print(report.dumps(report.parsed_json(parsed, explained=arguments.explain)))
    elif arguments.explain:
        coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        print(report.explained_text(parsed, coloured=coloured))
    else:
        print(report.parsed_text(parsed))
    return DONE


def _parse_package(arguments: argparse.Namespace) -> int:
    """Each filing of an archive."""
    from index.intake.packages import parse_package

    status = DONE
    documents = []
    for parsed in parse_package(arguments.file):
        if isinstance(parsed, ReadError):
            status = INPUT_FAILED
            print(f"yuanda: {printable(str(parsed))}", file=sys.stderr)
            documents.append(report.unread_json(parsed))
        elif arguments.json:
            documents.append(report.parsed_json(parsed, explained=arguments.explain))
        else:
            print(parsed.text if arguments.text else report.parsed_text(parsed), end="\n\n")
    if arguments.json:
        print(report.dumps({"filings": documents}))
    return status


def feedback(arguments: argparse.Namespace, settings: Settings) -> int:
    """What readers said of the answers, listed or written out as a labelled set."""
    from index.store.feedback import export, kept

    with open_store(arguments, settings) as store:
        if arguments.export:
            exported = asdict(export(store, arguments.export))
            if arguments.json:
                print(report.dumps(exported))
            else:
                print(", ".join(f"{count} {name}" for name, count in exported.items()))
            return DONE
        rows = kept(store.folder)
    if arguments.json:
        print(report.dumps({"feedback": [asdict(said) for said in rows]}))
    for said in () if arguments.json else rows:
        place = f"{(said.filing or '-')[:12]:<12}  {said.number or '-'}"
        print(printable(f"{said.at}  {said.verdict:<5}  {place}  {said.question}"))
    return DONE


def evaluate(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measures over a labelled set."""
    status: int = _extension("evaluate")(
        arguments.dataset,
        model=arguments.model or settings.model,
        options=model_options(arguments, settings),
        reranker=_reranker(arguments, settings),
        calibration_file=arguments.calibration or settings.calibration,
        threshold=settings.threshold,
        wrong=settings.wrong,
        retriever=arguments.retriever,
        split=arguments.split,
        run_file=arguments.run,
        records_file=arguments.records,
        html_file=arguments.html,
        as_json=arguments.json,
    )
    return status


def models(arguments: argparse.Namespace, settings: Settings) -> int:
    """Models that fit, what they need, and which one the store uses."""
    from assistant.cli.models_listing import models_json, models_text

    document = models_json(store_path(arguments, settings))
    print(report.dumps(document) if arguments.json else models_text(document))
    return DONE


def ui(arguments: argparse.Namespace, settings: Settings) -> int:
    """The chat in the browser, until interrupted."""
    from index.store.store import Store

    login = settings.login if settings.filing else None
    if login:  # filed into, a store may begin empty
        Store.open(store_path(arguments, settings), create=True).close()
    with open_assistant(arguments, settings) as assistant:
        _extension("ui")(
            assistant,
            host=arguments.host,
            port=arguments.port,
            login=login,
            keys=settings.api_keys,
            rate=settings.rate,
            log=settings.log,
            names=(*settings.allowed_hosts, *arguments.allowed_host),
            proxies=(*settings.trusted_proxies, *arguments.trusted_proxy),
        )
    return DONE


def mcp(arguments: argparse.Namespace, settings: Settings) -> int:
    """The MCP server over standard input and output, until the client leaves."""
    from assistant import logs

    logs.start(settings.log)
    with open_assistant(arguments, settings) as assistant:
        assistant.watch(logs.noting(settings.log))
        _extension("mcp")(assistant)
    return DONE


def open_assistant(arguments: argparse.Namespace, settings: Settings) -> Assistant:
    """The assistant over the store asked for; over the sample where there is none yet."""
    from assistant.answering.answer import Assistant
    from assistant.answering.sample import sample_store
    from assistant.retrieval.calibration import (
        load_calibration,
        mismatch,
        shipped_for,
        threshold_of,
    )
    from assistant.retrieval.cross import judge_for
    from index.embedding.encoder import load_encoder
    from index.store.store import Store

    path = store_path(arguments, settings)
    chosen, options = arguments.model or settings.model, model_options(arguments, settings)
    reranker = _reranker(arguments, settings)
    if arguments.store is None and not Store.exists(path):
        print(
            f"yuanda: no store at {path} yet: answering from the sample filing that ships "
            "(add your own with `yuanda add`)",
            file=sys.stderr,
        )
        encoder = load_encoder(chosen, options)
        store, is_sample = sample_store(encoder), True
    else:
        store, is_sample = Store.open(path), False
        try:
            encoder = load_encoder(chosen or store.model, options)
        except YuandaError:
            store.close()
            raise
    calibration_file = arguments.calibration or settings.calibration or shipped_for(encoder.name)
    calibration = load_calibration(calibration_file)
    if doubt := mismatch(calibration_file, encoder, reranker):
        print(f"yuanda: {doubt}", file=sys.stderr)
    judge = judge_for(calibration) if settings.judge else None
    calibration = calibration.with_judge(judge)
    assistant = Assistant(
        store,
        encoder,
        calibration,
        threshold_of(calibration, settings.threshold, settings.wrong),
        is_sample=is_sample,
        reranker=reranker,
        judge=judge,
    )
    if on_answer := getattr(arguments, "on_answer", None):
        assistant.watch(on_answer)
    return assistant


def model_options(arguments: argparse.Namespace, settings: Settings) -> ModelOptions:
    """How the embedding model is run: what the call says, else the environment."""
    return ModelOptions.read({**settings.model_options, **dict(arguments.model_option)})


def _reranker(arguments: argparse.Namespace, settings: Settings) -> Reranker | None:
    name = arguments.reranker or settings.reranker
    if name is None:
        return None
    from assistant.retrieval.rerank import CrossEncoderReranker

    told = {**settings.reranker_options, **dict(arguments.reranker_option)}
    return CrossEncoderReranker(name, ModelOptions.read(told))


def open_store(arguments: argparse.Namespace, settings: Settings) -> Store:
    from index.store.store import Store

    return Store.open(store_path(arguments, settings))


def store_path(arguments: argparse.Namespace, settings: Settings) -> Path:
    """The folder of the store asked for."""
    return Path(arguments.store) if arguments.store else settings.store


def filters_of(arguments: argparse.Namespace) -> Filters:
    """The filters that a call names."""
    return Filters(
        arguments.company,
        arguments.code,
        arguments.since,
        arguments.until,
        arguments.as_of,
        arguments.activity,
    )


def _extension(name: str) -> Any:
    found = entry_points(group="yuanda.commands", name=name)
    if not found:
        raise CallError(f"{name} is not installed: install yuanda with `pip install .`")
    return next(iter(found)).load()
