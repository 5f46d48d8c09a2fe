"""Who has logged in to the desk: a password that is kept hashed, and signed cookies that end."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, TimestampSigner

COOKIE = "yuanda_desk"
# Seconds that a login lasts, and logins at a time.
LASTS, _MOST = 12 * 3600, 100
# Wrong logins of one caller within so many seconds; then it has to wait until they have passed.
_ATTEMPTS, _WITHIN = 5, 60.0
# Callers with wrong logins that are remembered.
_CALLERS = 10_000
# Logins that wait to be looked at; more are sent away.
_WAITING = 8


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of who may file; the password may be given as its argon2 hash."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"


class WrongLoginError(Exception):
    """Not the name and password."""


class TooManyError(Exception):
    """Too many wrong ones of this caller, or at once; ``seconds`` to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Logins:
    """Lets in who knows the login, and knows them again by their cookie.

    Who is logged in goes on whatever others try; wrong logins lock out only their own address.
    """

    def __init__(self, login: Login) -> None:
        self._hasher = PasswordHasher()
        self._user = login.user.encode()
        hashed = login.password.startswith("$argon2")
        self._hash = login.password if hashed else self._hasher.hash(login.password)
        self._signer = TimestampSigner(secrets.token_bytes(32))
        # Sessions and when they end, oldest first; and the latest wrong logins of each caller.
        self._sessions: OrderedDict[str, float] = OrderedDict()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._checking, self._lock = threading.Lock(), threading.Lock()
        self._waiting = 0

    def enter(self, user: str, password: str, caller: str) -> str:
        """A cookie for who brings the login; ``WrongLoginError``, ``TooManyError``."""
        with self._lock:
            if (wait := self._wait(caller)) > 0:
                raise TooManyError(wait)
            if self._waiting >= _WAITING:
                raise TooManyError(1)
            # It counts as wrong until it is known: many at once are no way round.
            self._note(caller)
            self._waiting += 1
        try:
            # One at a time: each takes memory and time, as it is meant to.
            with self._checking:
                is_right = self._verify(user, password)
        finally:
            with self._lock:
                self._waiting -= 1
        if not is_right:
            raise WrongLoginError
        with self._lock:
            self._failed.pop(caller, None)
            session = secrets.token_urlsafe(32)
            self._sessions[session] = time.monotonic() + LASTS
            while len(self._sessions) > _MOST:
                self._sessions.popitem(last=False)
        return self._signer.sign(session).decode("ascii")

    def session(self, cookie: str | None) -> str | None:
        """Whose cookie it is; ``None`` where it is nobody's, or no more."""
        try:
            session = self._signer.unsign(cookie or "", max_age=LASTS).decode("ascii")
        except (BadSignature, UnicodeError):
            return None
        with self._lock:
            if self._sessions.get(session, 0.0) <= time.monotonic():
                self._sessions.pop(session, None)
                return None
        return session

    def leave(self, cookie: str | None) -> None:
        """Log out: the cookie is nobody's from now on."""
        session = self.session(cookie)
        with self._lock:
            self._sessions.pop(session or "", None)

    def _verify(self, user: str, password: str) -> bool:
        same_user = hmac.compare_digest(user.encode("utf-8", "surrogatepass"), self._user)
        try:
            self._hasher.verify(self._hash, password)
        except (VerificationError, InvalidHashError, UnicodeError):
            return False
        return same_user

    def _wait(self, caller: str) -> float:
        failed = self._failed.get(caller)
        is_full = failed is not None and len(failed) == _ATTEMPTS
        return failed[0] + _WITHIN - time.monotonic() if failed and is_full else 0.0

    def _note(self, caller: str) -> None:
        self._failed.setdefault(caller, deque(maxlen=_ATTEMPTS)).append(time.monotonic())
        self._failed.move_to_end(caller)
        while len(self._failed) > _CALLERS:
            self._failed.popitem(last=False)
