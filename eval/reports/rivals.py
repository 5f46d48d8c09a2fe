"""What Yuanda is compared with: BM25, and averaged vectors that no one trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from eval.measuring.systems import Found, System
from eval.sets.corpora import Corpus
from eval.sets.datasets import LabelledQuery
from index.embedding.encoder import StaticEncoder, Vectors
from index.normalize import SHIPPED_MODEL, normalize

Cut = Callable[[str], list[str]]


def characters(text: str) -> list[str]:
    """Letters, digits and Chinese characters, one by one."""
    return [ch for ch in normalize(text) if ch.isalnum()]


def words(text: str) -> list[str]:
    """Words by jieba."""
    from rjieba import cut

    return [word for word in cut(normalize(text)) if any(ch.isalnum() for ch in word)]


def bm25_scores(texts: Iterable[str], cut: Cut) -> Callable[[str], npt.NDArray[np.float64]]:
    """What gives each text's BM25 score (k1 1.2, b 0.75) for a question."""
    from bm25s import BM25

    tokens = [cut(text) for text in texts]
    known = {token for own in tokens for token in own}
    index = BM25(k1=1.2, b=0.75)
    index.index(tokens, show_progress=False)

    def scores(question: str) -> npt.NDArray[np.float64]:
        asked = [token for token in cut(question) if token in known]
        return np.asarray(index.get_scores(asked) if asked else np.zeros(len(tokens)), np.float64)

    return scores


def bm25(corpus: Corpus, cut: Cut) -> System:
    """BM25 (k1 1.2, b 0.75) over each pair's company, question and answer as one text.

    The company's name is put in since the filings' heads, which Yuanda reads, state it.
    """
    named = [""] * len(corpus.pairs)
    for company, places in corpus.companies.items():
        for place in places.tolist():
            named[place] = company.name
    scores_of = bm25_scores(
        [f"{name}\n{corpus.read[place].text}" for place, name in enumerate(named)], cut
    )

    def ask(query: LabelledQuery) -> Iterable[Found]:
        scores = scores_of(query.text)
        allowed = corpus.allowed(query)
        places = np.arange(len(scores)) if allowed is None else allowed
        return [
            Found(corpus.document_ids[place], float(scores[place]))
            for place in places.tolist()
            if scores[place] > 0
        ]

    return ask


class UntrainedEncoder:
    """The shipped model's vocabulary with random rows, averaged by inverse document frequency.

    Random rows are nearly orthogonal (Johnson & Lindenstrauss 1984), so a cosine is about the
    weighted overlap of the tokens: what is left when all that training taught is taken away.
    ``texts`` are what document frequencies are counted over.
    """

    name = "untrained"
    revision = "0"

    def __init__(self, texts: Sequence[str], seed: int = 0) -> None:
        self._static = StaticEncoder(SHIPPED_MODEL)
        self.dimension = self._static.dimension
        tokens = self._static.tokens(texts)
        size = 1 + max((int(ids.max()) for ids in tokens if len(ids)), default=0)
        found = np.zeros(size)
        for ids in tokens:
            found[np.unique(ids)] += 1
        idf = np.where(found > 0, np.log((1 + len(texts)) / np.maximum(found, 1)), 0.0)
        self._idf = idf.astype(np.float32)
        random = np.random.default_rng(seed)
        self._rows = random.standard_normal((size, self.dimension), dtype=np.float32)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions as asked."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages as filed. Tokens that ``texts`` lacked can match nothing."""
        sums = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for number, ids in enumerate(self._static.tokens(texts)):
            ids = ids[ids < len(self._idf)]
            sums[number] = self._idf[ids] @ self._rows[ids]
        vectors: Vectors = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return vectors
