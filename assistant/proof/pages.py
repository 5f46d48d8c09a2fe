"""What the PDF of a proof shows, as lines; a check makes them anew and compares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assistant.answering.report import RECOGNISED
from assistant.proof.squeezed import without_space

# What has no glyph or turns what follows; shown as a sign of its own.
_NO_GLYPH = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def shown(proof: dict[str, Any]) -> Iterator[str]:
    """All lines of the text, headings included."""
    for heading, lines in sections(proof):
        yield heading
        yield from lines


def sections(proof: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Headings with what stands below each."""
    told, filing, scope, made = (proof[n] for n in ("quotation", "filing", "scope", "made"))
    company = f"{filing.get('company')}（{filing.get('code')}）"
    places = [
        ("公告", filing.get("title")),
        ("公司", company if filing.get("code") else filing.get("company")),
        ("活动日期", filing.get("activity_date")),
        ("披露日期", filing.get("filed_date")),
        ("编号", told["number"]),
        ("页", "、".join(map(str, told["pages"]))),
        ("文件", f"{filing.get('file')}，{filing.get('bytes')} 字节"),
        ("SHA-256", filing["sha256"]),
        ("地址", filing.get("address")),
        ("位置", f"提取文本第 {told['start']} 至 {told['end']} 个字符"),
        ("提取文本的 SHA-256", proof["text"]["sha256"]),
        ("注意", RECOGNISED if told.get("recognised") else None),
    ]
    left = ["".join(without_space(str(gap.get("text")))) for gap in told["left_out"]]
    filters = "；".join(f"{k}={v}" for k, v in dict(scope.get("filters") or {}).items())
    newest = f"，最新一份的日期为 {scope.get('newest')}" if scope.get("newest") else ""
    within = [
        f"检索了 {scope.get('companies')} 家公司 {scope.get('filings')} 份公告中的 "
        f"{scope.get('pairs')} 条问答{newest}，截至 {scope.get('as_of')}。",
        f"限定：{filters}" if filters else "未作限定。",
        f"索引库版本：{scope.get('stamp')}",
    ]
    if scope.get("newer_of_the_company"):
        within.append(f"该公司另有 {scope['newer_of_the_company']} 份更新的公告，本证明未比较。")
    program = "，".join(f"{k} {v}" for k, v in dict(made.get("with") or {}).items())
    every = [
        ("原文证明", [f"所问：{proof['question']}"]),
        ("公告中的问题（原文）", [told["question"]]),
        ("公告中的答复（原文）", [told["answer"]]),
        ("引文各段之间未引用的文字", left),
        ("出处", [f"{name}：{value}" for name, value in places if value]),
        ("检索范围", within),
        ("生成", [f"{made.get('at')}，{program}，模型 {made.get('model')}"]),
        (
            "如何核对",
            [
                "本文件附有 proof.json。核对无需本程序：公告文件的 SHA-256 应与上文相同；"
                "按 proof.json 所列版本提取文本，"
                "question_spans 与 answer_spans 各段依次相接即为上引原文。",
                "yuanda prove --check 本文件 --filing 公告文件",
            ],
        ),
    ]
    return [
        (heading, [_NO_GLYPH.sub("〓", line) for line in lines])
        for heading, lines in every
        if lines
    ]
