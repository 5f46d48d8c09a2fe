"""Data flows one way, and each engine is imported by one module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.paths import ROOT

# Rooms from the lowest to the highest; rooms of one line stand beside each other.
ROOMS = {
    "index": [
        {""},
        {"reading"},
        {"splitting"},
        {"embedding"},
        {"store"},
        {"search"},
        {"intake"},
        {"upkeep"},
    ],
    "assistant": [
        {""},
        {"understanding"},
        {"retrieval"},
        {"answering"},
        {"proof", "takeout"},
        {"chat", "server", "cli"},
    ],
    "eval": [
        {""},
        {"collection", "training"},
        {"sets"},
        {"measuring"},
        {"fitting"},
        {"reports"},
        {"benchmarks"},
        {"robustness"},
    ],
}
ALLOWED = {
    "index": {"index"},
    "assistant": {"index", "assistant"},
    "ui": {"index", "assistant", "ui"},
    "eval": {"index", "assistant", "eval"},
}
SOLE_IMPORTERS = {
    "faiss": "index/search/vectors.py",
    "pymilvus": "index/search/milvus.py",
    "ray": "index/intake/bulk.py",
    "tantivy": "index/search/lexical.py",
    "pypdfium2": "index/reading/pdf/pdfium.py",
    "pypdf": "index/reading/pdf/again.py",
    "rapidocr": "index/reading/recogniser.py",
    "akshare": "index/intake/fetching/announcements.py",
    "watchfiles": "index/intake/watching.py",
    "mcp": "assistant/server/mcp_tools.py",
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


def _own_modules() -> dict[str, Path]:
    """Every module by its dotted name; a package goes by its own."""
    named = (path.relative_to(ROOT).with_suffix("") for path in _modules())
    return {".".join(name.parts).removesuffix(".__init__"): ROOT / f"{name}.py" for name in named}


MODULES = _own_modules()


def _own_imports(module: str) -> set[str]:
    """The modules of this project that one imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inside & MODULES.keys() if inside & MODULES.keys() else {node.module}
    return (found & MODULES.keys()) - {module}


def _room(module: str) -> tuple[str, str]:
    """Top-level folder and room; a module that stands in no room has an empty one."""
    top, *rest = module.split(".")
    is_package = MODULES[module].name == "__init__.py"
    return top, rest[0] if len(rest) > 1 or (rest and is_package) else ""


def _floor(top: str, room: str) -> int:
    return next(i for i, rooms in enumerate(ROOMS[top]) if room in rooms)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_rooms_know_only_what_is_below_them(module: str) -> None:
    top, room = _room(module)
    if top not in ROOMS:
        return
    for other in _own_imports(module):
        if _room(other)[0] == top and _room(other)[1] != room:
            assert _floor(*_room(other)) < _floor(top, room), other


def test_no_two_modules_import_each_other_by_any_way() -> None:
    imports = {module: _own_imports(module) for module in MODULES}
    # A package's own file gathers its modules; whoever imports one of these imports it, too.
    while free := [module for module in imports if not imports[module] & imports.keys()]:
        for module in free:
            del imports[module]
    assert not imports


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
