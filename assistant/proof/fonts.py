"""A font of this machine that has Chinese characters and may be embedded. None ships."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from index.errors import CallError

# Files by what they are called, the best first.
_NAMES = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.*tf",
    "SourceHanSansSC-Regular.otf", "SourceHanSansCN-Regular.otf", "NotoSerifCJK-Regular.ttc",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "uming.ttc", "gbsn00lp.ttf", "msyh.ttc", "simsun.ttc",
    "simhei.ttf", "Songti.ttc", "STHeiti Light.ttc", "DroidSansFallbackFull.ttf",
)  # fmt: skip
_PROBE = "问答原文证明"
# Bits of a font's embedding rights that forbid it.
_RESTRICTED = 0x0002


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, which of its faces, and the characters that it has."""

    path: Path
    face: int
    characters: frozenset[int]


def font_of(path: Path | None) -> Font | None:
    """The font in a file, else one of this machine; ``None`` where it has none.

    ``CallError`` where the file that is named has no Chinese or may not be embedded.
    """
    if path is None:
        return _found()
    font = _face(path)
    if font is None:
        raise CallError(f"{path}: no font with Chinese characters that may be embedded")
    return font


@cache
def _found() -> Font | None:
    for name in _NAMES:
        for folder in _folders():
            for path in sorted(folder.rglob(name)):
                if font := _face(path):
                    return font
    return None


def _folders() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
    elif sys.platform == "darwin":
        yield from (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    else:
        yield from (home / ".local/share/fonts", home / ".fonts")
        yield from (Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))


def _face(path: Path) -> Font | None:
    """The face that writes simplified characters, of a collection."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        with path.open("rb") as file:
            if file.read(4) != b"ttcf":
                return _usable(path, 0, TTFont(file, lazy=True))
            faces = list(enumerate(TTCollection(file, lazy=True).fonts))
            faces.sort(key=lambda one: " SC" not in str(one[1]["name"].getDebugName(4)))
            return next((font for n, face in faces if (font := _usable(path, n, face))), None)
    except (OSError, TTLibError, KeyError, ValueError, AttributeError, struct.error):
        return None


def _usable(path: Path, number: int, face: object) -> Font | None:
    tables: dict[str, object] = face  # type: ignore[assignment]
    characters = frozenset(face.getBestCmap() or {})  # type: ignore[attr-defined]
    rights = getattr(tables["OS/2"], "fsType", 0) & 0x000F
    if rights == _RESTRICTED or not all(ord(ch) in characters for ch in _PROBE):
        return None
    return Font(path, number, characters)
