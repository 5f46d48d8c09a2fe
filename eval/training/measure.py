"""Development measures of a static model, alone and beside BM25.

Retrieval: questions against all paragraphs of their set. R@1 of the dense side, of BM25
over words and character bigrams, and of the two fused. Similarity: the area under the ROC
curve of the cosine over labelled pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from eval.training.sources import read_rows

Scores = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Scores]

RETRIEVAL_SETS = ("cmrc2018_dev", "drcd_dev", "stard_law")
SIMILARITY_SET = "lcqmc_devtest"
DOMAIN_SET = Path(__file__).with_name("domain_dev.tsv")
# BM25 is added at a fixed scale: divided by its best score of a query, a weak word match
# would weigh as much as a strong one.
BM25_SCALE = 0.02


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Questions, passages, and which passage each question belongs to; BM25 of all pairs."""

    name: str
    questions: list[str]
    passages: list[str]
    relevant: npt.NDArray[np.bool_]
    bm25: Scores


def read_retrieval_set(path: Path, normalize: Callable[[str], str]) -> RetrievalSet:
    """A set from matching rows: distinct passages, one row of ``relevant`` per question."""
    rows = [row for row in read_rows(path) if row.match]
    questions = list(dict.fromkeys(row.a for row in rows))
    passages = list(dict.fromkeys(row.b for row in rows))
    question_of = {text: number for number, text in enumerate(questions)}
    passage_of = {text: number for number, text in enumerate(passages)}
    relevant = np.zeros((len(questions), len(passages)), dtype=bool)
    for row in rows:
        relevant[question_of[row.a], passage_of[row.b]] = True
    bm25 = bm25_scores([normalize(q) for q in questions], [normalize(p) for p in passages])
    return RetrievalSet(path.name.split(".")[0], questions, passages, relevant, bm25)


def bm25_scores(
    questions: Sequence[str], passages: Sequence[str], k1: float = 1.2, b: float = 0.75
) -> Scores:
    """BM25 (Robertson and Zaragoza, 2009) over words and character bigrams, all pairs."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=_terms, dtype=np.float32)
    counts = vectorizer.fit_transform(passages).tocsr()
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log1p((len(passages) - seen + 0.5) / (seen + 0.5)).astype(np.float32)
    saturation = k1 * (1 - b + b * lengths / lengths.mean())
    row_of = np.repeat(np.arange(len(passages)), np.diff(counts.indptr))
    counts.data = counts.data * (k1 + 1) / (counts.data + saturation[row_of])
    counts.data *= idf[counts.indices]
    asked = vectorizer.transform(questions)
    return np.asarray((asked @ counts.T).todense(), dtype=np.float32)


def _terms(text: str) -> list[str]:
    import rjieba

    words = [word for word in rjieba.cut(text) if word.strip() and word[0].isalnum()]
    return words + [text[i : i + 2] for i in range(len(text) - 1) if text[i : i + 2].isalnum()]


def measure_all(folder: Path, tokenizer: Tokenizer, table: Scores) -> dict[str, dict[str, float]]:
    """All measures of the model that ``table`` makes with ``tokenizer``."""
    encode = encoder_of(tokenizer, table)
    normalize: Callable[[str], str] = tokenizer.normalizer.normalize_str
    measures = {
        name: measure_retrieval(read_retrieval_set(folder / f"{name}.jsonl.gz", normalize), encode)
        for name in RETRIEVAL_SETS
    }
    measures[SIMILARITY_SET] = measure_similarity(folder / f"{SIMILARITY_SET}.jsonl.gz", encode)
    measures["domain_dev"] = measure_domain(DOMAIN_SET, encode, normalize)
    return measures


def encoder_of(tokenizer: Tokenizer, table: Scores) -> Encode:
    """Unit vectors of texts: the mean of their rows in ``table``, the unknown token's aside."""
    table = table.copy()
    table[0] = 0

    def encode(texts: Sequence[str]) -> Scores:
        encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        sums = np.stack([table[encoding.ids].sum(axis=0) for encoding in encodings])
        vectors: Scores = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return vectors

    return encode


def measure_retrieval(data: RetrievalSet, encode: Encode) -> dict[str, float]:
    """R@1, R@10 and MRR@10 of the dense side; R@1 of BM25 and of two ways to fuse."""
    dense = encode(data.questions) @ encode(data.passages).T
    ranks = first_relevant_rank(dense, data.relevant)
    fused = dense + BM25_SCALE * data.bm25
    reciprocal = 1 / (60 + _ranks(dense)) + 1 / (60 + _ranks(data.bm25))
    measures = {
        "dense R@1": float((ranks <= 1).mean()),
        "dense R@10": float((ranks <= 10).mean()),
        "dense MRR@10": float(np.where(ranks <= 10, 1 / ranks, 0).mean()),
        "BM25 R@1": float((first_relevant_rank(data.bm25, data.relevant) <= 1).mean()),
        "fused R@1": float((first_relevant_rank(fused, data.relevant) <= 1).mean()),
        "fused R@10": float((first_relevant_rank(fused, data.relevant) <= 10).mean()),
        "RRF R@1": float((first_relevant_rank(reciprocal, data.relevant) <= 1).mean()),
    }
    return {name: round(value, 4) for name, value in measures.items()}


def measure_domain(path: Path, encode: Encode, normalize: Callable[[str], str]) -> dict[str, float]:
    """Ways to ask against invented filed pairs; a pair scores as the better of its two halves."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    filed = [line.split("\t") for line in lines if line]
    asked = [(way, number) for number, row in enumerate(filed) for way in row[2].split("|")]
    queries = encode([way for way, _ in asked])
    relevant = np.zeros((len(asked), len(filed)), dtype=bool)
    relevant[np.arange(len(asked)), [number for _, number in asked]] = True
    question = queries @ encode([row[0] for row in filed]).T
    dense = np.maximum(question, queries @ encode([row[1] for row in filed]).T)
    bm25 = bm25_scores(
        [normalize(way) for way, _ in asked], [normalize(row[0] + row[1]) for row in filed]
    )
    fused = dense + BM25_SCALE * bm25
    ranks = {
        name: first_relevant_rank(scores, relevant)
        for name, scores in (("dense", dense), ("BM25", bm25), ("fused", fused))
    }
    return {
        f"{name} R@{depth}": round(float((rank <= depth).mean()), 4)
        for name, rank in ranks.items()
        for depth in (1, 3)
    }


def measure_similarity(path: Path, encode: Encode) -> dict[str, float]:
    """Area under the ROC curve of the cosine, matches against non-matches."""
    from sklearn.metrics import roc_auc_score

    rows = list(read_rows(path))
    left, right = encode([row.a for row in rows]), encode([row.b for row in rows])
    cosine = np.einsum("ij,ij->i", left, right)
    return {"AUC": round(float(roc_auc_score([row.match for row in rows], cosine)), 4)}


def first_relevant_rank(
    scores: npt.NDArray[np.floating], relevant: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """1-based rank of each question's best relevant passage; ties count against it."""
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    ahead: npt.NDArray[np.int64] = ((scores >= best) & ~relevant).sum(axis=1)
    return ahead + 1


def _ranks(scores: Scores) -> npt.NDArray[np.float32]:
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty(scores.shape, dtype=np.float32)
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1, dtype=np.float32), axis=1)
    return ranks
