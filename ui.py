"""The chat in the browser: questions in, official answers out, as citation cards.

Gradio serves it from this machine alone: system fonts, no analytics, nothing from elsewhere.
What is shown is made by ``assistant.chat.cards``; the callbacks here only connect.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from assistant import logs
from assistant.answering.answer import Assistant
from assistant.answering.feedback import FEEDBACK_PER_MINUTE, Judged, judge
from assistant.answering.question import CONDITIONS, MOST_COMPANIES, Asked, key_of, name_of
from assistant.chat import boundary, cards, desk_page, scripts
from assistant.chat.boundary import LONGEST_TEXT
from assistant.chat.desk import Desk
from assistant.chat.desk_routes import desk_router
from assistant.chat.labels import LABELS, Language
from assistant.chat.logins import Login
from assistant.chat.routes import completion_route, filing_route
from assistant.chat.views import (
    Place,
    Turn,
    activities,
    completions_html,
    first_place,
    following,
    kept,
    page_html,
    place_of,
    strangers,
    take_turn,
    talk_html,
)
from assistant.limits import Limits, Rate, caller_at, limits_for
from assistant.logs import Log
from assistant.server import api
from assistant.server.reach import Reach
from assistant.server.serving import Served, Server, address_of, listen, server_for
from index.errors import CallError
from index.reading.sandbox import stand_ready

# Of the filters that are lists: labels and values.
Choices = dict[str, list[tuple[str, str]]]

SAMPLE_EXAMPLES = (
    "外购和共建两种模式，哪种毛利率更高？",
    "限售股什么时候解禁？",
    "國產算力晶片的佔比高不高？",
    "公司有回购股票的计划吗？",
)


def build(assistant: Assistant, desk: Desk | None = None) -> gr.Blocks:
    """The app over one assistant, ready to launch; with a ``desk`` filings are added there."""
    examples = examples_of(assistant)
    to_choose = choices_of(assistant)
    listed = {key for choices in to_choose.values() for _, key in choices}

    def greet(asked_already: Sequence[Turn], request: gr.Request) -> tuple[Any, ...]:
        language = language_of(request.query_params.get("lang"), request.headers)
        asked = Asked.at(dict(request.query_params))
        companies, *rest = asked.conditions
        conditions = [companies[:MOST_COMPANIES], *rest]
        turns = [take_turn(assistant, asked)] if asked.question else []
        place = first_place(turns)
        spoken = labels(turns or asked_already, place, {}, conditions, language)
        return language, *_greeted(turns, place, spoken, language)

    def relabel(
        turns: Sequence[Turn], place: Place | None, judged: Judged, *rest: Any
    ) -> tuple[Any, ...]:
        return labels(turns, place, judged, rest[:-1], rest[-1])

    def labels(
        turns: Sequence[Turn],
        place: Place | None,
        judged: Judged,
        conditions: Sequence[Any],
        language: Language,
    ) -> tuple[Any, ...]:
        text = LABELS[language]
        return (
            head_html(assistant, language),
            talk_html(assistant, turns, examples, language, judged),
            page_html(assistant, turns, place, language),
            gr.update(placeholder=text["placeholder"], label=text["ask"]),
            gr.update(value=text["ask"]),
            gr.update(value=text["filter"]),
            *filter_updates(assistant, conditions, language),
        )

    def respond(
        question: str, turns: list[Turn], language: Language, judged: Judged, *conditions: Any
    ) -> tuple[str, list[Turn], str]:
        asked = following(assistant, Asked.of(question, *conditions), turns)
        shown = [*turns, take_turn(assistant, asked, turns)]
        return "", kept(shown), talk_html(assistant, shown, examples, language, judged)

    def follow(
        event: gr.EventData,
        turns: list[Turn],
        language: Language,
        judged: Judged,
        *conditions: Any,
    ) -> tuple[Any, ...]:
        address, question = (getattr(event, name, None) for name in ("address", "question"))
        asked = Asked.at(address) if isinstance(address, str) else Asked.of(question, *conditions)
        turns = [*turns, take_turn(assistant, asked, turns)]
        shown = talk_html(assistant, turns, examples, language, judged)
        skipped = [gr.skip()] * (1 + len(CONDITIONS))
        return (
            kept(turns),
            shown,
            *(skipped if asked.problem else chosen(assistant, asked, listed, language)),
        )

    said_by = Rate(FEEDBACK_PER_MINUTE)

    def say(
        turns: Sequence[Turn],
        language: Language,
        judged: Judged,
        event: gr.EventData,
        request: gr.Request,
    ) -> tuple[Judged, str]:
        answers = dict(enumerate(turn.answer for turn in turns))
        caller = caller_at(request.client.host if request.client else "")
        judgement = None if said_by.wait(caller) else getattr(event, "judgement", None)
        judged = judge(assistant, answers, judged, judgement)
        return judged, talk_html(assistant, turns, examples, language, judged)

    def show_first(turns: Sequence[Turn], language: Language) -> tuple[Place | None, str]:
        place = first_place(turns)
        return place, page_html(assistant, turns, place, language)

    def show(
        turns: Sequence[Turn], language: Language, event: gr.EventData
    ) -> tuple[Place | None, str]:
        place = place_of(getattr(event, "place", None))
        return place, page_html(assistant, turns, place, language)

    app: gr.Blocks
    with gr.Blocks(title="原答 Yuanda", analytics_enabled=False, delete_cache=(600, 3600)) as app:
        turns, place, judged = gr.State([]), gr.State(None), gr.State({})
        with gr.Row(equal_height=False):
            head = gr.HTML(head_html(assistant, "zh"))
            language = gr.Radio(
                [("中文", "zh"), ("English", "en")],
                value="zh",
                show_label=False,
                container=False,
                scale=0,
                min_width=150,
                elem_id="language",
            )
        desk_page.build(app, desk, language, head, lambda chosen: head_html(assistant, chosen))
        with gr.Row(elem_id="columns", equal_height=False):
            talk = gr.HTML(
                talk_html(assistant, [], examples, "zh"), elem_id="talk", js_on_load=scripts.CLICKS
            )
            paper = gr.HTML("", elem_id="page", js_on_load=scripts.PAGE_CLICKS)
        with gr.Row(elem_id="ask-row"):
            text = LABELS["zh"]
            box = gr.Textbox(
                placeholder=text["placeholder"],
                label=text["ask"],
                show_label=False,
                container=False,
                lines=1,
                max_lines=4,
                max_length=LONGEST_TEXT,
                scale=5,
                min_width=160,
                autofocus=True,
                elem_id="question",
            )
            send = gr.Button(text["ask"], variant="primary", scale=0, min_width=72, elem_id="send")
            offered = gr.HTML(
                completions_html(), elem_id="offered", js_on_load=scripts.COMPLETE, padding=False
            )
            opener = gr.Button(text["filter"], scale=0, min_width=56, elem_id="filter-button")
        with gr.Row(elem_id="filters"):
            filters = _filters(to_choose)

        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        spoken = [head, talk, paper, box, send, opener, *filters]
        app.load(greet, [turns], [language, turns, place, *spoken], **hidden)
        language.input(relabel, [turns, place, judged, *filters, language], spoken, **hidden)
        changes = [chosen.change for chosen in (*filters, language)]
        gr.on(changes, completions_html, [language, *filters], [offered], **hidden)
        opener.click(None, js=scripts.OPEN_FILTERS)
        talk.like(say, [turns, language, judged], [judged, talk], **hidden)
        gr.on([box.submit, send.click, talk.click, offered.click], None, js=scripts.CLOSE_FILTERS)
        said = [box, turns, language, judged, *filters]
        for answered in (
            box.submit(respond, said, [box, turns, talk], **hidden),
            send.click(respond, said, [box, turns, talk], **hidden),
            talk.click(follow, said[1:], [turns, talk, *filters], **hidden),
            offered.click(follow, said[1:], [turns, talk, *filters], **hidden),
        ):
            drawn = answered.then(show_first, [turns, language], [place, paper], **hidden)
            drawn.then(None, js=scripts.SCROLL)
        shows: dict[str, Any] = {"fn": show, "inputs": [turns, language], **hidden}
        talk.select(outputs=[place, paper], **shows).then(None, js=scripts.SHOW_PAGE)
        paper.select(outputs=[place, paper], **shows).then(None, js=scripts.SHOW_PAGE)
    return app


def serve(
    assistant: Assistant,
    host: str = "127.0.0.1",
    port: int | None = None,
    login: tuple[str, str] | None = None,
    keys: Sequence[str] = (),
    rate: int | None = None,
    log: Log = "warnings",
    names: Sequence[str] = (),
    proxies: Sequence[str] = (),
) -> None:
    """Serve the chat and the API until interrupted; with no ``port`` the first free from 7860.

    ``rate`` and ``log`` are as in ``Settings``, ``names`` and ``proxies`` as in ``Reach``.
    ``CallError`` where nothing can listen there.
    """
    logs.start(log)
    assistant.watch(logs.noting(log))
    try:
        listening = listen(host, port)
    except OSError:
        where = host if port is None else f"{host}:{port}"
        raise CallError(f"can't listen at {where}; is it in use? `--port` takes another") from None
    with listening:
        reach = Reach.at(host, names, proxies)
        limits = limits_for(rate, reach.exposed)
        server = server_of(assistant, reach, keys, login, limits)
        print(f"Yuanda 原答: {address_of(listening)}", flush=True)
        stand_ready()
        threading.Thread(target=assistant.warm_up, daemon=True).start()
        # When told to end, the server sends itself the signal again: then, too, end in order.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        server.run([listening])


def launch(
    assistant: Assistant,
    host: str = "127.0.0.1",
    port: int | None = None,
    login: tuple[str, str] | None = None,
    keys: Sequence[str] = (),
) -> tuple[Served, str]:
    """Start the server in the background; what is to be closed, and its address."""
    listening = listen(host, port)
    server = server_of(assistant, Reach.at(host), keys, login)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    return Served(server, thread), address_of(listening)


def server_of(
    assistant: Assistant,
    reach: Reach,
    keys: Sequence[str] = (),
    login: tuple[str, str] | None = None,
    limits: Limits | None = None,
) -> Server:
    """The server of chat and API, to run on a socket that is reached so."""
    limits = limits or Limits()
    desk = Desk(assistant.folder, assistant.encoder, Login(*login)) if login else None
    app = api.create_app(assistant, keys, reach=reach, limits=limits)
    if desk:
        app.include_router(desk_router(desk))
    app.router.routes += [filing_route(assistant), completion_route(assistant)]
    fonts = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
    chat = build(assistant, desk)
    # Many may ask at once; who comes when too many wait is told so.
    chat.queue(default_concurrency_limit=limits.working, max_size=limits.waiting)
    chat.state_session_capacity = boundary.SESSIONS
    gr.mount_gradio_app(
        app,
        chat,
        path="/",
        ssr_mode=False,
        show_error=False,
        footer_links=[],
        max_file_size=1,
        theme=gr.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"]),
        css=(Path(cards.__file__).parent / "templates" / "style.css").read_text("utf-8"),
    )
    boundary.stand_before(app, chat)
    return server_for(app, limits)


def filter_updates(
    assistant: Assistant, conditions: Sequence[Any], language: Language
) -> list[dict[str, Any]]:
    """The filters with their labels, what there is to choose and what is chosen."""
    text, choices, updates = LABELS[language], choices_of(assistant, conditions), []
    for name, value in zip(("companies", *CONDITIONS), conditions, strict=True):
        updates.append(gr.update(label=text[name], value=value))
        if name in choices:
            updates[-1]["choices"] = choices[name]
    return updates


def chosen(
    assistant: Assistant, asked: Asked, listed: Collection[str], language: Language
) -> Sequence[Any]:
    """The filters' values; with their lists where these may lack one, as they did at first."""
    values = {*asked.companies, asked.activity or ""}
    if values <= set(listed) and not strangers(assistant, asked.companies):
        return asked.conditions
    return filter_updates(assistant, asked.conditions, language)


