"""What the chat shows of its records, and how a question becomes a turn of the talk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from assistant.answering import pages
from assistant.answering.answer import Assistant
from assistant.answering.crops import Crop, crops
from assistant.answering.emphasis import best_sentence
from assistant.answering.feedback import Judged
from assistant.answering.history import Timeline
from assistant.answering.question import (
    MOST_COMPANIES,
    Asked,
    Chip,
    Problem,
    chips,
    key_of,
    reads_as_follow_up,
)
from assistant.answering.side_by_side import Column, columns
from assistant.chat import cards
from assistant.chat.labels import LABELS, Language
from assistant.records import Answer, Citation
from assistant.understanding.companies import Company
from index.errors import StoreError


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with what came of it: an answer, columns side by side, or neither.

    It has neither where it can't be asked (``asked.problem``), and for other reasons (``why``).
    """

    asked: Asked
    answer: Answer | None = None
    timeline: Timeline | None = None
    columns: tuple[Column, ...] = ()
    chips: tuple[Chip, ...] = ()
    why: Problem | Literal["past", "full"] | None = None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All that are quoted, each of a rank of its own."""
        answers = [column.answer for column in self.columns]
        answers += [self.answer] if self.answer else []
        own = [citation for answer in answers for citation in answer.citations]
        ranks = {citation.rank for citation in own}
        dated = self.timeline.entries if self.timeline else ()
        return (*own, *(c for c in dated if c.rank not in ranks))


# Turns of one talk that are remembered with their answers, and all that are.
FULL_TURNS, MOST_TURNS = 40, 200
# Characters of a refused question that are.
_BEGUN = 40


class Place(NamedTuple):
    """A citation in the conversation, and the page of its filing; ``None`` is its first."""

    turn: int
    rank: int
    page: int | None = None


def take_turn(assistant: Assistant, asked: Asked, turns: Sequence[Turn] = ()) -> Turn:
    """Ask: one company or all, or several side by side."""
    if asked.problem:
        return Turn(asked)
    if len(turns) >= MOST_TURNS:
        return Turn(asked, why="full")
    named = assistant.named(asked.question)
    companies = chosen(asked, assistant.companies())
    shown = chips(asked, companies, named, _last(turns))
    if len(companies) > 1:
        return Turn(asked, columns=columns(asked, companies, assistant.ask), chips=shown)
    query = asked.query(*asked.companies)
    answer = assistant.ask(query)
    return Turn(asked, answer, assistant.history(query, answer), chips=shown)


def kept(turns: Sequence[Turn]) -> list[Turn]:
    """What is remembered of a talk, each turn at its number.

    Of old turns what was asked; of a refused one its first words, and why.
    """
    if turns and turns[-1].why == "full":
        turns = turns[:-1]
    if turns and (problem := turns[-1].asked.problem):
        begun = Asked(turns[-1].asked.question[:_BEGUN])
        turns = [*turns[:-1], Turn(begun, why=problem)]
    old = max(len(turns) - FULL_TURNS, 0)
    past = (Turn(turn.asked, why=turn.why or "past") for turn in turns[:old])
    return [*past, *turns[old:]]


def following(assistant: Assistant, asked: Asked, turns: Sequence[Turn]) -> Asked:
    """The question as a follow-up of the last one, where it reads as one; else of that one's
    company, where it names none."""
    last = _last(turns)
    if last is None:
        return asked
    if reads_as_follow_up(asked.question):
        return replace(asked, previous=last)
    if asked.companies or assistant.names_somebody(asked.question):
        return asked
    return replace(asked, companies=_companies(turns[-1]))


def _companies(turn: Turn) -> tuple[str, ...]:
    """Whom a turn was about, by their keys."""
    if turn.asked.companies or turn.answer is None:
        return turn.asked.companies
    about = tuple(key_of(company) for company in turn.answer.companies)
    return about if len(about) <= MOST_COMPANIES else ()


def chosen(asked: Asked, companies: Iterable[Company]) -> tuple[Company, ...]:
    """The companies that a question is restricted to, in its order; a stranger by its key."""
    known = {key_of(company): company for company in companies}
    return tuple(known.get(key) or _stranger(key) for key in asked.companies)


def strangers(assistant: Assistant, keys: Iterable[str] | None) -> list[Company]:
    """Of the companies chosen, those that aren't in the store."""
    known = {key_of(company) for company in assistant.companies()}
    return [_stranger(key) for key in keys or () if key not in known]


