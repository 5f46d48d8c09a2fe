"""Values of options, checked: each raises ``argparse.ArgumentTypeError`` with what is wrong."""

from __future__ import annotations

import argparse
import re

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def text(value: str) -> str:
    """Text that is UTF-8."""
    # Bytes of an argument that are no UTF-8 arrive as lone surrogates.
    if any("\ud800" <= ch <= "\udfff" for ch in value):
        raise argparse.ArgumentTypeError("not UTF-8 text")
    return value


def option(value: str) -> tuple[str, str]:
    """A name and a value: ``device=cpu``."""
    name, equals, given = text(value).partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{value!r} is not like device=cpu")
    return name.replace("-", "_"), given


def date(value: str) -> str:
    """A day as YYYY-MM-DD."""
    from datetime import date

    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a date like 2024-09-12") from None


def network(value: str) -> str:
    """An address or a network."""
    from ipaddress import ip_network

    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not an address or network") from None


def security(value: str) -> str:
    """A security code of six digits."""
    if not re.fullmatch(r"[0-9]{6}", value):
        raise argparse.ArgumentTypeError(f"{value!r} is not a security code of 6 digits")
    return value


def seconds(value: str) -> float:
    """Seconds, an hour at most."""
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= 3600.0:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of seconds")
    return seconds


def count(value: str) -> int:
    """A number from 1 to 100."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 100:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number from 1 to 100")
    return int(value)


def port(value: str) -> int:
    """A port."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not a port from 1 to 65535")
    return int(value)
