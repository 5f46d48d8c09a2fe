"""onnxruntime tells its maker nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT

ENCODE = """
from index.embedding.encoder import load_encoder
load_encoder("yuanda-e5-zh").encode_queries(["毛利率"])
"""


def test_encoding_leaves_no_trace_in_the_home_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, "-c", ENCODE], env=environment, cwd=ROOT, check=True)
    assert not list(tmp_path.rglob("*onnxruntime*"))
