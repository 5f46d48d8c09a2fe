"""Characters of symbol fonts, which have no code of their own: what they show."""

from __future__ import annotations

UNKNOWN = "\ufffd"

# From 0x20 and from 0xA0 on, as Adobe and Microsoft have the font Symbol.
_SYMBOL_LOW = (
    " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"
    "‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
)
_SYMBOL_HIGH = (
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"
    "◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\ufffd〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
)
_WINGDINGS = {
    0x20: " ", 0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "□", 0x70: "□",
    0x71: "❑", 0x72: "❒", 0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x9E: "·",
    0x9F: "•", 0xA0: "▪", 0xA1: "○", 0xA4: "◉", 0xA5: "◎", 0xA7: "▪", 0xA8: "□", 0xAB: "★",
    0xB2: "□", 0xD5: "⌫", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔",
    0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
_WINGDINGS |= {0x80 + i: "⓪①②③④⑤⑥⑦⑧⑨⑩"[i] for i in range(11)}
_WINGDINGS |= {0x8B + i: "⓿❶❷❸❹❺❻❼❽❾❿"[i] for i in range(11)}
_WINGDINGS_2 = {
    0x20: " ", 0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●",
    0xA0: "■", 0xA2: "■", 0xA3: "□",
}  # fmt: skip
_WINGDINGS_3 = {
    0x20: " ", 0x5F: "←", 0x60: "→", 0x61: "↑", 0x62: "↓", 0x70: "▲", 0x71: "▼", 0x74: "◀",
    0x75: "▶", 0x7D: "▶",
}  # fmt: skip
_WEBDINGS = {0x20: " ", 0x61: "✓", 0x63: "□", 0x67: "■", 0x72: "✗", 0x6E: "●", 0x3D: "●"}
_FONTS = {
    "symbol": dict(enumerate(_SYMBOL_LOW, 0x20)) | dict(enumerate(_SYMBOL_HIGH, 0xA0)),
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
}
_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def is_symbol_font(font: str | None) -> bool:
    """Whether a font has symbols where others have letters."""
    return (font or "").strip().lower() in _FONTS


def symbol(font: str | None, code: int) -> str:
    """What a symbol font shows for a code (private use, or a byte); U+FFFD where that isn't known.

    In other fonts a code is the character that it says.
    """
    name = (font or "").strip().lower()
    if name not in _FONTS:
        if 0xF000 <= code <= 0xF0FF:
            # Whose font isn't told: where the usual ones for ticks and boxes agree.
            return _WINGDINGS.get(code - 0xF000) or _WINGDINGS_2.get(code - 0xF000) or UNKNOWN
        # No character: half of a pair, or beyond the last one.
        return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF else UNKNOWN
    byte = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    return _FONTS[name].get(byte, UNKNOWN)


def shown_in(font: str | None, text: str) -> str:
    """Text as a font shows it: letters of a symbol font are symbols, private ones in any."""
    special = is_symbol_font(font)
    return "".join(
        symbol(font, ord(ch))
        if 0xF000 <= ord(ch) <= 0xF0FF or (special and ord(ch) < 0x100)
        else ch
        for ch in text
    )


def raised(text: str) -> str:
    """Digits and signs raised above the line: 10⁵ is not 105. Other characters stay."""
    return text.translate(_RAISED) if _is_formula(text) else text


def lowered(text: str) -> str:
    """The same below the line."""
    return text.translate(_LOWERED) if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    return any(ch.isdecimal() for ch in text) or text.strip() in ("n", "i", "+", "-", "−")
