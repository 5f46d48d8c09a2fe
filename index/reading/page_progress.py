"""How far a file is read: whoever reads it tells page by page, whoever waits may listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

# Told the file, the page that was just read (from 1), and how many it has.
OnPage = Callable[[Path, int, int], None]

_listener: ContextVar[OnPage | None] = ContextVar("listener", default=None)


@contextmanager
def listening(on_page: OnPage | None) -> Iterator[None]:
    """Have ``on_page`` told of what is read within the block, by this thread or for it."""
    token = _listener.set(on_page)
    try:
        yield
    finally:
        _listener.reset(token)


def listen(on_page: OnPage) -> None:
    """Have it told from now on; for a process that does nothing but read."""
    _listener.set(on_page)


def page_read(path: Path, page: int, pages: int) -> None:
    """Tell that a page was read."""
    if on_page := _listener.get():
        on_page(path, page, pages)
