"""Number formats of spreadsheets: what a cell shows of the number or day that it holds.

The formats are those of ECMA-376 (18.8.31): up to four sections, for positive and negative numbers,
zero and text, of place holders for digits, parts of days and times, and literal characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<room>.)|\*(?P<fill>.)'
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<condition>(?:<=|>=|<>|<|>|=)-?[\d.]+)\]"
    r"|\[(?P<elapsed>[hms]+)\]|\[[^\]]*\]|(?P<general>General)"
    r"|(?P<noon>AM/PM|A/P|上午/下午)|(?P<exponent>E[+-])"
    r"|(?P<part>y+|m+|d+|h+|s+|e+|aaaa?|b+|g+)|(?P<fraction>\.0+(?=[^0#?]|$))"
    r"|(?P<digit>[0#?])|(?P<sign>[.,%/@])|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
_DAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Digits that a cell without a format shows of a number, the point counted as one.
_GENERAL = 11


class Token(NamedTuple):
    """A piece of a format, and what kind of piece it is."""

    kind: str
    text: str


_SLASH = Token("sign", "/")


class Section(NamedTuple):
    """A section of a format, and the condition that a number has to meet for it."""

    tokens: tuple[Token, ...]
    condition: str = ""


@lru_cache(maxsize=512)
def sections_of(code: str) -> tuple[Section, ...]:
    """A format's sections."""
    found: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or ""
        text = match[kind] if kind else ""
        if kind == "literal" and text == ";":
            found.append([])
        elif kind:
            found[-1].append(Token(kind, text))
    return tuple(
        Section(
            tuple(token for token in section if token.kind != "condition"),
            next((token.text for token in section if token.kind == "condition"), ""),
        )
        for section in found
    )


def is_day(code: str) -> bool:
    """Whether a format shows a day or a time."""
    first = sections_of(code)[0]
    return any(token.kind in ("part", "noon", "elapsed") for token in first.tokens)


def shown_number(value: float, code: str) -> str:
    """A number as a cell with this format shows it."""
    sections = sections_of(code)
    section, is_signed = _section(value, sections)
    kinds = {token.kind for token in section.tokens}
    if "general" in kinds:
        shown = general(abs(value) if is_signed else value)
        return "".join(shown if t.kind == "general" else _literal(t) for t in section.tokens)
    number = abs(Decimal(repr(value)))
    minus = "-" if value < 0 and not is_signed else ""
    shown = _digits(number, section.tokens)
    # What rounds to nothing has no sign.
    return (minus if re.search("[1-9]", shown) else "") + shown


def shown_text(value: str, code: str) -> str:
    """A text as a cell with this format shows it."""
    sections = sections_of(code)
    own = sections[3] if len(sections) > 3 else sections[-1]
    if not any(token == Token("sign", "@") for token in own.tokens):
        return value if len(sections) < 4 else "".join(map(_literal, own.tokens))
    return "".join(value if t == Token("sign", "@") else _literal(t) for t in own.tokens)