def activities(assistant: Assistant) -> list[str]:
    """The types of activity in the store."""
    return sorted(assistant.activities())


def _stranger(key: str) -> Company:
    is_code = key.isdigit()
    return Company(key, key if is_code else None)


def _last(turns: Sequence[Turn]) -> str | None:
    """The last question that could be asked, as it was understood; of a follow-up that makes no
    sense by itself the one that it goes back to."""
    possible = [t for t in turns if t.why in (None, "past") and not t.asked.problem]
    if not possible:
        return None
    asked, answer = possible[-1].asked, possible[-1].answer
    if answer is not None and answer.understood:
        return answer.understood
    return asked.previous or asked.question


def talk_html(
    assistant: Assistant,
    turns: Sequence[Turn],
    examples: Sequence[str],
    language: Language,
    judged: Judged | None = None,
) -> str:
    """The conversation so far, with what its reader said of the answers."""

    def pictures(citation: Citation) -> Sequence[Crop]:
        return crops(assistant.original(citation.filing), citation)

    if not turns:
        return str(cards.welcome_card(examples, language))

    def emphasis(turn: Turn) -> cards.Emphasis:
        return lambda citation: best_sentence(turn.asked.question, citation.pair.answer)

    shown = [str(cards.contents([turn.asked.question for turn in turns], language))]
    for number, turn in enumerate(turns):
        under = cards.chips_row(turn.chips, turn.asked.address, language)
        if turn.columns:
            question, best = turn.asked.question, emphasis(turn)
            side = cards.side_card(question, turn.columns, under, language, number, pictures, best)
            shown.append(side)
        elif turn.answer is not None:
            shown.append(
                cards.answer_card(
                    turn.answer,
                    language,
                    number,
                    turn.timeline,
                    under,
                    pictures=pictures,
                    emphasis=emphasis(turn),
                    judged=judged,
                )
            )
        else:
            reason = LABELS[language][turn.why or turn.asked.problem or "empty"]
            shown.append(cards.notice_card(turn.asked.question, reason, language, number))
    return "".join(shown)


def first_place(turns: Sequence[Turn]) -> Place | None:
    """Where the last answer stands; ``None`` where there is none."""
    answer = turns[-1].answer if turns else None
    if answer is None or answer.decision == "abstain":
        return None
    return Place(len(turns) - 1, answer.citations[0].rank)


def place_of(pressed: Any) -> Place | None:
    """The place that a button names; ``None`` where what came is no place."""
    try:
        turn, rank, page = (int(pressed.get(key) or 0) for key in ("turn", "rank", "page"))
    except (AttributeError, TypeError, ValueError):
        return None
    return Place(turn, rank, page or None)


def completions_html(language: Language = "zh", *conditions: Any) -> str:
    """Where questions are offered while one is typed, under these filters."""
    return str(cards.completions(Asked.of("", *conditions).address, language))


def page_html(
    assistant: Assistant, turns: Sequence[Turn], place: Place | None, language: Language
) -> str:
    """The page or the passage at a place in the conversation; nothing where it has none."""
    turn = dict(enumerate(turns)).get(place.turn) if place else None
    if place is None or turn is None:
        return ""
    for citation in turn.citations:
        if citation.rank == place.rank:
            try:
                text = assistant.text(citation.filing.sha256)
                copy = assistant.original(citation.filing)
                best = best_sentence(turn.asked.question, citation.pair.answer)
                shown = pages.view(copy, text, citation, place.page, best)
            except (KeyError, StoreError):  # taken out or damaged meanwhile
                shown = None
            return str(cards.page_card(shown, citation, language, place.turn))
    return ""
