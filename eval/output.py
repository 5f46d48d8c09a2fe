"""Results of a command: into the file that was asked for, else to standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def put_out(document: Any, path: Path | None) -> None:
    """A JSON document (UTF-8) into a file, or without one to standard output."""
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if path:
        path.write_text(text, "utf-8")
    else:
        print(text, end="")