def general(value: float) -> str:
    """A number in a cell without a format."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if abs(value) >= 10**_GENERAL or abs(value) < 1e-9:
        mantissa, _, exponent = f"{value:.5E}".partition("E")
        return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"
    whole = len(str(int(abs(value))))
    shown = f"{value:.{max(_GENERAL - 1 - whole, 0)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def shown_day(value: datetime, code: str, serial: float = 0.0) -> str:
    """A day or time as a cell with this format shows it; ``serial`` is what the cell stores."""
    tokens = sections_of(code)[0].tokens
    halves = any(token.kind == "noon" for token in tokens)
    out = []
    for place, token in enumerate(tokens):
        kind, text = token.kind, token.text.lower()
        if kind == "noon":
            first, _, second = token.text.partition("/")
            out.append(first if value.hour < 12 else second)
        elif kind == "elapsed":
            seconds = round(serial * 86400)
            count = {"h": 3600, "m": 60, "s": 1}[text[0]]
            out.append(str(seconds // count).zfill(len(text)))
        elif kind == "fraction":
            out.append(f"{value.microsecond / 1e6:.{len(text) - 1}f}"[1:])
        elif kind == "part":
            is_minute = text[0] == "m" and len(text) < 3 and _is_minute(tokens, place)
            out.append(_part(value, text, halves=halves, is_minute=is_minute))
        elif kind == "digit":
            out.append("0")
        else:
            out.append(token.text if kind == "sign" else _literal(token))
    return "".join(out)


def _part(value: datetime, text: str, *, halves: bool, is_minute: bool) -> str:
    wide = len(text)
    if text[0] in "ye":
        return f"{value.year:04d}" if wide > 2 or text[0] == "e" else f"{value.year % 100:02d}"
    if text[0] == "h":
        return str((value.hour % 12 or 12) if halves else value.hour).zfill(wide)
    if text[0] == "s":
        return str(value.second).zfill(wide)
    if text[0] == "m":
        if is_minute:
            return str(value.minute).zfill(wide)
        month = _MONTHS[value.month - 1]
        named = {3: month[:3], 4: month, 5: month[0]}
        return named.get(wide) or str(value.month).zfill(wide)
    if text[0] == "d":
        day = _WEEK[value.weekday()]
        return str(value.day).zfill(wide) if wide < 3 else day[:3] if wide == 3 else day
    if text[0] == "a":
        return _DAYS[value.weekday()] if wide > 3 else _DAYS[value.weekday()][2:]
    return ""


def _is_minute(tokens: Sequence[Token], place: int) -> bool:
    """Whether an m is a minute: behind hours, or before seconds."""
    parts = [(i, t.text[0].lower()) for i, t in enumerate(tokens) if t.kind in ("part", "elapsed")]
    before = [part for i, part in parts if i < place]
    after = [part for i, part in parts if i > place]
    return (bool(before) and before[-1] == "h") or (bool(after) and after[0] == "s")


def _section(value: float, sections: Sequence[Section]) -> tuple[Section, bool]:
    """The section for a number, and whether it says the sign itself."""
    if any(section.condition for section in sections):
        for place, section in enumerate(sections):
            if not section.condition or _meets(value, section.condition):
                return section, place > 0 and value < 0
        return sections[-1], False
    if len(sections) > 2 and value == 0:
        return sections[2], True
    if len(sections) > 1 and value < 0:
        return sections[1], True
    return sections[0], False


def _meets(value: float, condition: str) -> bool:
    sign, bound = condition.rstrip("0123456789.-"), float(condition.lstrip("<>="))
    return {
        "<": value < bound,
        ">": value > bound,
        "=": value == bound,
        "<=": value <= bound,
        ">=": value >= bound,
        "<>": value != bound,
    }[sign]


def _literal(token: Token) -> str:
    if token.kind == "room":
        return " "
    return token.text if token.kind in ("quoted", "escaped", "currency", "literal", "part") else ""


def _digits(number: Decimal, tokens: Sequence[Token]) -> str:
    """The number in a section's place holders, with what stands around them."""
    marks = [i for i, t in enumerate(tokens) if t.kind in ("digit", "fraction")]
    if not marks:
        return "".join(map(_plain, tokens))
    first, last = marks[0], marks[-1]
    while _SLASH in tokens and last + 1 < len(tokens) and _ends_fraction(tokens[last + 1]):
        last += 1
    after = last + 1
    while after < len(tokens) and tokens[after] == Token("sign", ","):
        number, after = number / 1000, after + 1
    number *= 100 ** sum(token == Token("sign", "%") for token in tokens)
    before = "".join(map(_plain, tokens[:first]))
    behind = "".join(map(_plain, tokens[after:]))
    return before + _filled(number, tokens[first : last + 1]) + behind


