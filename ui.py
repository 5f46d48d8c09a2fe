"""The chat in the browser: questions in, official answers out, as citation cards.

Gradio serves it from this machine alone: system fonts, no analytics, nothing from elsewhere.
What is shown is made by ``assistant.cards``; the callbacks here only connect.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from assistant import cards
from assistant.answer import Assistant
from assistant.cards import LABELS, Language
from assistant.records import Answer, Query
from index.errors import CallError

LONGEST = 500

SAMPLE_EXAMPLES = (
    "外购和共建两种模式，哪种毛利率更高？",
    "限售股什么时候解禁？",
    "國產算力晶片的佔比高不高？",
    "公司有回购股票的计划吗？",
)

# A click on a suggestion asks it; a click on "copy" copies the quotation.
_CLICKS = """
element.addEventListener('click', (event) => {
  const asked = event.target.closest('[data-ask]');
  if (asked) { trigger('click', {question: asked.dataset.ask}); return; }
  const copy = event.target.closest('[data-copy]');
  if (copy) {
    navigator.clipboard.writeText(copy.dataset.copy)
      .then(() => { copy.textContent = copy.dataset.copied; });
  }
});
"""
_SCROLL = """
() => requestAnimationFrame(() => {
  const turns = document.querySelectorAll('#talk .turn');
  if (turns.length) turns[turns.length - 1].scrollIntoView({behavior: 'smooth', block: 'start'});
})
"""

Turn = tuple[str, Answer | None]


def build(assistant: Assistant) -> gr.Blocks:
    """The app over one assistant, ready to launch."""
    examples = SAMPLE_EXAMPLES if assistant.is_sample else tuple(assistant.suggestions(4))

    def page(turns: Sequence[Turn], language: Language) -> str:
        return talk_html(turns, examples, language)

    def greet(request: gr.Request) -> tuple[Any, ...]:
        language = language_of(request.query_params.get("lang"), request.headers)
        asked = (request.query_params.get("q") or "").strip()
        turns = [turn(assistant, asked)] if asked else []
        return language, turns, *labels(turns, language)

    def labels(turns: Sequence[Turn], language: Language) -> tuple[Any, ...]:
        text = LABELS[language]
        return (
            head_html(assistant, language),
            page(turns, language),
            gr.update(placeholder=text["placeholder"], label=text["ask"]),
            gr.update(value=text["ask"]),
        )

    def respond(
        question: str, turns: list[Turn], language: Language
    ) -> tuple[str, list[Turn], str]:
        turns = [*turns, turn(assistant, question)]
        return "", turns, page(turns, language)

    def follow(
        turns: list[Turn], language: Language, event: gr.EventData
    ) -> tuple[list[Turn], str]:
        question = getattr(event, "question", None)
        if not isinstance(question, str):
            return turns, page(turns, language)
        turns = [*turns, turn(assistant, question)]
        return turns, page(turns, language)

    app: gr.Blocks
    with gr.Blocks(title="原答 Yuanda", analytics_enabled=False) as app:
        turns = gr.State([])
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
        talk = gr.HTML(page([], "zh"), elem_id="talk", js_on_load=_CLICKS)
        with gr.Row(elem_id="ask-row"):
            text = LABELS["zh"]
            box = gr.Textbox(
                placeholder=text["placeholder"],
                label=text["ask"],
                show_label=False,
                container=False,
                lines=1,
                max_lines=4,
                scale=5,
                min_width=160,
                autofocus=True,
                elem_id="question",
            )
            send = gr.Button(text["ask"], variant="primary", scale=0, min_width=72, elem_id="send")

        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        app.load(greet, None, [language, turns, head, talk, box, send], **hidden)
        language.input(labels, [turns, language], [head, talk, box, send], **hidden)
        for asks in (box.submit, send.click):
            asks(respond, [box, turns, language], [box, turns, talk], **hidden).then(
                None, js=_SCROLL
            )
        talk.click(follow, [turns, language], [turns, talk], **hidden).then(None, js=_SCROLL)
    return app


def serve(assistant: Assistant, host: str = "127.0.0.1", port: int | None = None) -> None:
    """Serve the chat until interrupted; with no ``port`` the first free one from 7860.

    ``CallError`` where nothing can listen there.
    """
    try:
        app, address = launch(assistant, host, port)
    except OSError:
        where = host if port is None else f"{host}:{port}"
        raise CallError(f"can't listen at {where}; is it in use? `--port` takes another") from None
    print(f"Yuanda 原答: {address}", flush=True)
    app.block_thread()


def launch(
    assistant: Assistant, host: str = "127.0.0.1", port: int | None = None
) -> tuple[gr.Blocks, str]:
    """Start the server in the background; the app, to be closed, and its address."""
    app = build(assistant)
    fonts = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
    _, address, _ = app.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        ssr_mode=False,
        prevent_thread_lock=True,
        show_error=False,
        footer_links=[],
        theme=gr.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"]),
        css=(Path(cards.__file__).parent / "templates" / "style.css").read_text("utf-8"),
    )
    return app, str(address)


def turn(assistant: Assistant, question: str) -> Turn:
    """Ask, unless the question is empty or too long."""
    question = question.strip()
    if not question or len(question) > LONGEST:
        return question, None
    return question, assistant.ask(Query(question))


def talk_html(turns: Sequence[Turn], examples: Sequence[str], language: Language) -> str:
    """The conversation so far."""
    if not turns:
        return str(cards.welcome_card(examples, language))
    shown = []
    for question, answer in turns:
        if answer is not None:
            shown.append(cards.answer_card(answer, language))
        else:
            reason = LABELS[language]["long" if question else "empty"]
            shown.append(cards.notice_card(question, reason, language))
    return "".join(shown)


def head_html(assistant: Assistant, language: Language) -> str:
    """Name, holdings, and which sample is used where there is no store yet."""
    filings = assistant.filings()
    sample = filings[0].company if assistant.is_sample and filings else None
    return str(cards.header(len(filings), assistant.pairs(), sample, language))


def language_of(chosen: str | None, headers: Any) -> Language:
    """The language asked for in the address, else the browser's first one that there is."""
    accepted = (headers.get("accept-language") or "").lower().split(",")
    for name in [chosen or "", *accepted]:
        if name.strip().startswith("zh"):
            return "zh"
        if name.strip().startswith("en"):
            return "en"
    return "zh"
