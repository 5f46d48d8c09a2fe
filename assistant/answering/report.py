"""Records as the JSON that docs/reference.md promises, and as text for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.records import Answer, Citation, Newer, Reason
from assistant.terminal import printable
from index.errors import ReadError
from index.records import Filing, Pair, ParsedFiling, PartKind

if TYPE_CHECKING:
    from index.intake.build import AddReport, Status
    from index.store.store import Entry
    from index.upkeep.verify import Proof

Json = dict[str, Any]

# What an answer's ``reason`` is where evidence is missing, damaged or can't be read.
# Damaged evidence that is named one by one.
_NAMED = 10
# A further pair this likely to answer is quoted in full as well.
_ALSO = 0.5
# What means something in Markdown anywhere, and at the beginning of a line.
_MARKS = re.compile(r"[\\`*_\[\]<>&#|~$]")
_LINE_MARK = re.compile(r"^(\s*\d*)([-+=.)])", re.MULTILINE)
# What stands at every quote whose text was read off a picture.
RECOGNISED = "OCR 识别，非原文 / recognised, not verbatim"


def dumps(document: Mapping[str, Any]) -> str:
    """One JSON document on one line, without ASCII escapes."""
    return json.dumps(document, ensure_ascii=False)


def filing_json(filing: Filing) -> Json:
    """A filing's head."""
    return {
        "path": filing.path,
        "sha256": filing.sha256,
        "format": filing.format,
        "title": filing.title,
        "company": filing.company,
        "code": filing.code,
        "exchange": filing.exchange,
        "activity_types": list(filing.activity_types),
        "activity_date": filing.activity_date,
        "filed_date": filing.filed_date,
        "place": filing.place,
        "participants": filing.participants,
        "hosts": filing.hosts,
        "pages": filing.pages,
        **({"recognised": True} if filing.recognised else {}),
    }


def list_json(entries: Iterable[Entry]) -> Json:
    """What ``yuanda list --json`` prints."""
    return {"filings": [filing_json(entry.filing) | {"pairs": entry.pairs} for entry in entries]}


def pair_json(pair: Pair) -> Json:
    """A pair with its place in the extracted text and on the pages."""
    return {
        "number": pair.number,
        "question": pair.question,
        "answer": pair.answer,
        "start": pair.start,
        "end": pair.end,
        "pages": list(pair.pages),
        "boxes": [
            {"page": b.page, "x0": b.x0, "y0": b.y0, "x1": b.x1, "y1": b.y1} for b in pair.boxes
        ],
        "session": pair.session,
        "left_out": [{"kind": left.kind, "text": left.text} for left in pair.left_out],
        "company": pair.company,
        "code": pair.code,
        "date": pair.date,
        "tables": [
            {"start": t.start, "end": t.end, "rows": [list(row) for row in t.rows]}
            for t in pair.tables
        ],
    }


def answer_json(answer: Answer) -> Json:
    """What ``yuanda ask --json`` prints for one question."""
    return {
        "question": answer.question,
        "decision": answer.decision,
        "confidence": round(answer.confidence, 4),
        "reason": answer.reason,
        "companies": [
            {"name": c.name, "code": c.code, "short_name": c.short} for c in answer.companies
        ],
        "absent": list(answer.absent),
        "understood": answer.understood,
        "searched": answer.searched and asdict(answer.searched),
        "citations": [
            {
                "rank": c.rank,
                "score": round(c.score, 6),
                "confidence": round(c.confidence, 4),
                "filing": filing_json(c.filing),
                "pair": pair_json(c.pair),
                "newer": c.newer and newer_json(c.newer),
            }
            for c in answer.citations
        ],
        "elapsed_ms": round(answer.elapsed_ms, 3),
        **_damage_json(answer),
    }


def _damage_json(answer: Answer) -> Json:
    """What can't be shown, where there is any."""
    return {"damaged": [str(one) for one in answer.damaged]} if answer.damaged else {}


def newer_json(newer: Newer) -> Json:
    """Where a newer answer to the same question stands."""
    return {"filing": filing_json(newer.filing), "number": newer.number, "date": newer.date}


def source_line(citation: Citation) -> str:
    """Where a quote stands, as one line of text."""
    filing, pair = citation.filing, citation.pair
    name = filing.company + (f"（{filing.code}）" if filing.code else "")
    date = filing.activity_date or filing.filed_date or ""
    pages = "、".join(str(p) for p in pair.pages)
    parts = [name, filing.title, date, f"问题 {pair.number}", f"第 {pages} 页" if pages else ""]
    return " · ".join(p for p in parts if p)


