"""What a reader presses on an answer, as feedback for the store."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

from assistant.answering.answer import Assistant
from assistant.records import Answer
from index.errors import StoreError
from index.store.feedback import Feedback, Verdict

logger = logging.getLogger(__name__)

# Judgements of one caller.
FEEDBACK_PER_MINUTE = 30

# By turn and rank, rank 0 being the answer as a whole: what was said, or that it was not kept.
Judged = Mapping[tuple[int, int], Verdict | Literal["unkept"]]


def judge(
    assistant: Assistant, answers: Mapping[int, Answer | None], judged: Judged, pressed: Any
) -> Judged:
    """Keep what was pressed (``turn``, ``rank``, ``verdict``), and what is judged by now.

    A press that fits no answer, or says the same again, changes nothing.
    """
    try:
        turn, rank, verdict = int(pressed["turn"]), int(pressed["rank"]), pressed["verdict"]
    except (KeyError, TypeError, ValueError):
        return judged
    answer = answers.get(turn)
    said = answer and feedback_on(answer, rank, verdict)
    if not said or judged.get((turn, rank)) == said.verdict:
        return judged
    try:
        assistant.keep(said)
    except StoreError as error:
        logger.warning("%s", error)
        return {**judged, (turn, rank): "unkept"}
    # Of the answer as a whole and of its pairs only one can be spoken of.
    fitting = {k: v for k, v in judged.items() if k[0] != turn or (k[1] == 0) == (rank == 0)}
    return {**fitting, (turn, rank): said.verdict}


def feedback_on(answer: Answer, rank: int, verdict: Any) -> Feedback | None:
    """What was said of the citation with this rank, or (0) of the answer as a whole.

    ``None`` where it makes no sense.
    """
    if verdict not in get_args(Verdict) or verdict == "parse":
        return None
    about = (answer.question, verdict)
    judgement = (answer.decision, answer.confidence)
    if rank == 0:
        fits = verdict in ({"right", "wrong"} if answer.decision == "abstain" else {"none"})
        return Feedback(*about, None, None, *judgement) if fits else None
    cited = next((c for c in answer.citations if c.rank == rank), None)
    if cited is None or verdict == "none":
        return None
    return Feedback(*about, cited.filing.sha256, cited.pair.number, *judgement)
