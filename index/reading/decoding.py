"""Bytes of a text file to characters."""

from __future__ import annotations

import codecs
from contextlib import suppress
from pathlib import Path

from index.errors import ReadError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Chinese text without a mark may be in. Nearly any bytes of one are something in another.
_ENCODINGS = ("gb18030", "big5hkscs", "cp950")
# Bytes that begin the common characters and the punctuation of each.
_COMMON = {"gb18030": (0xB0, 0xD7, 0xA1, 0xA3), "big5hkscs": (0xA4, 0xC6, 0xA1, 0xA3)}
_COMMON["cp950"] = _COMMON["big5hkscs"]
# The share of characters that may be damaged.
DAMAGED = 0.005
UNKNOWN = "\ufffd"


def decode(path: Path, content: bytes) -> str:
    """UTF-8, UTF-16, GB18030 or Big5; ``ReadError`` for anything else.

    A few characters NUL are U+FFFD: no text has any.
    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                raise ReadError(str(path), "damaged text; fetch it again") from None
    nuls = content.count(0)
    if nuls > DAMAGED * len(content):
        if (text := _utf_16(content)) is not None:
            return text
        raise ReadError(str(path), "not a text file; add PDF, DOCX, HTML or text")
    text = decoded(content)
    if text is None:
        raise ReadError(str(path), "neither UTF-8 nor GB18030 text, nor Big5; save it as UTF-8")
    return text.replace("\0", UNKNOWN)


def decoded(content: bytes) -> str | None:
    """Text of UTF-8, or of the Chinese encoding in which it has most common characters."""
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8")
    found: dict[str, str] = {}
    for encoding in _ENCODINGS:
        with suppress(UnicodeDecodeError):
            found[encoding] = content.decode(encoding)
    if not found:
        return None
    return found[max(found, key=lambda encoding: common_share(found[encoding], encoding))]


def common_share(text: str, encoding: str) -> float:
    """How much of a text's characters beyond ASCII are common ones of its encoding (0..1)."""
    first, last, low, high = _COMMON[encoding]
    wide = [ch for ch in text if ch > "\x7f"]
    common = 0
    for ch in wide:
        # A character of another length is none of the two-byte set.
        with suppress(UnicodeEncodeError):
            own = ch.encode(encoding)
            common += len(own) == 2 and (first <= own[0] <= last or low <= own[0] <= high)
    return common / len(wide) if wide else 0.0


def _utf_16(content: bytes) -> str | None:
    """UTF-16 without a mark: line breaks and digits tell the order of its bytes."""
    for encoding in ("utf-16-le", "utf-16-be"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            plain = sum(
                ch in "\n\r\t 0123456789，。：？、" or "\u4e00" <= ch <= "\u9fff" for ch in text
            )
            if plain > 0.7 * len(text) > 0 and "\0" not in text:
                return text
    return None
