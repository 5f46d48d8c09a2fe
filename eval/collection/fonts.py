"""TrueType fonts cut down to what one document needs, so that PDFs stay small."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from zlib import crc32

from fontTools.subset import Options, Subsetter, load_font
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

from eval.collection.blocks import Document, counted, paragraphs

# Debian: fonts-arphic-gbsn00lp, fonts-arphic-gkai00mp, fonts-wqy-zenhei.
SONG, KAI, HEI = "gbsn00lp.ttf", "gkai00mp.ttf", "wqy-zenhei.ttc"
_FOLDERS = ("/usr/share/fonts", "~/.fonts", "~/.local/share/fonts")
_UNITS = 128  # per em: fine enough for 12 points, and a quarter fewer bytes than a font's own grid
_DROPPED = ["GSUB", "GPOS", "GDEF", "mort", "EBDT", "EBLC", "EBSC", "FFTM"]


def faces(document: Document, name: str) -> tuple[bytes, bytes]:
    """A document's regular face, in the font ``name``, and its bold one, in Hei.

    Hei stands for bold as it does in many filings: a stroked or smeared regular face would
    be embedded as pictures of glyphs, ten times the size.
    """
    regular, bold = letters_of(document)
    return subset_font(name, regular), subset_font(HEI, bold)


def letters_of(document: Document) -> tuple[set[str], set[str]]:
    """The characters of a document that are set in the regular face, and in the bold one."""
    regular, bold = set(document.header + document.footer), set[str]()
    for paragraph in paragraphs(document.blocks):
        if paragraph.auto:
            regular |= set(counted(paragraph))
        for run in paragraph.runs:
            (bold if run.bold else regular).update(run.text)
    return regular, bold


def lacking(name: str, letters: set[str]) -> set[str]:
    """The letters that a font has no glyph for."""
    with TTFont(_find(name), fontNumber=0, lazy=True) as font:
        known = font.getBestCmap()
    return {letter for letter in letters if ord(letter) not in known and not letter.isspace()}


def subset_font(name: str, letters: set[str]) -> bytes:
    """The font ``name`` with just the glyphs for ``letters``, without hints, on a coarse grid.

    Raises ``FileNotFoundError`` where the font is not installed.
    """
    options = Options(hinting=False, layout_features=[], name_IDs=[1, 2, 4, 6], font_number=0)
    options.drop_tables += _DROPPED
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # these fonts' tables have loose ends
    font = load_font(str(_find(name)), options, lazy=True)
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(letters) + "0123456789 ")
    subsetter.subset(font)
    scale_upem(font, _UNITS)
    own = f"{name.split('.')[0]}-{crc32(''.join(sorted(letters)).encode()):08x}"
    for record in font["name"].names:  # ReportLab takes two fonts of one name for the same
        record.string = own
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _find(name: str) -> Path:
    for folder in _FOLDERS:
        for found in sorted(Path(folder).expanduser().rglob(name)):
            return found
    raise FileNotFoundError(f"{name} is in none of {', '.join(_FOLDERS)}")
