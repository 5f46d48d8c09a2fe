"""Settings, read once from the environment."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import cast, get_args

from assistant.logs import Log
from index.embedding.model_options import OPTIONS
from index.errors import CallError

_LOGIN, _KEYS = "YUANDA_LOGIN", "YUANDA_API_KEYS"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    ``YUANDA_STORE``: folder of the store. ``YUANDA_MODEL``: name or path of any
    sentence-transformers model, instead of the one that ships; ``YUANDA_RERANKER``: a
    cross-encoder that orders the first results anew; ``YUANDA_MODEL_DEVICE`` and the like: their
    options (``index.embedding.model_options``). ``YUANDA_CALIBRATION``: a file written by
    ``python -m eval.fitting.calibrate``, instead of the one that ships. ``YUANDA_THRESHOLD``:
    confidence (0..1) below which no answer is given, instead of the calibrated one, or
    ``YUANDA_WRONG``: share (0..1) of wrong answers that is accepted, for which a threshold is
    calibrated.
    ``YUANDA_INDEX_URL``: the Milvus server that stores which are added to keep their index on.
    ``YUANDA_FILING``: whether filings may be added and removed in the chat, by who knows
    ``YUANDA_LOGIN``, ``user:password``.
    ``YUANDA_FETCH_SITE``: where filings are fetched from, a mirror of the disclosure site.
    ``YUANDA_API_KEYS``: keys of the HTTP API, separated by commas. ``YUANDA_LOGIN_FILE`` and
    ``YUANDA_API_KEYS_FILE``: files that hold the same, keys by line or comma. The password may be
    its argon2 hash. ``YUANDA_ALLOWED_HOSTS``: further names under which the server is called, and
    ``YUANDA_TRUSTED_PROXIES``: addresses of the proxies before it, separated by commas.
    ``YUANDA_RATE``: calls a minute of one caller, 0 for any number; by default limited where
    other machines call. ``YUANDA_LOG``: what a server writes down: ``warnings``, ``calls`` as
    well, or the ``questions``' text, too.
    """

    store: Path
    model: str | None = None
    threshold: float | None = None
    wrong: float | None = None
    filing: bool = False
    login: tuple[str, str] | None = field(default=None, repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    model_options: Mapping[str, str] = field(default_factory=dict)
    reranker: str | None = None
    reranker_options: Mapping[str, str] = field(default_factory=dict)
    calibration: Path | None = None
    judge: bool = True
    fetch_site: str | None = None
    rate: int | None = None
    index_url: str | None = None
    log: Log = "warnings"
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; ``CallError`` where a value makes no sense."""
        store, calibration = environ.get("YUANDA_STORE"), environ.get("YUANDA_CALIBRATION")
        filing, login = _switch(environ.get("YUANDA_FILING")), _login(_secret(environ, _LOGIN))
        if filing and login is None:
            raise CallError("YUANDA_FILING needs a login: set YUANDA_LOGIN=user:password")
        return cls(
            store=Path(store).expanduser() if store else default_store(),
            model=environ.get("YUANDA_MODEL") or None,
            threshold=_share(environ, "YUANDA_THRESHOLD"),
            wrong=_share(environ, "YUANDA_WRONG"),
            filing=filing,
            login=login,
            api_keys=_keys(_secret(environ, _KEYS)),
            model_options=_options(environ, "YUANDA_MODEL_"),
            reranker=environ.get("YUANDA_RERANKER") or None,
            reranker_options=_options(environ, "YUANDA_RERANKER_"),
            judge=_switch(environ.get("YUANDA_JUDGE", "1")),
            calibration=Path(calibration).expanduser() if calibration else None,
            fetch_site=environ.get("YUANDA_FETCH_SITE") or None,
            rate=_rate(environ.get("YUANDA_RATE")),
            index_url=environ.get("YUANDA_INDEX_URL") or None,
            log=_log(environ.get("YUANDA_LOG")),
            allowed_hosts=_hosts(environ.get("YUANDA_ALLOWED_HOSTS")),
            trusted_proxies=_networks(environ.get("YUANDA_TRUSTED_PROXIES")),
        )


def forget_secrets(environ: MutableMapping[str, str] = os.environ) -> None:
    """Take the secrets out of the environment, once read: neither what this process starts nor who
    reads its environment from outside finds them there.
    """
    for name in (_LOGIN, _KEYS):
        value = environ.pop(name, None)
        if value and environ is os.environ and sys.platform == "linux":
            _wipe(name, value)


def _wipe(name: str, value: str) -> None:
    """Overwrite a variable where the process was handed it: ``/proc/PID/environ`` shows that."""
    given = f"{name}={value}".encode("utf-8", "surrogateescape")
    try:
        numbers = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
        begin, end = int(numbers[47]), int(numbers[48])
        held = ctypes.string_at(begin, end - begin)
    except (OSError, ValueError, IndexError):
        return
    place = held.find(given + bytes(1))
    if place >= 0 and (place == 0 or not held[place - 1]):
        ctypes.memset(begin + place, ord("x"), len(given))


def default_store() -> Path:
    """The store in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("yuanda", appauthor=False) / "store"


def _options(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    told = ((name, environ.get(prefix + name.upper())) for name in OPTIONS)
    return {name: value for name, value in told if value is not None}


def _share(environ: Mapping[str, str], name: str) -> float | None:
    value = environ.get(name)
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise CallError(f"{name}={value}: must be a number from 0 to 1")
    return number


def _switch(value: str | None) -> bool:
    states = {"on": True, "1": True, "true": True, "yes": True}
    states |= {"": False, "off": False, "0": False, "false": False, "no": False}
    try:
        return states[(value or "").strip().lower()]
    except KeyError:
        raise CallError(f"YUANDA_FILING={value}: must be on or off") from None


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    """What a variable says, or the file that another one names."""
    value, named = environ.get(name), environ.get(f"{name}_FILE")
    if value or not named:
        return value
    try:
        return Path(named).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8 text"
        raise CallError(f"{name}_FILE={named}: {why}") from None


def _login(value: str | None) -> tuple[str, str] | None:
    if not value:
        return None
    user, _, password = value.partition(":")
    if not user or not password:
        # The message doesn't tell the password.
        raise CallError("YUANDA_LOGIN: must be a user and a password, as user:password")
    if any(not ch.isprintable() for ch in value):
        raise CallError("YUANDA_LOGIN: must be one line, user:password")
    return user, password


def _keys(value: str | None) -> tuple[str, ...]:
    if not value:
        return ()
    keys = tuple(key.strip() for key in value.replace("\n", ",").split(","))
    # Visible ASCII is what a header carries unharmed. The message doesn't tell a key.
    if not all(key and all("!" <= ch <= "~" for ch in key) for key in keys):
        raise CallError(
            "YUANDA_API_KEYS: must be keys of letters, digits and signs, separated by commas"
        )
    return keys


def _hosts(value: str | None) -> tuple[str, ...]:
    names = _listed(value)
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", name):
            raise CallError(f"YUANDA_ALLOWED_HOSTS: {name} is no host's name")
    return names


def _networks(value: str | None) -> tuple[str, ...]:
    networks = _listed(value)
    for network in networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise CallError(f"YUANDA_TRUSTED_PROXIES: {network} is no address") from None
    return networks


def _listed(value: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in (value or "").split(",") if one.strip())


def _rate(value: str | None) -> int | None:
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or int(value) > 1_000_000:
        raise CallError(f"YUANDA_RATE={value}: must be a number of calls a minute, 0 for any")
    return int(value)


def _log(value: str | None) -> Log:
    for log in get_args(Log):
        if (value or "warnings") == log:
            return cast(Log, log)
    raise CallError(f"YUANDA_LOG={value}: must be one of {', '.join(get_args(Log))}")
