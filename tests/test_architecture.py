"""Data flows one way, and each engine is imported by one module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "index": {"index"},
    "assistant": {"index", "assistant"},
    "ui": {"index", "assistant", "ui"},
    "eval": {"index", "assistant", "eval"},
}
SOLE_IMPORTERS = {
    "faiss": "index/vectors.py",
    "pymilvus": "index/milvus.py",
    "ray": "index/bulk.py",
    "tantivy": "index/lexical.py",
    "pypdfium2": "index/reading/pdf.py",
    "rapidocr": "index/reading/recogniser.py",
    "akshare": "index/fetching/announcements.py",
    "watchfiles": "index/watching.py",
    "mcp": "assistant/tools.py",
}


def _modules() -> list[Path]:
    found = [ROOT / "ui.py"]
    for folder in ("index", "assistant", "eval"):
        found += sorted((ROOT / folder).rglob("*.py"))
    return found


def _imports(path: Path) -> set[str]:
    """Top-level names of all that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_imports_point_down(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert _imports(path) & ALLOWED.keys() <= ALLOWED[layer]


@pytest.mark.parametrize("engine", SOLE_IMPORTERS)
def test_one_module_imports_each_engine(engine: str) -> None:
    # Benchmarks under eval/ may compare with the bare engine.
    importers = {_name(p) for p in _modules() if engine in _imports(p)}
    assert {name for name in importers if not name.startswith("eval/")} == {SOLE_IMPORTERS[engine]}


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_files_stay_small_and_named(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in {"utils", "helpers", "common", "misc"}
