"""Secrets: read from the environment or from files, and gone from the environment then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.settings import Settings, forget_secrets
from index.errors import CallError

SEEN = """
import os, sys
from assistant.settings import Settings, forget_secrets
settings = Settings.read(os.environ)
forget_secrets()
here = open("/proc/self/environ", "rb").read()
found = [word for word in (b"open sesame", b"key-one") if word in here]
print(settings.login, settings.api_keys, found, os.environ.get("YUANDA_LOGIN"), os.environ["OTHER"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process's environment")
def test_nobody_finds_them_in_the_environment() -> None:
    given = {"YUANDA_LOGIN": "admin:open sesame", "YUANDA_API_KEYS": "key-one", "OTHER": "kept"}
    ran = subprocess.run(
        [sys.executable, "-c", SEEN],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "('admin', 'open sesame') ('key-one',) [] None kept\n"


def test_they_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "login").write_text("admin:open sesame\n")
    (tmp_path / "keys").write_text("one\ntwo\n")
    environ = {
        "YUANDA_LOGIN_FILE": str(tmp_path / "login"),
        "YUANDA_API_KEYS_FILE": str(tmp_path / "keys"),
    }
    settings = Settings.read(environ)
    assert (settings.login, settings.api_keys) == (("admin", "open sesame"), ("one", "two"))
    forget_secrets(environ)
    assert environ == {
        "YUANDA_LOGIN_FILE": str(tmp_path / "login"),
        "YUANDA_API_KEYS_FILE": str(tmp_path / "keys"),
    }


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"no password", b"a:b\nc:d"])
def test_a_file_that_holds_none_is_named_and_not_told(
    tmp_path: Path, content: bytes | None
) -> None:
    named = tmp_path / "login"
    if content is not None:
        named.write_bytes(content)
    with pytest.raises(CallError) as told:
        Settings.read({"YUANDA_LOGIN_FILE": str(named)})
    assert "YUANDA_LOGIN" in str(told.value)
    assert "password" not in str(told.value).replace("user:password", "").replace("a password", "")


@pytest.mark.parametrize(
    "environ",
    [
        {"YUANDA_ALLOWED_HOSTS": "http://a.example"},
        {"YUANDA_TRUSTED_PROXIES": "proxy.example"},
        {"YUANDA_TRUSTED_PROXIES": "*"},
    ],
)
def test_names_and_proxies_that_make_no_sense_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(CallError):
        Settings.read(environ)
    settings = Settings.read(
        {"YUANDA_ALLOWED_HOSTS": "a.example, b", "YUANDA_TRUSTED_PROXIES": "10.0.0.0/8,::1"}
    )
    assert settings.allowed_hosts == ("a.example", "b")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
