"""Damages sound files, as a bad disk, a bad program or a bad person would."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from eval.robustness.hostile import HOSTILE, Made

Mutation = Callable[[Random, Sequence[Made]], Made]

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_REFERENCE = re.compile(rb"\d+ 0 R\b")
_NAME = re.compile(rb"/[A-Za-z][A-Za-z0-9]*")
_TAG = re.compile(r"<[^<>]*>")
_MAGIC = (
    b"%PDF-1.7\n", b"PK\x03\x04", b"<html>", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"",
    b"\x89PNG\r\n\x1a\n", b"\xd0\xcf\x11\xe0", b"{\\rtf1",
)  # fmt: skip
_NUMBERS = (b"0", b"-1", b"1", b"65536", b"2147483647", b"-2147483648", b"4294967296", b"1e38")
_ODD = "\0\u0001\u000b\u000c\u001c\u0085\u00ad\u200b\u2028\u2029\u202e\ufeff\ufffe\U00020bb7"
_MARKS = (
    "问：", "答：", "1、", "2、", "Q1：", "A1：", "问题一：", "回复：", "（1）", "投资者：", "？",
    "附件", "日期：", "\f", "\r", "第 1 页", "证券代码：600000",
)  # fmt: skip


def mutated(random: Random, seeds: Sequence[Made]) -> tuple[str, Made]:
    """A damaged or hostile file, with the name of what was done."""
    if random.random() < 0.05:
        made = random.choice(HOSTILE)
        return made.__name__, made(random)
    mutation = random.choice(MUTATIONS)
    return mutation.__name__, mutation(random, seeds)


def truncated(random: Random, seeds: Sequence[Made]) -> Made:
    """Cut off somewhere, more often near the end."""
    suffix, content = random.choice(seeds)
    return suffix, content[: int(len(content) * random.random() ** 0.5)]


def flipped(random: Random, seeds: Sequence[Made]) -> Made:
    """A few bits turned."""
    suffix, content = random.choice(seeds)
    changed = bytearray(content)
    for _ in range(random.choice([1, 4, 16, 256])):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return suffix, bytes(changed)


def overwritten(random: Random, seeds: Sequence[Made]) -> Made:
    """A block of noise or of zeros in the middle."""
    suffix, content = random.choice(seeds)
    start = random.randrange(len(content))
    size = min(random.choice([1, 16, 512, 4096]), len(content) - start)
    block = random.randbytes(size) if random.random() < 0.7 else bytes(size)
    return suffix, content[:start] + block + content[start + size :]


def moved(random: Random, seeds: Sequence[Made]) -> Made:
    """A block taken out, put in elsewhere or there twice."""
    suffix, content = random.choice(seeds)
    start = random.randrange(len(content))
    block = content[start : start + random.choice([1, 16, 512, 4096])]
    rest = content if random.random() < 0.5 else content[:start] + content[start + len(block) :]
    target = random.randrange(len(rest) + 1)
    return suffix, rest[:target] + block * random.choice([0, 1, 1, 9]) + rest[target:]


def spliced(random: Random, seeds: Sequence[Made]) -> Made:
    """The head of one file and the tail of another."""
    suffix, head = random.choice(seeds)
    _, tail = random.choice(seeds)
    return suffix, head[: random.randrange(len(head))] + tail[random.randrange(len(tail)) :]


def noise(random: Random, _seeds: Sequence[Made]) -> Made:
    """Random bytes behind the first bytes of some format."""
    content = random.choice(_MAGIC) + random.randbytes(random.choice([0, 1, 30, 3000]))
    return random.choice([".pdf", ".docx", ".html", ".txt", ".xlsx", ".csv"]), content


def repacked(random: Random, seeds: Sequence[Made]) -> Made:
    """An archive with one part damaged, checksums in order."""
    suffix, content = random.choice([s for s in seeds if s[1].startswith(b"PK")])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(sorted(parts))
    if random.random() < 0.6:
        name = next((n for n in parts if n.endswith(("document.xml", "sheet1.xml"))), name)
    if random.random() < 0.1:
        del parts[name]
    elif random.random() < 0.3:
        damage = random.choice([truncated, flipped, overwritten, moved])
        parts[name] = damage(random, [("", parts[name] or b"x")])[1]
    else:
        parts[name] = _tags(random, parts[name].decode("utf-8", "replace")).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(zipfile.ZipInfo(part), data, zipfile.ZIP_DEFLATED)
    return suffix, out.getvalue()


def retagged(random: Random, seeds: Sequence[Made]) -> Made:
    """HTML with tags taken out, doubled or moved."""
    pages = [s for s in seeds if s[0] == ".html"]
    suffix, content = random.choice(pages)
    return suffix, _tags(random, content.decode("utf-8", "replace")).encode()


def _tags(random: Random, markup: str) -> str:
    tags = list(_TAG.finditer(markup))
    for _ in range(random.choice([1, 1, 3, 30])):
        if not tags:
            break
        one, other = random.choice(tags), random.choice(tags)
        kind = random.randrange(4)
        if kind == 0:
            replacement = ""
        elif kind == 1:
            replacement = other.group()
        elif kind == 2:
            replacement = one.group() * random.choice([2, 300])
        else:
            replacement = re.sub(
                r'"[^"]*"', f'"{random.choice(["", "-1", "x", "9" * 30])}"', one[0]
            )
        markup = markup[: one.start()] + replacement + markup[one.end() :]
        tags = [t for t in tags if t.end() <= one.start()]
    return markup


def rewritten(random: Random, seeds: Sequence[Made]) -> Made:
    """A PDF with numbers, references or names exchanged."""
    suffix, content = random.choice([s for s in seeds if s[0] == ".pdf"])
    for _ in range(random.choice([1, 1, 3, 30])):
        pattern = random.choice([_NUMBER, _REFERENCE, _NAME])
        found = list(pattern.finditer(content))
        if not found:
            continue
        one, other = random.choice(found), random.choice(found).group()
        new = random.choice(_NUMBERS) if pattern is _NUMBER and random.random() < 0.5 else other
        content = content[: one.start()] + new + content[one.end() :]
    return suffix, content


def reworded(random: Random, seeds: Sequence[Made]) -> Made:
    """Text with marks and odd characters put in, lines exchanged, in any encoding."""
    suffix, content = random.choice([s for s in seeds if s[0] in (".txt", ".html")])
    lines = content.decode("utf-8", "replace").split("\n")
    for _ in range(random.choice([1, 10, 100])):
        place = random.randrange(len(lines))
        kind = random.randrange(4)
        if kind == 0:
            lines[place] = lines[random.randrange(len(lines))]
        else:
            at = random.randrange(len(lines[place]) + 1)
            piece = random.choice(_MARKS) if kind < 3 else random.choice(_ODD)
            lines[place] = lines[place][:at] + piece + lines[place][at:]
    encoding = random.choice(["utf-8", "utf-8", "gb18030", "utf-16", "utf-8-sig", "big5"])
    return suffix, random.choice(["\n", "\r\n", "\r"]).join(lines).encode(encoding, "replace")


MUTATIONS: tuple[Mutation, ...] = (
    truncated, flipped, overwritten, moved, spliced, noise, repacked, retagged, rewritten,
    reworded,
)  # fmt: skip
