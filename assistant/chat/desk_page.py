"""The desk in the chat where filings are added and removed: its form, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from assistant.answering.pages import split_page
from assistant.chat import desk_scripts
from assistant.chat.desk import Desk
from assistant.chat.desk_cards import (
    TEXT,
    door_form,
    filed_card,
    filings_card,
    parts_card,
    progress_line,
    tray_form,
)
from assistant.chat.labels import Language
from assistant.chat.logins import COOKIE
from assistant.chat.uploads import MOST_FILES
from assistant.progress import Tally
from index.errors import CallError, YuandaError


class Viewed(NamedTuple):
    """A filing's SHA-256, its pairs that were reported, and the page that was turned to."""

    filing: str
    reported: frozenset[int] = frozenset()
    page: int | None = None


Seen = Viewed | None

_HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(
    app: gr.Blocks,
    desk: Desk | None,
    language: gr.Radio,
    head: gr.HTML,
    heading: Callable[[Language], str],
) -> None:
    """The desk, where there is one, within the app being built.

    ``heading`` fills ``head`` anew when other filings are there.
    """
    if desk is None:
        return
    seen = gr.State(None)
    with gr.Accordion(TEXT["zh"]["filing"], open=False, elem_id="desk") as whole:
        door = gr.HTML(str(door_form("zh")), js_on_load=desk_scripts.DOOR)
        tray = gr.HTML("", js_on_load=desk_scripts.TRAY)
        results = gr.HTML("", elem_id="results", min_height=60)
        filings = gr.HTML("", elem_id="filings", js_on_load=desk_scripts.CLICKS)
        parsed = gr.HTML("", elem_id="parsed", js_on_load=desk_scripts.REPORTS)

    opened = [whole, door, tray]
    shown, inside = [language, seen], [filings, parsed]
    gr.on(
        [app.load, language.change, door.submit, tray.submit],
        _opened(desk),
        [language],
        opened,
        **_HIDDEN,
    ).then(_shown(desk), shown, inside, **_HIDDEN)
    added = tray.upload(
        _take_in(desk),
        [language],
        [results],
        show_progress="full",
        show_progress_on=results,
        api_visibility="private",
    )
    removed = filings.delete(_remove(desk), [language, seen], [seen, results], **_HIDDEN)
    for change in (added, removed):
        change.then(_shown(desk), shown, inside, **_HIDDEN)
        change.then(heading, [language], [head], **_HIDDEN)
    for chosen, see in ((filings.select, _view(desk)), (parsed.select, _press(desk))):
        chosen(see, [seen], [seen], **_HIDDEN).then(_shown(desk), shown, inside, **_HIDDEN)


def session_of(desk: Desk, request: gr.Request) -> str | None:
    """The login that a call comes with; ``None`` where it comes with none."""
    return desk.logins.session(request.cookies.get(COOKIE))


def _opened(desk: Desk) -> Callable[..., tuple[Any, ...]]:
    def opened(language: Language, request: gr.Request) -> tuple[Any, ...]:
        """The desk's name, and its door or what is behind it."""
        named = gr.update(label=TEXT[language]["filing"])
        if session_of(desk, request):
            return named, "", str(tray_form(language))
        return named, str(door_form(language)), ""

    return opened


def _take_in(desk: Desk) -> Callable[..., str]:
    def take_in(
        language: Language,
        event: gr.EventData,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  Gradio fills it in
    ) -> str:
        session, handles = session_of(desk, request), getattr(event, "handles", None)
        if session is None:
            return str(filed_card((), language, TEXT[language]["login_needed"]))
        sent = handles.split() if isinstance(handles, str) else []
        uploads = desk.uploads.take(session, sent)
        if not uploads:
            return str(filed_card((), language, TEXT[language]["no_files"]))
        tally = Tally()

        def told(count: Callable[..., None]) -> Callable[..., None]:
            def tell(*what: Any) -> None:
                count(*what)
                progress(tally.share / max(tally.total, 1), progress_line(tally, language))

            return tell

        try:
            rows = desk.add(uploads, told(tally.start), told(tally.row), told(tally.page))
        except YuandaError as error:
            return str(filed_card((), language, str(error)))
        total, message = getattr(event, "total", None), ""
        if isinstance(total, int) and total > len(uploads):
            message = TEXT[language]["too_many"].format(most=MOST_FILES)
        return str(filed_card(rows, language, message))

    return take_in


def _remove(desk: Desk) -> Callable[..., tuple[Seen, str]]:
    def remove(
        language: Language, seen: Seen, event: gr.EventData, request: gr.Request
    ) -> tuple[Seen, str]:
        filing = getattr(event, "filing", None)
        if not session_of(desk, request) or not isinstance(filing, str) or len(filing) != 64:
            return seen, ""
        try:
            desk.remove(filing)
        except CallError:
            return seen, str(filed_card((), language, TEXT[language]["gone"]))
        except YuandaError as error:
            return seen, str(filed_card((), language, str(error)))
        kept = seen if seen and seen.filing != filing else None
        return kept, str(filed_card((), language, TEXT[language]["removed"]))

    return remove


def _view(desk: Desk) -> Callable[..., Seen]:
    def view(seen: Seen, event: gr.EventData, request: gr.Request) -> Seen:
        filing = getattr(event, "filing", None)
        if not isinstance(filing, str) or not session_of(desk, request):
            return seen
        return Viewed(filing)

    return view


def _press(desk: Desk) -> Callable[..., Seen]:
    def press(seen: Seen, event: gr.EventData, request: gr.Request) -> Seen:
        """Turn to a page, or report a pair."""
        if not session_of(desk, request) or not seen:
            return seen
        try:
            if (page := getattr(event, "page", None)) is not None:
                return seen._replace(page=int(page))
            number = int(getattr(event, "pair", ""))
            pair = dict(enumerate(desk.parsed(seen.filing).pairs))[number]
            if number not in seen.reported:
                desk.report(seen.filing, pair)
        except (KeyError, TypeError, ValueError, YuandaError):
            return seen
        return seen._replace(reported=seen.reported | {number})

    return press


def _shown(desk: Desk) -> Callable[..., tuple[str, str]]:
    def shown(language: Language, seen: Seen, request: gr.Request) -> tuple[str, str]:
        """The list of filings, and the one that is viewed."""
        if not session_of(desk, request):
            return "", ""
        entries: Sequence[Any] = desk.entries()
        listed = str(filings_card(entries, language))
        name = {e.filing.sha256: Path(e.filing.path).name for e in entries}
        if not seen or seen.filing not in name:
            return listed, ""
        try:
            parsed = desk.parsed(seen.filing)
        except (KeyError, YuandaError):
            return listed, str(filed_card((), language, TEXT[language]["gone"]))
        page = split_page(parsed, seen.page)
        return listed, str(parts_card(parsed, name[seen.filing], seen.reported, language, page))

    return shown
