"""What was prepared, to a file whose name says of which kind."""

from __future__ import annotations

from pathlib import Path

from assistant.takeout.prepared import Prepared
from index.errors import CallError
from index.files import write_for_others

SUFFIXES = (".docx", ".xlsx")


def check_name(path: Path) -> None:
    """``CallError`` where a file of this name can't be written: asked before the work is done."""
    if path.suffix.lower() not in SUFFIXES:
        raise CallError(f"{path}: --out takes a name that ends in {' or '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise CallError(f"{path}: there is no folder {path.absolute().parent}")


def write(prepared: Prepared, path: Path) -> None:
    """Write a DOCX or XLSX, whole or not at all; ``CallError`` where the disk refuses."""
    check_name(path)
    if path.suffix.lower() == ".docx":
        from assistant.takeout.word import word

        content = word(prepared)
    else:
        from assistant.takeout.sheet import workbook

        content = workbook(prepared)
    try:
        write_for_others(path, content)
    except OSError as error:
        raise CallError(f"{path}: {error.strerror or 'can not be written'}") from None
