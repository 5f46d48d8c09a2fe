"""Settings come from the environment alone, and nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.settings import Settings
from index.errors import CallError


def test_defaults() -> None:
    settings = Settings.read({})
    assert settings.model is None
    assert settings.threshold is None
    assert settings.store.name == "store"
    assert not settings.store.exists() or settings.store.is_dir()


def test_all_set() -> None:
    settings = Settings.read(
        {"YUANDA_STORE": "/srv/yuanda", "YUANDA_MODEL": "some/model", "YUANDA_THRESHOLD": "0.8"}
    )
    assert settings == Settings(Path("/srv/yuanda"), "some/model", 0.8)


@pytest.mark.parametrize("value", ["high", "1.1", "-0.1", "nan"])
def test_threshold_must_be_a_probability(value: str) -> None:
    with pytest.raises(CallError, match="YUANDA_THRESHOLD"):
        Settings.read({"YUANDA_THRESHOLD": value})


def test_filing_is_off_unless_enabled_with_a_login() -> None:
    assert not Settings.read({}).filing
    assert not Settings.read({"YUANDA_LOGIN": "admin:secret"}).filing
    settings = Settings.read({"YUANDA_FILING": "on", "YUANDA_LOGIN": "admin:se:cret"})
    assert (settings.filing, settings.login) == (True, ("admin", "se:cret"))
    assert "cret" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"YUANDA_FILING": "on"},
        {"YUANDA_FILING": "perhaps", "YUANDA_LOGIN": "admin:secret"},
        {"YUANDA_LOGIN": "secret"},
        {"YUANDA_LOGIN": ":secret"},
        {"YUANDA_LOGIN": "secret:"},
    ],
    ids=str,
)
def test_a_login_that_makes_no_sense_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(CallError, match="YUANDA_") as refused:
        Settings.read(wrong)
    assert "secret" not in str(refused.value)


def test_rate_and_log() -> None:
    settings = Settings.read({})
    assert (settings.rate, settings.log) == (None, "warnings")
    settings = Settings.read({"YUANDA_RATE": "0", "YUANDA_LOG": "questions"})
    assert (settings.rate, settings.log) == (0, "questions")
    for wrong in (
        *({"YUANDA_RATE": value} for value in ("-1", "many", "1.5", "９", "1000001")),
        {"YUANDA_LOG": "all"},
    ):
        with pytest.raises(CallError, match="YUANDA_"):
            Settings.read(wrong)


def test_a_share_of_wrong_answers() -> None:
    assert Settings.read({"YUANDA_WRONG": "0.1"}).wrong == 0.1
    with pytest.raises(CallError, match="YUANDA_WRONG"):
        Settings.read({"YUANDA_WRONG": "5%"})
