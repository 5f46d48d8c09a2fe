"""The index on a Milvus server: the same as the embedded one, and in line with the database."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus", reason="needs the extra: pip install '.[milvus]'")
pytest.importorskip("milvus_lite", reason="needs a server: pip install milvus-lite")

from assistant.answering.answer import Assistant
from assistant.records import Query
from assistant.retrieval.decide import Calibration
from eval.benchmarks.milvus_server import free_port, milvus
from index.errors import CallError, StoreError
from index.intake.build import add
from index.records import Filters
from index.search import remote
from index.search.embedded import Indexes
from index.search.milvus import Server
from index.search.opening import keep_index_at, open_index
from index.search.protocol import Index
from index.search.remote import RemoteIndex, open_remote
from index.search.snapshot import open_indexes
from index.store.scope import Scope, pairs_of
from index.store.store import Store
from tests.conftest import Call
from tests.fakes import WORDS, FakeEncoder, read_lines
from tests.paths import ROOT

ENCODER = FakeEncoder()
# What stands in a filing is only ever compared, whatever it looks like.
NAMES = ("甲公司", '乙"] or pair > 0 or company in ["', "丙\\公司")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus(tmp_path_factory.mktemp("milvus") / "data") as address:
        yield address


def write(folder: Path, number: int) -> Path:
    """A filing with a pair for each word; texts differ in length."""
    path, company = folder / f"{number:02}.txt", NAMES[number % len(NAMES)]
    pairs = "".join(
        f"请问{word}在{number}月怎样|{number}号公司的{word}为{place}成，{'同比增长，' * place}。\n"
        for place, word in enumerate(WORDS)
    )
    path.write_text(f"{company}|2024-{number:02}-01\n{pairs}", "utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", create=True) as opened:
        add(opened, [write(tmp_path, n) for n in range(1, 7)], ENCODER, read=read_lines)
        yield opened


@pytest.fixture
def both(store: Store, url: str) -> tuple[Indexes, RemoteIndex]:
    dimension = ENCODER.dimension
    return open_indexes(store, dimension), open_remote(store, dimension, url)


SCOPES = (
    None,
    Scope(Filters(company="甲")),
    Scope(Filters(company=NAMES[1])),
    Scope(Filters(code="309001")),
    Scope(Filters(code="000000")),
    Scope(Filters(since="2024-03-01", until="2024-05-01")),
    Scope(Filters(as_of="2024-02-15")),
    Scope(Filters(activity="业绩说明会")),
    Scope(companies=((NAMES[2], "309001"), ("无", None))),
    Scope(companies=()),
    Scope(Filters(since="2024-04-01"), pairs=np.array([2, 30, 47])),
)
ASKED = ("毛利率怎样", "3月回购和减持", "海外订单同比", "没有的词", "")


def assert_same(one: Index, other: Index) -> None:
    assert one.count == other.count
    assert one.pair_ids().tolist() == other.pair_ids().tolist()
    for asked in ASKED:
        vector = ENCODER.encode_queries([asked])
        assert one.ceiling(asked) == pytest.approx(other.ceiling(asked))
        for scope in SCOPES:
            # Ties are cut anywhere: all that there is, then, by score.
            near, others = (set(i.candidates(vector, 500, scope).tolist()) for i in (one, other))
            assert near == others
            matched, expected = (i.matching(asked, 500, scope) for i in (one, other))
            assert dict(matched) == pytest.approx(dict(expected), rel=1e-5)
            assert [s for _, s in matched] == sorted((s for _, s in matched), reverse=True)
            found, wanted = (set(i.questions(asked, 500, scope).tolist()) for i in (one, other))
            assert found == wanted
    everything = one.pair_ids()[::3]
    vector = ENCODER.encode_queries(["毛利率和分红"])
    ours, theirs = one.similarities(vector, everything), other.similarities(vector, everything)
    assert ours[1].tolist() == theirs[1].tolist()
    assert ours[0] == pytest.approx(theirs[0], abs=1e-5)
    for scope in SCOPES[1:]:
        assert scope is not None
        assert one.within(everything, scope).tolist() == other.within(everything, scope).tolist()


def test_it_is_the_embedded_one(both: tuple[Indexes, RemoteIndex]) -> None:
    embedded, served = both
    assert embedded.count == 48
    assert_same(served, embedded)


def test_adding_and_removing_cost_what_changed(
    store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = open_remote(store, ENCODER.dimension, url)
    gone = store.remove(str(tmp_path / "02.txt"))
    add(store, [write(tmp_path, 9)], ENCODER, read=read_lines)
    sent: list[int] = []
    send = Server.send
    monkeypatch.setattr(
        Server, "send", lambda self, pairs: (sent.extend(p.pair for p in pairs), send(self, pairs))
    )
    now = open_remote(store, ENCODER.dimension, url)
    assert sent == list(range(49, 57))
    # tantivy counts what is removed until it merges: compared is an index made anew.
    open_indexes(store, ENCODER.dimension)
    (store.folder / "indexes" / "manifest.json").unlink()
    shutil.rmtree(store.folder / "indexes" / "lexical")
    assert_same(now, open_indexes(store, ENCODER.dimension))
    # What is removed has left nothing behind; the former state finds nothing of what is new.
    every = now._server.vectors(np.arange(1, 60))[0]
    assert np.unique(pairs_of(every)).tolist() == now.pair_ids().tolist()
    found = pairs_of(former.candidates(ENCODER.encode_queries(["毛利率"]), 500))
    assert found.max() < 49
    assert not store.known(gone.sha256)
    sent.clear()
    open_remote(store, ENCODER.dimension, url)
    assert sent == [], "nothing is sent twice"


def test_what_stopped_half_way_goes_on(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_BATCH", 10)
    monkeypatch.setattr(remote, "_TOGETHER", 4)
    send, calls = Server.send, []

    def failing(self: Server, pairs: list[remote.Sent]) -> None:
        calls.append([p.pair for p in pairs])
        if len(calls) == 6:
            raise StoreError("gone")
        send(self, pairs)

    monkeypatch.setattr(Server, "send", failing)
    with pytest.raises(StoreError, match="gone"):
        open_remote(store, ENCODER.dimension, url)
    reached = calls[2][-1]
    now = open_remote(store, ENCODER.dimension, url)
    assert [pair for pairs in calls[6:] for pair in pairs] == list(range(reached + 1, 49))
    monkeypatch.undo()
    whole = replace(remote._read(store, now._server, ENCODER.dimension))  # type: ignore[type-var]
    assert whole.lexicon.text.of("回购") == open_indexes(
        store, ENCODER.dimension
    ).lexical._searcher.doc_freq("text", "回购")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive"])
def test_without_what_was_written_down_all_is_sent_anew(
    both: tuple[Indexes, RemoteIndex], store: Store, url: str, content: bytes
) -> None:
    (store.folder / "indexes" / "served.npz").write_bytes(content)
    assert_same(open_remote(store, ENCODER.dimension, url), both[0])


def test_a_server_that_lost_everything_gets_it_anew(
    both: tuple[Indexes, RemoteIndex], store: Store, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(url, store.changes().store)
    server.make(ENCODER.dimension)
    with caplog.at_level(logging.WARNING):
        assert_same(open_remote(store, ENCODER.dimension, url), both[0])
    assert "sent anew" in caplog.text
    server.drop()
    assert_same(open_remote(store, ENCODER.dimension, url), both[0])


def test_stores_share_a_server(store: Store, url: str, tmp_path: Path) -> None:
    open_remote(store, ENCODER.dimension, url)
    with Store.open(tmp_path / "other", create=True) as other:
        add(other, [write(tmp_path, 11)], ENCODER, read=read_lines)
        assert_same(
            open_remote(other, ENCODER.dimension, url), open_indexes(other, ENCODER.dimension)
        )
    assert open_remote(store, ENCODER.dimension, url).count == 48


def test_who_only_reads_does_not_wait(store: Store, url: str, tmp_path: Path) -> None:
    open_remote(store, ENCODER.dimension, url)
    add(store, [write(tmp_path, 9)], ENCODER, read=read_lines)
    with store.lock(), Store.open(store.folder) as reader:
        served = open_remote(reader, ENCODER.dimension, url, patience=0.0)
        assert served.lags
        assert served.count == 48


def test_the_assistant_answers_alike(store: Store, url: str) -> None:
    query = Query("3月的毛利率怎样", top_k=5, filters=Filters(since="2024-02-01"))

    def asked() -> list[tuple[str, str]]:
        with Assistant(
            Store.open(store.folder), ENCODER, Calibration.load(), threshold=0.0
        ) as assistant:
            citations = assistant.ask(query).citations
            return [(c.filing.path, c.pair.number) for c in citations]

    embedded = asked()
    keep_index_at(store, url)
    assert not (store.folder / "indexes").exists(), "no vector is left behind"
    assert isinstance(open_index(store, ENCODER.dimension), RemoteIndex)
    assert asked() == embedded
    server = Server(url, store.changes().store)
    assert server.has_collections()
    keep_index_at(store, "embedded")
    assert not server.has_collections()
    assert asked() == embedded


def test_no_server_is_said(store: Store) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(CallError, match="http"):
        keep_index_at(store, "milvus")
    keep_index_at(store, nowhere)
    with pytest.raises(StoreError, match="--index-url"):
        open_index(store, ENCODER.dimension)


def test_the_command_line(call: Call, url: str, tmp_path: Path) -> None:
    folder, sample = (
        tmp_path / "own",
        ROOT / "index" / "sample",
    )
    added = call("add", sample, "--store", folder, "--index-url", f"{url}/", "--json")
    assert added.status == 0, added.err
    said = call("ask", "外购和共建两种模式，哪种毛利率更高？", "--store", folder, "--json")
    assert said.json["decision"] == "answer"
    assert not (folder / "indexes" / "manifest.json").exists()
    doctor = call("doctor", "--store", folder, "--json")
    assert {"what": "index", "status": "sound", "detail": f"5 pairs at {url}"} in [
        dict(finding) for finding in doctor.json["findings"]
    ]
    back = call("doctor", "--store", folder, "--index-url", "embedded")
    assert back.status == 0
    assert (folder / "indexes" / "manifest.json").exists()