def _ends_fraction(token: Token) -> bool:
    """Whether a token is the fixed lower part of a fraction, or the slash before it."""
    return token == _SLASH or token.text.isdecimal()


def _plain(token: Token) -> str:
    return "%" if token == Token("sign", "%") else _literal(token)


def _filled(number: Decimal, tokens: Sequence[Token]) -> str:
    kinds = [token.kind for token in tokens]
    if "exponent" in kinds:
        return _scientific(number, tokens, kinds.index("exponent"))
    if _SLASH in tokens:
        return _fraction(number, tokens)
    point = next((i for i, t in enumerate(tokens) if t.text.startswith(".")), len(tokens))
    held = "".join(_holders(token) for token in tokens[point:])
    number = number.quantize(Decimal(1).scaleb(-len(held)), ROUND_HALF_UP)
    whole, _, part = f"{number:f}".partition(".")
    grouped = any(token == Token("sign", ",") for token in tokens[:point])
    shown = _whole(whole.lstrip("0"), tokens[:point], grouped=grouped)
    # A # shows no zero at the end, a ? room for one.
    while held and part.endswith("0") and held[len(part) - 1] != "0":
        part = part[:-1]
    return f"{shown}.{part}" if held and (part or "." in held) else shown + ("." if held else "")


def _holders(token: Token) -> str:
    return (
        token.text[1:] if token.kind == "fraction" else token.text if token.kind == "digit" else ""
    )


def _whole(digits: str, tokens: Sequence[Token], *, grouped: bool) -> str:
    """The part before the point, filled from behind; literals stand where they are."""
    holders = [token for token in tokens if token.kind == "digit"]
    least = sum(1 for _ in holders) - next(
        (i for i, token in enumerate(holders) if token.text == "0"), len(holders)
    )
    digits = digits.zfill(least) if least else digits
    if grouped:
        return f"{int(digits):,}" if digits and not digits.startswith("0") else digits
    if all(token.kind == "digit" for token in tokens):
        return digits
    out: list[str] = []
    rest = digits
    left = len(holders)
    for token in reversed(tokens):
        if token.kind != "digit":
            out.append(_literal(token))
            continue
        left -= 1
        out.append(rest if not left else rest[-1:])
        rest = "" if not left else rest[:-1]
    return "".join(reversed(out))


def _scientific(number: Decimal, tokens: Sequence[Token], at: int) -> str:
    held = "".join(_holders(t) for t in tokens[:at])
    point = next((i for i, t in enumerate(tokens[:at]) if t.text.startswith(".")), at)
    decimals = sum(len(_holders(token)) for token in tokens[point:at])
    mantissa, _, exponent = f"{number:.{decimals}E}".partition("E")
    wide = sum(token.kind == "digit" for token in tokens[at + 1 :])
    sign = "-" if exponent.startswith("-") else "+" if tokens[at].text.endswith("+") else ""
    return f"{mantissa if held else ''}E{sign}{exponent.lstrip('+-').zfill(wide)}"


def _fraction(number: Decimal, tokens: Sequence[Token]) -> str:
    slash = tokens.index(_SLASH)
    fixed = "".join(token.text for token in tokens[slash + 1 :] if token.text.isdigit())
    wide = sum(token.kind == "digit" for token in tokens[slash + 1 :])
    has_whole = any(token.text == " " for token in tokens[:slash])
    whole, rest = divmod(number, 1) if has_whole else (Decimal(0), number)
    if fixed.strip("0"):
        below = int(fixed)
        above = int((rest * below).quantize(Decimal(1), ROUND_HALF_UP))
    else:
        part = Fraction(rest).limit_denominator(10**wide - 1)
        above, below = part.numerator, part.denominator
    if above == below and has_whole:
        whole, above = whole + 1, 0
    shown = [str(int(whole))] if has_whole and (whole or not above) else []
    return " ".join([*shown, f"{above}/{below}"] if above or not has_whole else shown)
