"""Who is let in at the desk, for how long, and how guessing is stopped without stopping others."""

from __future__ import annotations

import threading
import time

import pytest
from argon2 import PasswordHasher

from assistant.chat.logins import LASTS, Login, Logins, TooManyError, WrongLoginError

LOGIN = Login("admin", "open sesame")
HERE, THERE = "127.0.0.1", "203.0.113.7"


@pytest.fixture
def logins() -> Logins:
    return Logins(LOGIN)


def test_only_the_login_is_let_in(logins: Logins) -> None:
    wrong = [("admin", ""), ("", ""), ("Admin", "open sesame"), ("admin", "\ud800")]
    for place, (user, password) in enumerate(wrong):
        with pytest.raises(WrongLoginError):
            logins.enter(user, password, f"203.0.113.{place}")
    assert logins.session(logins.enter("admin", "open sesame", HERE))


def test_the_password_is_nowhere_in_clear(logins: Logins) -> None:
    assert "sesame" not in repr(LOGIN)
    assert "sesame" not in repr(vars(logins))


def test_the_password_may_be_given_as_its_hash() -> None:
    hashed = Logins(Login("admin", PasswordHasher().hash("open sesame")))
    assert hashed.session(hashed.enter("admin", "open sesame", HERE))


def test_a_cookie_is_signed_ends_and_can_be_given_back(
    logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = logins.enter("admin", "open sesame", HERE)
    session, *rest = cookie.split(".")
    forged = [None, "", session, f"{session}x.{'.'.join(rest)}", f"{cookie}x", "ü", "\ud800"]
    assert [logins.session(made_up) for made_up in forged] == [None] * len(forged)
    assert Logins(LOGIN).session(cookie) is None  # another server's
    other = logins.enter("admin", "open sesame", HERE)
    logins.leave(cookie)
    assert logins.session(cookie) is None
    assert logins.session(other)
    now = time.monotonic()
    monkeypatch.setattr("assistant.chat.logins.time.monotonic", lambda: now + LASTS + 1)
    assert logins.session(other) is None


def test_guessing_locks_out_who_guesses_and_nobody_else(
    logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("assistant.chat.logins.time.monotonic", lambda: now)
    cookie = logins.enter("admin", "open sesame", THERE)
    for guess in range(5):
        with pytest.raises(WrongLoginError):
            logins.enter("admin", str(guess), THERE)
    with pytest.raises(TooManyError) as told:
        logins.enter("admin", "open sesame", THERE)
    assert 0 < told.value.seconds <= 60
    assert logins.session(cookie)  # who is in goes on
    assert logins.enter("admin", "open sesame", HERE)
    now += 61
    assert logins.enter("admin", "open sesame", THERE)


def test_many_guesses_at_once_are_no_way_round(
    logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(logins, "_verify", lambda _, password: bool(looked.append(password)))

    def guess(number: int) -> None:
        with pytest.raises((WrongLoginError, TooManyError)):
            logins.enter("admin", str(number), THERE)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked) <= 5
