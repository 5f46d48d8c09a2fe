"""Pairs to passages: what is embedded. What is found and shown is always the whole pair."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from index.records import Pair, Passage

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

# In characters. Short pieces keep one thought each; the overlap keeps a sentence that
# straddles two pieces whole in one of them.
SIZE = 180
OVERLAP = 30


def passages_of(pair: Pair) -> tuple[Passage, ...]:
    """The question by itself, then the answer in pieces.

    A part of white space alone yields nothing.
    """
    passages = []
    if pair.question.strip():
        passages.append(Passage(0, pair.question, 0))
    if len(pair.answer) > SIZE:
        pieces = _splitter().create_documents([pair.answer])
        cut = [(piece.page_content, piece.metadata["start_index"]) for piece in pieces]
    else:
        cut = [(pair.answer, 0)]
    answered = [(text, start) for text, start in cut if text.strip()]
    passages += [Passage(i, text, start) for i, (text, start) in enumerate(answered, start=1)]
    return tuple(passages)


@cache
def _splitter() -> RecursiveCharacterTextSplitter:
    # Half a second to import: only where filings are added.
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return RecursiveCharacterTextSplitter(
        separators=["\n", "。", "！", "？", "；", "，", "、", " ", ""],
        keep_separator="end",
        chunk_size=SIZE,
        chunk_overlap=OVERLAP,
        add_start_index=True,
    )
