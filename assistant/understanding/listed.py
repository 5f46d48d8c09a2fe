"""Companies that are known to exist, held or not: who is asked about that isn't here."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from assistant.understanding.names import unmarked
from index.normalize import normalize

_TELLING = 3


@cache
def listed() -> Mapping[str, str]:
    """Names of listed companies, in the spelling that is searched, each with its code.

    Of ``listed.tsv.gz`` (where it is from: ``LISTED.md``), with the exchanges' marks and without
    where three characters are left.
    """
    packed = Path(__file__).with_name("listed.tsv.gz").read_bytes()
    rows = [line.split("\t") for line in gzip.decompress(packed).decode().splitlines()]
    bare = {unmarked(name): code for code, name in rows}
    found = {name: code for name, code in bare.items() if len(name) >= _TELLING}
    return found | {name: code for code, name in rows}


@cache
def spoken() -> Mapping[str, str]:
    """What companies are called in speech, and companies that aren't listed in mainland China.

    Each name of ``others.txt`` with the first one of its line.
    """
    text = normalize(Path(__file__).with_name("others.txt").read_text("utf-8"))
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {name: names[0] for names in lines for name in names}
