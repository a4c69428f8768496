"""No test runs the benchmarks; what they take from the rest of the code has to be there."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("ofer_engine", "ofer_blender", "benchmarks", "tests")
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))


@functools.cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _file(module: str) -> Path | None:
    """Where a module of ours is; None for a name that is none, or is a folder without code."""
    place = ROOT.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _is_ours(module: str) -> bool:
    return _file(module) is not None or ROOT.joinpath(*module.split(".")).is_dir()


@functools.cache
def _names(module: str) -> frozenset[str]:
    """Names that a module binds, anywhere in it."""
    file = _file(module)
    if file is None:
        return frozenset()
    found = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return frozenset(found)


def _source(node: ast.ImportFrom, file: Path) -> str:
    """The module that is imported from. What Blender runs takes the add-on as `ofer_faces`, and its
    neighbours without a folder.
    """
    if node.level:
        folder = file.parents[node.level - 1].relative_to(ROOT)
        return ".".join([*folder.parts, *filter(None, [node.module])])
    module = (node.module or "").removeprefix("ofer_faces.")
    beside = file.with_name(f"{module}.py")
    return ".".join(beside.relative_to(ROOT).with_suffix("").parts) if beside.is_file() else module


def _lacking(file: Path) -> list[str]:
    """Names that a module takes from ours and that are not there."""
    lacking, modules = [], {}
    for node in ast.walk(_tree(file)):
        if not isinstance(node, ast.ImportFrom):
            continue
        source = _source(node, file)
        if source.split(".")[0] not in OURS:
            continue
        for alias in node.names:
            if _is_ours(whole := f"{source}.{alias.name}"):
                modules[alias.asname or alias.name] = whole
            elif alias.name not in _names(source):
                lacking.append(whole)
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module and _file(module) and node.attr not in _names(module):
                lacking.append(f"{module}.{node.attr}")
    return lacking


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda f: str(f.relative_to(ROOT)))
def test_what_a_benchmark_takes_is_there(file):
    assert not _lacking(file)
