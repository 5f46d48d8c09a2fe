"""Security codes in a question, in all their spellings."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from index.normalize import normalize

_EXCHANGES = r"(?:sz|sh|bj|ss|of|xshe|xshg)"
_CODE = re.compile(
    rf"(?<![\da-z.])(?P<before>{_EXCHANGES}[.:_-]?)?(?P<code>\d{{6}})"
    rf"(?P<after>[.:_-]?{_EXCHANGES})?(?![\da-z%])"
    # Not an amount, and not the beginning of a number.
    r"(?!\.\d|,\d|\s*(?:万|亿|元|股|人|户|家|吨|台|套|个|只|件|份|年|月|日|页|平|次))"
)
# How mainland codes of shares begin.
_SHARES = re.compile(r"(?:00[0-4]|30[0-2]|60[0135]|68[89]|8[37]\d|43\d|92\d|200|900)")
_YEAR_AND_MONTH = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])")


def plain_code(said: str) -> str:
    """A code's six digits, however it is written: 301999.SZ, SH600000; else what was said."""
    found = [code for _, _, code in codes_in(normalize(said.strip()))]
    is_all = len(found) == 1 and not _CODE.sub("", normalize(said.strip()))
    return found[0] if is_all else said


def codes_in(plain: str, held: Container[str] = ()) -> Iterator[tuple[int, int, str]]:
    """Start, end and six digits of each code in a normalised text.

    Digits alone are one where they are ``held`` or a share's code may begin so; beside an
    exchange, any are.
    """
    for match in _CODE.finditer(plain):
        code = match["code"]
        marked = match["before"] or match["after"]
        if marked or code in held or (_SHARES.match(code) and not _YEAR_AND_MONTH.fullmatch(code)):
            yield match.start(), match.end(), code
