"""What several tests share: a home of their own and the command line, called in process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from assistant.cli.main import main
from tests.index.intake.disclosure_site import Site, serving

# What a test may take depends on what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@dataclass(frozen=True)
class Called:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Call = Callable[..., Called]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's home, so that no test meets the real one's store or cache."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def call(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """``call("list", "--json")``: the command line, with no store where a user's would be."""
    monkeypatch.setenv("HOME", str(home))
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in [name for name in os.environ if name.startswith("YUANDA_")]:
        monkeypatch.delenv(name)

    def run(*arguments: object) -> Called:
        capsys.readouterr()
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as leave:  # argparse's way out
            status = int(leave.code or 0)
        return Called(status, *capsys.readouterr())

    return run


@pytest.fixture
def site() -> Iterator[Site]:
    """A disclosure site on loopback."""
    with serving() as site:
        yield site
