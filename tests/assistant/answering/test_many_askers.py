"""Many ask at once, and the store changes meanwhile: answers stay right, and nobody waits."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import assistant.answering.answer
from assistant.answering.answer import Assistant
from assistant.answering.connections import Readers
from assistant.records import Answer, Query
from assistant.retrieval.decide import Calibration
from index.embedding.passages import passages_of
from index.errors import StoreError
from index.intake.build import add
from index.records import Filters
from index.search.opening import open_index
from index.store.feedback import Feedback
from index.store.store import Store
from tests.fakes import WORDS, FakeEncoder, read_lines

LEVELS = ("三成", "五成")


def write(folder: Path, number: int, level: str = "三成") -> Path:
    """A filing with a pair for each word."""
    path = folder / f"{number:02}.txt"
    pairs = "".join(f"{word}怎样|{number} 号公司的{word}为{level}。\n" for word in WORDS)
    path.write_text(f"{number} 号公司|2024-01-{number:02}\n{pairs}", "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = [write(tmp_path, number) for number in range(1, 7)]
    with Store.open(tmp_path / "store", create=True) as store:
        add(store, files, FakeEncoder(), read=read_lines)
    return tmp_path


@pytest.fixture
def asked(folder: Path) -> Iterator[Assistant]:
    store = Store.open(folder / "store")
    with Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as opened:
        yield opened


@pytest.fixture
def followed(asked: Assistant) -> Iterator[Assistant]:
    with asked.following():
        yield asked


def plain(answer: Answer) -> Any:
    """An answer but for the time it took."""
    return answer.decision, answer.confidence, answer.citations


def cited(answer: Answer) -> set[str]:
    return {citation.filing.company for citation in answer.citations}


def eventually(holds: Any, seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_at_once_is_as_one_by_one(followed: Assistant) -> None:
    queries = [
        Query(f"{word}如何", top_k=3, filters=Filters(company=company, since="2024-01-02"))
        for word in WORDS
        for company in (None, "3 号", "没有")
    ] * 4
    one_by_one = [plain(followed.ask(query)) for query in queries]
    random.Random(3).shuffle(order := list(range(len(queries))))
    with ThreadPoolExecutor(16) as threads:
        at_once = list(threads.map(lambda place: plain(followed.ask(queries[place])), order))
    assert at_once == [one_by_one[place] for place in order]
    assert any(citations for _, _, citations in one_by_one)


def test_a_store_may_change_while_it_is_asked(followed: Assistant, folder: Path) -> None:
    stop = threading.Event()

    def ask(seed: int) -> int:
        rng, count = random.Random(seed), 0
        while not stop.is_set():
            word = rng.choice(WORDS)
            for citation in followed.ask(Query(f"{word}怎样", top_k=10)).citations:
                number = int(citation.filing.company.split()[0])
                levels = [f"{number} 号公司的{w}为{level}。" for w in WORDS for level in LEVELS]
                assert citation.pair.answer in levels
            count += 1
        return count

    with ThreadPoolExecutor(4) as threads, Store.open(folder / "store") as other:
        askers = [threads.submit(ask, seed) for seed in range(4)]
        try:
            for number in range(7, 12):
                add(other, [write(folder, number)], FakeEncoder(), read=read_lines)
                add(other, [write(folder, 1, LEVELS[number % 2])], FakeEncoder(), read=read_lines)
                other.remove(str(folder / f"{number - 5:02}.txt"))
                time.sleep(0.1)
        finally:
            stop.set()
        assert all(asker.result() for asker in askers)
    last = {f"{number} 号公司" for number in (1, *range(7, 12))}
    assert eventually(lambda: cited(followed.ask(Query("毛利率怎样", top_k=20))) == last)


def test_nobody_waits_for_indexes(
    followed: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any, **named: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return open_index(*arguments, **named)

    monkeypatch.setattr(assistant.answering.answer, "open_index", slow)
    with Store.open(folder / "store") as other:
        add(other, [write(folder, 7)], FakeEncoder(), read=read_lines)
        other.remove(str(folder / "01.txt"))
    try:
        assert begun.wait(10)
        # What was taken out isn't cited any more, what was added isn't found yet.
        meanwhile = cited(followed.ask(Query("毛利率怎样", top_k=10)))
        assert meanwhile == {f"{number} 号公司" for number in range(2, 7)}
    finally:
        go_on.set()
    assert eventually(lambda: "7 号公司" in cited(followed.ask(Query("毛利率怎样", top_k=10))))


def test_nobody_waits_for_what_another_process_publishes(folder: Path) -> None:
    with Store.open(folder / "store") as other:
        # As in the middle of an `add`: in the database, and not indexed yet.
        with other.lock():
            parsed = read_lines(write(folder, 7))
            passages = [passages_of(pair) for pair in parsed.pairs]
            texts = [passage.text for pieces in passages for passage in pieces]
            vectors = FakeEncoder().encode_passages(texts)
            other.add(parsed, Path(parsed.filing.path), passages, vectors)
            other.remove(str(folder / "01.txt"))
            began = time.monotonic()
            asked = Assistant(
                Store.open(folder / "store"), FakeEncoder(), Calibration.load(), threshold=0.0
            )
            there = {f"{number} 号公司" for number in range(2, 7)}
            assert cited(asked.ask(Query("毛利率怎样", top_k=10))) == there
            assert time.monotonic() - began < 20  # the lock's patience is 30
        # Whoever held it is gone without having published.
        assert cited(asked.ask(Query("毛利率怎样", top_k=10))) == {*there, "7 号公司"}
        asked.close()


def test_what_cannot_be_taken_over_leaves_what_was_there(
    followed: Assistant,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any, **_named: Any) -> Any:
        raise StoreError("no space left")

    monkeypatch.setattr(assistant.answering.answer, "open_index", fail)
    monkeypatch.setattr(assistant.answering.answer, "_AFTER_FAILURE", 0.05)
    with caplog.at_level(logging.ERROR), Store.open(folder / "store") as other:
        add(other, [write(folder, 7)], FakeEncoder(), read=read_lines)
        assert eventually(lambda: "no space left" in caplog.text)
    assert len(cited(followed.ask(Query("毛利率怎样", top_k=10)))) == 6
    monkeypatch.setattr(assistant.answering.answer, "open_index", open_index)
    assert eventually(lambda: len(cited(followed.ask(Query("毛利率怎样", top_k=10)))) == 7)


def test_feedback_calls_for_no_new_snapshot(asked: Assistant) -> None:
    before = asked._now
    asked.keep(Feedback("毛利率", "right"))
    asked.refresh()
    assert asked._now.retriever is before.retriever


def test_readers_see_one_state_and_write_nothing(folder: Path) -> None:
    readers = Readers(folder / "store")
    with readers.one() as store, Store.open(folder / "store") as other:
        assert store.counts() == (6, 48)
        other.remove(str(folder / "01.txt"))
        assert store.counts() == (6, 48)
        with readers.one() as second:
            assert second is not store
            assert second.counts() == (5, 40)
    with Store.reader(folder / "store") as reader, pytest.raises(StoreError, match="readonly"):
        reader.remove(str(folder / "02.txt"))
    with readers.one() as again:
        assert again.counts() == (5, 40)
    readers.close()
    with pytest.raises(StoreError, match="closed"), readers.one():
        pass


def test_a_changed_copy_is_noticed_at_once(asked: Assistant) -> None:
    first = asked.ask(Query("毛利率怎样", top_k=1)).citations[0].filing
    copy = asked.original(first)
    whole, state = copy.read_bytes(), copy.stat()
    copy.write_bytes(whole.replace("三".encode(), "九".encode()))
    os.utime(copy, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert copy.stat().st_size == state.st_size
    assert first.company not in cited(asked.ask(Query("毛利率怎样", top_k=10)))
    copy.write_bytes(whole)
    assert first.company in cited(asked.ask(Query("毛利率怎样", top_k=10)))
