"""The desk in the chat where filings are added and removed: its form, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.filing import MOST_FILES, Desk
from assistant.filing_cards import TEXT, filed_card, filings_card, parts_card
from assistant.labels import Language
from index.build import FileRow
from index.errors import CallError, YuandaError

Seen = tuple[str, frozenset[int]] | None  # the filing viewed, and its pairs that were reported
Chosen = str | list[str] | None

# "Remove" asks before anything is done; a filing is viewed, a pair of it reported, by a click.
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
_REPORTS = """
let pair = null, top = 0;
element.addEventListener('click', (event) => {
  const button = event.target.closest('.report');
  if (!button) return;
  pair = button.dataset.pair;
  top = element.querySelector('.paper').scrollTop;
  trigger('select', {pair});
});
watch('value', () => {
  const button = pair !== null && element.querySelector(`.report[data-pair="${pair}"]`);
  if (button) {
    element.querySelector('.paper').scrollTop = top;
    button.focus({preventScroll: true});
  }
  pair = null;
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
    for chosen, see in ((filings.select, _view), (parsed.select, _report(desk))):
        chosen(see, [admitted, seen], [seen], **_HIDDEN).then(
            _shown(desk), shown, [filings, parsed], **_HIDDEN
        )


def _names(language: Language) -> tuple[Any, ...]:
    text = TEXT[language]
    labels = (gr.update(label=text[name]) for name in ("filing", "user", "password"))
    rest = (gr.update(label=text[name]) for name in ("files", "folder"))
    return (*labels, gr.update(value=text["enter"]), *rest)


def _let_in(desk: Desk) -> Callable[[str, str, Language], tuple[Any, ...]]:
    def let_in(user: str, password: str, language: Language) -> tuple[Any, ...]:
        admitted = desk.admits(user, password)
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
        done: list[FileRow] = []
        total = len(uploads)

        def start(files: int) -> None:
            nonlocal total
            total = files
            tell()

        def row(row: FileRow) -> None:
            done.append(row)
            tell()

        def tell() -> None:
            counts = {"done": len(done), "total": total, "pages": sum(r.pages for r in done)}
            progress((len(done), total), TEXT[language]["progress"].format(**counts))

        try:
            rows = desk.add(uploads, start, row, folder=is_folder)
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
        kept = seen if seen and seen[0] != filing else None
        return kept, str(filed_card((), language, TEXT[language]["removed"]))

    return remove


def _view(admitted: bool, seen: Seen, event: gr.EventData) -> Seen:
    filing = getattr(event, "filing", None)
    return (filing, frozenset()) if admitted and isinstance(filing, str) else seen


def _report(desk: Desk) -> Callable[..., Seen]:
    def report(admitted: bool, seen: Seen, event: gr.EventData) -> Seen:
        if not admitted or not seen:
            return seen
        filing, reported = seen
        try:
            number = int(getattr(event, "pair", ""))
            pair = dict(enumerate(desk.parsed(filing).pairs))[number]
            if number not in reported:
                desk.report(filing, pair)
        except (KeyError, TypeError, ValueError, YuandaError):
            return seen
        return filing, reported | {number}

    return report


def _shown(desk: Desk) -> Callable[[bool, Language, Seen], tuple[str, str]]:
    def shown(admitted: bool, language: Language, seen: Seen) -> tuple[str, str]:
        """The list of filings, and the one that is viewed."""
        if not admitted:
            return "", ""
        entries: Sequence[Any] = desk.entries()
        listed = str(filings_card(entries, language))
        name = {e.filing.sha256: Path(e.filing.path).name for e in entries}
        if not seen or seen[0] not in name:
            return listed, ""
        try:
            parsed = desk.parsed(seen[0])
        except (KeyError, YuandaError):
            return listed, str(filed_card((), language, TEXT[language]["gone"]))
        return listed, str(parts_card(parsed, name[seen[0]], seen[1], language))

    return shown
