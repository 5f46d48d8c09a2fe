"""Whatever is sent to the API, the answer is one that its description names: never a failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from assistant.answering.answer import Assistant
from assistant.limits import Limits
from assistant.retrieval.decide import Calibration
from index.intake.build import add
from index.store.store import Store
from tests.assistant.server.test_serving import served
from tests.fakes import FakeEncoder, read_lines

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KEY = "right"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("api")
    filed = folder / "甲.txt"
    filed.write_text("甲公司|2024-01-10\n毛利率怎样|毛利率为三成。\n")
    store = Store.open(folder / "store", create=True)
    add(store, [filed], FakeEncoder(), read=read_lines)
    with (
        Assistant(store, FakeEncoder(), Calibration.load(), threshold=0.0) as assistant,
        served(assistant, Limits(), (KEY,)) as server,
    ):
        yield schemathesis.openapi.from_url(f"{server.address}/openapi.json")


MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.mark.parametrize("mode", MODES, ids=["sense", "nonsense"])
def test_every_answer_is_described(api: Any, mode: GenerationMode) -> None:
    called = 0
    for found in api.get_all_operations():

        @settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            nonlocal called
            called += 1
            case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {KEY}"})
            case.call_and_validate(checks=CHECKS, headers={"Authorization": "Bearer wrong"})

        # What takes nothing can't be called with nonsense.
        with suppress(Unsatisfiable):
            call()
    assert called > 100