def quotation(citation: Citation) -> str:
    """A pair as text to paste elsewhere, with its source."""
    pair = citation.pair
    kind = f"（{RECOGNISED}）" if citation.filing.recognised else ""
    return f"问：{pair.question}\n答：{pair.answer}\n——{source_line(citation)}{kind}"


def markdown_quotation(citation: Citation) -> str:
    """The same as a block quote in Markdown, whose signs in the text are escaped."""
    pair = citation.pair
    kind = f"（{RECOGNISED}）" if citation.filing.recognised else ""
    parts = (
        f"**问：** {_escaped(pair.question)}",
        f"**答：** {_escaped(pair.answer)}",
        f"——{_escaped(source_line(citation) + kind)}",
    )
    return "\n>\n".join("\n".join(f"> {line}" for line in p.splitlines()) for p in parts)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = _MARKS.sub(r"\\\g<0>", text)
    return _LINE_MARK.sub(r"\1\\\2", text)


def answer_text(answer: Answer) -> str:
    """An answer as read on a terminal: the quotes in full, what is merely related by title."""
    lines = [_damage(answer)] if answer.damaged else []
    quoted = 0
    if answer.companies:
        lines.append("公司：" + "、".join(c.short or c.name for c in answer.companies))
    if answer.decision == "abstain":
        if answer.reason != "evidence_damaged":
            lines.append(reason_text(answer))
    else:
        quoted = max(1, sum(c.confidence >= _ALSO for c in answer.citations))
        lines += [_quotation(c) for c in answer.citations[:quoted]]
    # Of what was never asked, or of who isn't here, nothing is related.
    of_nothing = answer.reason == "company_not_held" or (
        answer.reason == "not_a_question" and not answer.companies
    )
    if not of_nothing and (related := answer.citations[quoted:]):
        lines.append("相关的已披露问题（不是答复）：\n" + "\n".join(_related(c) for c in related))
    return printable("\n\n".join(lines))


def _damage(answer: Answer) -> str:
    """What may have been an answer and can't be shown."""
    said = (
        "证据受损，无法判断是否已有官方答复（不等于“无官方答复”）"
        if answer.decision == "abstain"
        else "另有证据受损，未予显示"
    )
    shown = [f"- {one}" for one in answer.damaged[:_NAMED]]
    more = len(answer.damaged) - len(shown)
    return "\n".join([f"{said} / evidence damaged:", *shown, *([f"- … {more}"] if more else [])])


def reason_text(answer: Answer) -> str:
    """Why there is no answer, in a sentence."""
    reasons: dict[Reason | None, str] = {
        "company_not_held": f"库中没有{'、'.join(answer.absent) or '这家公司'}的文件。",
        "filtered_out": "没有文件符合筛选条件。",
        "evidence_damaged": "证据受损，无法判断：请运行 yuanda doctor。",
        "not_a_question": "这不是一个可以用披露文件回答的问题。",
    }
    if answer.reason in reasons:
        return f"无官方答复：{reasons[answer.reason]}"
    if not answer.citations and not (answer.searched and answer.searched.filings):
        return "无官方答复：没有可供检索的问答。"
    if answer.searched and answer.searched.until:
        where = f"截至 {answer.searched.until}，{answer.searched.filings} 份文件"
        return f"无官方答复：{where}中已披露的问答没有涵盖这个问题。"
    return "无官方答复：已披露的问答没有涵盖这个问题。"


def _quotation(citation: Citation) -> str:
    head = f"[{citation.rank}] {source_line(citation)} · 置信度 {citation.confidence:.0%}"
    if citation.filing.recognised:
        head += f"\n【{RECOGNISED}】"
    if citation.newer:
        newer = citation.newer
        head += f"\n（{newer.date} 另有更新的答复：{newer.filing.title}，问题 {newer.number}）"
    return f"{head}\n问：{citation.pair.question}\n答：{citation.pair.answer}"


def _related(citation: Citation) -> str:
    kind = f" · {RECOGNISED}" if citation.filing.recognised else ""
    return f"[{citation.rank}] {citation.pair.question}\n    {source_line(citation)}{kind}"


