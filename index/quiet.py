"""onnxruntime, without what it would tell its maker.

From 1.27 on it counts its use and sends that to Microsoft, unless it is told not to before it is
imported.
"""

from __future__ import annotations

import os
from types import ModuleType


def without_telemetry() -> None:
    """What is imported from now on sends nothing."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def onnxruntime() -> ModuleType:
    """The library, which sends nothing and writes nothing of its own."""
    without_telemetry()
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    module: ModuleType = onnxruntime
    return module
