"""Batches to learn from: real pairs in runs of one company, groups, and the older sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.training.encoder.pack import Numbers, Pack
from eval.training.encoder.sequences import PASSAGE_LIMIT, QUERY_LIMIT, Chunk, Flat, Writer, chunked

TRAIN = 0
_PIECES = 4
_OF_ONE_COMPANY = 60


@dataclass(frozen=True, slots=True)
class Shares:
    """How a batch of ``size`` is made up; the rest is real pairs of any company."""

    size: int = 896
    companies: float = 0.45
    groups: float = 0.06
    others: float = 0.22
    plain: float = 0.5
    keywords: float = 0.15
    misspelled: float = 0.2
    parts: float = 0.15
    named: float = 0.12
    with_question: float = 0.12
    hard: int = 320
    canned: int = 32


@dataclass(frozen=True, slots=True)
class Batch:
    """Queries, each with a document of one or more passages, and more documents that match none.

    ``documents[d]`` are rows of ``passages`` (-1 fills up); document ``i`` belongs to query ``i``.
    ``query_texts`` and ``passage_texts`` are the numbers of the texts as they were; keys are the
    pair's wording, equal for what must not be told apart, and bags what texts consist of.
    """

    queries: list[Chunk]
    passages: list[Chunk]
    documents: Numbers
    query_texts: Numbers
    passage_texts: Numbers
    question_keys: Numbers
    answer_keys: Numbers
    query_bags: Bags
    answer_bags: Bags


@dataclass(frozen=True, slots=True)
class Bags:
    """Which tokens each of some texts has: pairs of row and token."""

    count: int
    rows: Numbers
    tokens: Numbers


@dataclass(frozen=True, slots=True)
class Mined:
    """For each pair (row) the hardest wrong passages: their texts and their pairs, -1 fills up."""

    texts: Numbers
    pairs: Numbers


class Batches:
    """Draws batches of a pack, without end."""

    def __init__(self, pack: Pack, writer: Writer, shares: Shares, seed: int) -> None:
        self.pack, self.writer, self.shares = pack, writer, shares
        self.rng = np.random.default_rng(seed)
        training = pack.part == TRAIN
        self.usable = np.flatnonzero(training & (pack.usable > 0))
        self.canned = np.flatnonzero(training & (pack.usable == 0) & (pack.relevance < 0))
        company = pack.company[self.usable]
        order = np.argsort(company, kind="stable")
        borders = np.flatnonzero(np.diff(company[order])) + 1
        runs = np.split(self.usable[order], borders)
        self._runs = [run for run in runs if pack.company[run[0]] >= 0 and len(run) > 3]
        weights = np.array([min(len(run), _OF_ONE_COMPANY) for run in self._runs], dtype=float)
        self._run_weights = weights / weights.sum()
        self._other_weights = pack.share / pack.share.sum()
        members: dict[int, list[int]] = {}
        ready = set(self.usable.tolist())
        for group, row in pack.groups.tolist():
            if row in ready:
                members.setdefault(group, []).append(row)
        self._groups = [rows for rows in members.values() if len(rows) > 1]
        self.mined: Mined | None = None

    def draw(self) -> Batch:
        """The next batch."""
        shares, pack, rng = self.shares, self.pack, self.rng
        asked, passages, rows = self._real()
        count = int(shares.size * shares.others)
        chosen = rng.choice(len(pack.others), count, replace=False, p=self._other_weights)
        others = pack.others[chosen]
        query_texts = np.concatenate((asked, others[:, 0]))
        documents = passages + [[int(match)] for match in others[:, 1]]
        question_keys = np.concatenate((pack.question_key[rows], -1 - np.arange(count)))
        answer_keys = np.concatenate((pack.answer_key[rows], -1 - np.arange(count)))
        more, more_q, more_a = self._unlike(rows, others)
        documents += more
        return self._written(
            query_texts, documents, np.concatenate((rows, np.full(count, -1))),
            np.concatenate((question_keys, more_q)), np.concatenate((answer_keys, more_a)),
        )  # fmt: skip

    def _real(self) -> tuple[Numbers, list[list[int]], Numbers]:
        """Texts asked, the passages of each one's document, and the pairs they are of."""
        shares, pack, rng = self.shares, self.pack, self.rng
        total = shares.size - int(shares.size * shares.others)
        grouped = [self._groups[n] for n in self._some(len(self._groups), shares.groups)]
        asked_of = [rng.permutation(rows)[:2] for rows in grouped]
        rows: list[int] = []
        while len(rows) < shares.companies * shares.size:
            run = self._runs[rng.choice(len(self._runs), p=self._run_weights)]
            rows += rng.permutation(run)[:_OF_ONE_COMPANY].tolist()
        rest = max(total - len(rows) - len(grouped), 0)
        rows += rng.choice(self.usable, rest, replace=False).tolist()
        rows = rows[: total - len(grouped)]
        with_question = rng.random(len(rows)) < shares.with_question
        documents = []
        for row, shown in zip(rows, with_question, strict=True):
            question = [int(pack.question[row])] if shown else []
            documents.append(question + self.pieces(row))
        asked = pack.question[np.array(rows)].tolist()
        for one, other in asked_of:
            asked.append(int(pack.question[one]))
            answer = self.pieces(other) if rng.random() < 0.5 else []
            documents.append([int(pack.question[other]), *answer])
            rows.append(int(other))
        return np.array(asked), documents, np.array(rows)

    def pieces(self, row: int) -> list[int]:
        """The texts of a pair's answer, at most four of them at random."""
        first, count = int(self.pack.answer[row]), int(self.pack.pieces[row])
        if count <= _PIECES:
            return list(range(first, first + count))
        chosen = np.sort(self.rng.choice(count, _PIECES, replace=False))
        return [first + int(piece) for piece in chosen]

    def _unlike(self, rows: Numbers, others: Numbers) -> tuple[list[list[int]], Numbers, Numbers]:
        """Documents that answer nothing of the batch: mined ones, labelled ones, empty phrases."""
        pack, rng = self.pack, self.rng
        documents: list[list[int]] = []
        pairs: list[int] = []
        if self.mined is not None:
            for row in rng.choice(rows, min(self.shares.hard, len(rows)), replace=False):
                found = np.flatnonzero(self.mined.texts[row] >= 0)
                if len(found):
                    place = rng.choice(found)
                    documents.append([int(self.mined.texts[row, place])])
                    pairs.append(int(self.mined.pairs[row, place]))
        for row in rng.choice(self.canned, self.shares.canned):
            documents.append([int(pack.answer[row])])
            pairs.append(int(row))
        labelled = others[others[:, 2] >= 0, 2]
        documents += [[int(text)] for text in labelled]
        number = np.array(pairs, dtype=np.int64)
        alone = -100_000 - np.arange(len(labelled))
        return (
            documents,
            np.concatenate((pack.question_key[number], alone)),
            np.concatenate((pack.answer_key[number], alone)),
        )

    def _written(
        self,
        query_texts: Numbers,
        documents: list[list[int]],
        rows: Numbers,
        question_keys: Numbers,
        answer_keys: Numbers,
    ) -> Batch:
        writer, shares, rng = self.writer, self.shares, self.rng
        count = len(query_texts)
        flat = self.asked(query_texts, rows)
        passage_texts = np.array([text for document in documents for text in document])
        sizes = np.array([len(document) for document in documents])
        strip = np.repeat(rng.random(len(documents)) < shares.plain, sizes)
        passages = writer.flat(passage_texts, strip, PASSAGE_LIMIT)
        table = np.full((len(documents), int(sizes.max())), -1, dtype=np.int64)
        table[np.arange(table.shape[1]) < sizes[:, None]] = np.arange(len(passage_texts))
        answers = writer.flat(passage_texts, np.ones(len(passage_texts), bool), PASSAGE_LIMIT)
        of = np.repeat(np.arange(len(documents)), sizes)
        questions = writer.flat(query_texts, np.ones(count, dtype=bool), QUERY_LIMIT)
        return Batch(
            chunked(writer.rows(flat, writer.query)),
            chunked(writer.rows(passages, writer.passage)),
            table, query_texts, passage_texts, question_keys, answer_keys,
            Bags(count, questions.owners(), questions.ids),
            Bags(len(documents), of[answers.owners()], answers.ids),
        )  # fmt: skip

    def asked(self, texts: Numbers, rows: Numbers) -> Flat:
        """Questions as people would ask them: short, misspelled, in part, with a name."""
        writer, shares, rng, count = self.writer, self.shares, self.rng, len(texts)
        flat = writer.flat(texts, rng.random(count) < shares.plain, QUERY_LIMIT)
        flat = writer.one_part(flat, rng.random(count) < shares.parts, rng)
        flat = writer.keywords(flat, rng.random(count) < shares.keywords)
        flat = writer.misspelled(flat, rng.random(count) < shares.misspelled, rng)
        company = np.where(rows >= 0, self.pack.company[rows], -1)
        named = (rng.random(count) < shares.named) & (company >= 0)
        names = np.where(named, self.pack.names[company], -1)
        return writer.named(flat, names.tolist())

    def _some(self, count: int, share: float) -> Numbers:
        number = min(int(self.shares.size * share), count)
        return self.rng.choice(count, number, replace=False)
