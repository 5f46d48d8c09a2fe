"""The desk in the chat where filings are added and removed: its form, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from assistant.answering.pages import split_page
from assistant.chat.desk import MOST_FILES, Desk
from assistant.chat.desk_cards import TEXT, filed_card, filings_card, parts_card, progress_line
from assistant.chat.labels import Language
from assistant.limits import caller_at
from assistant.progress import Tally
from index.errors import CallError, YuandaError

Chosen = str | list[str] | None


class Viewed(NamedTuple):
    """A filing's SHA-256, its pairs that were reported, and the page that was turned to."""

    filing: str
    reported: frozenset[int] = frozenset()
    page: int | None = None


Seen = Viewed | None

# "Remove" asks before anything is done; a click views a filing, turns its page, reports a pair.
_CLICKS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  const row = button && button.closest('[data-filing]');
  if (!row) return;
  const filing = row.dataset.filing;
  if (button.matches('.view')) trigger('select', {filing});
  if (button.matches('.remove')) {
    row.setAttribute('data-asking', '');
    row.querySelector('.no').focus();
  }
  if (button.matches('.no')) {
    row.removeAttribute('data-asking');
    row.querySelector('.remove').focus();
  }
  if (button.matches('.yes')) trigger('delete', {filing});
});
"""
# What was clicked keeps the focus, and the text goes along with the page that is turned to.
_REPORTS = """
let pressed = null, turned = false, tops = [];
const papers = () => [...element.querySelectorAll('.paper')];
const textOf = (pair) => element.querySelector(`.passage .report[data-pair="${pair}"]`);
element.addEventListener('click', (event) => {
  const button = event.target.closest('.report, .turn');
  if (!button) return;
  const {pair, page} = button.dataset;
  turned = page !== undefined;
  pressed = turned ? (button.matches('.next') ? '.turn.next' : '.turn.previous')
    : `${button.matches('.tag') ? '.tag' : '.passage .report'}[data-pair="${pair}"]`;
  tops = papers().map((paper) => paper.scrollTop);
  trigger('select', turned ? {page} : {pair});
});
watch('value', () => {
  const button = pressed && element.querySelector(pressed);
  if (button) {
    papers().forEach((paper, at) => { paper.scrollTop = tops[at]; });
    const first = turned && element.querySelector('.tag');
    const text = first && textOf(first.dataset.pair);
    if (turned) papers()[0].scrollTop = 0;
    if (text) papers()[1].scrollTop = text.offsetTop;
    (button.disabled ? papers()[0] : button).focus({preventScroll: true});
  }
  pressed = null;
});
"""
_HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(
    desk: Desk | None, language: gr.Radio, head: gr.HTML, heading: Callable[[Language], str]
) -> None:
    """The desk, where there is one, within the app being built.

    ``heading`` fills ``head`` anew when other filings are there.
    """
    if desk is None:
        return
    admitted, seen = gr.State(False), gr.State(None)
    text = TEXT["zh"]
    with gr.Accordion(text["filing"], open=False, elem_id="desk") as whole:
        with gr.Group() as door:
            user = gr.Textbox(label=text["user"], elem_id="user", max_length=200)
            password = gr.Textbox(
                label=text["password"], type="password", elem_id="password", max_length=200
            )
            enter = gr.Button(text["enter"], elem_id="enter")
        told = gr.HTML("", elem_id="told")
        with gr.Column(visible=False) as inside:
            with gr.Row():
                files = gr.File(
                    label=text["files"], file_count="multiple", height=150, elem_id="files"
                )
                folder = gr.File(
                    label=text["folder"], file_count="directory", height=150, elem_id="folder"
                )
            results = gr.HTML("", elem_id="results", min_height=60)
            filings = gr.HTML("", elem_id="filings", js_on_load=_CLICKS)
            parsed = gr.HTML("", elem_id="parsed", js_on_load=_REPORTS)

    named = [whole, user, password, enter, files, folder]
    language.change(_names, [language], named, **_HIDDEN)
    shown = [admitted, language, seen]
    language.change(_shown(desk), shown, [filings, parsed], **_HIDDEN)
    let_in = _let_in(desk)
    for asked in (enter.click, password.submit):
        entered = asked(
            let_in, [user, password, language], [admitted, password, told, door, inside], **_HIDDEN
        )
        entered.then(_shown(desk), shown, [filings, parsed], **_HIDDEN)
    changes = []
    for box, is_folder in ((files, False), (folder, True)):
        added = box.upload(
            _take_in(desk, is_folder),
            [box, admitted, language],
            [box, results],
            show_progress="full",
            show_progress_on=results,
            api_visibility="private",
        )
        changes.append(added)
    removed = filings.delete(_remove(desk), [admitted, language, seen], [seen, results], **_HIDDEN)
    changes.append(removed)
    for change in changes:
        change.then(_shown(desk), shown, [filings, parsed], **_HIDDEN)
        change.then(heading, [language], [head], **_HIDDEN)
    for chosen, see in ((filings.select, _view), (parsed.select, _press(desk))):
        chosen(see, [admitted, seen], [seen], **_HIDDEN).then(
            _shown(desk), shown, [filings, parsed], **_HIDDEN
        )


def _names(language: Language) -> tuple[Any, ...]:
    text = TEXT[language]
    labels = (gr.update(label=text[name]) for name in ("filing", "user", "password"))
    rest = (gr.update(label=text[name]) for name in ("files", "folder"))
    return (*labels, gr.update(value=text["enter"]), *rest)


def _let_in(desk: Desk) -> Callable[..., tuple[Any, ...]]:
    def let_in(
        user: str, password: str, language: Language, request: gr.Request
    ) -> tuple[Any, ...]:
        client = request.client
        admitted = desk.admits(user, password, caller_at(client.host if client else ""))
        why = {True: "", False: "login_wrong", None: "login_wait"}[admitted]
        told = filed_card((), language, TEXT[language][why]) if why else ""
        return (
            bool(admitted),
            "",
            str(told),
            gr.update(visible=not admitted),
            gr.update(visible=bool(admitted)),
        )

    return let_in


def _take_in(desk: Desk, is_folder: bool) -> Callable[..., tuple[None, str]]:
    def take_in(
        chosen: Chosen,
        admitted: bool,
        language: Language,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  Gradio fills it in
    ) -> tuple[None, str]:
        if not admitted or not chosen:
            return None, ""
        uploads = [Path(name) for name in ([chosen] if isinstance(chosen, str) else chosen)]
        tally = Tally()

        def told(count: Callable[..., None]) -> Callable[..., None]:
            def tell(*what: Any) -> None:
                count(*what)
                progress(tally.share / max(tally.total, 1), progress_line(tally, language))

            return tell

        try:
            rows = desk.add(
                uploads, told(tally.start), told(tally.row), told(tally.page), folder=is_folder
            )
        except YuandaError as error:
            return None, str(filed_card((), language, str(error)))
        message = "" if rows else TEXT[language]["no_files"]
        if len(uploads) > MOST_FILES:
            message = TEXT[language]["too_many"].format(most=MOST_FILES)
        return None, str(filed_card(rows, language, message))

    return take_in


def _remove(desk: Desk) -> Callable[..., tuple[Seen, str]]:
    def remove(
        admitted: bool, language: Language, seen: Seen, event: gr.EventData
    ) -> tuple[Seen, str]:
        filing = getattr(event, "filing", None)
        if not admitted or not isinstance(filing, str) or len(filing) != 64:
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


def _view(admitted: bool, seen: Seen, event: gr.EventData) -> Seen:
    filing = getattr(event, "filing", None)
    return Viewed(filing) if admitted and isinstance(filing, str) else seen


def _press(desk: Desk) -> Callable[..., Seen]:
    def press(admitted: bool, seen: Seen, event: gr.EventData) -> Seen:
        """Turn to a page, or report a pair."""
        if not admitted or not seen:
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


def _shown(desk: Desk) -> Callable[[bool, Language, Seen], tuple[str, str]]:
    def shown(admitted: bool, language: Language, seen: Seen) -> tuple[str, str]:
        """The list of filings, and the one that is viewed."""
        if not admitted:
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
