"""What the server logs."""

from __future__ import annotations

import asyncio
import logging

import pytest

from assistant.serving import quiet_end


def test_an_end_is_no_fault_but_an_error_is(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.serving")
    quiet_end(logger)
    logger.error("Cancel 1 running task(s), timeout graceful shutdown exceeded")
    for error in (asyncio.CancelledError("ended"), ValueError("wrong")):
        logger.error("Exception", exc_info=error)
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("wrong",)]