def add_json(added: AddReport) -> Json:
    """What ``yuanda add --json`` prints."""
    statuses: tuple[Status, ...] = ("added", "unchanged", "replaced", "failed")
    totals = {status: added.count(status) for status in statuses}
    return {
        "files": [
            {
                "path": row.path,
                "sha256": row.sha256,
                "status": row.status,
                "pairs": row.pairs,
                "warnings": list(row.warnings),
                "error": row.error,
            }
            for row in added.files
        ],
        "totals": {"files": len(added.files), **totals, "pairs": added.pairs},
        "passed_over": [{"kind": kind, "files": count} for kind, count in added.passed_over],
    }


def add_text(added: AddReport) -> str:
    """The same for a terminal: what was added, then what failed and why."""
    lines = [f"warning: {row.path}: {w}" for row in added.files for w in row.warnings]
    lines += [f"failed: {row.error}" for row in added.files if row.error]
    if added.passed_over:
        kinds = ", ".join(f"{count} {kind}" for kind, count in added.passed_over)
        lines.append(f"passed over, of kinds that aren't read: {kinds}")
    totals = add_json(added)["totals"]
    lines.append(", ".join(f"{count} {name}" for name, count in totals.items()))
    return printable("\n".join(lines))


def parsed_json(parsed: ParsedFiling, *, explained: bool = False) -> Json:
    """What ``yuanda parse --json`` prints; with the text's parts where ``explained``."""
    document = {
        "filing": filing_json(parsed.filing),
        "pairs": [pair_json(pair) for pair in parsed.pairs],
        "warnings": list(parsed.warnings),
        "notes": [
            {"text": n.text, "start": n.start, "end": n.end, "pages": list(n.pages)}
            for n in parsed.notes
        ],
    }
    if explained:
        document["parts"] = [
            {"kind": p.kind, "start": p.start, "end": p.end, "pair": p.pair} for p in parsed.parts
        ]
    return document


def unread_json(error: ReadError) -> Json:
    """The same for a file that can't be read."""
    return {"filing": None, "pairs": [], "warnings": [], "error": str(error)}


def parsed_text(parsed: ParsedFiling) -> str:
    """The same for a terminal."""
    head = [f"{k}: {v}" for k, v in filing_json(parsed.filing).items() if v]
    pairs = [f"\n[{p.number}] 问：{p.question}\n答：{p.answer}" for p in parsed.pairs]
    warnings = [f"\nwarning: {w}" for w in parsed.warnings]
    return printable("\n".join([*head, *pairs, *warnings]))


_COLOURS: dict[PartKind, int] = {
    "head": 36, "context": 34, "question": 33, "answer": 32, "mark": 35, "furniture": 90, "rest": 31
}  # fmt: skip


def explained_text(parsed: ParsedFiling, *, coloured: bool) -> str:
    """The whole text part by part: in colours, or with each part's kind before it."""
    shown = [printable(parsed.text[part.start : part.end]) for part in parsed.parts]
    if coloured:
        legend = "  ".join(f"\x1b[{colour}m{kind}\x1b[0m" for kind, colour in _COLOURS.items())
        body = (
            f"\x1b[{_COLOURS[part.kind]}m{text}\x1b[0m"
            for part, text in zip(parsed.parts, shown, strict=True)
        )
        return f"{legend}\n\n" + "".join(body)
    labels = (f"{p.kind} {p.pair + 1}" if p.pair is not None else p.kind for p in parsed.parts)
    return "\n".join(f"[{label}] {text.strip()}" for label, text in zip(labels, shown, strict=True))


def proof_json(proof: Proof) -> Json:
    """What ``yuanda verify --json`` prints."""
    document = asdict(proof)
    if not proof.recognised:
        del document["recognised"]
    return document


def proof_text(proof: Proof) -> str:
    """What ``yuanda verify`` prints."""
    lines = [f"note: {note}" for note in proof.notes]
    for f in proof.failed:
        where = f"{f.path}, question {f.number}" if f.number else f.path
        lines.append(f"failed: {where}: {f.reason}")
    verdict = f"{len(proof.failed)} failures" if proof.failed else "all proved verbatim"
    if proof.recognised:
        verdict = verdict.removesuffix(" verbatim")
        verdict += f"; {proof.recognised} filings recognised (OCR), not verbatim"
    lines.append(f"{proof.filings} filings, {proof.pairs} pairs: {verdict}")
    return printable("\n".join(lines))