def choices_of(assistant: Assistant, conditions: Sequence[Any] = ((), None)) -> Choices:
    """What there is to choose from: labels and values.

    What is chosen (``conditions``) is there, even where an address made it up.
    """
    known = dict.fromkeys([*assistant.companies(), *strangers(assistant, conditions[0])])
    kinds = dict.fromkeys(["", *activities(assistant), conditions[-1] or ""])
    return {
        "companies": [(cards.brief(name_of(c)), key_of(c)) for c in known],
        "activity": [(cards.brief(kind), kind) for kind in kinds],
    }


def examples_of(assistant: Assistant) -> tuple[str, ...]:
    """Questions to begin with."""
    return SAMPLE_EXAMPLES if assistant.is_sample else tuple(assistant.suggestions(4))


def _greeted(
    turns: Sequence[Turn], place: Place | None, spoken: Sequence[Any], language: Language
) -> Sequence[Any]:
    """Talk and page stay where the address asks nothing: somebody may ask before the greeting."""
    if turns:
        return kept(turns), place, *spoken
    head, talk, _, *others = spoken
    # As it was built, it is in Chinese.
    talk = gr.skip() if language == "zh" else talk
    return gr.skip(), gr.skip(), head, talk, gr.skip(), *others


def _filters(choices: Choices) -> list[Any]:
    most = MOST_COMPANIES
    return [
        gr.Dropdown(choices["companies"], multiselect=True, max_choices=most, elem_id="companies"),
        *(_day(name) for name in ("since", "until", "as_of")),
        gr.Dropdown(choices["activity"], value="", elem_id="activity", min_width=150),
    ]


def _day(name: str) -> gr.DateTime:
    return gr.DateTime(include_time=False, type="string", elem_id=name, min_width=150)


def head_html(assistant: Assistant, language: Language) -> str:
    """Name, holdings, and which sample is used where there is no store yet."""
    filings, pairs = assistant.counts()
    sample = assistant.filings()[0].company if assistant.is_sample and filings else None
    return str(cards.header(filings, pairs, sample, language))


def language_of(chosen: str | None, headers: Any) -> Language:
    """The language asked for in the address, else the browser's first one that there is."""
    accepted = (headers.get("accept-language") or "").lower().split(",")
    for name in [chosen or "", *accepted]:
        if name.strip().startswith("zh"):
            return "zh"
        if name.strip().startswith("en"):
            return "en"
    return "zh"
