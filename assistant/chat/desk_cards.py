"""What the desk shows, as HTML, by templates that escape what filings and their names say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from markupsafe import Markup

from assistant.answering.pages import SplitPage
from assistant.answering.report import RECOGNISED
from assistant.chat.cards import render
from assistant.chat.desk import SHOWN, pieces
from assistant.chat.labels import LABELS, Language
from assistant.chat.uploads import LARGEST, MOST_FILES
from assistant.progress import Tally
from index.intake.build import FileRow
from index.intake.parse import SUFFIXES
from index.records import ParsedFiling, PartKind
from index.store.store import Entry

# Filings that are listed.
_LISTED = 200

TEXT: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        **LABELS["zh"],
        "filing": "管理文件",
        "user": "用户名",
        "password": "密码",
        "enter": "登录",
        "login_wrong": "用户名或密码不对。",
        "login_wait": "错误次数太多，请一分钟后再试。",
        "login_needed": "登录已过期，请重新登录。",
        "leave": "退出登录",
        "unreached": "没有送到，请再试一次。",
        "sending": "正在上传",
        "files": "上传文件（可拖放）",
        "folder": "上传整个文件夹",
        "progress": "{done} / {total} 份文件 · {pages} 页",
        "no_files": "里面没有可以收录的文件。",
        "too_many": "一次最多收录 {most} 份文件，其余的请再次上传。",
        "removed": "已移除。",
        "file": "文件",
        "became": "结果",
        "pairs": "问答",
        "remarks": "说明",
        "added": "已收录",
        "unchanged": "已有",
        "replaced": "已更新",
        "failed": "失败",
        "filings": "已收录的文件",
        "newest": "只列出最新的 {shown} 份。",
        "pairs_count": "{pairs} 组问答",
        "view": "查看切分",
        "remove": "移除",
        "sure": "确定移除这份文件和其中的问答吗？",
        "yes_remove": "确定移除",
        "no_remove": "取消",
        "parsed": "切分结果",
        "report": "切分有误？",
        "reported": "已报告，谢谢",
        "report_there": "切分有误？点页上的编号报告。",
        "no_pairs": "这一页没有问答。",
        "part_head": "表头",
        "part_context": "问答前的介绍",
        "part_question": "问题",
        "part_answer": "答复",
        "part_mark": "标记",
        "part_furniture": "页眉页脚",
        "part_rest": "未归类",
    },
    "en": {
        **LABELS["en"],
        "filing": "Filings",
        "user": "User",
        "password": "Password",
        "enter": "Log in",
        "login_wrong": "Wrong user or password.",
        "login_wait": "Too many wrong attempts; please try again in a minute.",
        "login_needed": "The login has ended; please log in again.",
        "leave": "Log out",
        "unreached": "It didn't get through; please try again.",
        "sending": "Uploading",
        "files": "Upload files (or drop them here)",
        "folder": "Upload a whole folder",
        "progress": "{done} of {total} files · {pages} pages",
        "no_files": "Nothing in it looks like a filing.",
        "too_many": "At most {most} files at a time; please upload the others again.",
        "removed": "Removed.",
        "file": "File",
        "became": "Result",
        "pairs": "Pairs",
        "remarks": "Remarks",
        "added": "added",
        "unchanged": "known",
        "replaced": "replaced",
        "failed": "failed",
        "filings": "Filings in the store",
        "newest": "Only the newest {shown} are listed.",
        "pairs_count": "{pairs} pairs",
        "view": "How it was split",
        "remove": "Remove",
        "sure": "Remove this filing with its questions and answers?",
        "yes_remove": "Remove it",
        "no_remove": "Keep it",
        "parsed": "How it was split",
        "report": "Split wrongly?",
        "reported": "Reported, thank you",
        "report_there": "Split wrongly? Report it by its number on the page.",
        "no_pairs": "No pair on this page.",
        "part_head": "head",
        "part_context": "said before the questions",
        "part_question": "question",
        "part_answer": "answer",
        "part_mark": "mark",
        "part_furniture": "page furniture",
        "part_rest": "in no part",
    },
}


def door_form(language: Language) -> Markup:
    """Where one logs in."""
    return render("door", TEXT[language])


def tray_form(language: Language) -> Markup:
    """Where files are put."""
    ends = " ".join(sorted(SUFFIXES))
    return render("tray", TEXT[language], largest=LARGEST, most=MOST_FILES, suffixes=ends)


def progress_line(tally: Tally, language: Language) -> str:
    """How far an upload is, by file and page."""
    counts = {"done": tally.files, "total": tally.total, "pages": tally.pages}
    said = TEXT[language]["progress"].format(**counts)
    return f"{said} · {tally.latest}" if tally.latest else said


def filed_card(rows: Sequence[FileRow], language: Language, message: str = "") -> Markup:
    """What became of the files that were uploaded, and a message."""
    pages, pairs = (sum(getattr(row, name) for row in rows) for name in ("pages", "pairs"))
    counts = {"done": len(rows), "total": len(rows), "pages": pages}
    text = TEXT[language]
    total = f"{text['progress'].format(**counts)} · {text['pairs_count'].format(pairs=pairs)}"
    return render("filed", TEXT[language], rows=rows, message=message, total=total)


def filings_card(entries: Sequence[Entry], language: Language) -> Markup:
    """The filings in the store, to be viewed and removed; only the first of many."""
    return render("filings", TEXT[language], entries=entries[:_LISTED], count=len(entries))


def parts_card(
    parsed: ParsedFiling,
    name: str,
    reported: Collection[int],
    language: Language,
    page: SplitPage | None = None,
) -> Markup:
    """A filing's text in the colours of its parts, beside one of its pages where it has any.

    ``reported`` are the places of pairs.
    """
    return render(
        "parts",
        TEXT[language],
        name=name,
        recognised=RECOGNISED if parsed.filing.recognised else "",
        kinds=get_args(PartKind),
        warnings=parsed.warnings,
        pieces=pieces(parsed),
        cut=len(parsed.text) > SHOWN,
        reported=reported,
        page=page,
        undrawn=page is None and parsed.filing.format == "pdf",
    )
